//! Long work under a lock that keeps everybody out.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Change, Details, Insert, Kind, Name, Source, Statement};
use crate::lint::finding::Level;
use crate::lint::model::Key;

pub(super) const RULE: Rule = Rule {
    name: "long-lock",
    level: Level::Warning,
    summary: "work on many rows after a statement whose ACCESS EXCLUSIVE lasts until the end of the file",
    page: "\
## What it catches

In a file that is one transaction: an `ALTER TABLE`, `DROP` or `TRUNCATE` that takes ACCESS EXCLUSIVE on a table that an earlier file created, and below it what
takes time in proportion to the rows: `UPDATE`, `DELETE`, `INSERT … SELECT`, `VALIDATE CONSTRAINT`, an index, `REFRESH MATERIALIZED VIEW`, on tables in use.
And columns or tables that are dropped one after the other, where that locks tables in use that no foreign key connects. (`DROP TABLE` locks the tables that the
dropped one refers to as well.)

## Why

A lock lasts until the end of the transaction. `ADD COLUMN` is an instant; with an `UPDATE` of all rows below it, nobody reads or writes the table for as long as that takes.
With two locks nobody reads or writes the first table while the second is waited for, and whoever uses both in the other order makes a deadlock of it.

## Instead

Two files: first the one that is an instant, then the one that takes its time. What is dropped goes table by table.

PostgreSQL: <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    if !at.in_transaction() {
        return;
    }
    second_drop(at, statement, out);
    let Some(work) = long_work(at, statement) else { return };
    let Some((table, line)) = at.earlier().iter().find_map(|earlier| {
        let table = locked(at, earlier)?;
        Some((table, line(at, earlier.span.start)))
    }) else {
        return;
    };
    out.report(
        &statement.span,
        format!("{work} while `{table}` is locked against everybody"),
        format!("the ACCESS EXCLUSIVE of line {line} lasts until the end of the file"),
    )
    .help(format!("put this into the next file:\n{};", at.text(&statement.span)));
}

/// A drop that waits for a table while an earlier one keeps everybody from another, which has nothing to do with it.
fn second_drop(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let mine = at.schema.locked_by_drop(statement);
    let is_apart = |theirs: &[Key]| {
        let related = |one: &Key| theirs.iter().any(|other| at.schema.are_related(one, other));
        !mine.is_empty() && !mine.iter().any(related)
    };
    let Some((start, theirs)) = at.schema.drops_above().find(|(_, theirs)| is_apart(theirs)) else {
        return;
    };
    let (Some((_, second)), Some((_, first))) = (mine.first(), theirs.first()) else {
        return;
    };
    out.report(
        &statement.span,
        format!("this locks `{second}` against everybody, as `{first}` is already"),
        format!(
            "the ACCESS EXCLUSIVE of line {} lasts until the end of the file: nobody gets on while this one is waited for, \
             and who has the two in the other order makes a deadlock of it",
            line(at, start)
        ),
    )
    .help(format!("put this into the next file:\n{};", at.text(&statement.span)));
}

fn line(at: &At<'_>, start: usize) -> usize {
    at.text(&(0..start)).matches('\n').count() + 1
}

/// The table that a statement keeps everybody from.
fn locked<'a>(at: &At<'_>, statement: &'a Statement) -> Option<&'a Name> {
    let is_live = |name: &&Name| at.is_live(name);
    match &statement.kind {
        Kind::AlterTable(alter) => {
            let heavy = alter.actions.iter().any(|(_, action)| match action {
                Action::Light | Action::Validate(_) | Action::Attach(_) => false,
                Action::Detach { concurrently, .. } => !concurrently,
                // a foreign key lets readers in
                Action::AddConstraint(constraint) => {
                    !matches!(constraint.kind, crate::lint::ast::ConstraintKind::ForeignKey { .. })
                }
                _ => true,
            });
            Some(&alter.name).filter(|_| heavy).filter(is_live)
        }
        Kind::Truncate { tables, .. }
        | Kind::Lock {
            tables,
            exclusive: true,
        } => tables.iter().find(is_live),
        _ => None,
    }
}

