//! The README's production chapter and its example for a team, done as they stand there.

use std::fmt::Write as _;
use std::process::Command;

use crate::support::key_change::{Load, begun, changed, fill};
use crate::support::{Checkout, Run, TestDatabase, finish, shop};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// Customers of the transcript.
const CUSTOMERS: i32 = 20_000;

/// The text of the first block of that kind, and where it stands.
fn block(text: &str, kind: &str) -> std::ops::Range<usize> {
    let mark = format!("```{kind}\n");
    let begin = text.find(&mark).unwrap() + mark.len();
    begin..begin + text[begin..].find("```").unwrap()
}

/// A line of a shell, both outputs in one, as somebody whose name is the same everywhere.
fn shell(checkout: &Checkout, line: &str, variables: &[(&str, &str)]) -> Run {
    // for the program's place and its clean environment
    let xtask = checkout.command(&[]);
    let line = line.replace("cargo xtask", "\"$XTASK\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("exec 2>&1; {line}")])
        .current_dir(checkout.root())
        .env("XTASK", xtask.get_program());
    for (name, value) in xtask.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("USER", "ada").envs(variables.iter().copied());
    finish(&mut command)
}

/// What stays the same from run to run: numbers, times and digests are not looked at, nor how wide their columns are.
fn stable(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().map(stable_word).collect::<Vec<_>>().join(" ");
    // PostgreSQL 18 scans an empty table, too, to validate a key of it
    let words = |line: &str| words(line).replace(" orders (#)", " -").replace(" invoices (#)", " -");
    text.lines().map(words).collect()
}

fn stable_word(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let units = ["ms", "µs", "s", "min", "B", "kB", "MB"];
    if units.contains(&word.trim_matches(|c: char| ",:;().".contains(c))) {
        return "#".to_owned();
    }
    let mut stable = String::new();
    for part in word.split_inclusive(|c: char| !is_part(c)) {
        let core = part.trim_end_matches(|c: char| !is_part(c));
        if core.len() >= 10 && core.chars().all(|c| c.is_ascii_hexdigit()) {
            stable.push('#');
            continue;
        }
        for c in part.chars() {
            match c {
                '0'..='9' | '.' | ',' if stable.ends_with('#') => {}
                '0'..='9' => stable.push('#'),
                c => stable.push(c),
            }
        }
    }
    stable
}

/// Whether lines are those that are shown, where `…` alone on a line stands for any that are left out.
fn is_shown(shown: &[String], lines: &[String]) -> bool {
    match shown {
        [] => lines.is_empty(),
        [left_out, rest @ ..] if left_out == "…" => (0..=lines.len()).any(|n| is_shown(rest, &lines[n..])),
        [first, rest @ ..] => lines.first() == Some(first) && is_shown(rest, &lines[1..]),
    }
}

/// The lines without the clients that were in the way for less than a second: the load's, when they happen to be seen.
fn without_moments(lines: Vec<&str>) -> Vec<&str> {
    const HEAD: &str = "in the way at this moment:";
    let is_moment = |line: &&str| line.contains("in a transaction for 00:00:00");
    let moments = lines.iter().filter(|line| is_moment(line)).count();
    let mut left: Vec<&str> = lines.into_iter().filter(|line| !is_moment(line)).collect();
    if let Some(head) = left.iter().position(|line| *line == HEAD)
        && moments > 0
        && !left.get(head + 1).is_some_and(|line| line.starts_with("  "))
    {
        left[head] = "nobody is in the way at this moment";
    }
    left
}

#[test]
fn a_client_that_is_in_the_way_for_a_moment_is_left_out() {
    let moment = "  session: pid 1, active, in a transaction for 00:00:00, `x`: holds ROW EXCLUSIVE on public.a";
    let longer = "  session: pid 2, idle, in a transaction for 00:01:00, `x`: holds ROW EXCLUSIVE on public.a";
    let (head, nobody) = ("in the way at this moment:", "nobody is in the way at this moment");
    assert_eq!(without_moments(vec!["a", head, moment, "b"]), ["a", nobody, "b"]);
    assert_eq!(without_moments(vec![head, moment, longer]), [head, longer]);
    assert_eq!(without_moments(vec![nobody, "b"]), [nobody, "b"]);
}

#[test]
fn the_transcript_of_the_readme_is_what_happens() {
    let database = TestDatabase::on_own_server_as("shop");
    let checkout = Checkout::on(&database);
    let mut client = database.client();
    // one that comes by would be in the way
    client.batch_execute("ALTER SYSTEM SET autovacuum = off").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    begun(&checkout);
    checkout.run(&["db:push"]).exits(0);
    fill(&mut client, CUSTOMERS);
    changed(&checkout);
    checkout.run(&["db:push", "--to", "2"]).exits(0);
    checkout.commit_migrations();
    checkout.run(&["db:lint", "--deny-warnings"]).exits(0);
    let host = finish(Command::new("uname").arg("-n")).stdout;
    let load = Load::start(&database, CUSTOMERS);
    load.enter(1);
    let readme = std::fs::read_to_string(README).unwrap();
    let shown = &readme[block(&readme, "console")];
    let mut happened = String::new();
    for line in shown.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let run = shell(&checkout, line, &[]).exits(0);
        let output = run
            .stdout
            .replace(&format!("127.0.0.1:{}", database.server().port), "10.0.0.7:5432")
            .replace(host.trim(), "deploy-1");
        let output: Vec<&str> = output.lines().map(str::trim_end).collect();
        let output = without_moments(output);
        let _ = write!(happened, "$ {line}\n{}\n", output.join("\n"));
    }
    let met = load.stop(2)[1];
    assert!(met.statements > 100, "nobody was at work: {met}");
    assert_eq!(met.victims, 0, "a client was ended: {met}");
    let is_shown = is_shown(&stable(shown), &stable(&happened));
    if !is_shown && std::env::var_os("UPDATE_EXPECT").is_some() {
        let range = block(&readme, "console");
        let updated = format!("{}{happened}{}", &readme[..range.start], &readme[range.end..]);
        std::fs::write(README, updated).unwrap();
        return;
    }
    assert!(
        is_shown,
        "UPDATE_EXPECT=1 cargo test writes it anew, in full; it was shown\n{}\nand happened\n{happened}",
        stable(shown).join("\n")
    );
}

