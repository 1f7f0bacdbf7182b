//! The schema as SQL text: pg_dump's words, without what changes from run to run or from role to role.
//!
//! pg_dump knows every kind of object and the order in which they load. What is taken out of its text are the noise of a dump
//! (versions, tokens, settings of the session), secrets, and the tables that this tool keeps for itself. What belongs to
//! the role that migrates says no owner, so that the text is the same for everybody who migrates a database of their own.

mod secrets;

use std::fmt::Write as _;
use std::process::Stdio;

use dbtask_rules::statements;
use dbtask_runner::{DatabaseUrl, Error, HISTORY_TABLE, Session, quote_identifier, sql_error};

use crate::facts::{Fact, Facts, settled};
use crate::server::{ClientTools, client_tools};

/// What the text needs before its first statement. A default of the server's or the role's must not change what it means.
const HEAD: &str = "\
-- Written by `cargo xtask db:schema`. To load it into an empty database: psql --set ON_ERROR_STOP=1 --file FILE
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET check_function_bodies = false;
SET default_table_access_method = heap;
SET default_tablespace = '';
SET standard_conforming_strings = on;
SET xmloption = content;
SELECT pg_catalog.set_config('search_path', '', false);
";

/// What pg_dump sets for its own connection, or the head says once for all.
const SETTINGS: [&str; 10] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "client_encoding",
    "standard_conforming_strings",
    "check_function_bodies",
    "xmloption",
    "client_min_messages",
    "row_security",
];

/// What pg_dump sets for the objects that come next, and what it is to begin with.
const FOR_WHAT_COMES: [(&str, &str); 2] = [("default_table_access_method", "heap"), ("default_tablespace", "''")];

/// How statements about privileges begin. They come after all that makes objects but event triggers.
const PRIVILEGES: [&str; 4] = [
    "GRANT ",
    "REVOKE ",
    "ALTER DEFAULT PRIVILEGES ",
    "SET SESSION AUTHORIZATION ",
];

/// Reads the schema by the pg_dump that fits, in one snapshot.
pub(crate) fn read(session: &Session, major: u32) -> Result<String, Error> {
    let tools = client_tools(major)?;
    let failed = |e| sql_error("failed to read the database's schema", &e);
    session
        .batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .map_err(failed)?;
    let text = read_in_snapshot(session, &tools);
    session.batch("ROLLBACK").map_err(failed)?;
    text
}

fn read_in_snapshot(session: &Session, tools: &ClientTools) -> Result<String, Error> {
    let failed = |e| sql_error("failed to read the database's schema", &e);
    let snapshot: String = session
        .query_one("SELECT pg_catalog.pg_export_snapshot()", &[])
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    let facts = Facts::of_transaction(session)?;
    let role = migrating_role(session)?;
    let dump = pg_dump(session.url(), tools, &snapshot)?;
    Ok(compose(&dump, &facts, &role))
}

/// The role that migrates the database: the owner of the schema history, else the one that is connected.
pub(crate) fn migrating_role(session: &Session) -> Result<String, Error> {
    session
        .query_one(
            &format!(
                "SELECT coalesce((SELECT pg_catalog.pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class \
                 WHERE relname = '{HISTORY_TABLE}' AND relkind = 'r' ORDER BY oid LIMIT 1), current_user::text)"
            ),
            &[],
        )
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error("failed to ask which role migrates the database", &e))
}

