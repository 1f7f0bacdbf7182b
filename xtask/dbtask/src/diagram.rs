//! Tables, columns, keys and foreign keys as a picture, for people who would rather look.

mod layout;
mod mermaid;
mod svg;

use std::collections::BTreeMap;
use std::path::Path;

use dbtask_runner::{Error, Session, sql_error};
use serde_json::Value;

use crate::facts::{Fact, Facts};

/// What a diagram is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text that GitHub, GitLab and editors draw.
    Mermaid,
    /// A picture.
    Svg,
}

impl Format {
    /// `mermaid` or `svg`, or the format that a file is named after.
    pub(crate) fn of(path: &Path) -> Result<Format, Error> {
        let name = path.extension().unwrap_or(path.as_os_str()).to_string_lossy();
        match &*name {
            "mermaid" | "mmd" => Ok(Format::Mermaid),
            "svg" => Ok(Format::Svg),
            _ => Err(Error::usage(format!("no diagram is made as `{}`", path.display()))
                .help("`--diagram mermaid` and `--diagram svg` print one, `--diagram FILE.mmd` and `--diagram FILE.svg` write one")),
        }
    }
}

/// The tables of a database and what refers to what.
#[derive(Debug, Default)]
pub(crate) struct Diagram {
    /// In order of schema and name. Partitions are their table's.
    tables: Vec<Table>,
    references: Vec<Reference>,
}

#[derive(Debug)]
struct Table {
    schema: String,
    name: String,
    columns: Vec<Column>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own, and they go together in any way"
)]
struct Column {
    name: String,
    kind: String,
    not_null: bool,
    primary: bool,
    unique: bool,
    foreign: bool,
}

/// A foreign key, between places in `tables` and in their columns.
#[derive(Debug)]
struct Reference {
    from: usize,
    to: usize,
    from_column: usize,
    to_column: usize,
    /// `author_id`, or several with commas.
    columns: String,
    /// Every row refers to one.
    required: bool,
    /// No two rows refer to the same one.
    unique: bool,
}

/// A key as the catalog has it.
struct Key {
    kind: String,
    table: String,
    columns: Vec<String>,
    referenced: Option<String>,
    referenced_columns: Vec<String>,
}

/// Reads what there is to draw.
pub(crate) fn read(session: &Session) -> Result<Diagram, Error> {
    let failed = |e| sql_error("failed to read the database's keys", &e);
    let facts = Facts::read(session)?;
    let rows = session.query(include_str!("diagram/keys.sql"), &[]).map_err(failed)?;
    let keys: Result<Vec<Key>, Error> = rows
        .iter()
        .map(|row| {
            Ok(Key {
                kind: row.try_get(0).map_err(failed)?,
                table: row.try_get(1).map_err(failed)?,
                columns: row.try_get(2).map_err(failed)?,
                referenced: row.try_get(3).map_err(failed)?,
                referenced_columns: row.try_get(4).map_err(failed)?,
            })
        })
        .collect();
    Ok(Diagram::new(&facts, &keys?))
}

