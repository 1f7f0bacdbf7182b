//! A service's build script: it refuses what is wrong with the folder, all at once, in the very words of the
//! commands; it embeds the rest, and notices every change.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{Checkout, Run, finish};

/// A workspace with a member `service` whose build script is the one call.
struct Service {
    checkout: Checkout,
}

impl Service {
    fn new() -> Service {
        let checkout = Checkout::new();
        checkout.service(
            &[],
            "",
            "static MIGRATIONS: &[(&str, &str, u64)] = include!(concat!(env!(\"OUT_DIR\"), \"/migrations.rs\"));\n\
             static REPEATABLES: &[(&str, &str, u64)] = include!(concat!(env!(\"OUT_DIR\"), \"/repeatables.rs\"));\n\
             fn main() {\n    for (path, sql, _) in MIGRATIONS.iter().chain(REPEATABLES) {\n        println!(\"{path}: {sql:?}\");\n    }\n}\n",
        );
        Service { checkout }
    }

    fn folder(&self) -> PathBuf {
        self.checkout.root().join("migrations")
    }

    /// Builds and runs the service; cargo says of each package whether it was fresh.
    fn run(&self) -> Run {
        let mut cargo = cargo();
        cargo
            .args(["run", "--offline", "--verbose", "--color", "never"])
            .current_dir(self.checkout.root())
            .env("CARGO_TARGET_DIR", self.checkout.root().join("target"));
        finish(&mut cargo)
    }

    /// The paths that the service was built with, after a change that cargo has to notice.
    #[track_caller]
    fn noticed(&self) -> Vec<String> {
        let run = self.run().exits(0).hides("Fresh service");
        let paths = run
            .stdout
            .lines()
            .map(|line| line.split(": ").next().unwrap().to_owned())
            .collect();
        self.run().exits(0).says("Fresh service");
        paths
    }
}

/// The cargo that built these tests. What it told them about their own package would reach build scripts of the
/// other one: some watch these variables, and would run again for every change of them.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// What the build script told cargo as errors, line by line.
fn refusals(build: &Run) -> Vec<String> {
    let lines = build
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("error: service@1.0.0: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_good_folder_is_embedded_and_every_change_is_noticed() {
    let service = Service::new();
    let folder = service.folder();
    service.checkout.migration("README.md", "# Migrations\n");
    service
        .checkout
        .migration("V00001__a.sql", "SELECT 'ä', \"x\", '\\';\n");
    service.checkout.migration("V00002__b.sql", "SELECT 2");
    let run = service.run().exits(0);
    assert_eq!(
        run.stdout,
        "migrations/V00001__a.sql: \"SELECT 'ä', \\\"x\\\", '\\\\';\\n\"\nmigrations/V00002__b.sql: \"SELECT 2\"\n"
    );
    service.run().exits(0).says("Fresh service");

    // added
    service.checkout.migration("V00003__c.sql", "SELECT 3;\n");
    assert_eq!(service.noticed().len(), 3);
    // renamed
    fs::rename(folder.join("V00003__c.sql"), folder.join("V00003__d.sql")).unwrap();
    assert_eq!(service.noticed()[2], "migrations/V00003__d.sql");
    // deleted
    fs::remove_file(folder.join("V00003__d.sql")).unwrap();
    assert_eq!(service.noticed().len(), 2);
    // edited
    service.checkout.migration("V00002__b.sql", "SELECT 'edited';\n");
    assert!(service.run().exits(0).stdout.contains("edited"));
    // moved in with the time stamp of years ago
    service.checkout.write("elsewhere.sql", "SELECT 'old';\n");
    let elsewhere = service.checkout.root().join("elsewhere.sql");
    let years_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options()
        .write(true)
        .open(&elsewhere)
        .unwrap()
        .set_modified(years_ago)
        .unwrap();
    fs::rename(elsewhere, folder.join("V00003__old.sql")).unwrap();
    assert_eq!(service.noticed()[2], "migrations/V00003__old.sql");
    // a repeatable one, in a table of its own
    service.checkout.migration("R__view.sql", "SELECT 'view';\n");
    assert_eq!(service.noticed()[3], "migrations/R__view.sql");
}

#[test]
fn everything_wrong_is_refused_at_once_and_the_commands_say_the_same() {
    let service = Service::new();
    let folder = service.folder();
    let write = |name: &str, content: &[u8]| service.checkout.write(&format!("migrations/{name}"), content);
    write("V00001__good.sql", b"SELECT 1;\n");
    // the one folder that may be there
    write("checks/holds.sql", b"SELECT true;\n");
    service.run().exits(0);

    for name in [
        "R__Repeat-able.sql",
        "U00002__undo.sql",
        "v00003__small_v.sql",
        "V00004_single.sql",
        "V00005__dash-es.sql",
        "V00006__CamelCase.sql",
        "V1.2__dots.sql",
        "V2147483648__large.sql",
        "V20260101120000__stamp.sql",
        "|1__pipe.sql",
        "V00001__twice.sql",
        "V007__width.sql",
        "V00008__loud.SQL",
        "V00009__copy.sql.orig",
        "V00010__code.rs",
        "notes.txt",
        ".V00011__swap.sql.swp",
    ] {
        write(name, b"SELECT 1;\n");
    }
    fs::create_dir(folder.join("2026")).unwrap();
    std::os::unix::fs::symlink("V00001__good.sql", folder.join("V00012__link.sql")).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"V00013__caf\xE9.sql")), "SELECT 1;\n").unwrap();
    write("V00014__bom.sql", b"\xEF\xBB\xBFSELECT 1;\n");
    write("V00015__crlf.sql", b"SELECT 1;\r\nSELECT 2;\r\n");
    write("V00016__nul.sql", b"SELECT 1;\nSELECT '\0';\n");
    write("V00017__latin1.sql", b"-- na\xEFve\nSELECT 1;\n");
    write("V00018__empty.sql", b"");
    write("V00019__comments.sql", b"-- nothing yet\n/* nor /* here */ */\n;\n");
    write("R__vacuum.sql", b"-- dbtask:no-transaction\nVACUUM;\n");
    write("V00020__directive.sql", b"-- why\n-- dbtask:no-transacton\nVACUUM;\n");

    let build = service.run().exits(101).hides("panicked");
    let refused = refusals(&build);
    assert_eq!(refused.join("\n"), EXPECTED.trim());

    for command in [&["db:push"][..], &["db:status"]] {
        let run = service
            .checkout
            .run(command)
            .exits(1)
            .says("the migrations folder is not in order: 28 findings");
        assert!(run.stderr.contains(EXPECTED.trim()), "{}", run.stderr);
    }

    fs::remove_dir_all(&folder).unwrap();
    let missing = refusals(&service.run().exits(101));
    assert!(
        missing[0].contains("the migrations folder cannot be read"),
        "{missing:?}"
    );
    service.checkout.migration("V00001__good.sql", "SELECT 'mended';\n");
    assert!(service.run().exits(0).stdout.contains("mended"));
}

