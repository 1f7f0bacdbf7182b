//! Expressions as the server spells them once they were dumped and loaded.
//!
//! What it spells of an expression as it was written first is not always what it spells after it has read that again: a
//! BETWEEN in front of an AND stays a pair of its own until then, and the list of an IN on a `varchar` is converted as a
//! whole until then, and element by element ever after. Both mean the same. So that a schema is the same after a restore, it
//! is always the second spelling that counts.

/// A piece of an expression.
#[derive(Debug, Clone)]
enum Piece {
    /// Text without parentheses or brackets, but for what is inside of quotes.
    Text(String),
    Parentheses(Vec<Piece>),
    Brackets(Vec<Piece>),
}

use Piece::{Brackets, Parentheses, Text};

/// The text with every expression in its second spelling. What is in quotes stays.
pub(crate) fn settled(text: &str) -> String {
    let joined = text.contains("((") && (text.contains(" AND ") || text.contains(" OR "));
    if !joined && !text.contains("(ARRAY[") {
        return text.to_owned();
    }
    let mut rest = text;
    let Some(pieces) = read(&mut rest, None) else {
        return text.to_owned();
    };
    let mut written = String::with_capacity(text.len());
    write(&settle(pieces), &mut written);
    written
}

/// Reads up to `end`; `None` where something is not closed.
fn read(rest: &mut &str, end: Option<char>) -> Option<Vec<Piece>> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    let flush = |text: &mut String, pieces: &mut Vec<Piece>| {
        if !text.is_empty() {
            pieces.push(Text(std::mem::take(text)));
        }
    };
    while let Some(c) = rest.chars().next() {
        *rest = &rest[c.len_utf8()..];
        match c {
            '(' | '[' => {
                flush(&mut text, &mut pieces);
                pieces.push(if c == '(' {
                    Parentheses(read(rest, Some(')'))?)
                } else {
                    Brackets(read(rest, Some(']'))?)
                });
            }
            ')' | ']' => {
                flush(&mut text, &mut pieces);
                return (end == Some(c)).then_some(pieces);
            }
            '\'' | '"' => {
                // a doubled one closes, and opens again
                let length = rest.find(c)? + 1;
                text.push(c);
                text.push_str(&rest[..length]);
                *rest = &rest[length..];
            }
            c => text.push(c),
        }
    }
    flush(&mut text, &mut pieces);
    end.is_none().then_some(pieces)
}

fn write(pieces: &[Piece], written: &mut String) {
    for piece in pieces {
        match piece {
            Text(text) => written.push_str(text),
            Parentheses(inner) => {
                written.push('(');
                write(inner, written);
                written.push(')');
            }
            Brackets(inner) => {
                written.push('[');
                write(inner, written);
                written.push(']');
            }
        }
    }
}

/// From the inside out.
fn settle(pieces: Vec<Piece>) -> Vec<Piece> {
    let inner = pieces.into_iter().map(|piece| match piece {
        Parentheses(inner) => {
            let inner = settle(inner);
            Parentheses(flat(&inner, " AND ").or_else(|| flat(&inner, " OR ")).unwrap_or(inner))
        }
        Brackets(inner) => Brackets(settle(inner)),
        text @ Text(_) => text,
    });
    element_by_element(inner.collect())
}

/// `(a AND b) AND c` as `a AND b AND c`, if it is one; the server reads the first of such a list into the list.
fn flat(pieces: &[Piece], word: &str) -> Option<Vec<Piece>> {
    let [Parentheses(first), Text(next), ..] = pieces else {
        return None;
    };
    if !next.starts_with(word) || !is_list(first, word) {
        return None;
    }
    Some([first, &pieces[1..]].concat())
}

/// Whether it is a list of expressions in parentheses, or of names and calls, with that word between them alone.
fn is_list(pieces: &[Piece], word: &str) -> bool {
    let is_between = |piece: &Piece| matches!(piece, Text(text) if text.contains(word));
    let is_another = |piece: &Piece| matches!(piece, Text(text) if text.contains(" SELECT ") || text.contains(if word == " AND " { " OR " } else { " AND " }));
    pieces.iter().any(is_between) && !pieces.iter().any(is_another)
}

