//! Keys whose index is built while nobody can use the table.

use std::fmt::Write as _;

use super::rewrite::{quoted, unless_constraint};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Constraint, ConstraintKind, Key, Kind, Name, Statement};
use crate::lint::finding::Level;
use crate::lint::model::default_name;

pub(super) const RULE: Rule = Rule {
    name: "unique-under-lock",
    level: Level::Error,
    summary: "a unique or primary key whose index is built while nobody can use the table",
    page: "\
## What it catches

`ADD UNIQUE`, `ADD PRIMARY KEY` and `ADD EXCLUDE` on a table that an earlier file created, unless `USING INDEX` gives them an index that is there already;
and a column that is added as `UNIQUE` or `PRIMARY KEY`.

## Why

ACCESS EXCLUSIVE while the whole table is read and the index is built: nobody reads, nobody writes.

## Instead

The index first, in a file of its own:

    -- dbtask:no-transaction
    CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (email);

In the next file the constraint, which takes the index over in an instant:

    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'users'::regclass AND conname = 'users_email_key'
        ) THEN
            ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
        END IF;
    END
    $$;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::AlterTable(alter) = &statement.kind else {
        return;
    };
    if !at.is_live(&alter.name) {
        return;
    }
    for (_, action) in &alter.actions {
        match action {
            Action::AddConstraint(constraint) => report(at, statement, &alter.name, constraint, out),
            Action::AddColumn { column, .. } => {
                for constraint in &column.constraints {
                    report(at, statement, &alter.name, constraint, out);
                }
            }
            _ => {}
        }
    }
}

const WHY: &str = "it takes ACCESS EXCLUSIVE for as long as it takes to read the table and build the index";

fn report(at: &At<'_>, statement: &Statement, table: &Name, constraint: &Constraint, out: &mut Findings<'_>) {
    let (what, key): (_, &Key) = match &constraint.kind {
        ConstraintKind::Unique(key) => ("UNIQUE", key),
        ConstraintKind::PrimaryKey(key) => ("PRIMARY KEY", key),
        ConstraintKind::Exclude => {
            out.report(
                &constraint.span,
                format!("the exclusion constraint on `{table}` is built while nobody can use it"),
                WHY,
            )
            .help("there is no way to add it without that lock: do it in a maintenance window, or on a new table");
            return;
        }
        _ => return,
    };
    if key.using_index.is_some() {
        return;
    }
    let name = constraint
        .name
        .as_ref()
        .map_or_else(|| default_name(&table.name, &constraint.kind), |name| name.name.clone());
    let columns: Vec<&str> = key.columns.iter().map(|column| column.written.as_str()).collect();
    let old = replaced(at, statement, table, &name);
    // while the old key has the name there is no other index of it, and afterwards a second run would drop the new one
    let name = if old.contains(&name) || is_taken(at, table, &name, key) {
        format!("{name}_2")
    } else {
        name
    };
    let written = quoted(&name);
    let mut drops = String::new();
    for old in &old {
        let _ = write!(drops, "\n    DROP CONSTRAINT IF EXISTS {},", quoted(old));
    }
    let gap = if drops.is_empty() { " " } else { "\n    " };
    let add = unless_constraint(
        table,
        &name,
        &format!("ALTER TABLE {table}{drops}{gap}ADD CONSTRAINT {written} {what} USING INDEX {written}"),
    );
    let then = if is_referred_to(at, table, &old) {
        "in the next file the key, in the order that `fk-sequence` tells: foreign keys refer to the old one".to_owned()
    } else if old.is_empty() {
        format!("in the next file:\n{add}")
    } else {
        format!("in the next file, in the place of the old one:\n{add}")
    };
    out.report(
        &constraint.span,
        format!("the index of {what} on `{table}` is built while nobody can use it"),
        WHY,
    )
    .help(format!(
        "the index in a file of its own:\n-- dbtask:no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {written} ON {table} ({});\n\
         {then}",
        columns.join(", ")
    ));
}