fn pg_dump(url: &DatabaseUrl, tools: &ClientTools, snapshot: &str) -> Result<String, Error> {
    let output = tools
        .command("pg_dump", url)
        .args(["--schema-only", "--no-owner", "--no-subscriptions", "--no-password"])
        .args(["--encoding=UTF8", "--lock-wait-timeout=60s", "--exclude-schema=dbtask"])
        .args([
            "--exclude-table=*.refinery_schema_history",
            "--exclude-table=*.dbtask_journal",
        ])
        .arg(format!("--snapshot={snapshot}"))
        .arg(format!("--dbname={}", url.without_password()))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Error::failed("failed to run pg_dump").cause(e.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let error = Error::failed(format!("pg_dump {} failed ({})", tools.version, output.status))
        .cause(words.trim_end().to_owned())
        .state("nothing was written");
    Err(if words.contains("permission denied") {
        error.help("a role that reads the schema needs SELECT on every table: let a superuser run `GRANT pg_read_all_data TO ROLE`")
    } else {
        error.help("mend that, then type the command again")
    })
}

/// The text, from pg_dump's and from what only the facts tell without names of roles.
fn compose(dump: &str, facts: &Facts, role: &str) -> String {
    let dump = without_tokens(dump);
    let mut made: Vec<String> = Vec::new();
    if facts.get("schema", "public").is_none() {
        // every new database has one
        made.push("DROP SCHEMA public".to_owned());
    }
    let mut rest: Vec<String> = Vec::new();
    let mut set = FOR_WHAT_COMES.map(|(_, value)| value.to_owned());
    for range in statements::split(&dump) {
        let statement = &dump[range];
        if is_setting(statement) || is_set_already(statement, &mut set) {
            continue;
        }
        let after = !rest.is_empty() || PRIVILEGES.iter().any(|head| statement.starts_with(head));
        let list = if after { &mut rest } else { &mut made };
        list.push(spelled(secrets::redact(statement)));
    }
    made.extend(owners(facts, role, |fact| fact.kind != "event trigger"));
    made.append(&mut rest);
    made.extend(owners(facts, role, |fact| fact.kind == "event trigger"));
    let mut text = HEAD.to_owned();
    let mut before_is_short = false;
    for statement in made {
        // lists stand together: comments, privileges, owners
        let is_short = !statement.contains('\n');
        if !(is_short && before_is_short) {
            text.push('\n');
        }
        text.push_str(&statement);
        text.push_str(";\n");
        before_is_short = is_short;
    }
    for fact in facts.iter().filter(|fact| fact.kind == "subscription") {
        let _ = writeln!(
            text,
            "\n-- Not written here, since it says how to connect: subscription {}.",
            fact.identity
        );
    }
    text
}

/// Without the two lines that make psql refuse its own commands in between, each time with another token.
fn without_tokens(dump: &str) -> String {
    let token = dump.lines().find_map(|line| line.strip_prefix("\\restrict "));
    let Some(token) = token else { return dump.to_owned() };
    let (first, last) = (format!("\\restrict {token}"), format!("\\unrestrict {token}"));
    let lines = dump.split_inclusive('\n').filter(|line| {
        let line = line.trim_end();
        line != first && line != last
    });
    lines.collect()
}

/// As it comes out when it was loaded; the text of a function is its author's.
fn spelled(statement: String) -> String {
    if statement.starts_with("CREATE FUNCTION") || statement.starts_with("CREATE PROCEDURE") {
        return statement;
    }
    settled(&statement)
}

/// Whether it sets for what comes next what is set already.
fn is_set_already(statement: &str, set: &mut [String; 2]) -> bool {
    let Some((name, value)) = statement
        .strip_prefix("SET ")
        .and_then(|setting| setting.split_once(" = "))
    else {
        return false;
    };
    let Some(n) = FOR_WHAT_COMES.iter().position(|(known, _)| *known == name) else {
        return false;
    };
    let before = std::mem::replace(&mut set[n], value.to_owned());
    before == value
}

fn is_setting(statement: &str) -> bool {
    if statement.starts_with("SELECT pg_catalog.set_config('search_path'") {
        return true;
    }
    statement
        .strip_prefix("SET ")
        .is_some_and(|setting| SETTINGS.iter().any(|known| setting.starts_with(known)))
}

/// The statements that give objects to the roles that own them, but for what the role that loads the text has by itself.
fn owners<'a>(
    facts: &'a Facts,
    role: &'a str,
    which: impl Fn(&Fact) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    facts.iter().filter(move |fact| which(fact)).filter_map(move |fact| {
        let owner = fact.attributes.get("owner")?.as_str()?;
        // a column's sequence has its table's owner
        let follows = ["identity_of", "owned_by"]
            .iter()
            .any(|name| fact.attributes.contains_key(*name));
        // `public` belongs to another role from the start
        let is_public = fact.kind == "schema" && fact.identity == "public";
        if (owner == role && !is_public) || follows || fact.kind == "subscription" {
            return None;
        }
        let kind = match fact.kind.as_str() {
            "function" | "procedure" | "aggregate" => "ROUTINE".to_owned(),
            "foreign-data wrapper" => "FOREIGN DATA WRAPPER".to_owned(),
            kind => kind.to_uppercase(),
        };
        let owner = if owner == role {
            "CURRENT_ROLE".to_owned()
        } else {
            quote_identifier(owner)
        };
        Some(format!("ALTER {kind} {} OWNER TO {owner}", fact.identity))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict AbC\n\n-- Dumped by pg_dump version 15.18\n\nSET statement_timeout = 0;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\nSET default_tablespace = '';\n\n--\n-- Name: f(); Type: FUNCTION\n--\n\n\
        CREATE FUNCTION public.f() RETURNS void\n    LANGUAGE sql\n    AS $$\n-- kept\nSELECT 1;\n$$;\n\nCOMMENT ON FUNCTION public.f() IS 'x';\n\
        GRANT ALL ON FUNCTION public.f() TO a;\nGRANT ALL ON FUNCTION public.f() TO b;\n\n\\unrestrict AbC\n";

    #[test]
    fn noise_goes_and_bodies_stay() {
        let text = compose(DUMP, &Facts::default(), "postgres");
        assert_eq!(
            text.strip_prefix(HEAD).unwrap(),
            "\nDROP SCHEMA public;\n\nCREATE FUNCTION public.f() RETURNS void\n    LANGUAGE sql\n    AS $$\n-- kept\nSELECT 1;\n$$;\n\n\
             COMMENT ON FUNCTION public.f() IS 'x';\nGRANT ALL ON FUNCTION public.f() TO a;\nGRANT ALL ON FUNCTION public.f() TO b;\n"
        );
    }
}