/// `(ARRAY[a, b])::text[]` as `ARRAY[(a)::text, (b)::text]`.
fn element_by_element(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut settled: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let kind = match pieces.peek() {
            Some(Text(text)) if text.starts_with("::") => Some(text.clone()),
            _ => None,
        };
        let (Parentheses(inner), Some(kind)) = (&piece, kind) else {
            settled.push(piece);
            continue;
        };
        let [Text(word), Brackets(elements)] = inner.as_slice() else {
            settled.push(piece);
            continue;
        };
        let after = pieces.clone().nth(1);
        if word != "ARRAY" || !matches!(after, Some(Brackets(empty)) if empty.is_empty()) || nests(elements) {
            settled.push(piece);
            continue;
        }
        let converted = elements_of(elements).into_iter().enumerate().flat_map(|(n, element)| {
            let comma = (n > 0).then(|| Text(", ".to_owned()));
            comma.into_iter().chain([Parentheses(element), Text(kind.clone())])
        });
        settled.push(Text("ARRAY".to_owned()));
        settled.push(Brackets(converted.collect()));
        // the type, and its brackets
        pieces.next();
        pieces.next();
    }
    settled
}

/// Whether they are arrays themselves.
fn nests(elements: &[Piece]) -> bool {
    elements
        .iter()
        .any(|piece| matches!(piece, Text(text) if text.contains("ARRAY")) || matches!(piece, Brackets(_)))
}

/// What stands between the commas.
fn elements_of(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut elements = vec![Vec::new()];
    for piece in pieces {
        let Text(text) = piece else {
            if let Some(last) = elements.last_mut() {
                last.push(piece.clone());
            }
            continue;
        };
        for (n, part) in split(text).into_iter().enumerate() {
            if n > 0 {
                elements.push(Vec::new());
            }
            if let (false, Some(last)) = (part.is_empty(), elements.last_mut()) {
                last.push(Text(part));
            }
        }
    }
    elements
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, quote) {
            (',', None) if characters.peek() == Some(&' ') => {
                characters.next();
                parts.push(String::new());
                continue;
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn what_the_server_reads_into_one_list_is_one() {
        for (first, second) in [
            (
                "CHECK ((((a >= 1) AND (a <= 5)) AND (b > 0)))",
                "CHECK (((a >= 1) AND (a <= 5) AND (b > 0)))",
            ),
            (
                "((((a < 1) OR (a > 5)) OR b) OR (c AND d))",
                "((a < 1) OR (a > 5) OR b OR (c AND d))",
            ),
            (
                "WHERE ((((a >= 1) AND (a <= 5)) AND b) AND (EXISTS ( SELECT 1\n   FROM t)))",
                "WHERE ((a >= 1) AND (a <= 5) AND b AND (EXISTS ( SELECT 1\n   FROM t)))",
            ),
        ] {
            assert_eq!(settled(first), second);
            assert_eq!(settled(second), second);
        }
    }

    #[test]
    fn what_it_does_not_stays() {
        for text in [
            "CHECK (((b > 0) AND ((a >= 1) AND (a <= 5))))",
            "(((a = 1) AND (b = 2)) OR ((a = 3) AND (b = 4)))",
            "sum(a) OVER (ORDER BY ((b)) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "((a)::text = '(((x AND y) AND z))'::text)",
            "(\"odd ((\"\" AND \" AND ((a)))",
            "unclosed ((a AND b) AND c",
        ] {
            assert_eq!(settled(text), text);
        }
    }

    #[test]
    fn a_list_is_converted_element_by_element() {
        assert_eq!(
            settled(
                "CHECK (((s)::text = ANY ((ARRAY['a, b'::character varying, 'it''s'::character varying])::text[])))"
            ),
            "CHECK (((s)::text = ANY (ARRAY[('a, b'::character varying)::text, ('it''s'::character varying)::text])))"
        );
        let call = "ANY ((ARRAY[f(a, b), c])::public.\"T\"[])";
        assert_eq!(settled(call), "ANY (ARRAY[(f(a, b))::public.\"T\", (c)::public.\"T\"])");
        for text in [
            "('{a}'::character varying[])::text[]",
            "ARRAY[]::text[]",
            "((ARRAY[1, 2])[1])",
        ] {
            assert_eq!(settled(text), text);
        }
    }
}
