//! Staging vouches for a file: it was carried out there, as it is, before it is on production.
//!
//! What counts is an entry of `db:apply`, `db:push` or `db:rehearse --on` in the journal of a database that was marked staging
//! when the entry was made and is now, and that is the very database the entry was made in. What was only recorded, by
//! `db:baseline` or `db:repair`, was never executed.

use dbtask_runner::{Entry, Error, RepeatableRuns, SchemaHistory, Session, journal_entries, repeatable_runs};
use serde_json::Value;

use super::Request;
use crate::guard::Treatment;
use crate::mark::Mark;
use crate::named::File;
use crate::output::{Output, count};
use crate::staging::{self, VARIABLE};
use crate::target::{Identity, Target};
use crate::workspace::Workspace;

/// Refuses unless staging vouches for each of the files, where the command or, for production, the policy of the folder asks
/// for that.
pub(super) fn vouches(
    target: &Target,
    treatment: &Treatment,
    request: &Request,
    workspace: &Workspace,
    output: &Output,
) -> Result<(), Error> {
    let by_policy = treatment.counts_as == Mark::Production && workspace.read_policy()?.requires_staging();
    if !request.require_staging && !by_policy {
        return Ok(());
    }
    let asked_by = if request.require_staging {
        "`--require-staging` asks what was applied there".to_owned()
    } else {
        format!(
            "`require_staging` in `{}/policy.toml` asks what was applied there before it is applied to production",
            workspace.display(workspace.migrations())
        )
    };
    let (staging, _) = staging::open(VARIABLE, workspace, output).map_err(|e| e.cause(asked_by))?;
    if staging::is_same(target, &staging)? {
        return Err(Error::refused(format!(
            "{VARIABLE} and DATABASE_URL lead to the same database: {}",
            target.describe()
        ))
        .cause("a database does not vouch for itself")
        .state("nothing was changed")
        .help(format!("correct {VARIABLE}, or DATABASE_URL")));
    }
    let there = There::read(&staging.session)?;
    let mut doubts = Vec::new();
    for file in &request.files {
        match Witness::of(file, &there, &staging.identity) {
            Witness::Executed(entry) => output.step(
                "staging",
                &format!("{}: applied there on {}{}", file.path(), entry.at, who(entry)),
            ),
            doubt => doubts.push((file, doubt)),
        }
    }
    if doubts.is_empty() {
        return Ok(());
    }
    let error = Error::refused(format!(
        "staging does not vouch for {} of {}",
        doubts.len(),
        count(request.files.len(), "file")
    ));
    let error = doubts.iter().fold(error, |error, (file, doubt)| {
        error.cause(format!("`{}` {}", file.path(), doubt.describe()))
    });
    let error = error
        .cause(format!("staging is {}", staging.describe()))
        .state("nothing was changed");
    let is_new = |doubt: &Witness<'_>| matches!(doubt, Witness::NotThere);
    Err(if doubts.iter().all(|(_, doubt)| is_new(doubt)) {
        error.help(format!(
            "apply there what is pending: `{}`",
            workspace.typed(&format!("db:rehearse --on {VARIABLE}"))
        ))
    } else {
        error.help(format!(
            "bring staging to where this database is, such as by a restored backup that is marked staging, and then: `{}`",
            workspace.typed(&format!("db:rehearse --on {VARIABLE}"))
        ))
    })
}

/// What staging has of files.
struct There {
    history: SchemaHistory,
    runs: Vec<RepeatableRuns>,
    entries: Vec<Entry>,
}

impl There {
    fn read(session: &Session) -> Result<There, Error> {
        let history = SchemaHistory::read(session)?;
        Ok(There {
            runs: repeatable_runs(session, &history)?,
            entries: journal_entries(session, &history)?,
            history,
        })
    }
}

