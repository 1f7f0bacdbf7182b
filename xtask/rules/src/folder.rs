//! The migrations folder: all its files, or everything that is wrong with it.

use std::path::Path;

use crate::file::{about_name, read_text};
use crate::listing::Listing;
use crate::name::FIRST_WIDTH;
use crate::{Diagnostic, FileName, MigrationFile, RepeatableFile, Version};

/// The files of a folder that is in order, by version.
#[derive(Debug)]
pub struct MigrationFolder {
    files: Vec<MigrationFile>,
    repeatables: Vec<RepeatableFile>,
    last: Option<FileName>,
}

impl MigrationFolder {
    /// Reads the folder. Everything that is wrong with it comes at once, in the order of the paths.
    pub fn read(dir: &Path) -> Result<MigrationFolder, Vec<Diagnostic>> {
        let mut listing = Listing::read(dir)?;
        let mut findings = std::mem::take(&mut listing.findings);
        for file in &listing.misnamed {
            findings.extend(
                read_text(&listing.real(file), &listing.shown(file))
                    .err()
                    .unwrap_or_default(),
            );
        }
        let last = listing.named.last().cloned();
        let files = read_all(&mut listing, &mut findings);
        let mut repeatables = Vec::with_capacity(listing.repeatable.len());
        for name in &listing.repeatable {
            match RepeatableFile::read(&listing.real(name), listing.shown(name)) {
                Ok(file) => repeatables.push(file),
                Err(found) => findings.extend(found),
            }
        }
        let folder = MigrationFolder {
            files,
            repeatables,
            last,
        };
        finish(findings, folder)
    }

    /// Reads the names alone: texts are not looked at.
    pub fn read_names(dir: &Path) -> Result<MigrationFolder, Vec<Diagnostic>> {
        let mut listing = Listing::read(dir)?;
        finish(
            listing.findings,
            MigrationFolder {
                files: Vec::new(),
                repeatables: Vec::new(),
                last: listing.named.pop(),
            },
        )
    }

    /// The numbered files, in the order in which they are applied.
    pub fn files(&self) -> &[MigrationFile] {
        &self.files
    }

    /// The repeatable files, in the order of their names.
    pub fn repeatables(&self) -> &[RepeatableFile] {
        &self.repeatables
    }

    /// Path and text of all files, in the order in which they are carried out.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let numbered = self.files.iter().map(|file| (file.path(), file.sql()));
        numbered.chain(self.repeatables.iter().map(|file| (file.path(), file.sql())))
    }

    /// The name of the next file, for a description in words.
    pub fn next_file_name(&self, words: &str) -> Result<FileName, Diagnostic> {
        let refuse = |message: &str, help: &str| about_name("the next file", message, Some(help.to_owned()));
        let (width, next) = match &self.last {
            Some(last) => (last.width(), last.version().get().checked_add(1)),
            None => (FIRST_WIDTH, Some(1)),
        };
        let version = next
            .and_then(Version::new)
            .ok_or_else(|| refuse("there is no version above 2147483647", "free a number"))?;
        FileName::new(version, width, words).ok_or_else(|| {
            refuse(
                &format!("`{words}` has no letter or digit"),
                "say in a few words what the migration does: `cargo xtask db:new add users`",
            )
        })
    }
}

fn finish(mut findings: Vec<Diagnostic>, folder: MigrationFolder) -> Result<MigrationFolder, Vec<Diagnostic>> {
    if findings.is_empty() {
        return Ok(folder);
    }
    findings.sort();
    Err(findings)
}

/// How many files a thread reads at the least: fewer are read sooner than a thread is started.
const SHARE: usize = 200;

/// Reads the numbered files, in their order, on as many processors as there are.
fn read_all(listing: &mut Listing, findings: &mut Vec<Diagnostic>) -> Vec<MigrationFile> {
    let mut names = std::mem::take(&mut listing.named);
    let total = names.len();
    let listing = &*listing;
    // a folder of ten thousand files is held once: neither names nor files wait in a second list
    let read = |share: Vec<FileName>, files: &mut Vec<MigrationFile>, findings: &mut Vec<Diagnostic>| {
        for name in share {
            match MigrationFile::read(&listing.real(&name.to_string()), name) {
                Ok(file) => files.push(file),
                Err(found) => findings.extend(found),
            }
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = total.div_ceil(processors).max(SHARE);
    let mut shares = Vec::new();
    while names.len() > share {
        shares.push(names.split_off((names.len() - 1) / share * share));
    }
    let mut files = Vec::with_capacity(total);
    std::thread::scope(|scope| {
        // the last share was split off first
        let others: Vec<_> = shares
            .into_iter()
            .rev()
            .map(|share| {
                scope.spawn(move || {
                    let (mut files, mut findings) = (Vec::with_capacity(share.len()), Vec::new());
                    read(share, &mut files, &mut findings);
                    (files, findings)
                })
            })
            .collect();
        read(names, &mut files, findings);
        for other in others {
            // a thread that panicked would have panicked here, too
            let (more, found) = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            files.extend(more);
            findings.extend(found);
        }
    });
    files
}
