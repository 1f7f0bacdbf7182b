//! Whether the bodies of functions still hold: a change of a table leaves the functions that name it as they are, and only
//! whoever calls one is told.
//!
//! Before and after each file every body is compiled by the server's own validator of its language (SQL and PL/pgSQL), under
//! the settings that the function has, and, where the throwaway database's server has plpgsql_check and the role may create
//! it, each statement of a PL/pgSQL body is checked as well. That happens in a transaction that is rolled back.

use std::collections::BTreeSet;

use dbtask_runner::{Error, Session, SqlError, SqlState, Type, sql_error};

use super::Rehearsed;

/// How many bodies a reason is given for.
const NAMED: usize = 8;

/// The user's functions with a body that is kept as text: identifier, name, language, validator, settings, whether it makes
/// tables of its own while it runs.
const FUNCTIONS: &str = "\
SELECT p.oid, p.oid::pg_catalog.regprocedure::text, l.lanname = 'plpgsql', l.lanvalidator::pg_catalog.regproc::text,
  coalesce(p.proconfig, '{}'), p.prosrc ~* '\\mtemp(orary)?\\M'
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE l.lanname IN ('sql', 'plpgsql') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 2";

/// What plpgsql_check says of a function; of one for triggers, on each table that has it.
const CHECK: &str = "\
SELECT f.lineno, f.sqlstate, f.message, f.level
FROM (SELECT 0::pg_catalog.oid AS tgrelid, NULL::name AS tgoldtable, NULL::name AS tgnewtable FROM pg_catalog.pg_proc p
      WHERE p.oid = $1 AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
      UNION SELECT t.tgrelid, t.tgoldtable, t.tgnewtable FROM pg_catalog.pg_trigger t
      WHERE t.tgfoid = $1 AND NOT t.tgisinternal AND t.tgparentid = 0) t,
  LATERAL {schema}.plpgsql_check_function_tb($1::pg_catalog.regprocedure, t.tgrelid::pg_catalog.regclass, fatal_errors := false,
    other_warnings := false, extra_warnings := false, oldtable := t.tgoldtable, newtable := t.tgnewtable) f
WHERE f.level = 'error'";

/// Where plpgsql_check is, or that it could be created.
const CHECKER: &str = "\
SELECT (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'plpgsql_check'), EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'plpgsql_check')";

/// Something that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    function: String,
    line: Option<i32>,
    message: String,
    /// It may be none: a checker does not see tables that the function makes for itself while it runs.
    is_doubtful: bool,
}

impl Fault {
    fn words(&self) -> String {
        let line = self
            .line
            .map_or(String::new(), |line| format!(" (line {line} of the body)"));
        format!("{}: {}{line}", self.function, self.message)
    }
}

/// The faults that were there before.
pub(crate) struct Bodies {
    known: BTreeSet<Fault>,
}

impl Bodies {
    /// Looks at all bodies of what the files are applied to.
    pub(crate) fn begin(session: &Session) -> Result<Bodies, Error> {
        Ok(Bodies {
            known: faults(session)?,
        })
    }

    /// Looks again; a fault that was not there before is a reason why the file is not proven.
    pub(crate) fn after(&mut self, session: &Session, rehearsed: &mut Rehearsed) -> Result<(), Error> {
        // a file that failed was rolled back, or is the reason already
        if rehearsed.first.error.is_some() {
            return Ok(());
        }
        let now = faults(session)?;
        // a body that moved by a line is no other one
        let is_known = |fault: &&Fault| {
            let is_it = |known: &Fault| (&known.function, &known.message) == (&fault.function, &fault.message);
            self.known.iter().any(is_it)
        };
        let new: Vec<&Fault> = now.iter().filter(|fault| !is_known(fault)).collect();
        let (doubtful, certain): (Vec<&Fault>, Vec<&Fault>) = new.into_iter().partition(|fault| fault.is_doubtful);
        rehearsed.reasons.extend(
            certain
                .iter()
                .take(NAMED)
                .map(|fault| format!("a function would fail after it: {}", fault.words())),
        );
        if certain.len() > NAMED {
            rehearsed
                .reasons
                .push(format!("and {} more would", certain.len() - NAMED));
        }
        rehearsed.notes.extend(doubtful.iter().take(NAMED).map(|fault| {
            format!(
                "plpgsql_check does not know the temporary tables of a function: {}",
                fault.words()
            )
        }));
        self.known = now;
        Ok(())
    }
}

