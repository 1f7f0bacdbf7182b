//! `COPY schema.table (columns) FROM stdin;`, as pg_dump writes it.

/// What the statement names.
pub(crate) struct Copy {
    pub(crate) schema: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) columns: Vec<Vec<u8>>,
}

impl Copy {
    pub(crate) fn parse(statement: &[u8]) -> Option<Copy> {
        let mut rest = statement.strip_prefix(b"COPY ")?;
        let schema = identifier(&mut rest)?;
        rest = rest.strip_prefix(b".")?;
        let name = identifier(&mut rest)?;
        rest = rest.strip_prefix(b" ")?;
        let mut columns = Vec::new();
        // a table without columns has no list
        if let Some(list) = rest.strip_prefix(b"(") {
            rest = list;
            loop {
                columns.push(identifier(&mut rest)?);
                match rest.strip_prefix(b", ") {
                    Some(more) => rest = more,
                    None => break,
                }
            }
            rest = rest.strip_prefix(b")")?;
        }
        (rest.trim_ascii() == b"FROM stdin;").then_some(Copy { schema, name, columns })
    }

    /// Where each of `columns` is among these; `None` where nothing is to be put in order.
    pub(crate) fn order_of(&self, columns: &[Vec<u8>]) -> Option<Vec<usize>> {
        if self.columns == columns || self.columns.len() != columns.len() {
            return None;
        }
        let place = |column| self.columns.iter().position(|own| own == column);
        columns.iter().map(place).collect()
    }
}

/// Takes an identifier off the front, and its quotes off it.
fn identifier(text: &mut &[u8]) -> Option<Vec<u8>> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| b" .,();\n".contains(byte))?;
        let (name, rest) = text.split_at(end);
        *text = rest;
        return (!name.is_empty()).then(|| name.to_vec());
    };
    let mut name = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        name.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(more) = rest.strip_prefix(b"\"") else {
            *text = rest;
            return Some(name);
        };
        name.push(b'"');
        rest = more;
    }
}

/// The fields of a row in another order. They are divided by tabs; one within a value is written `\t`.
pub(crate) fn in_order(row: &[u8], order: &[usize], ordered: &mut Vec<u8>) {
    let fields: Vec<&[u8]> = row.split(|byte| *byte == b'\t').collect();
    ordered.clear();
    for (n, place) in order.iter().enumerate() {
        if n > 0 {
            ordered.push(b'\t');
        }
        ordered.extend_from_slice(fields.get(*place).copied().unwrap_or_default());
    }
}
