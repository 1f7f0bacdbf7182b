//! A rehearsal as a table for people.

use anstyle::{AnsiColor, Style};

use super::{Rehearsed, Run};
use crate::lock_mode::LockMode;
use crate::measure::Step;
use crate::output::{count, duration, thousands};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// The widest that a statement and its locks are shown.
const STATEMENT: usize = 44;
const LOCKS: usize = 48;

const HEAD: [&str; 7] = [
    "line",
    "statement",
    "strongest lock",
    "rewrite",
    "scan",
    "time",
    "second run",
];

/// All files, one below the other.
pub(crate) fn table(files: &[Rehearsed]) -> String {
    let blocks: Vec<String> = files.iter().map(block).collect();
    blocks.join("\n")
}

fn block(file: &Rehearsed) -> String {
    let (style, verdict) = if file.is_proven() {
        (GREEN, "proven")
    } else {
        (RED, "not proven")
    };
    let how = if file.in_transaction {
        "one transaction"
    } else {
        "without a transaction"
    };
    let mut lines = vec![format!(
        "{BOLD}{}{BOLD:#}: {style}{verdict}{style:#} {DIM}({how}){DIM:#}",
        file.path
    )];
    lines.extend(rows(file));
    lines.extend(
        file.reasons
            .iter()
            .map(|reason| format!("  {RED}not proven:{RED:#} {reason}")),
    );
    lines.extend(
        file.notes
            .iter()
            .map(|note| format!("  {YELLOW}note:{YELLOW:#} {note}")),
    );
    lines.join("\n")
}

/// The statements, in columns.
fn rows(file: &Rehearsed) -> Vec<String> {
    let cells: Vec<[String; 7]> = file
        .first
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| cells(step, &file.second, i))
        .collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let head = HEAD.map(str::to_owned);
    let width = |i: usize| {
        let widths = cells.iter().chain([&head]).map(|row| row[i].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |row: &[String; 7], styles: [Style; 7]| {
        let padded = row
            .iter()
            .zip(&widths)
            .zip(styles)
            .enumerate()
            .map(|(i, ((cell, &width), style))| {
                // numbers to the right
                let cell = match i {
                    0 | 5 => format!("{cell:>width$}"),
                    6 => cell.clone(),
                    _ => format!("{cell:<width$}"),
                };
                format!("{style}{cell}{style:#}")
            });
        format!("  {}", padded.collect::<Vec<_>>().join("  "))
    };
    let mut lines = vec![line(&head, [DIM; 7])];
    lines.extend(file.first.steps.iter().zip(&cells).map(|(step, row)| {
        let mut styles = [Style::new(); 7];
        styles[2] = step
            .locks
            .iter()
            .find(|lock| !lock.held)
            .map_or(DIM, |lock| of_mode(lock.mode));
        styles[3] = if step.rewrites.is_empty() { DIM } else { RED };
        line(row, styles)
    }));
    lines
}

fn of_mode(mode: LockMode) -> Style {
    match mode.keeps_out() {
        "nobody" => Style::new(),
        "writers" => YELLOW,
        _ => RED,
    }
}

fn cells(step: &Step, second: &Run, i: usize) -> [String; 7] {
    let names = |names: &[String]| {
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.iter().map(|name| short(name)).collect::<Vec<_>>().join(", ")
        }
    };
    let scans = step.scans.as_ref().map_or("?".to_owned(), |scans| {
        let scans: Vec<String> = scans
            .iter()
            .map(|(table, rows)| format!("{} ({})", short(table), thousands(*rows)))
            .collect();
        if scans.is_empty() {
            "-".to_owned()
        } else {
            scans.join(", ")
        }
    });
    let rewrites = match (&step.rewrites[..], &step.rebuilt[..]) {
        ([], []) => "-".to_owned(),
        ([], indexes) => format!("index {}", names(indexes)),
        (tables, _) => names(tables),
    };
    [
        step.line.to_string(),
        cut(&step.text, STATEMENT),
        cut(&strongest(step), LOCKS),
        rewrites,
        scans,
        duration(step.elapsed),
        after(second, i),
    ]
}

/// The strongest lock that the statement took, and on what.
fn strongest(step: &Step) -> String {
    let Some(first) = step.locks.first() else {
        return "-".to_owned();
    };
    if first.held {
        return format!("held: {} on {}", first.mode, short(&first.relation));
    }
    let on: Vec<&str> = step
        .locks
        .iter()
        .filter(|lock| !lock.held && lock.mode == first.mode)
        .map(|lock| short(&lock.relation))
        .collect();
    let mark = if step.sampled { " (seen)" } else { "" };
    format!("{} on {}{mark}", first.mode, on.join(", "))
}

/// What the statement did in the second run.
pub(super) fn after(run: &Run, i: usize) -> String {
    match (run.steps.get(i), &run.error) {
        (Some(step), _) if !step.rewrites.is_empty() => "rewrites again".to_owned(),
        (Some(step), _) if step.rows > 0 => count(usize::try_from(step.rows).unwrap_or(0), "row"),
        (Some(_), _) => "nothing".to_owned(),
        (None, Some(_)) if i == run.steps.len() => "fails".to_owned(),
        (None, _) => "-".to_owned(),
    }
}

/// A name without the schema that most names are in.
pub(super) fn short(name: &str) -> &str {
    name.strip_prefix("public.").unwrap_or(name)
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut text: String = text.chars().take(width - 1).collect();
    text.push('…');
    text
}
