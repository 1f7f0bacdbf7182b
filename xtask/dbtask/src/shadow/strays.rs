//! The name of a throwaway database, the lock that says that its owner lives, and the sweep of those whose owner is gone.
//!
//! The owner holds a session advisory lock, keyed by the name, from before the database is there until after it is gone.
//! Advisory locks are those of one database: both owner and sweeper take it in `postgres`, which every server has, which
//! nobody migrates, and which, unlike `template1`, can be connected to without being in the way of a CREATE DATABASE.
//! A session that ends, however it ends, lets its locks go; so who gets the lock has the proof that the owner is gone.

use dbtask_runner::{Error, Session, SqlState, Type, quote_identifier, sql_error};

use crate::server::random_hex;

/// What every name begins with, and the pattern that it has; nothing else is swept.
const PREFIX: &str = "dbtask_shadow_";
const PATTERN: &str = "^dbtask_shadow_[0-9]{1,10}_[0-9a-f]{16}$";

/// `dbtask_shadow_PID_RANDOM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn new() -> Result<Name, Error> {
        Ok(Name(format!("{PREFIX}{}_{}", std::process::id(), random_hex(8)?)))
    }

    /// A name that has the pattern.
    fn parse(text: &str) -> Option<Name> {
        let (pid, random) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_pid = (1..=10).contains(&pid.len()) && pid.bytes().all(|b| b.is_ascii_digit());
        let is_random = random.len() == 16 && random.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (is_pid && is_random).then(|| Name(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The lock's key: the random part, as a number.
    fn key(&self) -> i64 {
        let random = self.0.rsplit('_').next().unwrap_or_default();
        u64::from_str_radix(random, 16).unwrap_or_default().cast_signed()
    }

    /// Takes the lock, if nobody has it.
    fn try_lock(&self, administration: &Session) -> Result<bool, Error> {
        administration
            .query_one(&format!("SELECT pg_catalog.pg_try_advisory_lock({})", self.key()), &[])
            .and_then(|row| row.try_get(0))
            .map_err(|e| sql_error(format!("failed to take the lock of `{}`", self.0), &e))
    }

    /// Takes the lock for as long as the session lives.
    pub(super) fn take_lock(&self, administration: &Session) -> Result<(), Error> {
        if self.try_lock(administration)? {
            return Ok(());
        }
        Err(Error::failed(format!("the lock of `{}` is taken", self.0))
            .state("nothing was changed")
            .help("type the command again"))
    }
}

/// The throwaway databases here that nobody is connected to and that the role may drop.
const STRAYS: &str = "\
SELECT d.datname::text FROM pg_catalog.pg_database d
WHERE d.datname OPERATOR(pg_catalog.~) $1 AND d.datname OPERATOR(pg_catalog.<>) $2
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
ORDER BY d.datname";

/// Drops the databases of runs that were killed, and says which. `target` is the database that is worked on, which is none.
pub(super) fn sweep(administration: &Session, target: &str) -> Result<Vec<String>, Error> {
    let failed = |e| sql_error("failed to look for throwaway databases that were left behind", &e);
    let rows = administration
        .query(STRAYS, &[(&PATTERN, Type::TEXT), (&target, Type::TEXT)])
        .map_err(failed)?;
    let mut swept = Vec::new();
    for row in rows {
        let Some(name) = Name::parse(row.try_get(0).map_err(failed)?) else {
            continue;
        };
        if !name.try_lock(administration)? {
            continue;
        }
        // without FORCE: should anybody have come meanwhile, it stays for another time
        let dropped = administration.batch(&format!("DROP DATABASE {}", quote_identifier(name.as_str())));
        administration
            .batch(&format!("SELECT pg_catalog.pg_advisory_unlock({})", name.key()))
            .map_err(failed)?;
        match dropped {
            Ok(()) => swept.push(name.0),
            Err(e)
                if [
                    SqlState::OBJECT_IN_USE,
                    SqlState::INVALID_CATALOG_NAME,
                    SqlState::LOCK_NOT_AVAILABLE,
                ]
                .iter()
                .any(|code| e.code() == Some(code)) => {}
            Err(e) => {
                return Err(sql_error(
                    format!("failed to drop `{}`, which a run that was killed left behind", name.0),
                    &e,
                ));
            }
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_strict_name_is_one() {
        let name = Name::new().unwrap();
        assert_eq!(Name::parse(name.as_str()), Some(name.clone()));
        assert_ne!(name, Name::new().unwrap());
        for other in [
            "shop",
            "dbtask_shadow_",
            "dbtask_shadow_12_0123456789abcde",
            "dbtask_shadow_12_0123456789abcdef0",
            "dbtask_shadow_12_0123456789ABCDEF",
            "dbtask_shadow__0123456789abcdef",
            "dbtask_shadow_x_0123456789abcdef",
            "xdbtask_shadow_12_0123456789abcdef",
            "dbtask_shadow_12345678901_0123456789abcdef",
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
        assert_eq!(Name::parse("dbtask_shadow_12_ffffffffffffffff").unwrap().key(), -1);
    }
}
