//! A rehearsal as one page: no scripts, nothing from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::Rehearsed;
use super::table::{after, short};
use crate::lock_mode::LockMode;
use crate::measure::Step;
use crate::output::{count, duration, thousands};

const STYLE: &str = include_str!("page.css");

/// The measures of a timeline, in pixels.
const NAMES: usize = 220;
const COLUMN: usize = 112;
const ROW: usize = 28;
const HEAD: usize = 40;

/// The page for files that were rehearsed for `target`.
pub(crate) fn page(files: &[Rehearsed], target: &str, start: &str) -> String {
    let unproven = files.iter().filter(|file| !file.is_proven()).count();
    let verdict = match unproven {
        0 => mark(true, &format!("{} proven", count(files.len(), "file"))),
        n => mark(false, &format!("{n} of {} not proven", count(files.len(), "file"))),
    };
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Rehearsal</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Rehearsal {verdict}</h1>\n\
         <p>For {}, {}. Applied twice to a throwaway database; times are those of that database.</p>\n{}",
        code(target),
        escape(start),
        legend()
    );
    for file in files {
        section(&mut html, file);
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// What the colours mean.
fn legend() -> String {
    let mut html = "<ul class=\"legend\">\n".to_owned();
    for (mode, ..) in LockMode::ALL {
        let _ = writeln!(
            html,
            "<li><span class=\"swatch {}\"></span>{mode}: keeps out {}</li>",
            class(mode),
            mode.keeps_out()
        );
    }
    html + "</ul>\n"
}

fn section(html: &mut String, file: &Rehearsed) {
    let verdict = if file.is_proven() { "proven" } else { "not proven" };
    let how = if file.in_transaction {
        "one transaction"
    } else {
        "without a transaction: locks as they were seen while each statement ran"
    };
    let _ = write!(
        html,
        "<section>\n<h2>{} {}</h2>\n<p>{how}</p>\n",
        code(&file.path),
        mark(file.is_proven(), verdict)
    );
    for (class, texts) in [("reason", &file.reasons), ("note", &file.notes)] {
        for text in texts {
            let _ = writeln!(html, "<p class=\"{class}\">{}</p>", escape(text));
        }
    }
    if !file.first.steps.is_empty() {
        statements(html, file);
        timeline(html, file);
    }
    html.push_str("</section>\n");
}

fn statements(html: &mut String, file: &Rehearsed) {
    html.push_str(
        "<div class=\"wide\"><table>\n<thead><tr><th>#</th><th>line</th><th>statement</th><th>locks</th><th>rewrite</th>\
         <th>scan</th><th>rows</th><th>time</th><th>second run</th></tr></thead>\n<tbody>\n",
    );
    for (i, step) in file.first.steps.iter().enumerate() {
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            i + 1,
            step.line,
            code(&step.text),
            locks(step),
            rewrites(step),
            scans(step),
            thousands(step.rows),
            duration(step.elapsed),
            escape(&after(&file.second, i))
        );
    }
    html.push_str("</tbody>\n</table></div>\n");
}

/// What the statement took itself.
fn locks(step: &Step) -> String {
    let own: Vec<String> = step
        .locks
        .iter()
        .filter(|lock| !lock.held)
        .map(|lock| {
            format!(
                "<span class=\"swatch {}\"></span>{} on {}",
                class(lock.mode),
                lock.mode,
                code(short(&lock.relation))
            )
        })
        .collect();
    if own.is_empty() {
        "none beyond those held".to_owned()
    } else {
        own.join("<br>")
    }
}

fn rewrites(step: &Step) -> String {
    let tables = step.rewrites.iter().map(|name| code(short(name)));
    let indexes = step.rebuilt.iter().map(|name| format!("index {}", code(short(name))));
    tables.chain(indexes).collect::<Vec<_>>().join("<br>")
}