impl Diagram {
    fn new(facts: &Facts, keys: &[Key]) -> Diagram {
        let mut columns: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact.kind == "column") {
            columns
                .entry(fact.parent.as_deref().unwrap_or_default())
                .or_default()
                .push(fact);
        }
        let mut diagram = Diagram::default();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut drawn: Vec<&Fact> = facts
            .iter()
            .filter(|fact| {
                matches!(fact.kind.as_str(), "table" | "foreign table")
                    && !fact.attributes.contains_key("partition_bound")
            })
            .collect();
        drawn.sort_by_key(|fact| (&fact.parent, &fact.identity));
        for fact in drawn {
            places.insert(&fact.identity, diagram.tables.len());
            let of_table = columns.get(fact.identity.as_str()).map_or(&[][..], Vec::as_slice);
            diagram.tables.push(Table::new(fact, of_table));
        }
        for key in keys {
            if let Some(&table) = places.get(key.table.as_str()) {
                diagram.take(key, table, &places);
            }
        }
        diagram
    }

    fn take(&mut self, key: &Key, table: usize, places: &BTreeMap<&str, usize>) {
        let marked: Vec<usize> = key
            .columns
            .iter()
            .filter_map(|name| self.tables[table].place(name))
            .collect();
        for &column in &marked {
            let column = &mut self.tables[table].columns[column];
            match key.kind.as_str() {
                "p" => column.primary = true,
                "u" if key.columns.len() == 1 => column.unique = true,
                "u" => {}
                _ => column.foreign = true,
            }
        }
        let referenced = key.referenced.as_deref().and_then(|name| places.get(name));
        if let (Some(&to), Some(&from_column)) = (referenced, marked.first()) {
            let columns = &self.tables[table].columns;
            let is_whole_key = columns.iter().filter(|c| c.primary).count() == marked.len();
            self.references.push(Reference {
                from: table,
                to,
                from_column,
                to_column: key
                    .referenced_columns
                    .first()
                    .and_then(|name| self.tables[to].place(name))
                    .unwrap_or(0),
                columns: key.columns.join(", "),
                required: marked.iter().all(|&c| columns[c].not_null),
                unique: marked.iter().all(|&c| columns[c].primary) && is_whole_key
                    || (marked.len() == 1 && columns[from_column].unique),
            });
        }
    }

    /// The diagram's text.
    pub(crate) fn draw(&self, format: Format) -> String {
        match format {
            Format::Mermaid => mermaid::draw(self),
            Format::Svg => svg::draw(self),
        }
    }

    /// The schemas, each with the places of its tables.
    fn schemas(&self) -> Vec<(&str, Vec<usize>)> {
        let mut schemas: Vec<(&str, Vec<usize>)> = Vec::new();
        for (i, table) in self.tables.iter().enumerate() {
            match schemas.last_mut() {
                Some((schema, tables)) if *schema == table.schema => tables.push(i),
                _ => schemas.push((&table.schema, vec![i])),
            }
        }
        schemas
    }
}

impl Table {
    fn new(fact: &Fact, columns: &[&Fact]) -> Table {
        let schema = fact.parent.clone().unwrap_or_default();
        let name = fact
            .identity
            .strip_prefix(&format!("{schema}."))
            .unwrap_or(&fact.identity);
        let order: Vec<&str> = fact
            .attributes
            .get("column_order")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut columns: Vec<Column> = columns
            .iter()
            .map(|column| Column::new(column, &fact.identity))
            .collect();
        columns.sort_by_key(|column| order.iter().position(|name| *name == column.name));
        Table {
            name: unquoted(name),
            schema: unquoted(&schema),
            columns,
        }
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

impl Column {
    fn new(fact: &Fact, table: &str) -> Column {
        let name = fact
            .identity
            .strip_prefix(&format!("{table}."))
            .unwrap_or(&fact.identity);
        let kind = fact.attributes.get("type").and_then(Value::as_str).unwrap_or_default();
        Column {
            name: unquoted(name),
            kind: short(kind),
            not_null: fact.attributes.get("not_null") == Some(&Value::Bool(true)),
            primary: false,
            unique: false,
            foreign: false,
        }
    }
}

/// A type's name as people write it.
fn short(kind: &str) -> String {
    let mut text = kind.to_owned();
    for zone in ["timestamp", "time"] {
        // the precision stands in the middle: `timestamp(3) with time zone`
        if let Some(rest) = text.strip_prefix(zone)
            && let Some((precision, array)) = rest.split_once(" with time zone")
        {
            text = format!("{zone}tz{precision}{array}");
        }
    }
    text.replace(" without time zone", "")
        .replace("character varying", "varchar")
        .replace("double precision", "double")
}

/// A name without the quotes that SQL needs.
fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_typed_or_a_file_is_named_after_it() {
        for (typed, format) in [
            ("mermaid", Format::Mermaid),
            ("svg", Format::Svg),
            ("a/b.mmd", Format::Mermaid),
            ("b.svg", Format::Svg),
        ] {
            assert_eq!(Format::of(Path::new(typed)).unwrap(), format);
        }
        assert!(Format::of(Path::new("x.png")).is_err());
    }

    #[test]
    fn types_are_written_as_people_do() {
        assert_eq!(short("timestamp(3) with time zone[]"), "timestamptz(3)[]");
        assert_eq!(short("timestamp without time zone"), "timestamp");
        assert_eq!(short("character varying(20)"), "varchar(20)");
        assert_eq!(unquoted("\"a \"\"b\"\"\""), "a \"b\"");
    }
}
