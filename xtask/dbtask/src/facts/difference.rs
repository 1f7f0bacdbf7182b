//! What makes one schema another, object by object and attribute by attribute.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::Fact;

/// The order of a table's columns; of two tables only the order of the columns that both have is compared.
const COLUMN_ORDER: &str = "column_order";

/// Attributes with this name hold digests.
const SECRET: &str = "secret_";

/// An object that two schemas do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub kind: String,
    /// Its name, qualified and quoted for SQL.
    pub identity: String,
    /// What it is a part of.
    pub parent: Option<String>,
    /// How it differs.
    pub change: Change,
}

/// How an object differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the second schema has it.
    Added,
    /// Only the first schema has it.
    Missing,
    /// Both have it, with different attributes.
    Changed(Vec<AttributeChange>),
}

/// An attribute that differs; of one that is an object or a list, what differs in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// The attribute, such as `type`, or `options.fillfactor`.
    pub attribute: String,
    /// As the first schema has it.
    pub from: Option<Value>,
    /// As the second schema has it.
    pub to: Option<Value>,
}

/// Compares facts that are in order.
pub(super) fn between(first: &[Fact], second: &[Fact]) -> Vec<Difference> {
    let mut differences = Vec::new();
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let order = match (first.peek(), second.peek()) {
            (None, None) => return differences,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => (&a.kind, &a.identity).cmp(&(&b.kind, &b.identity)),
        };
        let a = if order == Ordering::Greater { None } else { first.next() };
        let b = if order == Ordering::Less { None } else { second.next() };
        let change = match (a, b) {
            (Some(a), Some(b)) => Change::Changed(changes(a, b)),
            (Some(_), None) => Change::Missing,
            _ => Change::Added,
        };
        if change != Change::Changed(Vec::new())
            && let Some(fact) = a.or(b)
        {
            differences.push(Difference {
                kind: fact.kind.clone(),
                identity: fact.identity.clone(),
                parent: fact.parent.clone(),
                change,
            });
        }
    }
}

fn changes(a: &Fact, b: &Fact) -> Vec<AttributeChange> {
    let names: BTreeSet<&String> = a.attributes.keys().chain(b.attributes.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        match (a.attributes.get(name), b.attributes.get(name)) {
            (Some(Value::Array(a)), Some(Value::Array(b))) if name == COLUMN_ORDER => {
                let (a, b) = (in_both(a, b), in_both(b, a));
                if a != b {
                    changes.push(change(name, Some(&a), Some(&b)));
                }
            }
            (a, b) => compare(name, a, b, &mut changes),
        }
    }
    changes
}

fn in_both(names: &[Value], others: &[Value]) -> Value {
    names.iter().filter(|name| others.contains(name)).cloned().collect()
}

fn compare(name: &str, a: Option<&Value>, b: Option<&Value>, changes: &mut Vec<AttributeChange>) {
    if a == b {
        return;
    }
    let nothing = Map::new();
    match (a, b) {
        (Some(Value::Object(_)) | None, Some(Value::Object(_))) | (Some(Value::Object(_)), None) => {
            let (left, right) = (
                a.and_then(Value::as_object).unwrap_or(&nothing),
                b.and_then(Value::as_object).unwrap_or(&nothing),
            );
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            if keys.is_empty() {
                changes.push(change(name, a, b));
            }
            for key in keys {
                compare(&format!("{name}.{key}"), left.get(key), right.get(key), changes);
            }
        }
        _ => changes.push(change(name, a, b)),
    }
}

fn change(name: &str, from: Option<&Value>, to: Option<&Value>) -> AttributeChange {
    AttributeChange {
        attribute: name.to_owned(),
        from: from.cloned(),
        to: to.cloned(),
    }
}

impl AttributeChange {
    /// Whether the values are digests of a secret, which say no more than that it differs.
    pub fn is_secret(&self) -> bool {
        self.attribute
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .starts_with(SECRET)
    }
}

impl fmt::Display for AttributeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(_) if self.is_secret() => "a secret".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        if self.is_secret() && self.from.is_some() && self.to.is_some() {
            return write!(f, "{}: the secret differs", self.attribute);
        }
        write!(f, "{}: {} → {}", self.attribute, shown(&self.from), shown(&self.to))
    }
}

