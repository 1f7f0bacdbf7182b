//! What PostgreSQL does to tables under a statement: the lock, whether it is rewritten, how often it is read.
//!
//! This is the one place where that is written down. `locks` measures each claim on a server of each major; what the
//! lints and their pages say rests on it.

use std::fmt;

/// PostgreSQL's lock modes of tables, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

use LockMode::{
    AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive,
};

impl LockMode {
    const ALL: [LockMode; 8] = [
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
        AccessExclusive,
    ];

    /// The mode that `pg_locks` shows as `AccessShareLock` and the like.
    pub fn shown(mode: &str) -> LockMode {
        let all = LockMode::ALL.into_iter();
        all.into_iter().find(|known| format!("{known:?}Lock") == mode).unwrap()
    }
}

impl fmt::Display for LockMode {
    /// As the documentation writes it: `ACCESS SHARE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in format!("{self:?}").char_indices() {
            if index > 0 && letter.is_ascii_uppercase() {
                f.write_str(" ")?;
            }
            write!(f, "{}", letter.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// What is done to one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub table: &'static str,
    /// The strongest lock, held until the transaction ends.
    pub lock: LockMode,
    /// The table's file is another one afterwards.
    pub rewrites: bool,
    /// How often all of its rows are read; for a rewrite that is once, and once more for its one index.
    pub reads: u32,
}

impl Effect {
    const fn rewrites(mut self) -> Effect {
        self.rewrites = true;
        self
    }

    const fn reads(mut self, times: u32) -> Effect {
        self.reads = times;
        self
    }
}

const fn on(table: &'static str, lock: LockMode) -> Effect {
    Effect {
        table,
        lock,
        rewrites: false,
        reads: 0,
    }
}

/// A statement on the tables of [`TABLES`], and what it does to those that exist before it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The rule that rests on it, where one does.
    pub rule: &'static str,
    /// What is committed before.
    pub given: &'static str,
    pub statement: &'static str,
    pub effects: &'static [Effect],
    /// It cannot run in a transaction: of the locks the first one is seen, the one that it waits for.
    pub alone: bool,
    /// The majors of PostgreSQL for which this holds.
    pub majors: (u32, u32),
}

impl Claim {
    const fn given(mut self, given: &'static str) -> Claim {
        self.given = given;
        self
    }

    const fn alone(mut self) -> Claim {
        self.alone = true;
        self
    }

    const fn from(mut self, major: u32) -> Claim {
        self.majors.0 = major;
        self
    }

    const fn until(mut self, major: u32) -> Claim {
        self.majors.1 = major;
        self
    }
}

const fn claim(rule: &'static str, statement: &'static str, effects: &'static [Effect]) -> Claim {
    Claim {
        rule,
        given: "",
        statement,
        effects,
        alone: false,
        majors: (0, u32::MAX),
    }
}

/// How many rows each table has.
pub const ROWS: i64 = 100;

/// The tables that the claims are about.
pub const TABLES: &str = "
    CREATE TABLE r (id integer PRIMARY KEY);
    CREATE TABLE t (id integer PRIMARY KEY, n integer, s varchar(10), d numeric(10, 2), r_id integer, at timestamp);
    CREATE TABLE p (id integer NOT NULL, day integer NOT NULL) PARTITION BY RANGE (day);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (101);
    CREATE TABLE q (id integer NOT NULL, day integer NOT NULL);
    CREATE INDEX q_day ON q (day);
    CREATE MATERIALIZED VIEW m AS SELECT n AS id FROM generate_series(1, 100) AS n;
    INSERT INTO r SELECT generate_series(1, 100);
    INSERT INTO t SELECT n, n, n, n, n, '2026-01-01' FROM generate_series(1, 100) AS n;
    INSERT INTO p SELECT n, n FROM generate_series(1, 100) AS n;
    INSERT INTO q SELECT n, n + 100 FROM generate_series(1, 100) AS n;
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
";

