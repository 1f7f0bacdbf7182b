//! What a service's build script does: refuse what is wrong with the folder, embed the rest.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::{Diagnostic, MigrationFolder};

/// The files in `OUT_DIR` that hold the tables.
const MIGRATIONS: &str = "migrations.rs";
const REPEATABLES: &str = "repeatables.rs";

/// The whole of a service's `build.rs`.
///
/// It checks every file of `dir` (relative to the package) and, where all are in order, writes the tables that the
/// service includes:
///
/// ```text
/// static MIGRATIONS: &[dbtask_runner::Embedded] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
/// static REPEATABLES: &[dbtask_runner::Embedded] = include!(concat!(env!("OUT_DIR"), "/repeatables.rs"));
/// ```
///
/// The second one is for a folder with repeatable files; it may be left out. Each row is a file's path, relative to the
/// workspace root, its text and its checksum. Where something is wrong the build fails with every finding, each as
/// `file:line:column: what is wrong` and what to do. With the feature `lint`
/// the SQL policy is a part of that; what it only warns of does not fail the build.
pub fn build_script(dir: &str) -> ExitCode {
    println!("cargo::rerun-if-changed={dir}");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = match MigrationFolder::read(Path::new(dir)) {
        Ok(folder) => folder,
        Err(findings) => return refuse(&findings),
    };
    #[cfg(feature = "lint")]
    if !policy::holds(dir, &folder) {
        return ExitCode::SUCCESS;
    }
    if let Err(error) = write_tables(dir, &folder) {
        println!("cargo::error=failed to write the tables of migrations: {error}");
    }
    // the process ends here, and with it its memory
    std::mem::forget(folder);
    ExitCode::SUCCESS
}

/// cargo fails the build for the errors that it was told; an exit code of its own would only add noise.
fn refuse(findings: &[Diagnostic]) -> ExitCode {
    for finding in findings {
        tell("error", &finding.to_string());
    }
    ExitCode::SUCCESS
}

/// Hands cargo a text, line by line.
fn tell(level: &str, text: &str) {
    for line in text.lines() {
        println!("cargo::{level}={line}");
    }
}

#[cfg(feature = "lint")]
mod policy {
    //! The SQL policy, in the form that a build has room for.

    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{refuse, tell};
    use crate::MigrationFolder;
    use crate::lint::{Finding, Level, Policy, lint, lint_with_cache};

    /// The file in `OUT_DIR` for what the next run need not find out again.
    const CACHE: &str = "lint-cache";

    /// How many findings are told in full: what comes after them is counted.
    const IN_FULL: usize = 20;

    /// Whether the policy lets the build go on.
    pub(super) fn holds(dir: &str, folder: &MigrationFolder) -> bool {
        let policy = match Policy::read(Path::new(dir)) {
            Ok(policy) => policy,
            Err(findings) => {
                refuse(&findings);
                return false;
            }
        };
        let report = match std::env::var_os("OUT_DIR") {
            Some(out) => lint_with_cache(folder, &policy, &Path::new(&out).join(CACHE)),
            None => lint(folder, &policy),
        };
        let (errors, warnings): (Vec<_>, Vec<_>) = report
            .findings
            .iter()
            .partition(|finding| finding.level == Level::Error);
        show(&errors, "error");
        show(&warnings, "warning");
        errors.is_empty()
    }

    fn show(findings: &[&Finding], level: &str) {
        for finding in findings.iter().take(IN_FULL) {
            tell(level, &finding.diagnostic().to_string());
        }
        let rest = findings.get(IN_FULL..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        let mut counts = BTreeMap::new();
        for finding in rest {
            *counts.entry(finding.rule).or_insert(0_usize) += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(rule, count)| format!("{count} of {rule}"))
            .collect();
        tell(level, &format!("and {} more: {}", rest.len(), counts.join(", ")));
        tell(level, "  help: `cargo xtask db:lint` shows them all");
    }
}

/// One table for what refinery may be given, one for what it knows nothing of.
fn write_tables(dir: &str, folder: &MigrationFolder) -> std::io::Result<()> {
    let real = Path::new(dir).canonicalize()?;
    let migrations = folder.files().iter();
    let migrations = migrations.map(|file| (file.path(), file.name().to_string(), file.checksum()));
    write_table(MIGRATIONS, &real, migrations)?;
    let repeatables = folder.repeatables().iter();
    let repeatables = repeatables.map(|file| (file.path(), file.name().to_owned(), file.checksum()));
    write_table(REPEATABLES, &real, repeatables)
}

/// Writes a table of path, text and checksum from paths, names and checksums of the files in `real`.
fn write_table<'a>(
    name: &str,
    real: &Path,
    files: impl Iterator<Item = (&'a str, String, u64)>,
) -> std::io::Result<()> {
    let out = std::env::var_os("OUT_DIR")
        .ok_or_else(|| std::io::Error::other("OUT_DIR is not set: this is for a build script"))?;
    let mut table = String::from("&[\n");
    for (shown, name, checksum) in files {
        let path = real.join(name);
        let path = path
            .to_str()
            .ok_or_else(|| std::io::Error::other("the path of the workspace is not UTF-8"))?;
        let checksum = literal(checksum);
        let _ = writeln!(table, "    ({shown:?}, include_str!({path:?}), {checksum}),");
    }
    table.push_str("]\n");
    std::fs::write(PathBuf::from(out).join(name), table)
}

/// A number as Rust people write long ones: `0x0123_4567_89ab_cdef`.
fn literal(n: u64) -> String {
    format!(
        "0x{:04x}_{:04x}_{:04x}_{:04x}",
        n >> 48,
        n >> 32 & 0xffff,
        n >> 16 & 0xffff,
        n & 0xffff
    )
}