/// Names a role as another one.
pub(super) fn rename_role(fact: &mut Fact, from: &str, to: &str) {
    if let Some(owner) = fact.attributes.get_mut("owner")
        && owner == from
    {
        *owner = to.into();
    }
    if let Some(Value::Array(roles)) = fact.attributes.get_mut("roles") {
        for role in roles.iter_mut().filter(|role| *role == from) {
            *role = to.into();
        }
        roles.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
    if let Some(Value::Object(grants)) = fact.attributes.get_mut("grants") {
        if let Some(privileges) = grants.remove(from) {
            grants.insert(to.to_owned(), privileges);
        }
        let by = format!(" by {from}");
        for privilege in grants.values_mut().filter_map(Value::as_array_mut).flatten() {
            if let Some(head) = privilege.as_str().and_then(|p| p.strip_suffix(&by)) {
                *privilege = format!("{head} by {to}").into();
            }
        }
    }
    if fact.kind == "default privileges"
        && let Some(rest) = fact.identity.strip_prefix(&format!("of {} ", quoted(from)))
    {
        fact.identity = format!("of {} {rest}", quoted(to));
    }
}

/// A role's name as `format('%I')` has it, where it needs no quotes.
fn quoted(role: &str) -> String {
    let plain = role
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !role.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        role.to_owned()
    } else {
        dbtask_runner::quote_identifier(role)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(identity: &str, attributes: Value) -> Fact {
        Fact {
            kind: "table".to_owned(),
            identity: identity.to_owned(),
            parent: None,
            attributes: serde_json::from_value(attributes).unwrap(),
        }
    }

    fn words(a: Value, b: Value) -> Vec<String> {
        changes(&fact("t", a), &fact("t", b))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn objects_are_added_missing_or_changed() {
        let first = [fact("a", json!({})), fact("b", json!({"owner": "x"}))];
        let second = [fact("b", json!({"owner": "y"})), fact("c", json!({}))];
        let found: Vec<(String, Change)> = between(&first, &second)
            .into_iter()
            .map(|d| (d.identity, d.change))
            .collect();
        let changed = vec![change("owner", Some(&"x".into()), Some(&"y".into()))];
        assert_eq!(
            found,
            [
                ("a".to_owned(), Change::Missing),
                ("b".to_owned(), Change::Changed(changed)),
                ("c".to_owned(), Change::Added)
            ]
        );
        assert!(between(&first, &first).is_empty());
    }

    #[test]
    fn a_change_is_named_as_deep_as_it_is() {
        assert_eq!(
            words(
                json!({"options": {"fillfactor": "70", "x": "1"}}),
                json!({"options": {"x": "1"}})
            ),
            ["options.fillfactor: 70 → nothing"]
        );
        assert_eq!(
            words(json!({}), json!({"grants": {"app": ["SELECT"]}})),
            ["grants.app: nothing → [\"SELECT\"]"]
        );
        assert!(!words(json!({}), json!({"grants": {}})).is_empty());
    }

    #[test]
    fn the_order_of_columns_is_that_of_those_in_both() {
        assert!(
            words(
                json!({"column_order": ["a", "b"]}),
                json!({"column_order": ["a", "c", "b"]})
            )
            .is_empty()
        );
        assert!(
            !words(
                json!({"column_order": ["a", "b"]}),
                json!({"column_order": ["b", "c", "a"]})
            )
            .is_empty()
        );
    }

    #[test]
    fn digests_are_not_shown() {
        let shown = words(
            json!({"options": {"secret_password": "0123"}}),
            json!({"options": {"secret_password": "4567"}}),
        );
        assert_eq!(shown, ["options.secret_password: the secret differs"]);
    }

    #[test]
    fn a_role_is_renamed_wherever_it_is_named() {
        let mut fact = Fact {
            kind: "default privileges".to_owned(),
            ..fact(
                "of a for tables",
                json!({"owner": "a", "roles": ["a", "z"], "grants": {"a": ["SELECT by a"], "b": ["SELECT"]}}),
            )
        };
        rename_role(&mut fact, "a", "m");
        assert_eq!(fact.identity, "of m for tables");
        assert_eq!(
            fact.attributes["grants"],
            json!({"m": ["SELECT by m"], "b": ["SELECT"]})
        );
        assert_eq!(
            (&fact.attributes["owner"], &fact.attributes["roles"]),
            (&json!("m"), &json!(["m", "z"]))
        );
    }
}
