//! What the files of a database make, on a throwaway one.

use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile};
use dbtask_runner::{Error, Migrations, Plan, RepeatableState, Repeatables, SchemaHistory, repeatable_runs};

use super::Spent;
use crate::facts::{Change, Difference, Fact, Facts};
use crate::output::count;
use crate::shadow::Shadow;
use crate::target::Target;

/// The files as they stand to a database.
pub(crate) struct Files {
    /// The numbered ones that it has.
    applied: Vec<MigrationFile>,
    pending: Vec<MigrationFile>,
    /// The repeatable ones that were carried out, in order.
    repeatable: Vec<Repeatable>,
    /// What the reader should know.
    pub(crate) notes: Vec<String>,
}

struct Repeatable {
    file: RepeatableFile,
    /// It was edited after it was carried out: nobody knows what it said then.
    is_edited: bool,
}

impl Files {
    pub(crate) fn of(folder: &MigrationFolder, target: &Target) -> Result<Files, Error> {
        let history = SchemaHistory::read(&target.session)?;
        let plan = Plan::new(folder.files(), &history);
        let runs = repeatable_runs(&target.session, &history)?;
        let repeatables = Repeatables::new(folder.repeatables(), &runs);
        let edited = plan.divergent.iter().map(|divergent| divergent.file);
        let applied = plan.applied.iter().map(|(file, _)| *file).chain(edited.clone());
        let mut applied: Vec<MigrationFile> = applied.cloned().collect();
        applied.sort_by_key(MigrationFile::version);
        let says_now = |file: &MigrationFile| {
            format!(
                "`{}` was edited after it was applied; what it says now counts",
                file.path()
            )
        };
        let mut notes: Vec<String> = edited.map(says_now).collect();
        notes.extend(plan.missing.iter().map(|row| {
            format!(
                "version {} `{}` was applied, and its file is missing: what it made shows as added",
                row.version, row.name
            )
        }));
        notes.extend(repeatables.vanished.iter().map(|runs| {
            format!(
                "`{}` was carried out, and its file is gone: what it made shows as added",
                runs.name
            )
        }));
        let mut not_yet = plan.pending.len() + plan.out_of_order.len();
        let mut repeatable = Vec::new();
        for (file, state) in &repeatables.files {
            match state {
                RepeatableState::New => not_yet += 1,
                RepeatableState::Current(_) | RepeatableState::Changed(_) => repeatable.push(Repeatable {
                    file: (*file).clone(),
                    is_edited: matches!(state, RepeatableState::Changed(_)),
                }),
            }
        }
        if not_yet > 0 {
            notes.push(format!("{} not applied yet, and not counted", count(not_yet, "file")));
        }
        Ok(Files {
            applied,
            pending: plan.pending.into_iter().cloned().collect(),
            repeatable,
            notes,
        })
    }

    /// How many of them are compared.
    pub(crate) fn len(&self) -> usize {
        self.applied.len() + self.repeatable.iter().filter(|file| !file.is_edited).count()
    }

    /// Carries them out on the empty throwaway database. Extensions that none of them creates are there only so that the
    /// files can be applied.
    pub(crate) fn make(&mut self, shadow: &Shadow, target: &Target, spent: &mut Spent) -> Result<Made, Error> {
        let lacking = shadow.install_extensions(target, &self.applied)?;
        self.notes.extend(lacking.clone());
        let (theirs, ours) = (shadow.target().identity.major, target.identity.major);
        if theirs != ours {
            self.notes.push(format!(
                "the throwaway database is on PostgreSQL {theirs}, the database on {ours}: what they spell differently shows as changed"
            ));
        }
        let helpers = spent.reading(|| Facts::read(shadow.session()))?;
        let (mut facts, apart) = self.carry_out(shadow, spent).map_err(|e| {
            let e = e.context("the files cannot be applied to a throwaway database");
            lacking.into_iter().fold(e, Error::cause)
        })?;
        facts.retain(|fact| !helpers.iter().any(|helper| is_extension(fact) && helper == fact));
        Ok(Made { facts, apart })
    }