fn failed(error: &SqlError) -> Error {
    sql_error("failed to look at the bodies of the functions", error)
}

/// On a session of its own: one that has compiled a body does not do so again while it stays the same.
fn faults(session: &Session) -> Result<BTreeSet<Fault>, Error> {
    let session = Session::connect(session.url())?;
    let functions = functions(&session).map_err(|e| failed(&e))?;
    if functions.is_empty() {
        return Ok(BTreeSet::new());
    }
    session
        .batch("BEGIN; SET LOCAL check_function_bodies = on")
        .map_err(|e| failed(&e))?;
    let found = in_transaction(&session, &functions).map_err(|e| failed(&e));
    session.batch("ROLLBACK").map_err(|e| failed(&e))?;
    found
}

struct Function {
    oid: u32,
    name: String,
    is_plpgsql: bool,
    validator: String,
    /// `NAME=VALUE`
    settings: Vec<String>,
    makes_tables: bool,
}

fn functions(session: &Session) -> Result<Vec<Function>, SqlError> {
    let rows = session.query(FUNCTIONS, &[])?;
    rows.iter()
        .map(|row| {
            Ok(Function {
                oid: row.try_get(0)?,
                name: row.try_get(1)?,
                is_plpgsql: row.try_get(2)?,
                validator: row.try_get(3)?,
                settings: row.try_get(4)?,
                makes_tables: row.try_get(5)?,
            })
        })
        .collect()
}

fn in_transaction(session: &Session, functions: &[Function]) -> Result<BTreeSet<Fault>, SqlError> {
    let checker = if functions.iter().any(|function| function.is_plpgsql) {
        checker(session)?
    } else {
        None
    };
    let mut faults = BTreeSet::new();
    for function in functions {
        session.batch("SAVEPOINT dbtask_body")?;
        if let Err(error) = function.compile(session) {
            let Some(server) = error.as_db_error() else {
                return Err(error);
            };
            faults.extend(function.fault(None, server.message(), server.code().code()));
        } else if let Some(checker) = checker.as_ref().filter(|_| function.is_plpgsql) {
            // what it cannot check it says by an error, which is none of the body's
            for row in session
                .query(checker, &[(&function.oid, Type::OID)])
                .unwrap_or_default()
            {
                let (code, message): (String, String) = (row.try_get(1)?, row.try_get(2)?);
                faults.extend(function.fault(row.try_get(0)?, &message, &code));
            }
        }
        session.batch("ROLLBACK TO SAVEPOINT dbtask_body; RELEASE SAVEPOINT dbtask_body")?;
    }
    Ok(faults)
}

/// The query that asks plpgsql_check, which is created for it where it is not there; `None` where it cannot be.
fn checker(session: &Session) -> Result<Option<String>, SqlError> {
    let row = session.query_one(CHECKER, &[])?;
    let (schema, is_available): (Option<String>, bool) = (row.try_get(0)?, row.try_get(1)?);
    let query = |schema: &str| Some(CHECK.replace("{schema}", schema));
    if let Some(schema) = schema {
        return Ok(query(&schema));
    }
    if !is_available {
        return Ok(None);
    }
    session.batch("SAVEPOINT dbtask_checker")?;
    let created = session.batch("CREATE SCHEMA dbtask_checker; CREATE EXTENSION plpgsql_check SCHEMA dbtask_checker");
    if created.is_ok() {
        return Ok(query("dbtask_checker"));
    }
    // the role is no superuser
    session.batch("ROLLBACK TO SAVEPOINT dbtask_checker")?;
    Ok(None)
}

impl Function {
    /// As `CREATE FUNCTION` does, by the validator of its language.
    fn compile(&self, session: &Session) -> Result<(), SqlError> {
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            session.query(
                "SELECT pg_catalog.set_config($1, $2, true)",
                &[(&name, Type::TEXT), (&value, Type::TEXT)],
            )?;
        }
        session
            .query(&format!("SELECT {}($1)", self.validator), &[(&self.oid, Type::OID)])
            .map(drop)
    }

    /// `None` where it is only that this role may not look: whoever calls the function is another one.
    fn fault(&self, line: Option<i32>, message: &str, code: &str) -> Option<Fault> {
        (code != SqlState::INSUFFICIENT_PRIVILEGE.code()).then(|| Fault {
            function: self.name.clone(),
            line,
            message: format!("[{code}] {message}"),
            is_doubtful: self.makes_tables && code == SqlState::UNDEFINED_TABLE.code(),
        })
    }
}
