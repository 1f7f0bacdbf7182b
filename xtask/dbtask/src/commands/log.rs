//! `db:log`

use std::collections::BTreeSet;

use clap::Args;
use dbtask_runner::{Entry, Error, SchemaHistory, journal_entries};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// Show who applied what, when and from where
///
/// What db:apply, db:rehearse --on, db:repair and the repeatable files left in dbtask_journal, and db:push on a database that is
/// marked staging, the oldest first; and the files of the history that have no such entry: those came by db:push elsewhere, by a
/// service that migrates at its start, or by db:baseline, which record nobody. Reads only.
#[derive(Debug, Args)]
pub(crate) struct Log {}

impl Log {
    #[expect(clippy::unused_self, reason = "every command runs alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let entries = journal_entries(&target.session, &history)?;
        let mut lines = lines(&history, &entries);
        lines.sort_by(|a, b| a.at.cmp(&b.at));
        let text: Vec<String> = lines.iter().map(Line::describe).collect();
        let text = if text.is_empty() {
            format!("nothing was ever applied: {}", target.describe())
        } else {
            text.join("\n")
        };
        output.result(
            &text,
            &json!({
                "database": target.identity.database,
                "log": lines.iter().map(Line::json).collect::<Vec<_>>(),
            }),
        );
        Ok(Exit::Done)
    }
}

/// Something that happened.
struct Line {
    at: String,
    event: String,
    version: Option<i32>,
    name: Option<String>,
    details: Map<String, Value>,
}

fn lines(history: &SchemaHistory, entries: &[Entry]) -> Vec<Line> {
    let applied: BTreeSet<i32> = entries
        .iter()
        .filter(|entry| entry.event == "apply" || entry.event == "push")
        .filter_map(|entry| entry.version)
        .collect();
    let name = |version: i32| {
        let row = history.applied().iter().find(|row| row.version == version);
        row.map(|row| row.name.clone())
    };
    let without = history.applied().iter().filter(|row| !applied.contains(&row.version));
    let without = without.map(|row| Line {
        at: row.applied_at(),
        event: "history".to_owned(),
        version: Some(row.version),
        name: Some(row.name.clone()),
        details: Map::new(),
    });
    let recorded = entries.iter().map(|entry| {
        let details: Map<String, Value> = serde_json::from_str(&entry.details).unwrap_or_default();
        let own = details.get("name").and_then(Value::as_str).map(str::to_owned);
        Line {
            at: entry.at.clone(),
            event: entry.event.clone(),
            version: entry.version,
            name: entry.version.and_then(name).or(own),
            details,
        }
    });
    let mut lines: Vec<Line> = Vec::new();
    for line in recorded {
        // what db:apply carried out, or db:push on staging, has two entries, and the second one says more
        if line.is_of_repeatable("apply") || line.is_of_repeatable("push") {
            let is_first = |before: &Line| before.is_of_repeatable("repeatable") && before.name == line.name;
            if let Some(at) = lines.iter().rposition(is_first) {
                lines.remove(at);
            }
        }
        lines.push(line);
    }
    without.chain(lines).collect()
}

impl Line {
    fn is_of_repeatable(&self, event: &str) -> bool {
        self.event == event && self.version.is_none()
    }

    fn describe(&self) -> String {
        let word = |key: &str| self.details.get(key).and_then(Value::as_str);
        let file = match (self.version, &self.name) {
            (Some(version), Some(name)) => format!("V{version:05} {name}"),
            (Some(version), None) => format!("V{version:05}"),
            (None, name) => name.clone().unwrap_or_default(),
        };
        let mut text = format!("{}  {:<10}  {file}", self.at, self.event);
        if self.event == "history" {
            return format!("{text}: no record of who");
        }
        let who = [
            word("role").map(|role| format!("role {role}")),
            word("account").map(|account| format!("account {account}")),
            word("host").map(|host| format!("on {host}")),
            word("client").map(|client| format!("from {client}")),
            word("commit").map(|commit| format!("commit {}", commit.chars().take(10).collect::<String>())),
            word("backup").map(|backup| format!("backup {backup}")),
            word("plan").map(|plan| format!("plan {plan}")),
            self.details
                .get("seconds")
                .and_then(Value::as_f64)
                .map(|seconds| format!("in {seconds:.3} s")),
            word("reason").map(|reason| format!("because: {reason}")),
        ];
        let who: Vec<String> = who.into_iter().flatten().collect();
        if !who.is_empty() {
            text = format!("{text}\n    {}", who.join(", "));
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "at": self.at,
            "event": self.event,
            "version": self.version,
            "name": self.name,
            "details": self.details,
        })
    }
}
