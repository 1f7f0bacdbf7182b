//! The histories of other tools, and which of our files each of their rows is.
//!
//! Their versions are often times of day that no int4 holds, so that the files were numbered anew. What stays is the
//! order, and, where the other tool keeps one, the description. Where these do not settle it nothing is guessed.

use clap::ValueEnum;
use dbtask_rules::MigrationFile;
use dbtask_runner::{Error, Session, sql_error};

/// A tool whose history can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    Sqlx,
    Diesel,
    Dbmate,
    Flyway,
}

impl Tool {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Sqlx => "sqlx",
            Tool::Diesel => "diesel",
            Tool::Dbmate => "dbmate",
            Tool::Flyway => "flyway",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Tool::Sqlx => "_sqlx_migrations",
            Tool::Diesel => "__diesel_schema_migrations",
            Tool::Dbmate => "schema_migrations",
            Tool::Flyway => "flyway_schema_history",
        }
    }

    /// Version, description, whether it succeeded, and what kind of row is no migration, in the tool's own order.
    fn select(self) -> &'static str {
        match self {
            Tool::Sqlx => "version::text, description::text, success, NULL::text FROM {} t ORDER BY t.version",
            // `diesel setup` writes this one by itself
            Tool::Diesel => {
                "version::text, CASE WHEN version ~ '^0+$' THEN 'diesel_initial_setup' END, true, NULL::text \
                 FROM {} t ORDER BY t.version COLLATE \"C\""
            }
            Tool::Dbmate => "version::text, NULL::text, true, NULL::text FROM {} t ORDER BY t.version COLLATE \"C\"",
            // without a version: repeatable migrations, and the note that the schema was created
            Tool::Flyway => {
                "coalesce(version, script)::text, description::text, success, \
                 CASE WHEN type NOT IN ('SQL', 'JDBC', 'SCRIPT') THEN type::text END \
                 FROM {} t WHERE version IS NOT NULL OR NOT success \
                 ORDER BY pg_catalog.string_to_array(t.version, '.')::numeric[]"
            }
        }
    }
}

/// A row of another tool's history.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    version: String,
    description: Option<String>,
    success: bool,
    /// What it is when it is no migration: Flyway's `BASELINE`, `DELETE` and the like.
    kind: Option<String>,
}

impl Row {
    /// `` `20260102030405` (create users)``.
    pub(crate) fn describe(&self) -> String {
        match &self.description {
            Some(description) => format!("`{}` ({description})", self.version),
            None => format!("`{}`", self.version),
        }
    }

    /// Whether the file may be this row's, by the description or else by the number, where either tells.
    fn is(&self, file: &MigrationFile, files: &[MigrationFile]) -> bool {
        if let Some(description) = &self.description {
            return snake(description) == file.name().description();
        }
        let of_row = |file: &MigrationFile| self.version.parse() == Ok(file.version().get());
        of_row(file) || !files.iter().any(of_row)
    }
}

/// Another tool's history.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) tool: Tool,
    /// Its table, qualified.
    pub(crate) table: String,
    pub(crate) rows: Vec<Row>,
}

impl Foreign {
    /// Reads the history that `tool` left, with SELECT only.
    pub(crate) fn read(session: &Session, tool: Tool) -> Result<Foreign, Error> {
        let Some(table) = find(session, tool)? else {
            return Err(not_found(session, tool)?);
        };
        let failed = |e| sql_error(format!("failed to read `{table}` as {} writes it", tool.name()), &e);
        let sql = format!("SELECT {}", tool.select().replace("{}", &table));
        let mut rows = Vec::new();
        for row in session.query(&sql, &[]).map_err(failed)? {
            rows.push(Row {
                version: row.try_get(0).map_err(failed)?,
                description: row.try_get(1).map_err(failed)?,
                success: row.try_get(2).map_err(failed)?,
                kind: row.try_get(3).map_err(failed)?,
            });
        }
        Ok(Foreign { tool, table, rows })
    }

    /// The file of each row, in order: always the first ones of the folder. Everything that makes it uncertain is an error.
    pub(crate) fn pair<'a>(&'a self, files: &'a [MigrationFile]) -> Result<Vec<(&'a Row, &'a MigrationFile)>, Error> {
        let mut doubts: Vec<String> = self.rows.iter().filter_map(unfinished).collect();
        let (rows, n) = (self.rows.len(), files.len());
        if rows == 0 {
            doubts.push("it has no rows: nothing was applied".to_owned());
        }
        if rows > n {
            doubts.push(format!("the counts differ: rows in it {rows}, migration files {n}"));
        }
        let pairs: Vec<_> = self.rows.iter().zip(files).collect();
        doubts.extend(
            pairs
                .iter()
                .filter(|(row, file)| !row.is(file, files))
                .map(|(row, file)| {
                    let other = files.iter().find(|other| row.is(other, files));
                    let other = other.map_or("no file has that name".to_owned(), |o| {
                        format!("that is `{}`", o.path())
                    });
                    format!("{} stands where `{}` does: {other}", row.describe(), file.path())
                }),
        );
        if doubts.is_empty() {
            return Ok(pairs);
        }
        let tool = self.tool.name();
        let message = format!(
            "{tool}'s history `{}` does not tell for certain which files are applied",
            self.table
        );
        let error = doubts.into_iter().fold(Error::refused(message), Error::cause);
        Err(error
            .state("nothing was changed")
            .help(format!(
                "bring the files into the order, and under the names, that {tool} had, and type `cargo xtask db:baseline --from {tool}` again"
            ))
            .help("or find out which file was the last one applied, and type `cargo xtask db:baseline VERSION`"))
    }
}

/// Says of a row that it does not stand for a migration that was applied.
fn unfinished(row: &Row) -> Option<String> {
    match &row.kind {
        _ if !row.success => Some(format!("{} failed, or was not finished", row.describe())),
        Some(kind) => Some(format!("{} is of the type `{kind}`", row.describe())),
        None => None,
    }
}

/// `Create users-table` as a file has it: `create_users_table`.
fn snake(description: &str) -> String {
    let lower = description.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// The tool's table, qualified, where the search_path finds it. golang-migrate's, of the same name as dbmate's, has one
/// row for all its files and a column `dirty`.
const FIND: &str = "\
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass('{}') AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'dirty' AND NOT a.attisdropped)";

fn find(session: &Session, tool: Tool) -> Result<Option<String>, Error> {
    let failed = |e| sql_error(format!("failed to look for `{}`", tool.table()), &e);
    let rows = session.query(&FIND.replace("{}", tool.table()), &[]).map_err(failed)?;
    rows.first().map(|row| row.try_get(0).map_err(failed)).transpose()
}

/// There is no such table: says whose there are.
fn not_found(session: &Session, tool: Tool) -> Result<Error, Error> {
    let mut error = Error::refused(format!("{} has no history here: `{}`", tool.name(), tool.table()))
        .cause("there is no such table of its in the search_path")
        .state("nothing was changed");
    for &other in Tool::value_variants() {
        if let Some(table) = find(session, other)? {
            error = error.help(format!(
                "there is `{table}`: type `cargo xtask db:baseline --from {}`",
                other.name()
            ));
        }
    }
    Ok(error.help(
        "where it is in another schema put `options=-csearch_path=SCHEMA` into DATABASE_URL; or type `cargo xtask db:baseline VERSION`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_compared_as_a_file_has_it() {
        for (theirs, ours) in [
            ("create users", "create_users"),
            ("Add FK: orders-users", "add_fk_orders_users"),
            ("", ""),
        ] {
            assert_eq!(snake(theirs), ours);
        }
    }
}
