//! The proof: restored into a throwaway database, a backup gives what the snapshot held.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use dbtask_rows::RowDigest;
use dbtask_runner::{Error, Session};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::manifest::{FORMAT, Manifest, TableDigest, damaged, string};
use super::snapshot::{self, Table};
use super::{Backup, Manner, dump, shelf};
use crate::facts::{AttributeChange, Change, Difference, Facts};
use crate::output::{Output, count};
use crate::server::client_tools;
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// How many differences are shown.
const SHOWN: usize = 12;

/// The most connections that a proof uses at once.
const MOST_JOBS: usize = 4;

impl Backup {
    /// Restores it into a throwaway database like the target, compares everything that the manifest tells, and records
    /// the proof there. `identity` is the file with the secret key, for a backup that is encrypted.
    pub(crate) fn prove(
        &mut self,
        target: &Target,
        identity: Option<&Path>,
        workspace: &Workspace,
        output: &Output,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        if self.manifest.document["format"] != json!(FORMAT) {
            return Err(Error::usage(format!(
                "`{}` was made by an older dbtask, whose digests this one cannot compute",
                self.path.display()
            ))
            .state("it can be restored, and is not proven")
            .help("take another backup: `cargo xtask db:backup --verify`"));
        }
        let shadow = Shadow::create(target, workspace, output)?;
        let unproven = |e: Error| match shadow.interruption() {
            Some(interruption) => interruption,
            None => e,
        };
        let shown = workspace.display(self.path());
        let state = format!("`{shown}` is whole, and not proven");
        // a damaged one is restored for nothing, into a database that is thrown away
        let (whole, compared) = std::thread::scope(|scope| {
            let checking = scope.spawn(|| self.check());
            let compared = self.compare(&shadow, identity, output);
            let sudden = |_| Err(Error::failed("a thread that reads came to a sudden end"));
            (checking.join().unwrap_or_else(sudden), compared)
        });
        whole?;
        compared.map_err(|e| unproven(e).state(state.clone()))?;
        let at = OffsetDateTime::now_utc()
            .replace_nanosecond(0)
            .ok()
            .and_then(|now| now.format(&Rfc3339).ok());
        self.manifest.document["proof"] = json!({
            "at": at,
            "server": shadow.target().identity.version,
            "beside_target": shadow.is_beside_target(),
            "seconds": begun.elapsed().as_secs_f64(),
        });
        shelf::write_manifest(&self.path, &self.manifest).map_err(|e| e.state(state))
    }

    fn compare(&self, shadow: &Shadow, identity: Option<&Path>, output: &Output) -> Result<(), Error> {
        let restored = shadow.target();
        let missing = self.missing_roles(&restored.session)?;
        if !missing.is_empty() {
            output.note(&format!(
                "the server of the throwaway database lacks {}: owners and grants are left out of the proof",
                count(missing.len(), "role of the backup's")
            ));
        }
        let manner = Manner {
            no_owner: !missing.is_empty(),
            contained: true,
            jobs: jobs(),
        };
        self.archive(identity, restored.identity.major)?
            .restore(restored, manner)?;
        let session = &restored.session;
        snapshot::name_alike(session)?;
        let mut differences = self.schema_differences(session, !missing.is_empty())?;
        differences.extend(self.row_differences(restored)?);
        differences.extend(behind(&self.manifest, &snapshot::sequences(session)?));
        let (before, after) = (
            &self.manifest.document["large_objects"],
            snapshot::large_objects(session)?,
        );
        let comparable = !before["digest"].is_null() && !after["digest"].is_null();
        if before["count"] != after["count"] || comparable && before["digest"] != after["digest"] {
            differences.push("large objects differ".to_owned());
        }
        if differences.is_empty() {
            return Ok(());
        }
        let more = differences.len().saturating_sub(SHOWN);
        differences.truncate(SHOWN);
        if more > 0 {
            differences.push(format!("and {more} more"));
        }
        Err(
            Error::failed("what was restored is not what was backed up")
                .cause(differences.join("\n"))
                .help("take another backup: `cargo xtask db:backup --verify`; should it differ again, that is a fault of this program or of the server's"),
        )
    }

    /// Compares the rows with the manifest's counts and digests.
    fn row_differences(&self, restored: &Target) -> Result<Vec<String>, Error> {
        let expected = self.manifest.tables();
        let there = snapshot::list(&restored.session)?;
        let tables = encoded(&expected, &there);
        let holding_rows = || there.iter().filter(|table| table.has_rows);
        let sizes = snapshot::sizes(&restored.session, holding_rows())?;
        let sizes: Vec<_> = holding_rows().map(|table| &table.encoded).zip(sizes).collect();
        let tools = client_tools(restored.identity.major)?;
        let encoding = string(&self.manifest.document["database"]["encoding"]);
        let found = dump::digests(&restored.url, &tools, &encoding, &tables, &sizes, jobs())?;
        let difference = |(expected, found): (&TableDigest, &Option<RowDigest>)| match found {
            None => Some(format!("{}: is missing", expected.table)),
            Some(found) if found.rows() != expected.rows => Some(format!(
                "{}: {} rows became {}",
                expected.table,
                expected.rows,
                found.rows()
            )),
            Some(found) => (found.to_string() != expected.digest).then(|| format!("{}: rows differ", expected.table)),
        };
        Ok(expected.iter().zip(&found).filter_map(difference).collect())
    }