/// What is known on staging of one file.
enum Witness<'a> {
    /// It was carried out there as it is.
    Executed(&'a Entry),
    NotThere,
    /// What was applied there has another text, or name; when.
    Otherwise(String),
    /// Its checksum was put there by `db:repair`.
    Repaired(&'a Entry),
    /// It was carried out when the database was marked otherwise, or in another database that this one is a copy of.
    Elsewhere(&'a Entry),
    /// It is in the history, and nothing says that it was carried out; since when.
    Recorded(String),
}

impl<'a> Witness<'a> {
    fn of(file: &File, there: &'a There, staging: &Identity) -> Witness<'a> {
        let (version, checksum, at) = match file {
            File::Versioned(file) => {
                let version = file.version().get();
                match there.history.applied().iter().find(|row| row.version == version) {
                    None => return Witness::NotThere,
                    Some(row) if row.checksum != file.checksum() => return Witness::Otherwise(row.applied_at()),
                    Some(row) => (Some(version), file.checksum(), row.applied_at()),
                }
            }
            File::Repeatable(file) => match there.runs.iter().find(|runs| runs.name == file.name()) {
                None => return Witness::NotThere,
                Some(runs) if !runs.are_current(file) => return Witness::Otherwise(runs.last.clone()),
                Some(runs) => (None, file.checksum(), runs.last.clone()),
            },
        };
        let checksum = checksum.to_string();
        // of a repeatable file the checksum is over its name, too
        let of_file = |entry: &&Entry| entry.version == version && entry.checksum.as_ref() == Some(&checksum);
        let find =
            |is_it: &dyn Fn(&Entry) -> bool| there.entries.iter().rev().filter(of_file).find(|entry| is_it(entry));
        let is_execution = |entry: &Entry| ["apply", "push", "repeatable"].contains(&entry.event.as_str());
        if let Some(entry) = find(&|entry| is_execution(entry) && is_of(entry, staging)) {
            Witness::Executed(entry)
        } else if let Some(entry) = find(&is_execution) {
            Witness::Elsewhere(entry)
        } else if let Some(entry) = find(&|entry| entry.event == "repair") {
            Witness::Repaired(entry)
        } else {
            Witness::Recorded(at)
        }
    }

    fn describe(&self) -> String {
        match self {
            Witness::Executed(entry) => format!("was applied there on {}", entry.at),
            Witness::NotThere => "was not applied there".to_owned(),
            Witness::Otherwise(at) => format!("is not what was applied there on {at}: it was edited since"),
            Witness::Repaired(entry) => format!(
                "was only recorded there, by `db:repair` on {}{}: what was executed is another text",
                entry.at,
                who(entry)
            ),
            Witness::Elsewhere(entry) => format!(
                "was applied on {}{} when that database was not marked staging, or in the one that it is a copy of",
                entry.at,
                who(entry)
            ),
            Witness::Recorded(at) => format!(
                "is in the history there since {at}, and no record says that it was executed: `db:baseline` executes nothing, \
                 and a service that migrates at its start leaves no record"
            ),
        }
    }
}

/// Whether an entry was made in this very database, when it was marked staging.
fn is_of(entry: &Entry, staging: &Identity) -> bool {
    let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
    details["environment"] == Mark::Staging.name()
        && details["database"].as_u64() == Some(u64::from(staging.oid))
        && staging
            .system_identifier
            .is_none_or(|system| details["system"].as_str() == Some(&system.to_string()))
}

/// `, by role deploy (account ada on ci-3)`.
fn who(entry: &Entry) -> String {
    let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
    let word = |key: &str| details[key].as_str();
    let Some(role) = word("role") else {
        return String::new();
    };
    let account = word("account").map(|account| format!("account {account}"));
    let host = word("host").map(|host| format!("on {host}"));
    let place: Vec<String> = [account, host].into_iter().flatten().collect();
    if place.is_empty() {
        format!(", by role {role}")
    } else {
        format!(", by role {role} ({})", place.join(" "))
    }
}
