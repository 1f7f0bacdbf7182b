//! The README tells what the program does, word for word.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::support::Checkout;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What follows a mark, up to the first character that cannot belong to a command.
fn words_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(mark).skip(1).map(|rest| {
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == ':' || c == '-'))
            .unwrap_or(rest.len());
        rest[..end].trim_end_matches(['.', ',', ':'])
    })
}

/// The commands in `--help`.
fn commands(help: &str) -> BTreeSet<String> {
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_that_is_written_down_exists_and_every_one_that_exists_is() {
    let checkout = Checkout::new();
    let known = commands(&checkout.run(&["--help"]).exits(0).stdout);
    for path in ["README.md", "migrations/README.md", "CHANGELOG.md"] {
        for word in words_after(&read(path), "cargo xtask ").filter(|word| !word.starts_with('-') && !word.is_empty()) {
            assert!(known.contains(word), "{path} speaks of `cargo xtask {word}`");
        }
    }
    let readme = read("README.md");
    for command in known {
        assert!(
            readme.contains(&format!("`{command}")),
            "README.md does not speak of `{command}`"
        );
    }
}

#[test]
fn every_option_that_is_written_down_exists() {
    let checkout = Checkout::new();
    let mut help = checkout.run(&["--help"]).exits(0).stdout;
    for command in commands(&help.clone()) {
        help.push_str(&checkout.run(&[&command, "--help"]).exits(0).stdout);
    }
    for option in words_after(&read("README.md"), "`--").filter(|word| !word.is_empty()) {
        assert!(
            help.contains(&format!("--{option}")),
            "README.md speaks of `--{option}`"
        );
    }
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let help = Checkout::new().run(&["--help"]).exits(0).stdout;
    let codes = help.split("Exit codes: ").nth(1).unwrap().replace('\n', " ");
    let readme = read("README.md").replace('\n', " ");
    for code in codes.split(',') {
        assert!(readme.contains(code.trim()), "README.md lacks {code:?}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    for path in ["README.md", "migrations/README.md"] {
        let text = read(path);
        let folder = root().join(path).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{path} links to {target}");
            }
        }
    }
}

#[test]
fn the_table_of_the_rules_is_what_db_explain_lists() {
    let rules = Checkout::new().run(&["db:explain", "--json"]).exits(0).json();
    let mut table = String::from("| rule | level | what it is against |\n|---|---|---|\n");
    for rule in rules["rules"].as_array().unwrap() {
        let word = |key: &str| rule[key].as_str().unwrap().to_owned();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            word("rule"),
            word("level"),
            word("summary")
        );
    }
    let readme = read("README.md");
    let begin = readme.find("| rule | level |").unwrap();
    let end = begin + readme[begin..].find("\n\n").unwrap() + 1;
    if readme[begin..end] != table && std::env::var_os("UPDATE_EXPECT").is_some() {
        let updated = format!("{}{table}{}", &readme[..begin], &readme[end..]);
        std::fs::write(root().join("README.md"), updated).unwrap();
        return;
    }
    assert_eq!(readme[begin..end], table, "UPDATE_EXPECT=1 cargo test writes it anew");
}

/// The messages of the table under "Troubleshooting" are provoked somewhere in this suite.
#[test]
fn every_message_under_troubleshooting_is_one_that_a_test_provokes() {
    let mut tests = String::new();
    for entry in std::fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("readme.rs") {
            tests.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let readme = read("README.md");
    let table = readme
        .split("## Troubleshooting")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut messages = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cell = row
            .trim_start_matches("| ")
            .split(" | ")
            .next()
            .unwrap()
            .trim_matches('`');
        for part in cell.split(" … ").filter(|part| part.len() > 3) {
            assert!(tests.contains(part), "no test provokes {part:?}");
            messages += 1;
        }
    }
    assert!(messages > 10, "the table was not found");
}
