//! What stands in the migrations folder, and what is wrong with names and kinds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::file::about_name;
use crate::name::{FIRST_WIDTH, GRAMMAR, guess};
use crate::repeatable;
use crate::{Diagnostic, FileName, NameError, Version, workspace_root};

/// What may stand beside the migrations: a page for people, the policy for the rules, and the folder with the queries of
/// `db:check`.
const README: &str = "README.md";
pub(crate) const POLICY: &str = "policy.toml";
const CHECKS: &str = "checks";

/// What stands in the folder.
pub(crate) struct Listing {
    dir: PathBuf,
    /// The folder as people read it.
    shown: String,
    /// Files whose names are in order, by version.
    pub(crate) named: Vec<FileName>,
    /// Repeatable files whose names are in order, sorted.
    pub(crate) repeatable: Vec<String>,
    /// Files that end in `.sql` but whose names are not.
    pub(crate) misnamed: Vec<String>,
    /// What is wrong with names and kinds.
    pub(crate) findings: Vec<Diagnostic>,
}

impl Listing {
    /// Reads the folder; an error only where that is not possible.
    pub(crate) fn read(dir: &Path) -> Result<Listing, Vec<Diagnostic>> {
        let mut listing = Listing {
            dir: dir.to_owned(),
            shown: shown_folder(dir),
            named: Vec::new(),
            repeatable: Vec::new(),
            misnamed: Vec::new(),
            findings: Vec::new(),
        };
        let mut strangers = Vec::new();
        for entry in WalkDir::new(dir).min_depth(1).max_depth(1) {
            let entry = entry.map_err(|e| vec![no_folder(&listing.shown, &e)])?;
            let name = entry.file_name().to_string_lossy();
            match classify(&entry, listing.shown(&name)) {
                Class::Beside => {}
                Class::Migration(name) => listing.named.push(name),
                Class::Repeatable(name) => listing.repeatable.push(name),
                Class::Refused(finding) => listing.findings.push(finding),
                Class::Misnamed(error) => strangers.push((name.into_owned(), error)),
            }
        }
        // a folder lists its files in no order
        strangers.sort_by(|a, b| a.0.cmp(&b.0));
        listing.repeatable.sort();
        listing
            .named
            .sort_by(|a, b| (a.version(), a.stem()).cmp(&(b.version(), b.stem())));
        let of_sql = |name: &&String| {
            Path::new(name)
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("sql"))
        };
        listing.misnamed = strangers.iter().map(|(name, _)| name).filter(of_sql).cloned().collect();
        let findings = check_names(&listing, &strangers);
        listing.findings.extend(findings);
        Ok(listing)
    }

    /// Where a file of the folder is.
    pub(crate) fn real(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A file's path as people read it.
    pub(crate) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }
}

/// What an entry of the folder is.
enum Class {
    /// What may stand beside the migrations.
    Beside,
    Migration(FileName),
    Repeatable(String),
    /// A file that may have been meant as a migration.
    Misnamed(NameError),
    Refused(Diagnostic),
}

fn classify(entry: &DirEntry, path: String) -> Class {
    let refused = |message: &str, help: &str| Class::Refused(about_name(&path, message, Some(help.to_owned())));
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
    if kind.is_dir() && name == CHECKS {
        return Class::Beside;
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
    match FileName::parse_path(path) {
        _ if name == README || name == POLICY => Class::Beside,
        _ if repeatable::parse_name(name).is_some() => Class::Repeatable(name.to_owned()),
        Ok(name) => Class::Migration(name),
        Err(error) => Class::Misnamed(error),
    }
}

/// What is wrong with names, each with the name that it should have.
fn check_names(listing: &Listing, strangers: &[(String, NameError)]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let named = &listing.named;
    let width = named.iter().map(FileName::width).max().unwrap_or(FIRST_WIDTH);
    let mut free = named.last().map_or(Some(1), |last| last.version().get().checked_add(1));
    let mut next = || {
        let version = free.and_then(Version::new)?;
        free = version.get().checked_add(1);
        Some(version)
    };
    for pair in named.windows(2).filter(|pair| pair[0].version() == pair[1].version()) {
        let help = next().map(|v| format!("rename it to `{}`, or merge the two", pair[1].renumbered(v, width)));
        let first = listing.shown(&pair[0].to_string());
        let message = format!("`{first}` has the version {} already", pair[1].version());
        findings.push(about_name(&listing.shown(&pair[1].to_string()), message, help));
    }
    for name in named.iter().filter(|name| name.width() < width) {
        let message = format!(
            "its version has {}, others in the folder have {width}",
            digits(name.width())
        );
        let help = format!(
            "rename it to `{}`; to the history it is the same migration",
            name.padded(width)
        );
        findings.push(about_name(&listing.shown(&name.to_string()), message, Some(help)));
    }
    let mut taken: BTreeSet<Version> = named.iter().map(FileName::version).collect();
    for (name, error) in strangers {
        if let Some(meant) = repeatable::meant(name) {
            let message = format!("the name of a repeatable file is {}", repeatable::GRAMMAR);
            let help = format!("rename it to `{meant}`");
            findings.push(about_name(&listing.shown(name), message, Some(help)));
            continue;
        }
        let (version, words) = guess(name);
        let version = version.filter(|v| !taken.contains(v)).or_else(&mut next);
        taken.extend(version);
        let meant = version.and_then(|v| FileName::new(v, width, &words));
        let help = match meant {
            Some(meant) if *error == NameError::Extension => {
                format!("rename it to `{meant}` if it is a migration; else move it out of the folder")
            }
            Some(meant) => format!("rename it to `{meant}`"),
            None => format!("a migration's name is {GRAMMAR}"),
        };
        findings.push(about_name(&listing.shown(name), error.to_string(), Some(help)));
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
pub(crate) fn shown_folder(dir: &Path) -> String {
    let Ok(real) = dir.canonicalize() else {
        return dir.display().to_string();
    };
    let inside = workspace_root(&real).and_then(|root| real.strip_prefix(root).map(Path::to_owned).ok());
    match inside {
        Some(inside) if !inside.as_os_str().is_empty() => inside.display().to_string(),
        _ => dir.display().to_string(),
    }
}
