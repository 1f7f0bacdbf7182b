//! What the service knows: publishers, components, versions and what they need.

use std::fmt;

use dbtask_runner::{Error, sql_error};
use postgres::{Client, IsolationLevel, Transaction};

/// The longest name, as the CHECK constraints on `name` have it.
const LONGEST_NAME: usize = 63;

/// A publisher's or a component's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// Reads a name: a lower-case letter, then lower-case letters, digits, `-` and `_`.
    pub(crate) fn parse(text: &str) -> Result<Name, Error> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        if begins && text.chars().all(inner) && text.len() <= LONGEST_NAME {
            return Ok(Name(text.to_owned()));
        }
        Err(Error::usage(format!("`{text}` is no name")).help(format!(
            "a name is a lower-case letter, then letters, digits, `-` or `_`; {LONGEST_NAME} at most"
        )))
    }
}

/// The number of a version: `1.2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number(String);

impl Number {
    /// Reads three numbers of up to nine digits with dots between them.
    pub(crate) fn parse(text: &str) -> Result<Number, Error> {
        let plain = |part: &str| {
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            digits && (1..=9).contains(&part.len()) && (part == "0" || !part.starts_with('0'))
        };
        if text.split('.').count() == 3 && text.split('.').all(plain) {
            return Ok(Number(text.to_owned()));
        }
        Err(Error::usage(format!("`{text}` is no version")).help("write three numbers: `1.2.0`"))
    }
}

/// One version of a component, written `publisher/component@1.2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Who published it.
    pub(crate) publisher: Name,
    /// The component, whose name is unique per publisher.
    pub(crate) component: Name,
    /// Its number.
    pub(crate) number: Number,
}

impl Version {
    /// Reads `publisher/component@1.2.0`, or `component@1.2.0` for one of `publisher`'s own.
    pub(crate) fn parse(text: &str, publisher: &Name) -> Result<Version, Error> {
        let (component, number) = text.split_once('@').ok_or_else(|| {
            Error::usage(format!("`{text}` has no version")).help(format!("write `{text}@1.2.0` for version 1.2.0"))
        })?;
        let (publisher, component) = match component.split_once('/') {
            Some((publisher, component)) => (Name::parse(publisher)?, component),
            None => (publisher.clone(), component),
        };
        Ok(Version {
            publisher,
            component: Name::parse(component)?,
            number: Number::parse(number)?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.publisher.0, self.component.0, self.number.0)
    }
}

/// How much the registry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Publishers.
    pub(crate) publishers: i64,
    /// Components, of all publishers.
    pub(crate) components: i64,
    /// Versions, of all components.
    pub(crate) versions: i64,
}

/// Counts what the registry holds.
pub(crate) fn count(client: &mut Client) -> Result<Counts, Error> {
    let failed = |e| sql_error("failed to count what the registry holds", &e);
    let row = client
        .query_one(
            "SELECT (SELECT count(*) FROM publishers), (SELECT count(*) FROM components), \
             (SELECT count(*) FROM versions)",
            &[],
        )
        .map_err(failed)?;
    Ok(Counts {
        publishers: row.try_get(0).map_err(failed)?,
        components: row.try_get(1).map_err(failed)?,
        versions: row.try_get(2).map_err(failed)?,
    })
}

/// A version and what it needs, each as `publisher/component@1.2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The version.
    pub(crate) version: String,
    /// The versions that it needs, in the order of their names.
    pub(crate) requires: Vec<String>,
}

/// Every version with what it needs: by publisher, component and number, 1.10.0 after 1.9.0.
pub(crate) fn list(client: &mut Client) -> Result<Vec<Listed>, Error> {
    let failed = |e| sql_error("failed to list the registry", &e);
    let rows = client
        .query(
            "WITH named AS ( \
                 SELECT v.id, p.name AS publisher, v.component_name, v.sort_key, \
                        format('%s/%s@%s', p.name, v.component_name, v.number) AS name \
                 FROM versions v JOIN publishers p ON p.id = v.publisher_id \
             ) \
             SELECT v.name, \
                    array(SELECT r.name FROM dependencies d JOIN named r ON r.id = d.requires_id \
                          WHERE d.version_id = v.id ORDER BY r.name) \
             FROM named v \
             ORDER BY v.publisher, v.component_name, v.sort_key NULLS FIRST, v.id",
            &[],
        )
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                version: row.try_get(0).map_err(failed)?,
                requires: row.try_get(1).map_err(failed)?,
            })
        })
        .collect()
}

