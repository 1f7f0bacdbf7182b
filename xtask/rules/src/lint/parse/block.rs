//! `DO` blocks and the bodies of functions.
//!
//! The statements of a `DO` block run, so they become statements like others; strings that it executes are read too,
//! where they stand there whole. A function's body does not run when it is created: only its syntax is looked at.

use squawk_line_index::TextRange;
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::depth;
use super::tree::{self, has};
use super::{Parsed, Reader};
use crate::lint::ast::{Do, Dynamic, Guard, Kind};

impl Reader<'_> {
    /// Reads a `DO`: the block itself, then the statements in it.
    pub(super) fn read_do(&mut self, node: &SyntaxNode) -> Option<Do> {
        let block = ast::Do::cast(node.clone())?;
        let unread = Do {
            read: false,
            dynamic: Vec::new(),
        };
        let Some(body) = block.plpgsql() else {
            return Some(unread);
        };
        if let Some(error) = body.errors().first() {
            if is_certain(error.message()) {
                self.syntax_error("", error.message(), error.range());
            }
            return Some(unread);
        }
        let outer = self.map;
        let map = |of: TextRange| outer(body.source_range(of));
        let mut inner = Reader {
            map: &map,
            strings: self.strings,
            parsed: Parsed::default(),
        };
        let mut dynamic = Vec::new();
        for below in body.syntax().descendants() {
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
        Some(Do { read: true, dynamic })
    }

    fn read_guarded(&mut self, node: &SyntaxNode, guard: Guard) {
        let first = self.parsed.statements.len();
        self.read(node);
        for statement in &mut self.parsed.statements[first..] {
            statement.guard = guard;
        }
    }

    /// `EXECUTE`: a string that stands there whole is a statement, everything else is dynamic.
    fn read_execute(&mut self, node: &SyntaxNode, dynamic: &mut Vec<Dynamic>) {
        let Some(query) = tree::child(node, SyntaxKind::PLPGSQL_EXPR) else {
            return;
        };
        let literals: Vec<ast::Literal> = query.descendants().filter_map(ast::Literal::cast).collect();
        let span = (self.map)(tree::range(node));
        if let [literal] = literals.as_slice()
            && tree::text(&query) == tree::text(literal.syntax())
            && let Some(decoded) = literal.decoded_value()
            && depth::is_bounded(decoded.text())
            && SourceFile::parse(decoded.text()).errors().is_empty()
        {
            let outer = self.map;
            let map = |of: TextRange| outer(decoded.source_range(of));
            let mut inner = Reader {
                map: &map,
                strings: self.strings,
                parsed: Parsed::default(),
            };
            for statement in SourceFile::parse(decoded.text()).syntax_node().children() {
                inner.read_guarded(&statement, guard(node));
            }
            self.parsed.statements.append(&mut inner.parsed.statements);
            self.parsed.problems.append(&mut inner.parsed.problems);
            return;
        }
        let text: Vec<String> = literals
            .iter()
            .filter_map(ast::Literal::string_value)
            .map(|text| text.to_ascii_lowercase())
            .collect();
        dynamic.push(Dynamic {
            span,
            text: text.join(" "),
        });
    }

    /// The syntax of a function's body.
    pub(super) fn check_body(&mut self, node: &SyntaxNode) {
        // the SQL bodies were looked at together with the statement
        let errors = if let Some(function) = ast::CreateFunction::cast(node.clone()) {
            function.plpgsql().map(|body| body.errors())
        } else {
            ast::CreateProcedure::cast(node.clone())
                .and_then(|procedure| procedure.plpgsql())
                .map(|body| body.errors())
        };
        if let Some(error) = errors.unwrap_or_default().first()
            && is_certain(error.message())
        {
            self.syntax_error("", error.message(), error.range());
        }
    }
}

/// Whether an error in PL/pgSQL is one of the text. Where the parser does not take an SQL statement for a statement, it is
/// one of its own.
fn is_certain(message: &str) -> bool {
    let word = message.strip_prefix("expected a statement, got ").unwrap_or_default();
    ![
        "SELECT_KW",
        "INSERT_KW",
        "UPDATE_KW",
        "DELETE_KW",
        "WITH_KW",
        "MERGE_KW",
    ]
    .contains(&word)
}

/// What a statement of a block depends on.
fn guard(node: &SyntaxNode) -> Guard {
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