    /// Compares the schema with `schema.json`.
    fn schema_differences(&self, session: &Session, without_roles: bool) -> Result<Vec<String>, Error> {
        let path = self.path.join(shelf::SCHEMA);
        let text = std::fs::read_to_string(&path).map_err(|e| shelf::io_error("read", &path, &e))?;
        let recorded = serde_json::from_str(&text).ok().and_then(|json| Facts::of_json(&json));
        let mut before = recorded.ok_or_else(|| damaged(&self.path, format!("`{}` is no schema", shelf::SCHEMA)))?;
        let mut after = Facts::read(session)?;
        if without_roles {
            before.forget_roles();
            after.forget_roles();
        }
        let differences = before.difference(&after);
        let counts = differences.iter().filter(|d| !is_beyond(d));
        Ok(counts.map(in_words).collect())
    }
}

/// How many connections a proof uses at once.
fn jobs() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_JOBS)
}

/// The tables of a manifest with its columns in their order, in the encoding of the database that they were restored into.
/// What is not there has its name alone, which nothing will be found under.
fn encoded(expected: &[TableDigest], there: &[Table]) -> Vec<dbtask_rows::Table> {
    let places: HashMap<&str, &Table> = there.iter().map(|table| (table.identity.as_str(), table)).collect();
    let of = |expected: &TableDigest| {
        let Some(table) = places.get(expected.table.as_str()) else {
            return dbtask_rows::Table {
                schema: Vec::new(),
                name: expected.table.as_bytes().to_vec(),
                columns: Vec::new(),
            };
        };
        let encoded = |column: &String| {
            let place = table.columns.iter().position(|own| own == column);
            place.map_or_else(
                || column.as_bytes().to_vec(),
                |place| table.encoded.columns[place].clone(),
            )
        };
        dbtask_rows::Table {
            columns: expected.columns.iter().map(encoded).collect(),
            ..table.encoded.clone()
        }
    };
    expected.iter().map(of).collect()
}

/// What [`Manner::contained`] leaves out.
fn is_beyond(difference: &Difference) -> bool {
    let is_tablespace = |change: &AttributeChange| change.attribute == "tablespace";
    difference.kind == "subscription"
        || matches!(&difference.change, Change::Changed(changes) if changes.iter().all(is_tablespace))
}

/// A difference of the schema's, in a line.
fn in_words(difference: &Difference) -> String {
    let what = match &difference.change {
        Change::Added => "was not backed up".to_owned(),
        Change::Missing => "is missing".to_owned(),
        Change::Changed(changes) => {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            changes.join(", ")
        }
    };
    format!("{} {}: {what}", difference.kind, difference.identity)
}

/// The sequences that are missing, or that would give out values a second time.
fn behind(manifest: &Manifest, found: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let found = list(found);
    let is_behind = |before: &Value, after: &Value| match (before["last_value"].as_i64(), after["last_value"].as_i64())
    {
        // it was not used
        (None, _) => false,
        (Some(_), None) => true,
        (Some(then), Some(now)) => {
            before["cycle"] != json!(true)
                && if before["increment"].as_i64() < Some(0) {
                    now > then
                } else {
                    now < then
                }
        }
    };
    list(&manifest.document["sequences"])
        .iter()
        .filter_map(
            |before| match found.iter().find(|after| after["sequence"] == before["sequence"]) {
                None => Some(format!("the sequence {} is missing", string(&before["sequence"]))),
                Some(after) => {
                    is_behind(before, after).then(|| format!("the sequence {} is behind", string(&before["sequence"])))
                }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_may_be_further_on_and_never_behind() {
        let of = |last: Option<i64>, increment: i64, cycle: bool| json!([{ "sequence": "s", "last_value": last, "increment": increment, "cycle": cycle }]);
        let is_behind = |before: Value, after: Value| {
            let manifest = Manifest {
                document: json!({ "sequences": before }),
            };
            !behind(&manifest, &after).is_empty()
        };
        assert!(!is_behind(of(Some(7), 1, false), of(Some(9), 1, false)));
        assert!(is_behind(of(Some(7), 1, false), of(Some(6), 1, false)));
        assert!(is_behind(of(Some(7), 1, false), of(None, 1, false)));
        assert!(is_behind(of(Some(7), 1, false), json!([])));
        assert!(!is_behind(of(Some(-7), -1, false), of(Some(-9), -1, false)));
        assert!(is_behind(of(Some(-7), -1, false), of(Some(-6), -1, false)));
        assert!(!is_behind(of(Some(7), 1, true), of(Some(1), 1, true)));
        assert!(!is_behind(of(None, 1, false), of(None, 1, false)));
    }
}
