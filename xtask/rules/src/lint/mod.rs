//! The SQL policy: what is wrong with a migration that PostgreSQL would take, or would not.
//!
//! All files are read in their order, as one history: `parse` turns each into plain statements, `model` keeps what
//! they amount to, and each of the `rules` looks at one statement at a time, with the schema as it is before it.

mod ast;
mod cache;
mod escape;
mod finding;
mod model;
mod parse;
mod policy;
mod rules;
mod sql_file;

use std::thread;

pub use self::cache::lint_with_cache;
pub use self::finding::{Edit, Finding, Level, Report};
pub use self::policy::Policy;
pub use self::rules::{RULES, Rule, nearest_rule, rule};

use self::escape::Escapes;
use self::model::Schema;
use self::parse::Parsed;
use self::rules::{At, Check, Findings};
use self::sql_file::SqlFile;
use crate::{MigrationFile, MigrationFolder, RepeatableFile};

/// What the policy has against the files of a folder.
pub fn lint(folder: &MigrationFolder, policy: &Policy) -> Report {
    lint_files(folder.files(), folder.repeatables(), policy)
}

/// What the policy has against some files, which are a history in their order; the repeatable ones come last, as they do
/// on a database.
pub fn lint_files(files: &[MigrationFile], repeatables: &[RepeatableFile], policy: &Policy) -> Report {
    let files = SqlFile::all(files, repeatables);
    let parsed = parse_all(&files);
    let mut schema = Schema::default();
    let mut report = Report::default();
    for (number, (file, parsed)) in files.iter().zip(&parsed).enumerate() {
        schema.begin(number);
        report.findings.extend(judge(*file, parsed, &mut schema, policy));
    }
    report
}

/// What the policy has against a file; `schema` goes from what it is before the file to what it is behind it.
fn judge(file: SqlFile<'_>, parsed: &Parsed, schema: &mut Schema, policy: &Policy) -> Vec<Finding> {
    if !file.is_judged(policy) {
        parsed
            .statements
            .iter()
            .for_each(|statement| schema.apply(&statement.kind));
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, statement) in parsed.statements.iter().enumerate() {
        for rule in RULES {
            if let Check::Statement(check) = rule.check {
                let at = At {
                    file,
                    parsed,
                    index,
                    schema,
                    policy,
                };
                check(&at, statement, &mut Findings::new(rule, &mut found));
            }
        }
        schema.note_drop(statement);
        schema.apply(&statement.kind);
    }
    for rule in RULES {
        if let Check::File(check) = rule.check {
            let at = At {
                file,
                parsed,
                index: parsed.statements.len(),
                schema,
                policy,
            };
            check(&at, &mut Findings::new(rule, &mut found));
        }
    }
    let mut escapes = Escapes::of(file.sql);
    let mut findings: Vec<Finding> = found
        .into_iter()
        .filter(|draft| !escapes.allow(draft.rule.name, draft.span.start))
        .filter_map(|draft| draft.finish(file, policy))
        .collect();
    findings.extend(escapes.findings(file));
    findings.sort_by(|a, b| (a.range.start, a.range.end, a.rule).cmp(&(b.range.start, b.range.end, b.rule)));
    findings
}

/// How many files a thread parses at the least: fewer are parsed sooner than a thread is started.
const SHARE: usize = 20;

/// What the deepest text that is parsed at all needs, eight times over.
const STACK: usize = 64 << 20;

/// Parses files, in their order, on as many processors as there are.
fn parse_all(files: &[SqlFile<'_>]) -> Vec<Parsed> {
    let parse = |share: &[SqlFile<'_>]| -> Vec<Parsed> { share.iter().map(|file| parse::parse(file.sql)).collect() };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(processors).max(SHARE);
    thread::scope(|scope| {
        let threads: Vec<_> = files
            .chunks(share)
            .map(|share| {
                let thread = thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || parse(share));
                // no thread to be had: this one does it
                thread.map_err(|_| share)
            })
            .collect();
        let mut all = Vec::with_capacity(files.len());
        for thread in threads {
            match thread {
                Ok(thread) => all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
                Err(share) => all.extend(parse(share)),
            }
        }
        all
    })
}
