//! Statements to be pasted, put together from the user's own names.

use super::At;
use crate::lint::ast::{Name, Span};
use crate::lint::model::Key;

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    let plain = name
        .chars()
        .enumerate()
        .all(|(i, c)| c.is_ascii_lowercase() || c == '_' || i > 0 && (c.is_ascii_digit() || c == '$'));
    if plain && !name.is_empty() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Where a thing of the schema is, and its name, as SQL.
pub(super) fn qualified((schema, name): &Key) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(name)),
        None => quoted(name),
    }
}

/// A text as SQL writes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `statement` in a block that asks the catalog first, for it has no `IF NOT EXISTS`.
pub(super) fn unless_constraint(table: &Name, constraint: &str, statement: &str) -> String {
    unless(
        &format!(
            "SELECT FROM pg_constraint\n        WHERE conrelid = {}::regclass AND conname = {}",
            literal(&table.written),
            literal(constraint)
        ),
        statement,
    )
}

/// `statement` in a block that runs it where the query finds nothing.
pub(super) fn unless(query: &str, statement: &str) -> String {
    let statement = statement.trim_end_matches(';').replace('\n', "\n        ");
    format!(
        "DO $$\nBEGIN\n    IF NOT EXISTS (\n        {query}\n    ) THEN\n        {statement};\n    END IF;\nEND\n$$;"
    )
}

/// A constraint in two steps: here without reading the table, and proven in the next file.
pub(super) fn in_two_files(table: &Name, constraint: &str, definition: &str) -> String {
    let name = quoted(constraint);
    let add = format!("ALTER TABLE {table}\n    ADD CONSTRAINT {name} {definition} NOT VALID");
    format!(
        "in this file:\n{}\nin the next file:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        unless_constraint(table, constraint, &add)
    )
}

/// A piece of the file without some pieces of it.
pub(super) fn without(at: &At<'_>, whole: &Span, pieces: &[Span]) -> String {
    let mut text = String::new();
    let mut from = whole.start;
    for piece in pieces {
        text.push_str(at.text(&(from..piece.start)).trim_end());
        from = piece.end;
    }
    text.push_str(at.text(&(from..whole.end)));
    text.trim_end().to_owned()
}

/// A constraint as written, without its name.
pub(super) fn definition<'a>(at: &'a At<'_>, span: &Span, named: bool) -> &'a str {
    let text = at.text(span);
    if !named {
        return text;
    }
    // `CONSTRAINT name CHECK (…)`: the definition begins at its own keyword
    let lower = text.to_ascii_lowercase();
    [
        "check",
        "foreign key",
        "references",
        "unique",
        "primary key",
        "exclude",
        "not null",
    ]
    .iter()
    .filter_map(|word| {
        lower
            .match_indices(word)
            .map(|(i, _)| i)
            .find(|i| *i > 0 && is_word_start(&lower, *i))
    })
    .min()
    .and_then(|start| text.get(start..))
    .unwrap_or(text)
}

fn is_word_start(text: &str, at: usize) -> bool {
    text.as_bytes()[at - 1].is_ascii_whitespace()
}
