//! The rows in what pg_dump and pg_restore write, and a digest of them.
//!
//! A crate of its own because it looks at every row: the development profile, which `cargo xtask` is built with, optimises
//! it alone. Nothing in it is generic for the same reason: that would be compiled where it is used.

mod archive;
mod copy;
mod digest;
mod text;

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Read};

pub use crate::archive::{digests_of_archive, digests_of_folder, is_archive};
use crate::copy::Copy;
pub use crate::digest::RowDigest;
use crate::text::Text;

/// A table, in the database's encoding, which is that of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The schema's name, without quotes.
    pub schema: Vec<u8>,
    /// Its own name, without quotes.
    pub name: Vec<u8>,
    /// The columns in the order in which a row of it is digested, whatever order the text has them in.
    pub columns: Vec<Vec<u8>>,
}

/// What the rows of each table amount to, in the order of `tables`; `None` for one that the text has no rows of, not
/// even none. A table that the text has more than once is one, as pg_dump writes partitions that it loads by their root.
///
/// The text is the data section that pg_dump or pg_restore writes. Fails where it cannot be read, is not understood, or
/// ends within a table's rows.
pub fn digests(text: &mut dyn Read, tables: &[Table]) -> Result<Vec<Option<RowDigest>>, Error> {
    let mut found = Found::none(tables);
    let mut text = Text::of(text);
    while let Some(statement) = text.statement()? {
        if statement.starts_with(b"COPY ") {
            found.read(&statement, &mut text)?;
        }
    }
    Ok(found.digests)
}

/// Adds what was found elsewhere of the same tables.
pub fn merge(all: &mut [Option<RowDigest>], more: &[Option<RowDigest>]) {
    for (one, other) in all.iter_mut().zip(more) {
        if let Some(digest) = other {
            one.get_or_insert_default().merge(*digest);
        }
    }
}

/// What was found of the tables that are looked for.
struct Found<'t> {
    tables: &'t [Table],
    places: HashMap<(&'t [u8], &'t [u8]), usize>,
    digests: Vec<Option<RowDigest>>,
}

impl<'t> Found<'t> {
    fn none(tables: &'t [Table]) -> Found<'t> {
        let names = tables
            .iter()
            .map(|table| (table.schema.as_slice(), table.name.as_slice()));
        Found {
            tables,
            places: names.zip(0..).collect(),
            digests: vec![None; tables.len()],
        }
    }

    /// Reads the rows behind a COPY.
    fn read(&mut self, statement: &[u8], text: &mut Text<'_>) -> Result<(), Error> {
        let copy = Copy::parse(statement).ok_or_else(|| not_understood(statement))?;
        let place = self.places.get(&(copy.schema.as_slice(), copy.name.as_slice()));
        let order = place.and_then(|place| copy.order_of(&self.tables[*place].columns));
        let digest = rows(text, statement, order.as_deref())?;
        if let Some(place) = place {
            self.digests[*place].get_or_insert_default().merge(digest);
        }
        Ok(())
    }
}

/// Reads rows to their end; with an order, each row's fields are put into it.
fn rows(text: &mut Text<'_>, statement: &[u8], order: Option<&[usize]>) -> Result<RowDigest, Error> {
    let mut digest = RowDigest::default();
    let mut ordered = Vec::new();
    while let Some(line) = text.line()? {
        // no row is so: a backslash of its own is doubled
        if line == b"\\." {
            return Ok(digest);
        }
        match order {
            None => digest.add(line),
            Some(order) => {
                copy::in_order(line, order, &mut ordered);
                digest.add(&ordered);
            }
        }
    }
    let words = format!("the text ends within the rows of `{}`", shown(statement));
    Err(Error::new(ErrorKind::UnexpectedEof, words))
}

fn not_understood(statement: &[u8]) -> Error {
    let words = format!("a statement is not understood: `{}`", shown(statement));
    Error::new(ErrorKind::InvalidData, words)
}

fn shown(statement: &[u8]) -> String {
    String::from_utf8_lossy(statement).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(schema: &str, name: &str, columns: &[&str]) -> Table {
        Table {
            schema: schema.into(),
            name: name.into(),
            columns: columns.iter().map(|column| column.as_bytes().to_vec()).collect(),
        }
    }

    fn of_rows(rows: &[&str]) -> RowDigest {
        let mut digest = RowDigest::default();
        for row in rows {
            digest.add(row.as_bytes());
        }
        digest
    }

    /// Hands out so many bytes at once.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    const TEXT: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\n\n\
        --\n-- Data for Name: a; Type: TABLE DATA; Schema: public; Owner: -\n--\n\n\
        COPY public.a (id, \"b c\") FROM stdin;\n1\tx\\ny\n2\t\\\\.\n3\t\\N\n\\.\n\n\n\
        COPY public.empty (id) FROM stdin;\n\\.\n\n\n\
        COPY public.\"no\"\"column\nCOPY public.a (id) FROM stdin;\"  FROM stdin;\n\n\n\\.\n\n\n\
        SELECT pg_catalog.setval('public.\"s''\nCOPY public.a (id) FROM stdin;\n1\n\\.\n\"', 1, true);\n\
        COPY public.unknown (id) FROM stdin;\n9\n\\.\n\n\n\
        COPY public.root (x, y, z) FROM stdin;\n1\t2\t3\n\\.\n\n\n\
        COPY public.root (z, x, y) FROM stdin;\n6\t4\t5\n\\.\n\n\n\\unrestrict abc\n";

    #[test]
    fn each_table_s_rows_are_its_own_whatever_they_and_the_names_look_like() {
        let tables = [
            table("public", "a", &["id", "b c"]),
            table("public", "empty", &["id"]),
            table("public", "no\"column\nCOPY public.a (id) FROM stdin;", &[]),
            table("public", "root", &["x", "y", "z"]),
            table("public", "missing", &["id"]),
        ];
        let expected = [
            Some(of_rows(&["3\t\\N", "1\tx\\ny", "2\t\\\\."])),
            Some(RowDigest::default()),
            Some(of_rows(&["", ""])),
            Some(of_rows(&["4\t5\t6", "1\t2\t3"])),
            None,
        ];
        for piece in [1, 2, 3, 7, 64, TEXT.len()] {
            let found = digests(&mut Pieces(TEXT.as_bytes(), piece), &tables).unwrap();
            assert_eq!(found, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn an_end_too_early_and_a_strange_statement_are_errors() {
        let fails = |text: &str| digests(&mut text.as_bytes(), &[]).unwrap_err().to_string();
        assert!(fails("COPY public.a (id) FROM stdin;\n1\n").contains("ends within the rows of `COPY public.a"));
        assert!(fails("COPY public.a (id) FROM stdin;\n1\n\\").contains("ends within"));
        assert!(fails("SELECT 'x\n").contains("ends within a statement"));
        assert!(fails("COPY public.a TO stdout;\n").contains("not understood"));
    }

    #[test]
    fn a_row_may_be_longer_than_what_is_read_at_once() {
        let row = "x".repeat(1_000_000);
        let text = format!("COPY s.t (a) FROM stdin;\n{row}\nshort\n{row}\n\\.\n");
        let found = digests(&mut Pieces(text.as_bytes(), 65_536), &[table("s", "t", &["a"])]).unwrap();
        assert_eq!(found, [Some(of_rows(&[&row, "short", &row]))]);
    }
}