/// The `run:` lines of a job of the workflow, in order.
fn steps<'a>(workflow: &'a str, job: &str) -> Vec<&'a str> {
    let job = workflow.split(&format!("\n  {job}:\n")).nth(1).unwrap();
    let end = job
        .match_indices("\n  ")
        .find(|(at, _)| !job[at + 3..].starts_with(' '))
        .map_or(job.len(), |(at, _)| at);
    job[..end]
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: "))
        .collect()
}

#[test]
fn the_workflow_of_the_readme_leads_a_file_to_production() {
    let readme = std::fs::read_to_string(README).unwrap();
    let workflow = &readme[block(&readme, "yaml")];
    assert!(workflow.lines().all(|line| !line.contains('\t') && line.len() < 120));
    let (ci, staging, production) = (TestDatabase::new(), TestDatabase::new(), TestDatabase::new());
    let checkout = Checkout::new();
    shop(&checkout);
    for (database, mark) in [(&staging, "staging"), (&production, "production")] {
        checkout.write(".env", format!("DATABASE_URL={}\n", database.url()));
        checkout.run(&["db:push"]).exits(0);
        checkout.run(&["db:mark", mark]).exits(0);
    }
    std::fs::remove_file(checkout.root().join(".env")).unwrap();
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    checkout.commit_migrations();
    let job = |name: &str, variables: &[(&str, &str)]| {
        let lines = steps(workflow, name);
        assert!(!lines.is_empty(), "no steps in {name}");
        let run = |line: &str| {
            let line = line.replace("--yes shop", &format!("--yes {}", production.name()));
            shell(&checkout, &line, variables)
        };
        lines.into_iter().map(run).find(|run| run.code != Some(0))
    };
    let assert_passes = |failed: Option<Run>| assert!(failed.is_none(), "{failed:?}");
    let (here, there) = (production.url(), staging.url());
    let deploy = [
        ("DATABASE_URL", &*here),
        ("STAGING_DATABASE_URL", &*there),
        ("FILE", "migrations/V00004__add_phone.sql"),
    ];
    assert_passes(job("check", &[("DATABASE_URL", &ci.url())]));
    // not before staging
    job("production", &deploy)
        .unwrap()
        .exits(3)
        .says("staging does not vouch");
    assert_passes(job("staging", &[("STAGING_DATABASE_URL", &there)]));
    assert_passes(job("production", &deploy));
    // each variable that a job needs stands in it
    for (name, variables) in [
        ("check", &["DATABASE_URL"][..]),
        ("staging", &["STAGING_DATABASE_URL"]),
        ("production", &["DATABASE_URL", "STAGING_DATABASE_URL", "FILE"]),
    ] {
        let text = workflow.split(&format!("\n  {name}:\n")).nth(1).unwrap();
        let text = text.split("steps:").next().unwrap();
        for variable in variables {
            assert!(text.contains(&format!("{variable}: ")), "{name} lacks {variable}");
        }
    }
    // what a pull request brings is found before it is merged
    checkout.migration("V00005__bad.sql", "CREATE INDEX users_email ON users (email);\n");
    let found = job("check", &[("DATABASE_URL", &ci.url())]).unwrap();
    assert_eq!(found.code, Some(1));
    assert!(
        found.stdout.contains("::error file=migrations/V00005__bad.sql,line=1"),
        "{found:?}"
    );
}
