//! The file in which a run keeps what it found out.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

use super::bytes::{Sink, Source, Stored as _, check};
use crate::lint::finding::Finding;
use crate::lint::parse::Parsed;
use crate::lint::rules;
use crate::lint::sql_file::SqlFile;

/// The first bytes of the file.
const MAGIC: &str = "dbtask lint cache";

/// What is known of a file as it was.
pub(super) struct Known<'a> {
    path: &'a str,
    text: &'a str,
    /// All of it, as it is kept.
    stored: &'a [u8],
    /// What it does to the schema.
    pub effects: &'a [u8],
    /// How many of the files before it did something to the schema.
    before: usize,
    findings: &'a [u8],
    parsed: &'a [u8],
    parsed_check: u64,
}

impl Known<'_> {
    /// Its findings, under the policy and behind the files of that time.
    pub(super) fn findings(&self) -> Option<Vec<Finding>> {
        if self.findings == [0] {
            return Some(Vec::new());
        }
        let findings = Vec::<Finding>::read(&mut Source::new(self.findings))?;
        findings
            .iter()
            .all(|finding| rules::rule(finding.rule).is_some())
            .then_some(findings)
    }

    /// Its statements.
    pub(super) fn parsed(&self) -> Option<Parsed> {
        (check(self.parsed) == self.parsed_check).then_some(())?;
        Parsed::read(&mut Source::new(self.parsed))
    }
}

/// What an earlier run kept.
#[derive(Default)]
pub(super) struct Memory<'a> {
    is_same_policy: bool,
    files: Vec<Known<'a>>,
    /// The place behind the file that was asked for last: the next one is asked for next.
    next: Cell<usize>,
    /// Where they are, for those that are asked for out of turn.
    places: OnceCell<BTreeMap<&'a str, usize>>,
    /// What was done to the schema, file by file, those left out that do nothing.
    effects: Vec<&'a [u8]>,
}

impl<'a> Memory<'a> {
    /// Reads what a run of the same program kept; `None` where it is not whole.
    pub(super) fn read(bytes: &'a [u8], tool: &str, policy: &str) -> Option<Memory<'a>> {
        let mut source = Source::new(bytes);
        (source.text()? == MAGIC && source.text()? == tool).then_some(())?;
        let mut memory = Memory {
            is_same_policy: source.text()? == policy,
            ..Memory::default()
        };
        for _ in 0..source.number()? {
            let begin = bytes.len() - source.left();
            let head = source.block()?;
            (source.number()? == check(head)).then_some(())?;
            let text = source.text()?;
            let parsed = source.block()?;
            let mut head = Source::new(head);
            let known = Known {
                path: head.text()?,
                text,
                stored: bytes.get(begin..bytes.len() - source.left())?,
                effects: head.block()?,
                before: usize::read(&mut head)?,
                findings: head.block()?,
                parsed,
                parsed_check: head.number()?,
            };
            if !known.effects.is_empty() {
                memory.effects.push(known.effects);
            }
            memory.files.push(known);
        }
        source.is_empty().then_some(memory)
    }

    /// What is known of a file, where it is still the same.
    pub(super) fn of(&self, file: SqlFile<'_>) -> Option<&Known<'a>> {
        let is_it = |known: &Known<'_>| known.path == file.path;
        let at = match self.files.get(self.next.get()) {
            Some(known) if is_it(known) => self.next.get(),
            _ => *self.places().get(file.path)?,
        };
        self.next.set(at + 1);
        self.files.get(at).filter(|known| known.text == file.sql)
    }

    fn places(&self) -> &BTreeMap<&'a str, usize> {
        let paths = self.files.iter().map(|known| known.path);
        self.places.get_or_init(|| paths.zip(0..).collect())
    }

    /// The history from its beginning.
    pub(super) fn history(&self) -> History<'_, 'a> {
        History {
            memory: self,
            is_same: self.is_same_policy,
            before: 0,
        }
    }
}

/// How far the files of now do to the schema what those of that time did.
pub(super) struct History<'m, 'a> {
    memory: &'m Memory<'a>,
    is_same: bool,
    before: usize,
}

impl History<'_, '_> {
    /// Whether the schema in front of a file is what it was.
    pub(super) fn is_at(&self, known: &Known<'_>) -> bool {
        self.is_same && known.before == self.before
    }

    /// Goes past a file.
    pub(super) fn goes_on(&mut self, effects: &[u8]) {
        if !effects.is_empty() {
            self.is_same &= self.memory.effects.get(self.before) == Some(&effects);
            self.before += 1;
        }
    }
}

/// What a run keeps.
pub(super) struct Record {
    sink: Sink,
    before: usize,
}

impl Record {
    pub(super) fn new(tool: &str, policy: &str, files: usize) -> Record {
        let mut sink = Sink::new();
        sink.text(MAGIC);
        sink.text(tool);
        sink.text(policy);
        files.write(&mut sink);
        Record { sink, before: 0 }
    }

    /// Keeps what is known already.
    pub(super) fn keep(&mut self, file: SqlFile<'_>, known: &Known<'_>) {
        if known.before == self.before {
            self.sink.bytes.extend_from_slice(known.stored);
            self.before += usize::from(!known.effects.is_empty());
        } else {
            self.push(file, known.effects, known.findings, known.parsed, known.parsed_check);
        }
    }

    /// Keeps what was found out.
    pub(super) fn add(&mut self, file: SqlFile<'_>, effects: &[u8], findings: &Vec<Finding>, parsed: &Parsed) {
        let (mut stored, mut tree) = (Sink::new(), Sink::new());
        findings.write(&mut stored);
        parsed.write(&mut tree);
        self.push(file, effects, &stored.bytes, &tree.bytes, check(&tree.bytes));
    }

    fn push(&mut self, file: SqlFile<'_>, effects: &[u8], findings: &[u8], parsed: &[u8], parsed_check: u64) {
        let mut head = Sink::new();
        head.text(file.path);
        head.block(effects);
        self.before.write(&mut head);
        head.block(findings);
        head.number(parsed_check);
        self.sink.block(&head.bytes);
        self.sink.number(check(&head.bytes));
        self.sink.text(file.sql);
        self.sink.block(parsed);
        self.before += usize::from(!effects.is_empty());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.sink.bytes
    }
}