fn scans(step: &Step) -> String {
    let Some(scans) = &step.scans else {
        return "not known".to_owned();
    };
    let scan = |(table, rows): &(String, u64)| {
        let rows = count(usize::try_from(*rows).unwrap_or(usize::MAX), "row");
        format!("{}: {rows}", code(short(table)))
    };
    scans.iter().map(scan).collect::<Vec<_>>().join("<br>")
}

/// A lock on one relation over several statements.
struct Bar {
    mode: LockMode,
    first: usize,
    last: usize,
    elapsed: Duration,
}

/// The bars of each relation. In a transaction a lock stays until its end.
fn bars(steps: &[Step], in_transaction: bool) -> BTreeMap<&str, Vec<Bar>> {
    let mut bars: BTreeMap<&str, Vec<Bar>> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        for lock in &step.locks {
            let row = bars.entry(&lock.relation).or_default();
            match row.last_mut() {
                Some(bar) if in_transaction && bar.mode == lock.mode && bar.last + 1 == i => {
                    bar.last = i;
                    bar.elapsed += step.elapsed;
                }
                _ => row.push(Bar {
                    mode: lock.mode,
                    first: i,
                    last: i,
                    elapsed: step.elapsed,
                }),
            }
        }
    }
    bars
}

fn timeline(html: &mut String, file: &Rehearsed) {
    let steps = &file.first.steps;
    let bars = bars(steps, file.in_transaction);
    if bars.is_empty() {
        html.push_str("<p>No table that was there before is locked.</p>\n");
        return;
    }
    let (width, height) = (NAMES + COLUMN * steps.len(), HEAD + ROW * bars.len() + 4);
    let _ = writeln!(
        html,
        "<div class=\"wide\"><svg role=\"img\" aria-label=\"The locks on each table, statement by statement\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    for (i, step) in steps.iter().enumerate() {
        let x = NAMES + COLUMN * i;
        let _ = writeln!(
            html,
            "<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{height}\"/><text x=\"{}\" y=\"15\">{}. {}</text>\
             <text class=\"small\" x=\"{}\" y=\"31\">{}</text>",
            x + 6,
            i + 1,
            escape(&first_words(&step.text)),
            x + 6,
            duration(step.elapsed)
        );
    }
    for ((relation, row), i) in bars.iter().zip(0..) {
        let y = HEAD + ROW * i;
        let _ = writeln!(
            html,
            "<text x=\"0\" y=\"{}\">{}</text>",
            y + 18,
            escape(&cut(short(relation), 30))
        );
        for bar in row {
            draw(html, relation, bar, y);
        }
    }
    html.push_str("</svg></div>\n");
}

fn draw(html: &mut String, relation: &str, bar: &Bar, y: usize) {
    let x = NAMES + COLUMN * bar.first;
    let width = COLUMN * (bar.last + 1 - bar.first);
    let mode = bar.mode.to_string();
    // 6 pixels a letter
    let label = if mode.len() * 6 + 12 <= width {
        mode.clone()
    } else {
        initials(&mode)
    };
    let _ = writeln!(
        html,
        "<g class=\"bar {}\"><title>{mode} on {}, {}: at least {}</title><rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{}\" \
         rx=\"3\"/><text class=\"label\" x=\"{}\" y=\"{}\">{label}</text></g>",
        class(bar.mode),
        escape(relation),
        if bar.first == bar.last {
            format!("statement {}", bar.first + 1)
        } else {
            format!("statements {} to {}", bar.first + 1, bar.last + 1)
        },
        duration(bar.elapsed),
        y + 3,
        ROW - 6,
        x + 6,
        y + 18
    );
}

/// `ACCESS EXCLUSIVE` as `AE`.
fn initials(mode: &str) -> String {
    mode.split(' ').filter_map(|word| word.chars().next()).collect()
}

/// `ALTER TABLE`.
fn first_words(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().take(2).collect();
    cut(&words.join(" "), 13)
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

fn class(mode: LockMode) -> String {
    format!("mode{}", mode as u8)
}

fn mark(proven: bool, text: &str) -> String {
    let class = if proven { "proven" } else { "unproven" };
    format!("<span class=\"mark {class}\">{}</span>", escape(text))
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
