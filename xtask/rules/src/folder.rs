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

/// Reads the numbered files on as many processors as there are.
fn read_all(listing: &mut Listing, findings: &mut Vec<Diagnostic>) -> Vec<MigrationFile> {
    let names = std::mem::take(&mut listing.named);
    let listing = &*listing;
    // they are read in place: a folder of ten thousand files is held once
    let mut files: Vec<MigrationFile> = names.into_iter().map(MigrationFile::unread).collect();
    let read = |share: &mut [MigrationFile]| -> Vec<Diagnostic> {
        share
            .iter_mut()
            .filter_map(|file| file.read(&listing.real(&file.name().to_string())).err())
            .flatten()
            .collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(processors).max(SHARE);
    std::thread::scope(|scope| {
        let mut shares = files.chunks_mut(share);
        let first = shares.next();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || read(share))).collect();
        findings.extend(first.into_iter().flat_map(read));
        for other in others {
            // a thread that panicked would have panicked here, too
            findings.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    files
}
