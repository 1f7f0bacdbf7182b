//! `db:explain`

use clap::Args;
use dbtask_rules::lint::{Level, RULES, Rule, nearest_rule, rule};
use dbtask_runner::Error;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::findings::level_style;
use crate::output::{BOLD, Output};
use crate::workspace::Workspace;

/// Say what a rule of the SQL policy is about
///
/// With a rule's name, its page: what it catches, the lock or the loss behind it, what to write instead, and the page of
/// PostgreSQL's manual that it rests on. Without one, the list of the rules with their levels, as migrations/policy.toml
/// sets them. Needs no database.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule, as a finding names it
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

impl Explain {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let policy = workspace.read_policy()?;
        if let Some(name) = &self.rule {
            let rule = rule(name).ok_or_else(|| unknown(name))?;
            let level = policy.level(rule);
            let style = level_style(level);
            let head = format!(
                "{BOLD}{}{BOLD:#} ({style}{level}{style:#}): {}",
                rule.name, rule.summary
            );
            let mut json = to_json(rule, level);
            json["page"] = rule.page.into();
            output.result(&format!("{head}\n\n{}", page(rule)), &json);
            return Ok(Exit::Done);
        }
        let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
        let mut lines: Vec<String> = Vec::new();
        let mut rules: Vec<Value> = Vec::new();
        for rule in RULES {
            let level = policy.level(rule);
            let style = level_style(level);
            lines.push(format!(
                "{style}{level:<7}{style:#}  {:<width$}  {}",
                rule.name, rule.summary
            ));
            rules.push(to_json(rule, level));
        }
        output.result(&lines.join("\n"), &json!({ "rules": rules }));
        Ok(Exit::Done)
    }
}

fn unknown(name: &str) -> Error {
    Error::usage(format!("there is no rule `{name}`")).help(match nearest_rule(name) {
        Some(rule) => format!("did you mean `cargo xtask db:explain {}`?", rule.name),
        None => "`cargo xtask db:explain` lists the rules".to_owned(),
    })
}

/// The page with its headings in bold.
fn page(rule: &Rule) -> String {
    let line = |line: &str| match line.strip_prefix("## ") {
        Some(heading) => format!("{BOLD}{heading}{BOLD:#}"),
        None => line.to_owned(),
    };
    rule.page.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn to_json(rule: &Rule, level: Level) -> Value {
    json!({ "rule": rule.name, "level": level.to_string(), "summary": rule.summary })
}
