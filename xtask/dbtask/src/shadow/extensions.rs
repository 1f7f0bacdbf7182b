//! The extensions of the target, in a throwaway database.

use std::collections::BTreeSet;

use dbtask_rules::MigrationFile;
use dbtask_runner::{Error, Session, SqlError, Type, quote_identifier, sql_error};

/// In the order in which they were created, which is that of their dependencies.
const INSTALLED: &str = "\
SELECT e.extname::text, e.extversion, n.nspname::text
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY e.oid";

/// Whether the server has the extension `$1`, and in the version `$2`.
const AVAILABLE: &str = "\
SELECT count(*) > 0, coalesce(pg_catalog.bool_or(version = $2), false)
FROM pg_catalog.pg_available_extension_versions WHERE name = $1";

/// Installs what the target has, but for what `files` create by themselves; says what cannot be had.
pub(super) fn install(target: &Session, shadow: &Session, files: &[MigrationFile]) -> Result<Vec<String>, Error> {
    let failed = |e: SqlError| sql_error("failed to compare the extensions", &e);
    let own: BTreeSet<String> = files.iter().flat_map(|file| created(file.sql())).collect();
    let mut missing = Vec::new();
    for row in target.query(INSTALLED, &[]).map_err(failed)? {
        let [name, version, schema]: [String; 3] = [
            row.try_get(0).map_err(failed)?,
            row.try_get(1).map_err(failed)?,
            row.try_get(2).map_err(failed)?,
        ];
        if own.contains(&name) {
            continue;
        }
        let available = shadow
            .query_one(AVAILABLE, &[(&name, Type::TEXT), (&version, Type::TEXT)])
            .map_err(failed)?;
        let is = |i: usize| available.try_get::<_, bool>(i).map_err(failed);
        if !is(0)? {
            missing.push(format!(
                "the server of the throwaway database lacks the extension `{name}`: what needs it fails there"
            ));
            continue;
        }
        let version_clause = if is(1)? {
            format!("VERSION {}", quote_identifier(&version))
        } else {
            missing.push(format!(
                "the server of the throwaway database lacks version {version} of the extension `{name}`: its own is used"
            ));
            String::new()
        };
        let schema = quote_identifier(&schema);
        let name_quoted = quote_identifier(&name);
        let outcome = shadow
            .batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
            .and_then(|()| {
                shadow.batch(&format!(
                    "CREATE EXTENSION IF NOT EXISTS {name_quoted} SCHEMA {schema} {version_clause} CASCADE"
                ))
            });
        if let Err(error) = outcome {
            let causes = sql_error("", &error).causes().join(": ");
            missing.push(format!(
                "the extension `{name}` could not be installed in the throwaway database: {causes}"
            ));
        }
    }
    Ok(missing)
}

/// The extensions that a text creates, in a `DO` block, too.
fn created(sql: &str) -> Vec<String> {
    let lower = sql.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == ';' || c == '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let is_create = |pair: &&[&str]| pair[0] == "create" && pair[1] == "extension";
    let places = words.windows(2).enumerate().filter(|(_, pair)| is_create(pair));
    places
        .filter_map(|(at, _)| {
            let rest = &words[at + 2..];
            let rest = rest.strip_prefix(&["if", "not", "exists"]).unwrap_or(rest);
            Some(rest.first()?.trim_matches('"').to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extensions_that_a_file_creates_are_found() {
        let sql = "CREATE EXTENSION pgcrypto;\ncreate extension IF NOT EXISTS\n  \"uuid-ossp\";\n\
             DO $$ BEGIN EXECUTE 'CREATE EXTENSION btree_gist'; END $$; COMMENT ON EXTENSION citext IS 'x';";
        assert_eq!(created(sql), ["pgcrypto", "uuid-ossp", "btree_gist"]);
    }
}
