//! Whatever happens to a backup, on its way or on the disk: no broken one has a good one's name, and none is restored.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::backup::{backup, backup_with, entries, manifest, pushed};
use crate::support::{Checkout, TestDatabase, finish};

/// How often something is tried; `DBTASK_TEST_LONG=1` takes the larger number.
fn times(usual: usize, long: usize) -> usize {
    if std::env::var_os("DBTASK_TEST_LONG").is_some() {
        long
    } else {
        usual
    }
}

/// With enough rows for a backup to take a while.
fn filled(rows: u32) -> (TestDatabase, Checkout) {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute(&format!(
            "INSERT INTO users SELECT g, md5(g::text) FROM generate_series(2, {rows}) g"
        ))
        .unwrap();
    (database, checkout)
}

/// Every file of a backup's, manifest included.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(path).iter().map(|name| path.join(name)) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The backups that have their name; each of them must be whole, which the rename of one is a promise of.
fn finished(checkout: &Checkout) -> Vec<String> {
    let folder = checkout.root().join("backups");
    let names: Vec<String> = entries(&folder)
        .into_iter()
        .filter(|name| !name.ends_with(".partial"))
        .collect();
    let listed = checkout.run(&["db:backup", "--list", "--json"]).exits(0).json();
    let listed = listed["backups"].as_array().unwrap();
    assert_eq!(listed.len(), names.len(), "{names:?} and {listed:?}");
    for (name, backup) in names.iter().zip(listed.iter().rev()) {
        for file in files(&folder.join(name)) {
            assert!(file.metadata().unwrap().len() > 0, "{}", file.display());
        }
        assert!(backup["file"].as_str().unwrap().ends_with(name.as_str()), "{backup}");
    }
    names
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_under_a_final_name() {
    let (_database, checkout) = filled(60_000);
    let begun = Instant::now();
    backup(&checkout);
    let whole = begun.elapsed();
    let folder = checkout.root().join("backups");
    let points = times(8, 50);
    let mut killed_midway = 0;
    for point in 0..points {
        let before = entries(&folder)
            .iter()
            .filter(|name| !name.ends_with(".partial"))
            .count();
        let mut child = checkout.spawn(&["db:backup", "--jobs", if point % 2 == 0 { "1" } else { "2" }]);
        std::thread::sleep(whole * u32::try_from(point).unwrap() / u32::try_from(points).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        let names = entries(&folder);
        killed_midway += usize::from(names.iter().any(|name| name.ends_with(".partial")));
        // one that got through before the blow is whole
        if finished(&checkout).len() > before {
            for name in finished(&checkout) {
                let path = folder.join(name);
                proven_whole(&checkout, &path);
            }
        }
    }
    assert!(
        killed_midway > 0,
        "no backup was killed midway: the test proves nothing"
    );
    // pg_dump may outlive the one who called it for a moment
    let begun = Instant::now();
    loop {
        backup(&checkout);
        if entries(&folder).iter().all(|name| !name.ends_with(".partial")) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", entries(&folder));
    }
}

#[test]
fn what_is_damaged_on_the_disk_while_it_is_written_gets_no_final_name() {
    let (_database, checkout) = filled(60_000);
    let folder = checkout.root().join("backups");
    let compression = manifest(&backup(&checkout))["dump"]["compression"].clone();
    std::fs::remove_dir_all(&folder).unwrap();
    let paths_in = |path: PathBuf| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    for jobs in ["1", "2"] {
        if jobs == "2" && !compression.as_str().unwrap().starts_with("gzip") {
            println!("skipped: {compression} has no checksum of its own, as pg_dump writes it");
            continue;
        }
        let data = || {
            let partial = paths_in(folder.clone()).pop()?;
            let mut paths = if jobs == "1" {
                vec![partial.join("data.dump")]
            } else {
                paths_in(partial.join("data"))
            };
            paths.retain(|path| !path.ends_with("toc.dat") && path.metadata().is_ok_and(|file| file.len() > 1_000));
            paths.pop()
        };
        let words = (0..20).find_map(|_| {
            let mut child = checkout.spawn(&["db:backup", "--jobs", jobs]);
            while child.try_wait().unwrap().is_none() {
                if let Some(path) = data() {
                    // it may have its name by now
                    let _ = flip(&path, 500);
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            let output = child.wait_with_output().unwrap();
            if output.status.code() == Some(1) {
                return Some(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            std::fs::remove_dir_all(&folder).unwrap();
            None
        });
        let words = words.expect("no damage came in time: the test proves nothing");
        assert!(words.contains("is no whole backup"), "{words}");
        assert_eq!(words.contains("is not what was written"), jobs == "1", "{words}");
        assert_eq!(entries(&folder), Vec::<String>::new());
    }
}

/// Turns every bit of a byte over.
fn flip(path: &Path, at: u64) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[!byte[0]], at)
}

/// Restores into a database of its own, which reads every file against its checksum first.
fn proven_whole(checkout: &Checkout, path: &Path) {
    let empty = TestDatabase::new();
    finish(
        checkout
            .command(&["db:restore", path.to_str().unwrap()])
            .env("DATABASE_URL", empty.url()),
    )
    .exits(0);
}

/// A file system of so many kilobytes; unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, kilobytes: u64) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "dbtask-test"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|s| s.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_nothing_under_a_final_name() {
    let (_database, checkout) = filled(20_000);
    let path = backup(&checkout);
    let kilobytes = files(&path).iter().map(|f| f.metadata().unwrap().len()).sum::<u64>() / 1024;
    let folder = checkout.root().join("backups");
    std::fs::remove_dir_all(&folder).unwrap();
    let points = times(5, 50) as u64;
    for point in 0..points {
        // the last one is too small for the manifest alone
        let size = (kilobytes * (point + 1) / points).max(8);
        let Some(disk) = SmallDisk::mount(&folder, size) else {
            println!("skipped: this account may not mount a file system");
            return;
        };
        let jobs = if point % 2 == 0 { "1" } else { "2" };
        let run = checkout.run(&["db:backup", "--jobs", jobs]);
        if run.code == Some(0) {
            let names = finished(&checkout);
            assert_eq!(names.len(), 1);
            proven_whole(&checkout, &folder.join(&names[0]));
        } else {
            // what pg_dump 19 says for it, where it cannot close a file
            let words = ["No space left", "could not close data file"];
            assert!(words.iter().any(|words| run.text().contains(words)), "{}", run.text());
            run.exits(1).says("free space").says("no backup was written");
            assert_eq!(entries(&folder), Vec::<String>::new(), "on {size} kB");
        }
        drop(disk);
    }
}

#[test]
fn no_flipped_bit_and_no_lost_end_gets_past_a_restore() {
    let (database, checkout) = filled(2_000);
    for jobs in ["1", "2"] {
        let path = backup_with(&checkout, &["--jobs", jobs]);
        let shown = path.to_str().unwrap();
        let all = files(&path);
        assert!(all.len() > 1);
        let points = times(3, 40);
        for file in &all {
            let whole = std::fs::read(file).unwrap();
            for point in 0..points {
                // spread over the file, each bit of a byte in its turn
                let at = (whole.len() - 1) * point / (points - 1);
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << (point % 8);
                let cut = whole[..whole.len() * point / points].to_vec();
                for (what, bytes) in [("flipped", flipped), ("cut", cut)] {
                    std::fs::write(file, bytes).unwrap();
                    let run = checkout.run(&["db:restore", shown, "--swap", "--yes", database.name()]);
                    assert_eq!(
                        run.code,
                        Some(1),
                        "{what} at {at} of {}: {}",
                        file.display(),
                        run.text()
                    );
                    assert!(run.text().contains("is no whole backup"), "{what}: {}", run.text());
                }
            }
            std::fs::remove_file(file).unwrap();
            let code = checkout
                .run(&["db:restore", shown, "--swap", "--yes", database.name()])
                .code;
            assert!(matches!(code, Some(1 | 2)), "without {}", file.display());
            std::fs::write(file, whole).unwrap();
        }
        checkout.write(path.join("data/extra.dat").to_str().unwrap(), "?");
        checkout
            .run(&["db:restore", shown, "--swap", "--yes", database.name()])
            .exits(1)
            .says("does not belong to it");
    }
    assert!(database.has("users"));
}

/// A pg_dump that can do zstd, as no build on most machines can: what the real one compressed with zlib gets zstd's names.
const PG_DUMP: &str = r#"#!/bin/sh
n=$#
while [ $n -gt 0 ]; do
    argument=$1
    shift
    n=$((n - 1))
    case $argument in
    --host=/nonexistent)
        echo 'pg_dump: error: connection to server on socket failed' >&2
        exit 1
        ;;
    --compress=zstd:1) argument=--compress=1 ;;
    esac
    [ "$last" != --file ] || folder=$argument
    last=$argument
    set -- "$@" "$argument"
done
"$REAL_BIN/pg_dump" "$@" || exit
[ -z "$folder" ] || for file in "$folder"/*.dat.gz; do mv "$file" "${file%.gz}.zst"; done
"#;

/// Its pg_restore, which says that it was called.
const PG_RESTORE: &str = r#"#!/bin/sh
echo "$*" >>"$CALLS"
n=$#
while [ $n -gt 0 ]; do
    argument=$1
    shift
    n=$((n - 1))
    if [ -d "$argument" ]; then
        copy=$(mktemp -d)
        cp "$argument"/* "$copy"
        for file in "$copy"/*.dat.zst; do mv "$file" "${file%.zst}.gz"; done
        argument=$copy
    fi
    set -- "$@" "$argument"
done
"$REAL_BIN/pg_restore" "$@"
code=$?
rm -rf "$copy"
exit $code
"#;

#[test]
fn every_file_of_a_folder_that_zstd_compressed_is_checked_before_anything_is_restored() {
    let (database, checkout) = filled(500);
    let tools = dbtask::server::client_tools(database.server().installation.major).unwrap();
    let calls = checkout.root().join("calls");
    let psql = "#!/bin/sh\nexec \"$REAL_BIN/psql\" \"$@\"\n";
    for (program, script) in [("pg_dump", PG_DUMP), ("pg_restore", PG_RESTORE), ("psql", psql)] {
        let path = format!("bin/{program}");
        checkout.write(&path, script);
        std::fs::set_permissions(checkout.root().join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run = |arguments: &[&str], url: &str| {
        finish(
            checkout
                .command(arguments)
                .env("DBTASK_PG_BIN", checkout.root().join("bin"))
                .env("REAL_BIN", &tools.bin)
                .env("CALLS", &calls)
                .env("DATABASE_URL", url),
        )
    };
    let json = run(&["db:backup", "--json", "--jobs", "2"], &database.url())
        .exits(0)
        .json();
    let path = checkout.root().join(json["file"].as_str().unwrap());
    let manifest = manifest(&path);
    assert_eq!(manifest["dump"]["compression"], "zstd:1");
    let on_disk = files(&path);
    let mut names: Vec<&str> = on_disk
        .iter()
        .map(|file| file.strip_prefix(&path).unwrap().to_str().unwrap())
        .collect();
    assert!(
        names.iter().filter(|name| name.ends_with(".dat.zst")).count() > 2,
        "{names:?}"
    );
    names.retain(|name| *name != "manifest.json");
    names.sort_unstable();
    let sealed = manifest["files"].as_array().unwrap();
    let listed: Vec<&str> = sealed.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(listed, names);
    assert!(sealed.iter().all(|file| file["sha256"].as_str().unwrap().len() == 64));

    let empty = TestDatabase::new();
    let restore = || run(&["db:restore", path.to_str().unwrap()], &empty.url());
    let refused = |what: &str| {
        let _ = std::fs::remove_file(&calls);
        restore().exits(1).says("is no whole backup").says(what);
        assert!(!calls.exists() && !empty.has("users"), "something was restored: {what}");
    };
    for name in &names {
        let file = path.join(name);
        let whole = std::fs::read(&file).unwrap();
        flip(&file, whole.len() as u64 / 2).unwrap();
        refused(&format!("`{name}` is damaged or missing"));
        std::fs::remove_file(&file).unwrap();
        refused(&format!("`{name}` is damaged or missing"));
        std::fs::write(&file, whole).unwrap();
    }
    // pg_restore would take one that is not compressed first; and only the folder's own manifest is none of its files
    let data = names.iter().find_map(|name| name.strip_suffix(".zst")).unwrap();
    for extra in [data, "data/manifest.json"] {
        std::fs::write(path.join(extra), "1\n").unwrap();
        refused(&format!("`{extra}` does not belong to it"));
        std::fs::remove_file(path.join(extra)).unwrap();
    }
    restore().exits(0);
    assert!(calls.exists() && empty.has("users"));
}
