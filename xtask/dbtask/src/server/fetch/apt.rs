//! Debian's and Ubuntu's packages, unpacked instead of installed.
//!
//! An installation would need root, and would create and start a server for the whole system on port 5432. `apt-get
//! download` needs no root and checks the archive's signatures all the same.

use std::path::{Path, PathBuf};

use xshell::cmd;

use super::{Nothing, Store, make_executable, run};
use crate::server::installation::{CLIENT_PROGRAMS, SERVER_PROGRAMS};
use crate::server::{Installation, io_error};

/// Fetches `major`, or the one that the distribution's `postgresql` stands for.
pub(super) fn fetch(store: &Store<'_>, major: Option<u32>, say: &mut dyn FnMut(&str)) -> Result<Installation, Nothing> {
    let shell = &store.shell;
    run(cmd!(shell, "apt-get --version"))?;
    run(cmd!(shell, "dpkg-deb --version"))?;
    let staging = store.staging()?;
    let options = options(store, &staging, say)?;
    let major = major.map_or_else(|| default_major(store, &options), Ok)?;
    let packages = packages(store, &options, major)?;
    let number = packages.len();
    say(&format!(
        "fetching PostgreSQL {major} with apt-get: {number} packages, unpacked for this account alone"
    ));
    let debs = staging.join("debs");
    std::fs::create_dir(&debs).map_err(|e| io_error("create", &debs, &e))?;
    {
        let _inside = shell.push_dir(&debs);
        run(cmd!(shell, "apt-get {options...} --quiet download {packages...}"))?;
    }
    let tree = staging.join("tree");
    for deb in std::fs::read_dir(&debs)
        .map_err(|e| io_error("read", &debs, &e))?
        .flatten()
    {
        let deb = deb.path();
        run(cmd!(shell, "dpkg-deb --extract {deb} {tree}"))?;
    }
    for done in ["debs", "apt"] {
        crate::server::data::remove(&staging.join(done))?;
    }
    write_scripts(&staging, major)?;
    store.keep(&staging, "apt")
}

/// Options for apt: its own package lists where the machine has none, as in a container.
fn options(store: &Store<'_>, staging: &Path, say: &mut dyn FnMut(&str)) -> Result<Vec<String>, Nothing> {
    let shell = &store.shell;
    let mut options = vec![
        "-oAcquire::Retries=2".to_owned(),
        "-oAcquire::http::Timeout=30".to_owned(),
    ];
    if run(cmd!(shell, "apt-cache show --no-all-versions postgresql")).is_ok() {
        return Ok(options);
    }
    say("fetching package lists with apt-get");
    let apt = staging.join("apt");
    for folder in ["lists/partial", "cache/archives/partial"] {
        let folder = apt.join(folder);
        std::fs::create_dir_all(&folder).map_err(|e| io_error("create", &folder, &e))?;
    }
    options.push(format!("-oDir::State::Lists={}", apt.join("lists").display()));
    options.push(format!("-oDir::Cache={}", apt.join("cache").display()));
    let ours = &options;
    run(cmd!(shell, "apt-get {ours...} --quiet update"))?;
    Ok(options)
}

/// The major that the package `postgresql` depends on.
fn default_major(store: &Store<'_>, options: &[String]) -> Result<u32, Nothing> {
    let shell = &store.shell;
    let words = run(cmd!(shell, "apt-cache {options...} depends postgresql"))?;
    let major = words
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: postgresql-")?.parse().ok());
    major.ok_or_else(|| Nothing("the package `postgresql` depends on no `postgresql-NUMBER`".to_owned()))
}

/// The packages that a server of `major` needs here: its own two, and the libraries that the machine lacks.
fn packages(store: &Store<'_>, options: &[String], major: u32) -> Result<Vec<String>, Nothing> {
    let shell = &store.shell;
    let mut packages = vec![format!("postgresql-{major}"), format!("postgresql-client-{major}")];
    let own = &packages;
    let plan = run(cmd!(
        shell,
        "apt-get {options...} --simulate --no-install-recommends install {own...}"
    ))?;
    for name in plan
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
    {
        if name == "tzdata" {
            return Err(Nothing(
                "the time zones are missing, which cannot be had privately: install `tzdata`".to_owned(),
            ));
        }
        if is_library(name) {
            packages.push(name.to_owned());
        }
    }
    Ok(packages)
}

/// Whether a package may hold a library of the server's. Perl is for Debian's scripts around it, LLVM for its JIT
/// compiler; it runs without both. Were one missing that it needs, the trial run would tell.
fn is_library(package: &str) -> bool {
    let unneeded = ["libllvm", "libz3", "libperl", "libgdbm"];
    package.starts_with("lib") && !package.ends_with("-perl") && !unneeded.iter().any(|name| package.starts_with(name))
}

/// Scripts in `bin` that start the programs with the unpacked libraries.
fn write_scripts(staging: &Path, major: u32) -> Result<(), Nothing> {
    let folders: Vec<String> = library_folders(staging)
        .iter()
        .map(|folder| format!("$here/{}", folder.display()))
        .collect();
    let libraries = match folders.as_slice() {
        [] => String::new(),
        folders => format!(
            "export LD_LIBRARY_PATH=\"{}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\"\n",
            folders.join(":")
        ),
    };
    let bin = staging.join("bin");
    std::fs::create_dir(&bin).map_err(|e| io_error("create", &bin, &e))?;
    for program in SERVER_PROGRAMS.iter().chain(&CLIENT_PROGRAMS) {
        let script = bin.join(program);
        let text = format!(
            "#!/bin/sh\nhere=$(cd \"${{0%/*}}/..\" && pwd -P)\n{libraries}exec \"$here/tree/usr/lib/postgresql/{major}/bin/{program}\" \"$@\"\n"
        );
        std::fs::write(&script, text).map_err(|e| io_error("write", &script, &e))?;
        make_executable(&script)?;
    }
    Ok(())
}

/// Where packages put libraries, such as `tree/usr/lib/x86_64-linux-gnu`, relative to the staging folder.
fn library_folders(staging: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for parent in ["tree/usr/lib", "tree/lib"] {
        for entry in std::fs::read_dir(staging.join(parent)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().contains("-linux-") {
                found.push(Path::new(parent).join(name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_taken_and_what_only_debian_s_scripts_need_is_not() {
        for name in ["libpq5", "libicu72", "libxml2", "libldap-2.5-0"] {
            assert!(is_library(name), "{name}");
        }
        for name in [
            "libllvm14",
            "libjson-perl",
            "libperl5.36",
            "perl",
            "ssl-cert",
            "postgresql-common",
        ] {
            assert!(!is_library(name), "{name}");
        }
    }
}
