//! The migrations folder: all its files, or everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::file::{about_name, read_text};
use crate::name::{FIRST_WIDTH, GRAMMAR, guess};
use crate::{Diagnostic, FileName, MigrationFile, NameError, Version, workspace_root};

/// The one file that may stand beside the migrations.
const README: &str = "README.md";

/// The files of a folder that is in order, by version.
#[derive(Debug)]
pub struct MigrationFolder {
    files: Vec<MigrationFile>,
    names: Vec<FileName>,
}

impl MigrationFolder {
    /// Reads the folder. Everything that is wrong with it comes at once, in the order of the paths.
    pub fn read(dir: &Path) -> Result<MigrationFolder, Vec<Diagnostic>> {
        let (listing, mut findings) = Listing::read(dir)?;
        let mut files = Vec::with_capacity(listing.named.len());
        for outcome in read_all(&listing.named) {
            match outcome {
                Ok(file) => files.push(file),
                Err(found) => findings.extend(found),
            }
        }
        for file in &listing.misnamed {
            findings.extend(read_text(&file.real, &file.shown).err().unwrap_or_default());
        }
        listing.finish(findings, files)
    }

    /// Reads the names alone: texts are not looked at.
    pub fn read_names(dir: &Path) -> Result<MigrationFolder, Vec<Diagnostic>> {
        let (listing, findings) = Listing::read(dir)?;
        listing.finish(findings, Vec::new())
    }

    /// The files, in the order in which they are applied.
    pub fn files(&self) -> &[MigrationFile] {
        &self.files
    }

    /// The name of the next file, for a description in words.
    pub fn next_file_name(&self, words: &str) -> Result<FileName, Diagnostic> {
        let width = self.names.last().map_or(FIRST_WIDTH, FileName::width);
        let refuse = |message: &str, help: &str| about_name("the next file", message, Some(help.to_owned()));
        let version =
            next_version(&self.names).ok_or_else(|| refuse("there is no version above 2147483647", "free a number"))?;
        FileName::new(version, width, words).ok_or_else(|| {
            refuse(
                &format!("`{words}` has no letter or digit"),
                "say in a few words what the migration does: `cargo xtask db:new add users`",
            )
        })
    }
}

/// How many files a thread reads at the least: fewer are read sooner than a thread is started.
const SHARE: usize = 200;

/// Reads files, in their order, on as many processors as there are.
fn read_all(named: &[(FileName, Found)]) -> Vec<Result<MigrationFile, Vec<Diagnostic>>> {
    let read = |share: &[(FileName, Found)]| -> Vec<_> {
        share
            .iter()
            .map(|(name, file)| MigrationFile::read(&file.real, &file.shown, name.clone()))
            .collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = named.len().div_ceil(processors).max(SHARE);
    std::thread::scope(|scope| {
        let mut shares = named.chunks(share);
        let mine = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || read(share))).collect();
        let mut outcomes = read(mine);
        for other in others {
            // a thread that panicked would have panicked here, too
            outcomes.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        outcomes
    })
}

fn next_version(names: &[FileName]) -> Option<Version> {
    names.last().map_or(Version::new(1), |last| {
        last.version().get().checked_add(1).and_then(Version::new)
    })
}

/// A file on disk, and its path as people read it.
struct Found {
    real: PathBuf,
    shown: String,
}

/// What stands in the folder.
struct Listing {
    /// Files whose names are in order, by version.
    named: Vec<(FileName, Found)>,
    /// Files that end in `.sql` but whose names are not.
    misnamed: Vec<Found>,
}

impl Listing {
    /// The listing, and what is wrong with the names and kinds.
    fn read(dir: &Path) -> Result<(Listing, Vec<Diagnostic>), Vec<Diagnostic>> {
        let shown = shown_folder(dir);
        let mut named = Vec::new();
        let mut misnamed = Vec::new();
        let mut strangers = Vec::new();
        let mut findings = Vec::new();
        for entry in WalkDir::new(dir).min_depth(1).max_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|e| vec![no_folder(&shown, &e)])?;
            let path = format!("{shown}/{}", entry.file_name().to_string_lossy());
            let found = Found {
                real: entry.path().to_owned(),
                shown: path,
            };
            match classify(&entry, &found.shown) {
                Class::Readme => {}
                Class::Migration(name) => named.push((name, found)),
                Class::Refused(finding) => findings.push(finding),
                Class::Misnamed(error) => {
                    strangers.push((
                        entry.file_name().to_string_lossy().into_owned(),
                        found.shown.clone(),
                        error,
                    ));
                    if entry.path().extension().is_some_and(|e| e.eq_ignore_ascii_case("sql")) {
                        misnamed.push(found);
                    }
                }
            }
        }
        // stable: files of one version stay in the order of their names
        named.sort_by_key(|(name, _)| name.version());
        findings.extend(check_names(&named, &strangers));
        Ok((Listing { named, misnamed }, findings))
    }

    fn finish(
        self,
        mut findings: Vec<Diagnostic>,
        files: Vec<MigrationFile>,
    ) -> Result<MigrationFolder, Vec<Diagnostic>> {
        if findings.is_empty() {
            return Ok(MigrationFolder {
                files,
                names: self.named.into_iter().map(|(name, _)| name).collect(),
            });
        }
        findings.sort();
        Err(findings)
    }
}