/// Publishes a version with what it needs, in one transaction: all of it, or nothing.
///
/// A new publisher or component is made on the way. A version that is there already, and every required version
/// that is not there, is an error that names it.
pub(crate) fn publish(client: &mut Client, version: &Version, requires: &[Version]) -> Result<(), Error> {
    let failed = |e| sql_error(format!("failed to publish `{version}`"), &e);
    // `insert` reads rows that others committed since the transaction began, whatever the database's default is.
    let mut transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .map_err(failed)?;
    let requires = find(&mut transaction, version, requires)?;
    let id = insert(&mut transaction, version)?;
    transaction
        .execute(
            "INSERT INTO dependencies (version_id, requires_id) \
             SELECT DISTINCT $1::int8, r.id FROM unnest($2::int8[]) AS r (id)",
            &[&id, &requires],
        )
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// The ids of the versions that `version` requires. All that are unknown come in one error.
fn find(transaction: &mut Transaction<'_>, version: &Version, requires: &[Version]) -> Result<Vec<i64>, Error> {
    let failed = |e| sql_error(format!("failed to look up what `{version}` needs"), &e);
    let column = |of: fn(&Version) -> &str| requires.iter().map(of).collect::<Vec<_>>();
    let rows = transaction
        .query(
            "SELECT v.id \
             FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY \
                  AS r (publisher, component, number, position) \
             LEFT JOIN publishers p ON p.name = r.publisher \
             LEFT JOIN versions v ON v.publisher_id = p.id \
                  AND v.component_name = r.component AND v.number = r.number \
             ORDER BY r.position",
            &[
                &column(|v| &v.publisher.0),
                &column(|v| &v.component.0),
                &column(|v| &v.number.0),
            ],
        )
        .map_err(failed)?;
    let mut ids = Vec::with_capacity(rows.len());
    let mut unknown = Vec::new();
    for (row, required) in rows.iter().zip(requires) {
        match row.try_get(0).map_err(failed)? {
            Some(id) => ids.push(id),
            None => unknown.push(format!("`{required}`")),
        }
    }
    if unknown.is_empty() {
        return Ok(ids);
    }
    Err(Error::failed(format!(
        "`{version}` needs what is not in the registry: {}",
        unknown.join(", ")
    ))
    .state("nothing was published")
    .help("`app list` shows what there is; publish those first"))
}

/// Inserts the version, and its publisher and component where they are new.
///
/// `ON CONFLICT DO NOTHING` waits for another transaction that is inserting the same name, so that two releases at
/// once end as one that is published and one that was there already.
fn insert(transaction: &mut Transaction<'_>, version: &Version) -> Result<i64, Error> {
    let failed = |e| sql_error(format!("failed to publish `{version}`"), &e);
    let Version {
        publisher,
        component,
        number,
    } = version;
    transaction
        .execute(
            "INSERT INTO publishers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
            &[&publisher.0],
        )
        .map_err(failed)?;
    transaction
        .execute(
            "INSERT INTO components (publisher_id, name) \
             SELECT id, $2 FROM publishers WHERE name = $1 ON CONFLICT (publisher_id, name) DO NOTHING",
            &[&publisher.0, &component.0],
        )
        .map_err(failed)?;
    let inserted = transaction
        .query_opt(
            "INSERT INTO versions (publisher_id, component_name, number, sort_key) \
             SELECT id, $2, $3, string_to_array($3, '.')::int4[] FROM publishers WHERE name = $1 \
             ON CONFLICT (publisher_id, component_name, number) DO NOTHING \
             RETURNING id",
            &[&publisher.0, &component.0, &number.0],
        )
        .map_err(failed)?;
    match inserted {
        Some(row) => row.try_get(0).map_err(failed),
        None => Err(Error::failed(format!("`{version}` is published already"))
            .state("nothing was published")
            .help("a version is published once: give it a new number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_what_the_check_constraints_take() {
        for name in ["a", "acme", "a-b_c9", &"a".repeat(63)] {
            assert!(Name::parse(name).is_ok(), "{name}");
        }
        for name in ["", "9a", "-a", "Acme", "a/b", "a@b", "ä", &"a".repeat(64)] {
            assert!(Name::parse(name).is_err(), "{name}");
        }
        for number in ["0.0.0", "1.10.0", "999999999.0.1"] {
            assert!(Number::parse(number).is_ok(), "{number}");
        }
        for number in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.02.3",
            "1..3",
            "1.2.x",
            "1.2.+3",
            "1234567890.0.0",
        ] {
            assert!(Number::parse(number).is_err(), "{number}");
        }
    }

    #[test]
    fn a_version_without_a_publisher_is_the_own_one() {
        let own = Name::parse("acme").unwrap();
        let shown = |text| Version::parse(text, &own).map(|v| v.to_string());
        assert_eq!(shown("lexer@1.0.0").unwrap(), "acme/lexer@1.0.0");
        assert_eq!(shown("globex/lexer@1.0.0").unwrap(), "globex/lexer@1.0.0");
        assert!(shown("lexer").is_err());
        assert!(shown("a/b/c@1.0.0").is_err());
    }
}
