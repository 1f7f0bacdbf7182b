//! Mermaid's `erDiagram`: <https://mermaid.js.org/syntax/entityRelationshipDiagram.html>.

use std::fmt::Write as _;

use super::{Column, Diagram, Reference};

/// Draws the diagram. Schemas are headings, since Mermaid has no groups here; where there are several, names are qualified.
pub(super) fn draw(diagram: &Diagram) -> String {
    let schemas = diagram.schemas();
    let qualified = schemas.len() > 1;
    let name = |i: usize| {
        let table = &diagram.tables[i];
        let name = if qualified {
            format!("{}.{}", table.schema, table.name)
        } else {
            table.name.clone()
        };
        // quotes cannot be written inside of quotes
        format!("\"{}\"", name.replace('"', "'"))
    };
    let mut text = "erDiagram\n".to_owned();
    for (schema, tables) in &schemas {
        let _ = writeln!(text, "    %% schema {}", schema.replace('\n', " "));
        for &table in tables {
            let columns = &diagram.tables[table].columns;
            if columns.is_empty() {
                let _ = writeln!(text, "    {}", name(table));
                continue;
            }
            let _ = writeln!(text, "    {} {{", name(table));
            for column in columns {
                let _ = writeln!(text, "        {}", attribute(column));
            }
            text.push_str("    }\n");
        }
    }
    for reference in &diagram.references {
        let _ = writeln!(
            text,
            "    {} {} {} : \"{}\"",
            name(reference.from),
            line(reference),
            name(reference.to),
            reference.columns.replace('"', "'")
        );
    }
    text.trim_end().to_owned()
}

/// `bigint author_id FK "null"`; a word that Mermaid would not read is bent, and told as it is.
fn attribute(column: &Column) -> String {
    let (kind, name) = (word(&column.kind), word(&column.name));
    let keys: Vec<&str> = [(column.primary, "PK"), (column.foreign, "FK"), (column.unique, "UK")]
        .into_iter()
        .filter_map(|(has, key)| has.then_some(key))
        .collect();
    let mut remarks = Vec::new();
    if name != column.name || kind != column.kind {
        remarks.push(format!("{} {}", column.name, column.kind).replace('"', "'"));
    }
    if !column.not_null {
        remarks.push("null".to_owned());
    }
    let mut text = format!("{kind} {name}");
    if !keys.is_empty() {
        let _ = write!(text, " {}", keys.join(", "));
    }
    if !remarks.is_empty() {
        let _ = write!(text, " \"{}\"", remarks.join(", "));
    }
    text
}

/// A word that begins with a letter and goes on with letters, digits, `_`, `-`, `()`, `[]`.
fn word(text: &str) -> String {
    let bent: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_-()[]".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if bent.starts_with(|c: char| c.is_ascii_alphabetic()) {
        bent
    } else {
        format!("x{bent}")
    }
}

fn line(reference: &Reference) -> &'static str {
    match (reference.unique, reference.required) {
        (false, true) => "}o--||",
        (false, false) => "}o--o|",
        (true, true) => "|o--||",
        (true, false) => "|o--o|",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_mermaid_would_not_read_is_told_as_it_is() {
        let column = |name: &str, kind: &str| Column {
            name: name.to_owned(),
            kind: kind.to_owned(),
            not_null: true,
            primary: true,
            unique: false,
            foreign: true,
        };
        assert_eq!(attribute(&column("id", "bigint")), "bigint id PK, FK");
        assert_eq!(
            attribute(&column("über 1", "numeric(10,2)")),
            "numeric(10_2) x_ber_1 PK, FK \"über 1 numeric(10,2)\""
        );
    }
}