const CHECK: &str = "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID";
const NOT_NULL_CHECK: &str = "ALTER TABLE t ADD CONSTRAINT c CHECK (n IS NOT NULL)";
const FOREIGN_KEY: &str = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (r_id) REFERENCES r (id) NOT VALID";
const INDEX: &str = "CREATE INDEX i ON t (n)";
const UNIQUE_INDEX: &str = "CREATE UNIQUE INDEX i ON t (n)";
const REFERRING: &str = "CREATE TABLE z (r_id integer REFERENCES r (id))";
const TRIGGER: &str = "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()";

/// All of them.
#[rustfmt::skip]
pub const CLAIMS: &[Claim] = &[
    // indexes
    claim("blocking-index", "CREATE INDEX i ON t (n)", &[on("t", Share).reads(1)]),
    claim("blocking-index", "CREATE UNIQUE INDEX i ON t (n)", &[on("t", Share).reads(1)]),
    claim("blocking-index", "CREATE INDEX i ON p (id)", &[on("p", Share), on("p1", Share).reads(1)]),
    claim("", "CREATE INDEX i ON ONLY p (id)", &[on("p", Share)]),
    claim("", "CREATE INDEX CONCURRENTLY i ON t (n)", &[on("t", ShareUpdateExclusive).reads(2)]).alone(),
    claim("blocking-drop-index", "DROP INDEX i", &[on("t", AccessExclusive)]).given(INDEX),
    claim("", "DROP INDEX CONCURRENTLY q_day", &[on("q", ShareUpdateExclusive)]).alone(),
    claim("", "REINDEX INDEX i", &[on("t", Share).reads(1)]).given(INDEX),
    claim("", "REINDEX TABLE t", &[on("t", Share).reads(1)]),
    claim("", "REINDEX INDEX CONCURRENTLY t_pkey", &[on("t", ShareUpdateExclusive).reads(2)]).alone(),
    claim("", "ALTER INDEX i RENAME TO k", &[]).given(INDEX),

    // columns that come
    claim("", "ALTER TABLE t ADD COLUMN x text", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ADD COLUMN x integer NOT NULL DEFAULT 5", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ADD COLUMN x timestamptz NOT NULL DEFAULT now()", &[on("t", AccessExclusive)]),
    claim("rewrite-default", "ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("rewrite-default", "ALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp()", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("rewrite-default", "ALTER TABLE t ADD COLUMN x bigserial", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("rewrite-default", "ALTER TABLE t ADD COLUMN x bigint GENERATED ALWAYS AS IDENTITY", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("rewrite-default", "ALTER TABLE t ADD COLUMN x integer GENERATED ALWAYS AS (n + 1) STORED", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("", "ALTER TABLE t ADD COLUMN x integer GENERATED ALWAYS AS (n + 1) VIRTUAL", &[on("t", AccessExclusive)]).from(18),
    claim("check-not-valid", "ALTER TABLE t ADD COLUMN x integer CHECK (x > 0)", &[on("t", AccessExclusive).reads(1)]),
    claim("unique-under-lock", "ALTER TABLE t ADD COLUMN x integer UNIQUE", &[on("t", AccessExclusive).reads(1)]),
    claim("fk-not-valid", "ALTER TABLE t ADD COLUMN x integer REFERENCES r (id)", &[on("t", AccessExclusive), on("r", ShareRowExclusive)]),
    claim("fk-not-valid", "ALTER TABLE t ADD COLUMN x integer DEFAULT 1 REFERENCES r (id)", &[on("t", AccessExclusive).reads(1), on("r", ShareRowExclusive).reads(1)]),

    // columns that change
    claim("alter-type", "ALTER TABLE t ALTER COLUMN n TYPE bigint", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("alter-type", "ALTER TABLE t ALTER COLUMN s TYPE varchar(5)", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("alter-type", "ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 3)", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("alter-type", "ALTER TABLE t ALTER COLUMN s TYPE integer USING s::integer", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("", "ALTER TABLE t ALTER COLUMN s TYPE varchar(20)", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN s TYPE varchar", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN s TYPE text", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN s TYPE text", &[on("t", AccessExclusive)]).given("CREATE INDEX i ON t (s)"),
    claim("", "ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 2)", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN d TYPE numeric", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN at TYPE timestamptz", &[on("t", AccessExclusive)]).given("SET timezone = 'UTC'"),
    claim("alter-type", "ALTER TABLE t ALTER COLUMN at TYPE timestamptz", &[on("t", AccessExclusive).rewrites().reads(2)]).given("SET timezone = 'Europe/Berlin'"),
    claim("set-not-null", "ALTER TABLE t ALTER COLUMN n SET NOT NULL", &[on("t", AccessExclusive).reads(1)]),
    claim("", "ALTER TABLE t ALTER COLUMN n SET NOT NULL", &[on("t", AccessExclusive)]).given(NOT_NULL_CHECK),
    claim("set-not-null", "ALTER TABLE t ALTER COLUMN n SET NOT NULL, DROP CONSTRAINT c", &[on("t", AccessExclusive).reads(1)]).given(NOT_NULL_CHECK),
    claim("", "ALTER TABLE t ALTER COLUMN id DROP NOT NULL", &[on("t", AccessExclusive)]).given("ALTER TABLE t DROP CONSTRAINT t_pkey"),
    claim("", "ALTER TABLE t ADD CONSTRAINT c NOT NULL n NOT VALID", &[on("t", AccessExclusive)]).from(18),
    claim("", "ALTER TABLE t VALIDATE CONSTRAINT c", &[on("t", ShareUpdateExclusive).reads(1)]).given("ALTER TABLE t ADD CONSTRAINT c NOT NULL n NOT VALID").from(18),
    claim("", "ALTER TABLE t ALTER COLUMN n SET DEFAULT 1", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t ALTER COLUMN n SET STATISTICS 500", &[on("t", ShareUpdateExclusive)]),
    claim("", "ALTER TABLE t SET (fillfactor = 90)", &[on("t", ShareUpdateExclusive)]),
    claim("", "COMMENT ON TABLE t IS 'x'", &[on("t", ShareUpdateExclusive)]),
    claim("", "COMMENT ON COLUMN t.n IS 'x'", &[on("t", ShareUpdateExclusive)]),

    // constraints
    claim("fk-not-valid", "ALTER TABLE t ADD FOREIGN KEY (r_id) REFERENCES r (id)", &[on("t", ShareRowExclusive).reads(1), on("r", ShareRowExclusive).reads(1)]),
    claim("", "ALTER TABLE t ADD FOREIGN KEY (r_id) REFERENCES r (id) NOT VALID", &[on("t", ShareRowExclusive), on("r", ShareRowExclusive)]),
    claim("check-not-valid", "ALTER TABLE t ADD CHECK (n > 0)", &[on("t", AccessExclusive).reads(1)]),
    claim("", "ALTER TABLE t ADD CHECK (n > 0) NOT VALID", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t VALIDATE CONSTRAINT c", &[on("t", ShareUpdateExclusive).reads(1)]).given(CHECK),
    claim("", "ALTER TABLE t VALIDATE CONSTRAINT f", &[on("t", ShareUpdateExclusive).reads(1), on("r", RowShare).reads(1)]).given(FOREIGN_KEY),
    claim("validate-same-file", "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c", &[on("t", AccessExclusive).reads(1)]),
    claim("unique-under-lock", "ALTER TABLE t ADD UNIQUE (n)", &[on("t", AccessExclusive).reads(1)]),
    claim("", "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i", &[on("t", AccessExclusive)]).given(UNIQUE_INDEX),
    claim("unique-under-lock", "ALTER TABLE q ADD PRIMARY KEY (id)", &[on("q", AccessExclusive).reads(1)]),
    claim("unique-under-lock", "ALTER TABLE t ADD EXCLUDE USING btree (n WITH =)", &[on("t", AccessExclusive).reads(2)]),
    claim("", "ALTER TABLE t DROP CONSTRAINT c", &[on("t", AccessExclusive)]).given(CHECK),
    claim("", "ALTER TABLE t DROP CONSTRAINT f", &[on("t", AccessExclusive), on("r", AccessExclusive)]).given(FOREIGN_KEY),

    // tables
    claim("", "CREATE TABLE z (r_id integer REFERENCES r (id))", &[on("r", ShareRowExclusive)]),
    claim("drop-data", "DROP TABLE t", &[on("t", AccessExclusive)]),
    claim("drop-data", "DROP TABLE z", &[on("z", AccessExclusive), on("r", AccessExclusive)]).given(REFERRING),
    claim("drop-data", "ALTER TABLE t DROP COLUMN n", &[on("t", AccessExclusive)]),
    claim("drop-data", "TRUNCATE t", &[on("t", AccessExclusive).rewrites()]),
    claim("drop-data", "DELETE FROM t", &[on("t", RowExclusive).reads(1)]),
    claim("drop-data", "UPDATE t SET n = n", &[on("t", RowExclusive).reads(1)]),
    claim("rename", "ALTER TABLE t RENAME COLUMN n TO x", &[on("t", AccessExclusive)]),
    claim("rename", "ALTER TABLE t RENAME TO x", &[on("t", AccessExclusive)]),
    claim("", "ALTER TABLE t SET UNLOGGED", &[on("t", AccessExclusive).rewrites().reads(2)]),
    claim("", "CLUSTER t USING t_pkey", &[on("t", AccessExclusive).rewrites().reads(2)]).until(18),
    claim("", "CLUSTER t USING t_pkey", &[on("t", AccessExclusive).rewrites().reads(1)]).from(19),
    claim("", "VACUUM t", &[on("t", ShareUpdateExclusive)]).alone(),
    claim("", "VACUUM FULL t", &[on("t", AccessExclusive).rewrites().reads(2)]).alone(),
    claim("", "ANALYZE t", &[on("t", ShareUpdateExclusive)]),
    claim("", "CREATE STATISTICS x ON n, s FROM t", &[on("t", ShareUpdateExclusive)]),
    claim("", "GRANT SELECT ON t TO PUBLIC", &[]).until(17),
    claim("", "GRANT SELECT ON t TO PUBLIC", &[on("t", AccessShare)]).from(18),
    claim("", "CREATE VIEW v AS SELECT n FROM t", &[on("t", AccessShare)]),
    claim("", "REFRESH MATERIALIZED VIEW m", &[on("m", AccessExclusive).rewrites()]),
    claim("", "REFRESH MATERIALIZED VIEW CONCURRENTLY m", &[on("m", Exclusive).reads(1)]).given("CREATE UNIQUE INDEX i ON m (id)"),

    // row level security, triggers
    claim("", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", &[on("t", AccessExclusive)]),
    claim("", "CREATE POLICY o ON t USING (true)", &[on("t", AccessExclusive)]),
    claim("", "DROP POLICY o ON t", &[on("t", AccessExclusive)]).given("CREATE POLICY o ON t USING (true)"),
    claim("", "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()", &[on("t", ShareRowExclusive)]),
    claim("", "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing()", &[on("t", ShareRowExclusive)]).given(TRIGGER),
    claim("", "DROP TRIGGER g ON t", &[on("t", AccessExclusive)]).given(TRIGGER),
    claim("", "ALTER TABLE t DISABLE TRIGGER g", &[on("t", ShareRowExclusive)]).given(TRIGGER),

    // partitions
    claim("partition-lock", "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (101) TO (201)", &[on("p", AccessExclusive)]),
    claim("", "ALTER TABLE p ATTACH PARTITION q FOR VALUES FROM (101) TO (201)", &[on("p", ShareUpdateExclusive), on("q", AccessExclusive).reads(1)]),
    claim("partition-lock", "ALTER TABLE p DETACH PARTITION p1", &[on("p", AccessExclusive), on("p1", AccessExclusive)]),
    claim("", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY", &[on("p", ShareUpdateExclusive)]).alone(),
    claim("partition-lock", "DROP TABLE p1", &[on("p", AccessExclusive), on("p1", AccessExclusive)]),
];