/// What an entry of the folder is.
enum Class {
    Readme,
    Migration(FileName),
    /// A file that may have been meant as a migration.
    Misnamed(NameError),
    Refused(Diagnostic),
}

fn classify(entry: &DirEntry, path: &str) -> Class {
    let refused = |message: &str, help: &str| Class::Refused(about_name(path, message, Some(help.to_owned())));
    let kind = entry.file_type();
    let Some(name) = entry.file_name().to_str() else {
        return refused("the name is not UTF-8", &format!("rename it: {GRAMMAR}"));
    };
    if kind.is_symlink() {
        return refused(
            "it is a symbolic link: what it points to can change unseen",
            "put the file itself here",
        );
    }
    if name.starts_with('.') {
        return refused(
            "it is a hidden file, which would be left out without a word",
            "remove it (an editor's swap file goes when the editor is closed)",
        );
    }
    if kind.is_dir() {
        return refused(
            "it is a folder; migrations lie side by side, so that a listing is their order",
            "move its files up, numbered after the last one",
        );
    }
    if !kind.is_file() {
        return refused("it is no regular file", "remove it");
    }
    match FileName::parse(name.to_owned()) {
        _ if name == README => Class::Readme,
        Ok(name) => Class::Migration(name),
        Err(error) => Class::Misnamed(error),
    }
}

/// What is wrong with names, each with the name that it should have.
fn check_names(named: &[(FileName, Found)], strangers: &[(String, String, NameError)]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let width = named.iter().map(|(name, _)| name.width()).max().unwrap_or(FIRST_WIDTH);
    let mut taken: BTreeMap<Version, &str> = BTreeMap::new();
    for (name, file) in named {
        taken.entry(name.version()).or_insert(&file.shown);
    }
    let mut free = taken.keys().next_back().map_or(Some(1), |v| v.get().checked_add(1));
    let mut next = || {
        let version = free.and_then(Version::new)?;
        free = version.get().checked_add(1);
        Some(version)
    };
    for (name, file) in named {
        let first = taken.get(&name.version()).copied().unwrap_or_default();
        if first != file.shown {
            let help = next().map(|v| format!("rename it to `{}`, or merge the two", name.renumbered(v, width)));
            findings.push(about_name(
                &file.shown,
                format!("`{first}` has the version {} already", name.version()),
                help,
            ));
        } else if name.width() < width {
            findings.push(about_name(
                &file.shown,
                format!(
                    "its version has {}, others in the folder have {width}",
                    digits(name.width())
                ),
                Some(format!(
                    "rename it to `{}`; to the history it is the same migration",
                    name.padded(width)
                )),
            ));
        }
    }
    for (name, path, error) in strangers {
        let (version, words) = guess(name);
        let version = version.filter(|v| !taken.contains_key(v)).or_else(&mut next);
        taken.extend(version.map(|v| (v, path.as_str())));
        let meant = version.and_then(|v| FileName::new(v, width, &words));
        let help = match meant {
            Some(meant) if *error == NameError::Extension => {
                format!("rename it to `{meant}` if it is a migration; else move it out of the folder")
            }
            Some(meant) => format!("rename it to `{meant}`"),
            None => format!("a migration's name is {GRAMMAR}"),
        };
        findings.push(about_name(path, error.to_string(), Some(help)));
    }
    findings
}

fn digits(n: usize) -> String {
    if n == 1 {
        "1 digit".to_owned()
    } else {
        format!("{n} digits")
    }
}

fn no_folder(shown: &str, error: &walkdir::Error) -> Diagnostic {
    let cause = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    about_name(
        shown,
        format!("the migrations folder cannot be read: {cause}"),
        Some("`cargo xtask db:new NAME` makes it with a first file; `--migrations DIR` names another one".to_owned()),
    )
}

/// The folder as people read it: relative to the workspace root, where it lies inside.
fn shown_folder(dir: &Path) -> String {
    let Ok(real) = dir.canonicalize() else {
        return dir.display().to_string();
    };
    let inside = workspace_root(&real).and_then(|root| real.strip_prefix(root).map(Path::to_owned).ok());
    match inside {
        Some(inside) if !inside.as_os_str().is_empty() => inside.display().to_string(),
        _ => dir.display().to_string(),
    }
}