    /// A repeatable file that was edited is carried out as well, since others may build on what it makes; where it needs
    /// what is pending, after that, when the facts are read.
    fn carry_out(&mut self, shadow: &Shadow, spent: &mut Spent) -> Result<(Facts, Vec<Difference>), Error> {
        spent.applying(|| shadow.apply(&self.applied[..]))?;
        let (mut apart, mut later) = (Vec::new(), Vec::new());
        for one in &self.repeatable {
            let file = std::slice::from_ref(&one.file);
            if !one.is_edited {
                spent.applying(|| shadow.apply(repeatable(&self.applied, file)))?;
                continue;
            }
            match made_by(shadow, repeatable(&self.applied, file))? {
                Ok(made) => {
                    self.notes.push(is_apart(&one.file, &made));
                    apart.extend(made);
                }
                Err(_) => later.push(&one.file),
            }
        }
        let facts = spent.reading(|| Facts::read(shadow.session()))?;
        if later.is_empty() {
            return Ok((facts, apart));
        }
        let all = [&self.applied[..], &self.pending].concat();
        // what fails here, each of those behind it meets again and says
        let _ = made_by(shadow, Migrations::from(&all[..]))?;
        for file in later {
            match made_by(shadow, repeatable(&all, std::slice::from_ref(file)))? {
                Ok(made) => {
                    self.notes.push(is_apart(file, &made));
                    apart.extend(made);
                }
                Err(error) => self.notes.push(format!(
                    "`{}` was edited and not carried out again, and cannot be as it is ({}): what it made shows as added",
                    file.path(),
                    error.causes().join("; ")
                )),
            }
        }
        Ok((facts, apart))
    }
}

fn repeatable<'a>(versioned: &'a [MigrationFile], repeatable: &'a [RepeatableFile]) -> Migrations<'a> {
    Migrations { versioned, repeatable }
}

/// What files change; the inner error is theirs.
fn made_by(shadow: &Shadow, files: Migrations<'_>) -> Result<Result<Vec<Difference>, Error>, Error> {
    let before = Facts::read(shadow.session())?;
    let outcome = shadow.apply(files);
    match (outcome, shadow.interruption()) {
        (_, Some(interruption)) => Err(interruption),
        (Err(error), None) => Ok(Err(error)),
        (Ok(()), None) => Ok(Ok(before.difference(&Facts::read(shadow.session())?))),
    }
}

fn is_apart(file: &RepeatableFile, made: &[Difference]) -> String {
    let is_whole = |d: &&Difference| !made.iter().any(|other| is_part(d, other));
    let names = made
        .iter()
        .filter(is_whole)
        .map(|d| format!("{} {}", d.kind, d.identity));
    let names: Vec<String> = names.collect();
    let what = if names.is_empty() {
        "nothing that can be compared".to_owned()
    } else {
        names.join(", ")
    };
    format!(
        "`{}` was edited and not carried out again; what it makes is not compared: {what}",
        file.path()
    )
}

fn is_part(part: &Difference, whole: &Difference) -> bool {
    whole.change == Change::Added && part.parent.as_ref() == Some(&whole.identity) && part.kind != whole.kind
}

/// What they make.
pub(crate) struct Made {
    pub(crate) facts: Facts,
    /// What edited repeatable files make, which says nothing about what they made before.
    apart: Vec<Difference>,
}

impl Made {
    /// From what the files make to what is there.
    pub(crate) fn difference(&self, live: &Facts) -> Vec<Difference> {
        let is_apart = |d: &Difference| {
            let is_it = |other: &Difference| (&other.kind, &other.identity) == (&d.kind, &d.identity);
            self.apart.iter().any(|other| is_it(other) || is_part(d, other))
        };
        let mut differences = self.facts.difference(live);
        differences.retain(|d| !is_apart(d));
        differences
    }
}

/// An extension, or the comment that it came with.
fn is_extension(fact: &Fact) -> bool {
    fact.kind == "extension" || (fact.kind == "comment" && fact.identity.starts_with("extension "))
}