/// The constraints in whose place the key comes: what its own statement drops, and what the file dropped of its name.
fn replaced(at: &At<'_>, statement: &Statement, table: &Name, name: &str) -> Vec<String> {
    let dropped = |statement: &Statement, is_meant: &dyn Fn(&str) -> bool| -> Vec<String> {
        let Kind::AlterTable(alter) = &statement.kind else {
            return Vec::new();
        };
        let of = |(_, action): &(_, Action)| match action {
            Action::DropConstraint { name, .. } => Some(name.name.clone()),
            _ => None,
        };
        let names = alter.actions.iter().filter_map(of);
        names
            .filter(|name| alter.name.name == table.name && is_meant(name))
            .collect()
    };
    let mut all = dropped(statement, &|_| true);
    for earlier in at.earlier() {
        all.extend(dropped(earlier, &|old| old == name));
    }
    all.dedup();
    all
}

/// Whether foreign keys of other tables need one of the keys that go.
fn is_referred_to(at: &At<'_>, table: &Name, old: &[String]) -> bool {
    let key = at.schema.resolve(table);
    let mut others = at.schema.foreign_keys.to(&key).filter(|fk| fk.from != key);
    others.any(|fk| {
        old.iter()
            .any(|old| !at.schema.has_other_key(&key, &fk.to_columns, old))
    })
}

/// Whether an index of that name is another one than the key needs.
fn is_taken(at: &At<'_>, table: &Name, name: &str, key: &Key) -> bool {
    let name = Name {
        schema: table.schema.clone(),
        name: name.to_owned(),
        written: name.to_owned(),
    };
    at.schema.index(&name).is_some_and(|index| {
        let wanted = key.columns.iter().map(|column| Some(column.name.as_str()));
        !index.unique || index.partial || !index.columns.iter().map(Option::as_deref).eq(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int, \"B\" int);";

    #[test]
    fn the_index_comes_first() {
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD UNIQUE (a, \"B\");"]);
        assert!(
            finding
                .help
                .contains("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"t_a_B_key\" ON t (a, \"B\");"),
            "{}",
            finding.help
        );
        one(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a);"]);
        one(&RULE, &[TABLE, "ALTER TABLE t ADD COLUMN c text UNIQUE;"]);
        one(&RULE, &[TABLE, "ALTER TABLE t ADD EXCLUDE USING gist (a WITH =);"]);
    }

    #[test]
    fn a_key_in_the_place_of_another_gets_a_name_of_its_own() {
        let add = "ADD CONSTRAINT k UNIQUE (a, \"B\")";
        for sql in [
            format!("ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ALTER TABLE t {add};"),
            format!("ALTER TABLE t DROP CONSTRAINT IF EXISTS k, {add};"),
        ] {
            let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);", &sql]);
            for text in [
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS k_2 ON t (a, \"B\");\nin the next file, in the place of the old one:\n",
                "conname = 'k_2'\n",
                "ALTER TABLE t\n            DROP CONSTRAINT IF EXISTS k,\n            ADD CONSTRAINT k_2 UNIQUE USING INDEX k_2;",
            ] {
                assert!(finding.help.contains(text), "{}", finding.help);
            }
        }
        // the old key is called otherwise
        let finding = one(
            &RULE,
            &[
                TABLE,
                "ALTER TABLE t DROP CONSTRAINT IF EXISTS old, ADD PRIMARY KEY (a);",
            ],
        );
        assert!(
            finding.help.contains(
                "DROP CONSTRAINT IF EXISTS old,\n            ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey;"
            ),
            "{}",
            finding.help
        );
    }

    #[test]
    fn where_foreign_keys_refer_to_the_old_key_their_rule_tells_the_order() {
        let tables = "CREATE TABLE p (a int PRIMARY KEY, b int); CREATE TABLE c (a int REFERENCES p);";
        let finding = one(
            &RULE,
            &[
                tables,
                "ALTER TABLE p DROP CONSTRAINT IF EXISTS p_pkey; ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY (a, b);",
            ],
        );
        assert!(
            finding.help.ends_with(
                "\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS p_pkey_2 ON p (a, b);\n\
                 in the next file the key, in the order that `fk-sequence` tells: foreign keys refer to the old one"
            ),
            "{}",
            finding.help
        );
    }

    #[test]
    fn with_an_index_that_is_there_it_is_an_instant() {
        silent(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;"]);
        silent(&RULE, &["CREATE TABLE t (a int); ALTER TABLE t ADD UNIQUE (a);"]);
    }
}