/// Every finding of the folder above, in the order of the paths.
const EXPECTED: &str = r"
migrations/.V00011__swap.sql.swp: it is a hidden file, which would be left out without a word
  help: remove it (an editor's swap file goes when the editor is closed)
migrations/2026: it is a folder; migrations lie side by side, so that a listing is their order
  help: move its files up, numbered after the last one
migrations/R__Repeat-able.sql: the name of a repeatable file is `R__`, a description in lower_snake_case, `.sql`
  help: rename it to `R__repeat_able.sql`
migrations/R__vacuum.sql:1:4: a repeatable file cannot be without a transaction
  help: put what cannot run in a transaction into a numbered file of its own: `cargo xtask db:new NAME`
migrations/U00002__undo.sql: the name of a migration begins with a capital `V`
  help: rename it to `V00002__undo.sql`
migrations/V00001__twice.sql: `migrations/V00001__good.sql` has the version 1 already
  help: rename it to `V00021__twice.sql`, or merge the two
migrations/V00004_single.sql: one underscore follows the version where two belong
  help: rename it to `V00004__single.sql`
migrations/V00005__dash-es.sql: the description is not in lower_snake_case (a-z, 0-9, single underscores)
  help: rename it to `V00005__dash_es.sql`
migrations/V00006__CamelCase.sql: the description is not in lower_snake_case (a-z, 0-9, single underscores)
  help: rename it to `V00006__camel_case.sql`
migrations/V00008__loud.SQL: the name of a migration ends in `.sql`
  help: rename it to `V00008__loud.sql` if it is a migration; else move it out of the folder
migrations/V00009__copy.sql.orig: the name of a migration ends in `.sql`
  help: rename it to `V00009__copy.sql` if it is a migration; else move it out of the folder
migrations/V00010__code.rs: the name of a migration ends in `.sql`
  help: rename it to `V00010__code.sql` if it is a migration; else move it out of the folder
migrations/V00012__link.sql: it is a symbolic link: what it points to can change unseen
  help: put the file itself here
migrations/V00013__caf�.sql: the name is not UTF-8
  help: rename it: V, the version's digits, two underscores, a description in lower_snake_case, `.sql`
migrations/V00014__bom.sql:1:1: the text begins with a byte order mark, which PostgreSQL takes for a syntax error
  help: save it as UTF-8 without BOM: `sed -i '1s/^\xEF\xBB\xBF//' migrations/V00014__bom.sql`
migrations/V00015__crlf.sql:1:10: a line ends with a carriage return; its checksum would differ from that of the file with plain line feeds
  help: convert it: `sed -i 's/\r$//' migrations/V00015__crlf.sql`; and put `*.sql text eol=lf` into .gitattributes
migrations/V00016__nul.sql:2:9: a NUL byte at offset 18, which PostgreSQL does not take
  help: is it a text at all? save it as UTF-8, or remove the byte: `tr -d '\000' < migrations/V00016__nul.sql`
migrations/V00017__latin1.sql:1:6: the text is not UTF-8: byte 0xEF at offset 5
  help: save it as UTF-8, for example `iconv -f latin1 -t utf-8 migrations/V00017__latin1.sql`
migrations/V00018__empty.sql: the file is empty
  help: write its SQL, or delete the file
migrations/V00019__comments.sql: the file has comments alone, no statement
  help: write its SQL, or delete the file
migrations/V00020__directive.sql:2:1: unknown directive `dbtask:no-transacton`
  help: did you mean `-- dbtask:no-transaction`?
migrations/V007__width.sql: its version has 3 digits, others in the folder have 5
  help: rename it to `V00007__width.sql`; to the history it is the same migration
migrations/V1.2__dots.sql: the version has a dot; versions are whole numbers
  help: rename it to `V00022__dots.sql`
migrations/V20260101120000__stamp.sql: the version is over 2147483647, the largest that the history holds
  help: rename it to `V00023__stamp.sql`
migrations/V2147483648__large.sql: the version is over 2147483647, the largest that the history holds
  help: rename it to `V00024__large.sql`
migrations/notes.txt: the name of a migration ends in `.sql`
  help: rename it to `V00025__notes_txt.sql` if it is a migration; else move it out of the folder
migrations/v00003__small_v.sql: the name of a migration begins with a capital `V`
  help: rename it to `V00003__small_v.sql`
migrations/|1__pipe.sql: the name of a migration begins with a capital `V`
  help: rename it to `V00026__pipe.sql`
";
