//! Differences between what files make and what is there, in words.

mod files;

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

pub(crate) use self::files::Files;
use crate::facts::{AttributeChange, Change, Difference};
use crate::output::count;

/// Where the time went.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    /// Making the throwaway database.
    pub(crate) creating: Duration,
    /// Applying the files to it.
    pub(crate) applying: Duration,
    /// Reading both schemas.
    pub(crate) reading: Duration,
    pub(crate) comparing: Duration,
}

impl Spent {
    pub(crate) fn reading<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.reading += begun.elapsed();
        result
    }

    pub(crate) fn applying<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.applying += begun.elapsed();
        result
    }

    /// In seconds.
    pub(crate) fn json(&self) -> Value {
        json!({
            "creating": self.creating.as_secs_f64(),
            "applying": self.applying.as_secs_f64(),
            "reading": self.reading.as_secs_f64(),
            "comparing": self.comparing.as_secs_f64(),
        })
    }
}

/// What differs; what a table or another whole brought or took along is told with it.
pub(crate) struct Drift {
    differences: Vec<Difference>,
}

impl Drift {
    /// From what the files make to what is there.
    pub(crate) fn new(differences: Vec<Difference>) -> Drift {
        Drift { differences }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.differences.is_empty()
    }

    /// How many objects differ, without those that came or went with a whole.
    pub(crate) fn len(&self) -> usize {
        self.differences.iter().filter(|d| self.whole(d).is_none()).count()
    }

    /// All of them.
    pub(crate) fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What a part came or went with.
    fn whole(&self, part: &Difference) -> Option<&Difference> {
        if part.change != Change::Added && part.change != Change::Missing {
            return None;
        }
        let alike = |d: &&Difference| d.change == part.change && d.kind != part.kind;
        if part.kind == "comment" {
            let is_commented = |d: &Difference| format!("{} {}", d.kind, d.identity) == part.identity;
            return self.differences.iter().find(|d| alike(d) && is_commented(d));
        }
        let parent = part.parent.as_deref()?;
        let is_whole = |d: &&Difference| {
            d.identity == parent && d.change == part.change && d.kind != part.kind && d.kind != "default"
        };
        self.differences.iter().find(is_whole)
    }

    fn parts(&self, whole: &Difference) -> usize {
        let parts = self
            .differences
            .iter()
            .filter(|d| self.whole(d).is_some_and(|w| std::ptr::eq(w, whole)));
        parts.map(|part| 1 + self.parts(part)).sum()
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for difference in self.differences.iter().filter(|d| self.whole(d).is_none()) {
            if !std::mem::take(&mut first) {
                writeln!(f)?;
            }
            let what = format!("{} {}", difference.kind, difference.identity);
            match &difference.change {
                Change::Changed(changes) => {
                    write!(f, "  changed  {what}")?;
                    for change in changes {
                        write!(f, "\n             {}", words(change).replace('\n', "\n             "))?;
                    }
                }
                change => {
                    let label = if *change == Change::Added { "added  " } else { "missing" };
                    write!(f, "  {label}  {what}")?;
                    match self.parts(difference) {
                        0 => {}
                        n => write!(f, ", with {}", count(n, "part"))?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// `type: integer in the files, bigint in the database`; texts of several lines as a difference.
fn words(change: &AttributeChange) -> String {
    let attribute = &change.attribute;
    if change.is_secret() {
        return change.to_string();
    }
    if let (Some(Value::String(from)), Some(Value::String(to))) = (&change.from, &change.to)
        && (from.trim().contains('\n') || to.trim().contains('\n'))
    {
        let diff = TextDiff::from_lines(from, to);
        let lines = diff
            .grouped_ops(1)
            .into_iter()
            .flatten()
            .flat_map(|op| diff.iter_changes(&op).collect::<Vec<_>>());
        let lines = lines.map(|line| {
            let sign = match line.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            format!("\n{sign} {}", line.value().trim_end_matches('\n'))
        });
        return format!(
            "{attribute}: - in the files, + in the database{}",
            lines.collect::<String>()
        );
    }
    format!(
        "{attribute}: {} in the files, {} in the database",
        shown(change.from.as_ref()),
        shown(change.to.as_ref())
    )
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => format!("`{}`", text.trim()),
        Some(value) => format!("`{value}`"),
    }
}

/// One difference for machines; no digest of a secret is told.
pub(crate) fn json(difference: &Difference) -> Value {
    let (change, attributes) = match &difference.change {
        Change::Added => ("added", Vec::new()),
        Change::Missing => ("missing", Vec::new()),
        Change::Changed(changes) => ("changed", changes.iter().map(attribute_json).collect()),
    };
    json!({
        "kind": difference.kind,
        "identity": difference.identity,
        "parent": difference.parent,
        "change": change,
        "attributes": attributes,
    })
}

fn attribute_json(change: &AttributeChange) -> Value {
    let told = |value: &Option<Value>| match value {
        Some(_) if change.is_secret() => Some(Value::from("(secret)")),
        value => value.clone(),
    };
    json!({ "attribute": change.attribute, "files": told(&change.from), "database": told(&change.to) })
}
