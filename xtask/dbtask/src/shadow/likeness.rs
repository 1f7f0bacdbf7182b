//! What a throwaway database has from the target before anything is in it: encoding, locale, settings.

use dbtask_runner::{Error, Session, SqlState, Type, quote_identifier, sql_error};

use super::server::Server;
use super::strays::Name;

/// Encoding and locale as options of CREATE DATABASE, and without the locale. The columns have come and changed their names
/// from 15 to 17, hence by way of JSON.
const OPTIONS: &str = "\
SELECT pg_catalog.format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', e, d->>'datcollate', d->>'datctype')
    || CASE d->>'datlocprovider'
         WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', l) || coalesce(pg_catalog.format(' ICU_RULES %L', d->>'daticurules'), '')
         WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', l)
         WHEN 'c' THEN ' LOCALE_PROVIDER libc'
         ELSE '' END,
  pg_catalog.format('ENCODING %L', e),
  pg_catalog.concat_ws(', ', d->>'datcollate', l)
FROM (SELECT pg_catalog.pg_encoding_to_char(encoding) AS e, pg_catalog.to_jsonb(pg_database) AS d
      FROM pg_catalog.pg_database WHERE datname = current_database()) AS row
CROSS JOIN LATERAL (SELECT coalesce(d->>'datlocale', d->>'daticulocale') AS l) AS locale";

/// The settings of the database, and those of the role in it, in the order in which they count. An environment's mark is
/// not copied, nor what would keep a session from working at all.
const SETTINGS: &str = "\
SELECT pg_catalog.split_part(setting, '=', 1), pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1)
FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting
WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
  AND setting !~ '^(dbtask[.]|default_transaction_|[a-z_]*_timeout=)'
ORDER BY s.setrole";

/// Read from the target.
pub(super) struct Likeness {
    options: String,
    encoding: String,
    locale: String,
    settings: Vec<(String, String)>,
}

impl Likeness {
    pub(super) fn of(target: &Session) -> Result<Likeness, Error> {
        let failed = |e| sql_error("failed to read the encoding and the locale of the database", &e);
        let row = target.query_one(OPTIONS, &[]).map_err(failed)?;
        let settings = target.query(SETTINGS, &[]).map_err(failed)?;
        let settings = settings.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Likeness {
            options: row.try_get(0).map_err(failed)?,
            encoding: row.try_get(1).map_err(failed)?,
            locale: row.try_get(2).map_err(failed)?,
            settings: settings.collect::<Result<_, _>>().map_err(failed)?,
        })
    }

    /// Creates the database. What could not be had comes back in words.
    pub(super) fn create(&self, server: &Server, name: &Name) -> Result<Vec<String>, Error> {
        let quoted = quote_identifier(name.as_str());
        let strategy = strategy(&server.administration, server.identity.major)?;
        // another server may lack the locale; C is one that every encoding goes with
        let plain = format!("{} LC_COLLATE 'C' LC_CTYPE 'C'", self.encoding);
        let mut forms = vec![&self.options];
        if !server.beside_target {
            forms.extend([&self.encoding, &plain]);
        }
        let mut outcome = Ok(());
        let mut notes = Vec::new();
        for (form, tries) in forms.into_iter().zip(0..) {
            let sql = format!("CREATE DATABASE {quoted} TEMPLATE template0 {form}{strategy}");
            outcome = server.administration.batch(&sql);
            match &outcome {
                Ok(()) if tries > 0 => notes.push(format!(
                    "the server of the throwaway database lacks the locale `{}` of the target: what hangs on sorting may differ",
                    self.locale
                )),
                Err(e) if e.code().is_some_and(is_about_locale) => continue,
                _ => {}
            }
            break;
        }
        outcome.map_err(|e| sql_error("failed to create a throwaway database", &e).state("nothing was changed"))?;
        notes.extend(self.settings.iter().filter_map(|(setting, value)| {
            let error = set(&server.administration, &quoted, setting, value).err()?;
            Some(format!(
                "the throwaway database lacks the target's setting `{setting}`: {}",
                error.causes().join(": ")
            ))
        }));
        Ok(notes)
    }
}

/// Half the time of the default on servers that write nothing to disk; elsewhere it would force two checkpoints.
fn strategy(administration: &Session, major: u32) -> Result<&'static str, Error> {
    let in_memory: bool = administration
        .query_one("SELECT pg_catalog.current_setting('fsync') = 'off'", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error("failed to ask for the server's settings", &e))?;
    Ok(if in_memory && major >= 15 {
        " STRATEGY file_copy"
    } else {
        ""
    })
}

/// The server does not know the locale, its provider, or that there are providers.
fn is_about_locale(code: &SqlState) -> bool {
    [
        SqlState::WRONG_OBJECT_TYPE,
        SqlState::INVALID_PARAMETER_VALUE,
        SqlState::INVALID_OBJECT_DEFINITION,
        SqlState::FEATURE_NOT_SUPPORTED,
        SqlState::SYNTAX_ERROR,
    ]
    .contains(code)
}

/// Sets a value as it is stored: `FROM CURRENT` knows which are lists, and how to quote them.
fn set(administration: &Session, database: &str, setting: &str, value: &str) -> Result<(), Error> {
    let failed = |e| sql_error("failed to set it", &e);
    administration
        .query(
            "SELECT pg_catalog.set_config($1, $2, false)",
            &[(&setting, Type::TEXT), (&value, Type::TEXT)],
        )
        .map_err(failed)?;
    let quoted = quote_identifier(setting);
    let outcome = administration.batch(&format!("ALTER DATABASE {database} SET {quoted} FROM CURRENT"));
    administration.batch(&format!("RESET {quoted}")).map_err(failed)?;
    outcome.map_err(failed)
}
