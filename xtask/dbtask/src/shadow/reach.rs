//! What a file must not hold on a throwaway database: statements whose effect does not end at its walls.

use dbtask_rules::statements;
use dbtask_runner::{Error, Excerpt, Script};

use super::server::ELSEWHERE;

/// Refuses files that would change what the whole server shares, where that server is the target's too; and
/// subscriptions, which reach out to another server, everywhere. What a text builds at run time is not seen.
pub(super) fn check<'a>(files: impl IntoIterator<Item = Script<'a>>, beside_target: bool) -> Result<(), Error> {
    for file in files {
        for head in statements::heads(file.sql()) {
            let words: Vec<&str> = head.words.iter().map(String::as_str).collect();
            let what = match reach(&words) {
                Some(Reach::Outside(what)) => what,
                Some(Reach::Server(what)) if beside_target => what,
                _ => continue,
            };
            let error = Error::refused(format!(
                "`{}` would reach beyond the throwaway database: it changes {what}",
                file.path()
            ))
            .at(Excerpt::of_byte(file.path(), file.sql(), head.start))
            .state("nothing was changed");
            return Err(if matches!(reach(&words), Some(Reach::Server(_))) {
                error
                    .cause("those are shared with the target, which is on the same server")
                    .help(ELSEWHERE)
            } else {
                error.help("rehearse the other files by their names, and this one by hand")
            });
        }
    }
    Ok(())
}

/// How far a statement reaches.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    /// All databases of the server.
    Server(&'static str),
    /// Other servers.
    Outside(&'static str),
}

/// How far a statement reaches that begins with these words, in lower case.
fn reach(words: &[&str]) -> Option<Reach> {
    let ddl = matches!(words.first(), Some(&("create" | "alter" | "drop")));
    match words {
        [_, "user", "mapping", ..] => None,
        [_, "role" | "user" | "group", ..] if ddl => Some(Reach::Server("roles")),
        ["comment", "on", "role", ..] | ["reassign" | "drop", "owned", ..] => Some(Reach::Server("roles")),
        ["security", "label", ..] if words.contains(&"role") => Some(Reach::Server("roles")),
        ["grant", rest @ ..] if is_membership(rest, "to") => Some(Reach::Server("roles")),
        ["revoke", rest @ ..] if is_membership(rest, "from") => Some(Reach::Server("roles")),
        [_, "database", ..] if ddl => Some(Reach::Server("databases")),
        ["comment", "on", "database", ..] => Some(Reach::Server("databases")),
        ["grant" | "revoke", rest @ ..] if has_pair(rest, "on", "database") => Some(Reach::Server("databases")),
        [_, "tablespace", ..] if ddl => Some(Reach::Server("tablespaces")),
        ["alter", "system", ..] => Some(Reach::Server("the server's settings")),
        [_, "subscription", ..] if ddl => Some(Reach::Outside("subscriptions")),
        _ => None,
    }
}

/// `a, b TO c`: without an ON it is about roles.
fn is_membership(words: &[&str], end: &str) -> bool {
    let place = |word: &str| words.iter().position(|w| *w == word);
    place(end).is_some_and(|end| place("on").is_none_or(|on| on > end))
}

fn has_pair(words: &[&str], one: &str, other: &str) -> bool {
    words.windows(2).any(|pair| pair == [one, other])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(sql: &str) -> Vec<Reach> {
        let heads = statements::heads(sql);
        let reach = |head: &statements::Head| reach(&head.words.iter().map(String::as_str).collect::<Vec<_>>());
        heads.iter().filter_map(reach).collect()
    }

    #[test]
    fn what_a_server_shares_is_found_wherever_it_stands() {
        for sql in [
            "CREATE ROLE app",
            "SELECT 1; alter user app PASSWORD 'x'",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app; END IF; END $$",
            "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', 'app'); END $$",
            "DO 'BEGIN DROP ROLE app; END'",
            "GRANT app TO ada",
            "REVOKE ADMIN OPTION FOR app FROM ada",
            "ALTER SYSTEM SET work_mem = 1",
            "DROP DATABASE shop",
            "COMMENT ON DATABASE shop IS 'x'",
            "GRANT CONNECT ON DATABASE shop TO app",
            "DROP OWNED BY app",
        ] {
            assert!(matches!(reach_of(sql)[..], [Reach::Server(_)]), "{sql}");
        }
        assert_eq!(
            reach_of("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p"),
            [Reach::Outside("subscriptions")]
        );
    }

    #[test]
    fn what_stays_in_the_database_is_none_of_it() {
        for sql in [
            "GRANT SELECT ON t TO app",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "ALTER TABLE users ALTER role TYPE text, DROP user",
            "CREATE USER MAPPING FOR app SERVER s",
            "INSERT INTO notes VALUES ('create role app')",
            "ALTER TABLE t OWNER TO app",
            "-- CREATE ROLE app\nSELECT 1",
            "COMMENT ON COLUMN users.role IS 'drop database shop'",
            "CREATE TABLE \"role\" (role text)",
        ] {
            assert_eq!(reach_of(sql), [], "{sql}");
        }
    }
}
