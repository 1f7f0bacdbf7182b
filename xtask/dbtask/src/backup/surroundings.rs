//! What pg_dump leaves out: the database's own properties and settings, the roles that are used, Citus's distribution.

use dbtask_runner::{Error, Session, sql_error};
use serde_json::{Value, json};

const DATABASE: &str = include_str!("sql/database.sql");
const SETTINGS: &str = include_str!("sql/settings.sql");
const ROLES: &str = include_str!("sql/roles.sql");
const CITUS: &str = include_str!("sql/citus.sql");

/// The surroundings of a database, as members of a manifest.
pub(super) struct Surroundings {
    pub(super) database: Value,
    pub(super) settings: Value,
    pub(super) roles: Value,
    pub(super) citus: Value,
}

impl Surroundings {
    /// Reads them, in the transaction that the session is in.
    pub(super) fn read(session: &Session) -> Result<Surroundings, Error> {
        let distributed = session
            .query_one(
                "SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL",
                &[],
            )
            .and_then(|row| row.try_get(0))
            .map_err(|e| sql_error("failed to ask whether tables are distributed", &e))?;
        Ok(Surroundings {
            database: read_json(session, "the database's properties", DATABASE)?,
            settings: read_json(session, "the database's settings", SETTINGS)?,
            roles: read_json(session, "the roles", ROLES)?,
            citus: if distributed {
                read_json(session, "Citus's distribution", CITUS)?
            } else {
                json!(null)
            },
        })
    }
}

/// The one value of a query, which is JSON as text.
pub(super) fn read_json(session: &Session, what: &str, sql: &str) -> Result<Value, Error> {
    let text: String = session
        .query_one(sql, &[])
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error(format!("failed to read {what}"), &e))?;
    serde_json::from_str(&text).map_err(|e| Error::failed(format!("failed to read {what}")).cause(e.to_string()))
}

/// The statement that makes a role of a manifest's, without a password: whoever runs it sets one.
pub(super) fn create_role(role: &Value) -> String {
    let flags = [
        ("superuser", "SUPERUSER"),
        ("createrole", "CREATEROLE"),
        ("createdb", "CREATEDB"),
        ("login", "LOGIN"),
        ("replication", "REPLICATION"),
        ("bypassrls", "BYPASSRLS"),
    ];
    let mut words = vec![format!(
        "CREATE ROLE {}",
        dbtask_runner::quote_identifier(role["name"].as_str().unwrap_or_default())
    )];
    words.extend(
        flags
            .iter()
            .filter(|(name, _)| role[*name] == json!(true))
            .map(|(_, word)| (*word).to_owned()),
    );
    if role["inherit"] == json!(false) {
        words.push("NOINHERIT".to_owned());
    }
    words.join(" ")
}
