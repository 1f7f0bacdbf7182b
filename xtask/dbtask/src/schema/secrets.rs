//! Passwords in the options of what is foreign.

/// How the statements begin that have such options.
const HEADS: [&str; 5] = [
    "CREATE USER MAPPING ",
    "CREATE SERVER ",
    "CREATE FOREIGN DATA WRAPPER ",
    "CREATE FOREIGN TABLE ",
    "ALTER FOREIGN TABLE ",
];

/// What the name of an option that holds a secret has in it, as the facts have it.
const SECRET: [&str; 6] = ["pass", "secret", "token", "key", "cred", "auth"];

/// The statement with every value of an option that may be a secret replaced.
pub(super) fn redact(statement: &str) -> String {
    let options = HEADS
        .iter()
        .any(|head| statement.starts_with(head))
        .then(|| statement.find("OPTIONS ("))
        .flatten();
    let Some(options) = options else {
        return statement.to_owned();
    };
    let (head, mut rest) = statement.split_at(options);
    let mut text = head.to_owned();
    while let Some(open) = rest.find('\'') {
        let (before, literal) = rest.split_at(open);
        let name = before.strip_suffix(" E").unwrap_or(before).trim_end();
        let end = end_of_literal(literal, before.ends_with(" E"));
        let name = name
            .rsplit([' ', '\n', '(', ','])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        text.push_str(before);
        text.push_str(if SECRET.iter().any(|part| name.contains(part)) {
            "'(secret)'"
        } else {
            &literal[..end]
        });
        rest = &literal[end..];
    }
    text + rest
}

/// Where a text in quotes ends: a doubled quote is one inside of it, and so is one behind a backslash in `E'…'`.
fn end_of_literal(literal: &str, escapes: bool) -> usize {
    let bytes = literal.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    literal.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_secret_options_are_replaced() {
        assert_eq!(
            redact("CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    password 'it''s',\n    \"user\" 'u'\n)"),
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    password '(secret)',\n    \"user\" 'u'\n)"
        );
        assert_eq!(
            redact(r"CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (api_key E'a\\\'b', host 'h')"),
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (api_key E'(secret)', host 'h')"
        );
        let other = "CREATE FUNCTION f() AS 'OPTIONS (password ''x'')'";
        assert_eq!(redact(other), other);
    }
}
