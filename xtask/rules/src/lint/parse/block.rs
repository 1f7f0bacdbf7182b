//! `DO` blocks and the bodies of functions.
//!
//! The statements of a `DO` block run, so they become statements like others; strings that it executes are read too,
//! where they stand there whole. A function's body does not run when it is created: only its syntax is looked at.

use super::syntax::{self, Objection};
use super::tree::{self, Node, SyntaxKind, child, children, has};
use super::{Parsed, Reader, depth, literal};
use crate::lint::ast::{Do, Dynamic, Guard, Kind, Span};

/// What a routine is made of.
pub(super) struct Routine {
    pub language: Option<String>,
    /// The text between the quotes; none where the body stands in the statement itself.
    pub body: Option<literal::Value>,
}

impl Routine {
    /// Reads the options of a routine. Of two of a kind the last one is taken; that is an error anyway.
    pub(super) fn of(options: &Node<'_>) -> Routine {
        Routine {
            language: children(options, SyntaxKind::LANGUAGE_FUNC_OPTION)
                .last()
                .and_then(|option| language(&option)),
            body: children(options, SyntaxKind::AS_FUNC_OPTION)
                .last()
                .and_then(|option| child(&option, SyntaxKind::AS_DEFINITION))
                .and_then(|definition| literal::value(&child(&definition, SyntaxKind::LITERAL)?)),
        }
    }
}

/// The language that `LANGUAGE …` names.
fn language(node: &Node<'_>) -> Option<String> {
    match child(node, SyntaxKind::LANGUAGE_REF) {
        Some(name) => Some(literal::identifier(&name)),
        None => Some(literal::value(&child(node, SyntaxKind::LITERAL)?)?.text),
    }
}

impl Reader<'_> {
    /// Reads a `DO`: the block itself, then the statements in it.
    pub(super) fn read_do(&mut self, node: &Node<'_>) -> Do {
        let unread = Do {
            read: false,
            dynamic: Vec::new(),
        };
        let of_other =
            child(node, SyntaxKind::DO_LANGUAGE).is_some_and(|option| language(&option).as_deref() != Some("plpgsql"));
        let body = child(node, SyntaxKind::LITERAL).and_then(|body| literal::value(&body));
        let Some(body) = body.filter(|_| !of_other) else {
            return unread;
        };
        let tree = match syntax::block(node, &body.text) {
            Ok(tree) => tree,
            Err(objection) => {
                self.syntax_error("", &in_words(objection));
                return unread;
            }
        };
        let outer = self.map;
        let map = |of: Span| outer(body.source(of));
        let mut inner = Reader {
            map: &map,
            strings: self.strings,
            parsed: Parsed::default(),
        };
        let mut dynamic = Vec::new();
        for below in tree.root().descendants() {
            match below.kind() {
                SyntaxKind::PLPGSQL_EXEC_SQL_STMT
                | SyntaxKind::PLPGSQL_CALL_STMT
                | SyntaxKind::PLPGSQL_PERFORM_STMT => {
                    for statement in below.children() {
                        inner.read_guarded(&statement, guard(&below));
                    }
                }
                SyntaxKind::PLPGSQL_COMMIT_STMT | SyntaxKind::PLPGSQL_ROLLBACK_STMT => {
                    let word = tree::first_word(&below);
                    inner.push(&below, Kind::Transaction(word));
                }
                SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
                | SyntaxKind::PLPGSQL_FOR_DYN_STMT
                | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT => inner.read_execute(&below, &mut dynamic),
                _ => {}
            }
        }
        for statement in &mut inner.parsed.statements {
            statement.in_block = true;
        }
        self.parsed.statements.append(&mut inner.parsed.statements);
        self.parsed.problems.append(&mut inner.parsed.problems);
        Do { read: true, dynamic }
    }

    fn read_guarded(&mut self, node: &Node<'_>, guard: Guard) {
        let first = self.parsed.statements.len();
        self.read(node);
        for statement in &mut self.parsed.statements[first..] {
            statement.guard = guard;
        }
    }

    /// `EXECUTE`: a string that stands there whole is a statement, everything else is dynamic.
    fn read_execute(&mut self, node: &Node<'_>, dynamic: &mut Vec<Dynamic>) {
        let Some(query) = tree::child(node, SyntaxKind::PLPGSQL_EXPR) else {
            return;
        };
        let literals: Vec<Node<'_>> = query
            .descendants()
            .filter(|below| below.kind() == SyntaxKind::LITERAL)
            .collect();
        let span = (self.map)(node.range());
        if let [literal] = literals.as_slice()
            && tree::text(&query) == tree::text(literal)
            && let Some(value) = literal::value(literal)
            && depth::is_bounded(&value.text)
            && let Ok(statements) = syntax::statements(&value.text)
        {
            let outer = self.map;
            let map = |of: Span| outer(value.source(of));
            let mut inner = Reader {
                map: &map,
                strings: self.strings,
                parsed: Parsed::default(),
            };
            for statement in statements.root().children() {
                inner.read_guarded(&statement, guard(node));
            }
            self.parsed.statements.append(&mut inner.parsed.statements);
            self.parsed.problems.append(&mut inner.parsed.problems);
            return;
        }
        let text: Vec<String> = literals
            .iter()
            .filter_map(literal::value)
            .map(|value| value.text.to_ascii_lowercase())
            .collect();
        dynamic.push(Dynamic {
            span,
            text: text.join(" "),
        });
    }

    /// The syntax of a routine's body in PL/pgSQL. Those in SQL were looked at together with the statement.
    pub(super) fn check_body(&mut self, node: &Node<'_>) {
        let Some(options) = child(node, SyntaxKind::FUNC_OPTION_LIST) else {
            return;
        };
        let routine = Routine::of(&options);
        if let Some(body) = routine.body.filter(|_| routine.language.as_deref() == Some("plpgsql"))
            && let Err(objection) = syntax::block(node, &body.text)
        {
            self.syntax_error("", &in_words(objection));
        }
    }
}

/// What is wrong, in words. The parser takes no statement for one that has an `INTO`; those that name variables were
/// blanked out, so that this one names none.
fn in_words(objection: Objection) -> Objection {
    let word = objection.message.strip_prefix("expected a statement, got ");
    let has_into = [
        "SELECT_KW",
        "INSERT_KW",
        "UPDATE_KW",
        "DELETE_KW",
        "WITH_KW",
        "MERGE_KW",
    ];
    if word.is_some_and(|word| has_into.contains(&word)) {
        Objection {
            message: "`INTO` names no variable".to_owned(),
            ..objection
        }
    } else {
        objection
    }
}

/// What a statement of a block depends on.
fn guard(node: &Node<'_>) -> Guard {
    let conditional = node.ancestors().any(|above| match above.kind() {
        // a loop over what the catalog has is a condition, too
        SyntaxKind::PLPGSQL_IF_STMT
        | SyntaxKind::PLPGSQL_CASE_STMT
        | SyntaxKind::PLPGSQL_FOR_QUERY_STMT
        | SyntaxKind::PLPGSQL_FOR_DYN_STMT => true,
        SyntaxKind::PLPGSQL_BLOCK => has(&above, SyntaxKind::PLPGSQL_EXCEPTION_SECTION),
        _ => false,
    });
    if conditional { Guard::Conditional } else { Guard::None }
}