/// What takes time in proportion to the rows of a table in use.
fn long_work(at: &At<'_>, statement: &Statement) -> Option<String> {
    match &statement.kind {
        Kind::Change(Change { table, verb, .. }) if at.is_live(table) => Some(format!("`{verb}` of `{table}` runs")),
        Kind::Insert(Insert {
            table,
            source: Source::Select | Source::GuardedSelect,
            ..
        }) if at.is_live(table) => Some(format!("`INSERT … SELECT` into `{table}` runs")),
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            alter.actions.iter().find_map(|(_, action)| match action {
                Action::Validate(constraint) => Some(format!("`{constraint}` is validated")),
                _ => None,
            })
        }
        Kind::CreateIndex(index) if !index.concurrently && at.is_live(&index.table) => {
            Some(format!("an index on `{}` is built", index.table))
        }
        Kind::Refresh(view) if !at.schema.is_own("MATERIALIZED VIEW", view) => {
            Some(format!("`{view}` is computed anew"))
        }
        Kind::Create(create) if matches!(create.details, Details::View { filled: true, .. }) => Some(format!(
            "`{}` is computed",
            create.name.as_ref().map_or("a view", |name| name.written.as_str())
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLES: &str = "CREATE TABLE t (a int); CREATE TABLE u (a int);";

    #[test]
    fn long_work_goes_into_the_next_file() {
        for work in [
            "UPDATE t SET b = 1 WHERE b IS NULL;",
            "INSERT INTO u SELECT a FROM t WHERE a > 1;",
            "ALTER TABLE u VALIDATE CONSTRAINT c;",
            "REFRESH MATERIALIZED VIEW v;",
        ] {
            let finding = one(
                &RULE,
                &[TABLES, &format!("-- why\nALTER TABLE t ADD COLUMN b int;\n{work}")],
            );
            assert_eq!(
                finding.why,
                "the ACCESS EXCLUSIVE of line 2 lasts until the end of the file"
            );
            silent(&RULE, &[TABLES, &format!("{work}\nALTER TABLE t ADD COLUMN b int;")]);
        }
    }

    const FAMILY: &str = "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE q (a int PRIMARY KEY, x int, y int); \
                          CREATE TABLE c (a int REFERENCES p); CREATE TABLE d (a int REFERENCES q); \
                          CREATE TABLE e (a int REFERENCES q, x int);";

    #[test]
    fn what_goes_of_two_tables_goes_in_two_files() {
        for (sql, first, second) in [
            ("DROP TABLE c;\nDROP TABLE d;", "p", "q"),
            ("DROP TABLE IF EXISTS c;\nALTER TABLE q DROP COLUMN x;", "p", "q"),
            ("ALTER TABLE p DROP COLUMN a;\nALTER TABLE e DROP COLUMN x;", "p", "e"),
            ("ALTER TABLE c DROP COLUMN a;\nALTER TABLE d DROP COLUMN a;", "c", "d"),
        ] {
            let finding = one(&RULE, &[FAMILY, sql]);
            assert_eq!(
                finding.message,
                format!("this locks `{second}` against everybody, as `{first}` is already")
            );
            assert_eq!(finding.start.line, 2);
        }
    }

    #[test]
    fn what_hangs_together_goes_together() {
        for sql in [
            "DROP TABLE d; DROP TABLE e;",
            "DROP TABLE d; ALTER TABLE q DROP COLUMN x; ALTER TABLE q DROP COLUMN y;",
            "ALTER TABLE e DROP COLUMN x; ALTER TABLE q DROP COLUMN x;",
            "ALTER TABLE c DROP COLUMN a, DROP COLUMN b; ALTER TABLE p ADD COLUMN b int;",
            "CREATE TABLE n (a int); DROP TABLE d; ALTER TABLE n DROP COLUMN a;",
        ] {
            silent(&RULE, &[FAMILY, sql]);
        }
        silent(&RULE, &[FAMILY, "DROP TABLE c;", "DROP TABLE d;"]);
    }

    #[test]
    fn instants_are_no_work() {
        for sql in [
            "ALTER TABLE t ADD COLUMN b int; ALTER TABLE u ADD COLUMN b int; ALTER TABLE t ADD CHECK (b > 0) NOT VALID;",
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID; UPDATE u SET a = 1 WHERE a = 2;",
            "ALTER TABLE t ALTER a SET STATISTICS 100; DELETE FROM t WHERE a = 1;",
            "CREATE TABLE x (a int); ALTER TABLE x ADD b int; UPDATE x SET a = 1;",
            "ALTER TABLE t ADD COLUMN b int; INSERT INTO u VALUES (1) ON CONFLICT DO NOTHING;",
        ] {
            silent(&RULE, &[TABLES, sql]);
        }
    }
}
