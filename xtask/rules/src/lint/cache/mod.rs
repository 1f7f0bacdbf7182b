//! What an earlier run of a build script found out, for the files that are still what they were.
//!
//! A file's statements hang on its text alone; its findings hang on its text, on the policy, and on what the files before
//! it do to the schema. All three are kept, and compared byte for byte, so that an edit costs what it changes: one that
//! does to the schema what the file did before, a comment or a row more, leaves the findings of all other files as they are;
//! one that does something else has the files behind it looked at anew, without parsing them.
//!
//! What another version left, or a damaged file, is as good as none.

mod bytes;
mod data;
mod memory;

use std::borrow::Cow;
use std::path::Path;

use self::bytes::{Sink, Source, Stored as _};
use self::memory::{Known, Memory, Record};
use super::ast::Kind;
use super::finding::{Finding, Report};
use super::model::{Schema, changes_schema};
use super::parse::{self, Parsed};
use super::policy::Policy;
use super::sql_file::SqlFile;
use super::{judge, parse_all};
use crate::MigrationFolder;

/// What the policy has against the files of a folder; `cache` is a file for what the next run need not find out again.
///
/// Where it can neither be read nor written the findings are the same, and take longer.
pub fn lint_with_cache(folder: &MigrationFolder, policy: &Policy, cache: &Path) -> Report {
    let Some(tool) = tool() else {
        return super::lint(folder, policy);
    };
    let files = SqlFile::all(folder.files(), folder.repeatables());
    let old = std::fs::read(cache).unwrap_or_default();
    let (report, new) = recall(&files, policy, &tool, &old);
    if new != old {
        // whoever reads it meanwhile reads the old one, or the new one
        let unfinished = cache.with_extension("new");
        let _ = std::fs::write(&unfinished, new).and_then(|()| std::fs::rename(&unfinished, cache));
    }
    report
}

/// What tells this program from any other one: what it left is of no use to them. A program that cannot be told from others
/// keeps nothing.
fn tool() -> Option<String> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let built = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!(
        "{} of {} bytes, {} ns",
        env!("CARGO_PKG_VERSION"),
        program.len(),
        built.as_nanos()
    ))
}

/// What is done about a file.
enum Turn<'a> {
    /// Its findings are known.
    Known(&'a Known<'a>, Vec<Finding>),
    /// Its statements are known.
    Parsed(&'a Known<'a>),
    /// Nothing is known: it was parsed.
    New(Parsed),
}

/// The findings, and what is kept for the next run, from what was kept by the last one.
fn recall(files: &[SqlFile<'_>], policy: &Policy, tool: &str, old: &[u8]) -> (Report, Vec<u8>) {
    let rules = format!("{policy:?}");
    let memory = Memory::read(old, tool, &rules).unwrap_or_default();
    let known: Vec<Option<&Known<'_>>> = files.iter().map(|file| memory.of(*file)).collect();
    let unknown = files.iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown: Vec<SqlFile<'_>> = unknown.map(|(file, _)| *file).collect();
    let mut parsed = parse_all(&unknown).into_iter();

    // who needs the schema, and who does not
    let mut history = memory.history();
    let mut turns = Vec::with_capacity(files.len());
    for known in known {
        let Some(known) = known else {
            let parsed = parsed.next().unwrap_or_default();
            let effects = effects(&parsed);
            history.goes_on(&effects);
            turns.push((Cow::Owned(effects), Turn::New(parsed)));
            continue;
        };
        let findings = history.is_at(known).then(|| known.findings()).flatten();
        history.goes_on(known.effects);
        let turn = match findings {
            Some(findings) => Turn::Known(known, findings),
            None => Turn::Parsed(known),
        };
        turns.push((Cow::Borrowed(known.effects), turn));
    }
    let last = turns.iter().rposition(|(_, turn)| !matches!(turn, Turn::Known(..)));

    let mut schema = Schema::default();
    let mut report = Report::default();
    let mut record = Record::new(tool, &rules, files.len());
    for (number, (&file, (effects, turn))) in files.iter().zip(turns).enumerate() {
        schema.begin(number);
        match turn {
            Turn::Known(known, findings) => {
                if last.is_some_and(|last| number < last) {
                    replay(&effects, file, &mut schema);
                }
                record.keep(file, known);
                report.findings.extend(findings);
            }
            Turn::Parsed(known) => {
                let parsed = known.parsed().unwrap_or_else(|| parse::parse(file.sql));
                let findings = judge(file, &parsed, &mut schema, policy);
                record.add(file, &effects, &findings, &parsed);
                report.findings.extend(findings);
            }
            Turn::New(parsed) => {
                let findings = judge(file, &parsed, &mut schema, policy);
                record.add(file, &effects, &findings, &parsed);
                report.findings.extend(findings);
            }
        }
    }
    // the build script ends with this: taking ten thousand tables apart would be a tenth of its time
    std::mem::forget(schema);
    (report, record.finish())
}

/// What a file does to the schema, in bytes: nothing where it does nothing.
fn effects(parsed: &Parsed) -> Vec<u8> {
    let mut sink = Sink::without_places();
    for statement in &parsed.statements {
        if changes_schema(&statement.kind) {
            statement.kind.write(&mut sink);
        }
    }
    sink.bytes
}

/// Does to the schema what a file does.
fn replay(effects: &[u8], file: SqlFile<'_>, schema: &mut Schema) {
    let mut source = Source::without_places(effects);
    let mut kinds = Vec::new();
    while !source.is_empty() {
        let Some(kind) = Kind::read(&mut source) else {
            let parsed = parse::parse(file.sql);
            kinds = parsed.statements.into_iter().map(|statement| statement.kind).collect();
            break;
        };
        kinds.push(kind);
    }
    for kind in &kinds {
        schema.apply(kind);
    }
}

#[cfg(test)]
mod tests;
