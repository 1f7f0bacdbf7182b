//! Whether the parser's second look could object to a tree that its first one took.
//!
//! That look (`validation.rs` of squawk-syntax 2.68) tries some fifty checks at each node of a tree of its own, which costs
//! more than all the rest. Here each check has its precondition, read off that file, and errs on the side of asking: only
//! where one holds, `syntax` asks. A test has a text for each of them, and another one compares the two on mutants.

use squawk_parser::{EntryPoint, is_col_name_keyword, is_reserved_keyword, is_type_func_name_keyword};

use super::block::Routine;
use super::table::is_type;
use super::tree::{Node, SyntaxKind as K, Tree, child, contains, has};

/// Whether an objection is possible.
pub(super) fn is_possible(tree: &Tree<'_>) -> bool {
    tree.is_wrong || tree.root().all().any(|node| is_doubtful(&node))
}

fn is_doubtful(node: &Node<'_>) -> bool {
    match node.kind() {
        // what is rare is always asked about
        K::AGGREGATE
        | K::ATOMIC_BODY
        | K::CREATE_AGGREGATE
        | K::DISTINCT_ON
        | K::DO_LANGUAGE
        | K::EXCEPT_TABLE_CLAUSE
        | K::JSON_ARRAY_FN
        | K::JSON_OBJECT_FN
        | K::NON_STANDARD_PARAM
        | K::PARAM_IN_OUT
        | K::PARAM_OUT
        | K::PARAM_VARIADIC
        | K::PAREN_FROM_ITEM
        | K::PARTITION_FOR_VALUES_WITH
        | K::PLPGSQL_COMP_OPTION_PRINT_STRICT_PARAMS
        | K::PLPGSQL_FETCH_STMT
        | K::PLPGSQL_FOR_CURSOR_STMT
        | K::PLPGSQL_FOR_I_STMT
        | K::RULE_STMT_LIST
        | K::SELECT_INTO
        | K::STORAGE_MODE
        | K::UESCAPE_KW
        | K::UNICODE_ESC_STRING => true,
        K::IDENT => matches!(node.source().get(..2), Some("u&" | "U&")),
        K::FUNCTION_SIG | K::PROCEDURE_SIG | K::ROUTINE_SIG => contains(node, K::PARAM_DEFAULT),
        K::CREATE_FUNCTION | K::CREATE_PROCEDURE => has(node, K::RETURN_STMT) && contains(node, K::AS_FUNC_OPTION),
        K::FUNC_OPTION_LIST => has_doubtful_options(node),
        K::BIN_EXPR => is_doubtful_operation(node),
        K::PREFIX_EXPR => has(node, K::CUSTOM_OP),
        K::CUSTOM_OP => node.source().len() > super::uses::LONGEST_NAME,
        K::CALL_EXPR => is_doubtful_call(node),
        K::NAME_REF => {
            is_special(node, is_type_func_name_keyword)
                && !is_special(node, |kind| kind == K::CURRENT_SCHEMA_KW)
                && node.parent().is_none_or(|parent| parent.kind() != K::CALL_EXPR)
        }
        K::TABLE_NAME => is_special(node, is_type_func_name_keyword),
        K::LITERAL => node.elements().count() > 1 || has(node, K::DEFAULT_KW),
        K::ARRAY_EXPR => {
            has(node, K::L_PAREN)
                || !has(node, K::ARRAY_KW) && node.parent().is_none_or(|parent| parent.kind() != K::ARRAY_EXPR)
        }
        K::CREATE_TABLE => child(node, K::TABLE_ARG_LIST).is_some_and(|list| {
            let mut columns = list.children().filter(|part| part.kind() == K::COLUMN);
            columns.any(|column| !column.children().any(|part| is_type(part.kind())))
        }),
        kind if is_type(kind) => child(node, K::ARG_LIST).is_some_and(|list| {
            let is_plain = |kind| matches!(kind, K::L_PAREN | K::R_PAREN | K::COMMA | K::INT_NUMBER);
            !list.tokens().all(|token| is_plain(token.kind()))
        }),
        K::FUNCTION_FROM_ITEM => has(node, K::ONLY_KW),
        K::RELATION_FROM_ITEM => has(node, K::LATERAL_KW),
        K::JOIN_EXPR => is_doubtful_join(node),
        K::SELECT => is_doubtful_select(node),
        K::SELECT_CLAUSE => !has(node, K::TARGET_LIST),
        K::SET_COLUMN_LIST => node.children().next().is_none(),
        K::SET_SINGLE_COLUMN => child(node, K::SET_EXPR).is_some_and(|value| has(&value, K::DEFAULT_KW)),
        K::TO_CONFIG_VALUE => node.children().next().is_none() && !has(node, K::DEFAULT_KW),
        K::SOURCE_FILE => !are_parted(node),
        K::PLPGSQL_BLOCK => {
            !has(node, K::SEMICOLON) && node.parent().is_some_and(|parent| parent.kind() == K::PLPGSQL_BODY)
        }
        K::PLPGSQL_CASE_STMT | K::PLPGSQL_CASE_WHEN | K::PLPGSQL_ELSIF_CLAUSE | K::PLPGSQL_IF_STMT => {
            child(node, K::PLPGSQL_EXPR).is_some_and(|condition| contains(&condition, K::CASE_EXPR))
        }
        K::PLPGSQL_FOR_QUERY_STMT => has(node, K::REVERSE_KW),
        _ => false,
    }
}

/// Whether the first word of a node is a keyword of some kind.
fn is_special(node: &Node<'_>, is_kind: impl Fn(K) -> bool) -> bool {
    node.tokens().next().is_some_and(|token| is_kind(token.kind()))
}

fn is_doubtful_operation(node: &Node<'_>) -> bool {
    if has(node, K::OVERLAPS_KW) {
        return true;
    }
    let is_list = |list: Node<'_>| match list.kind() {
        K::PAREN_EXPR => true,
        K::TUPLE_EXPR => !has(&list, K::ROW_KW) && list.children().next().is_some(),
        _ => false,
    };
    (has(node, K::IN_KW) || has(node, K::NOT_IN)) && !node.children().last().is_some_and(is_list)
}

fn is_doubtful_call(node: &Node<'_>) -> bool {
    if has(node, K::ALL_FN) || has(node, K::ANY_FN) || has(node, K::SOME_FN) {
        // `x = ANY (…)`: it stands behind an operator
        let operation = node.parent().filter(|parent| parent.kind() == K::BIN_EXPR);
        let first = operation.and_then(|operation| operation.children().next());
        return first.is_none_or(|first| first.span() == node.span());
    }
    let Some(callee) = child(node, K::NAME_REF) else {
        return false;
    };
    let arguments = child(node, K::ARG_LIST);
    let count = arguments.map_or(0, |list| {
        let arguments = list.elements();
        arguments.filter(|part| matches!(part.kind(), K::ARG | K::STAR)).count()
    });
    is_special(&callee, |kind| match kind {
        K::COALESCE_KW | K::GREATEST_KW | K::LEAST_KW => count == 0,
        K::NULLIF_KW => count != 2,
        K::CURRENT_TIME_KW | K::CURRENT_TIMESTAMP_KW | K::LOCALTIME_KW | K::LOCALTIMESTAMP_KW => false,
        kind => is_col_name_keyword(kind) || is_reserved_keyword(kind),
    })
}

fn is_doubtful_join(node: &Node<'_>) -> bool {
    let Some(join) = child(node, K::JOIN) else { return true };
    let is_conditional = |kind| matches!(kind, K::JOIN_FULL | K::JOIN_INNER | K::JOIN_LEFT | K::JOIN_RIGHT);
    has(&join, K::NATURAL_KW)
        || !join.children().any(|part| is_conditional(part.kind()))
        || !has(&join, K::ON_CLAUSE) && !has(&join, K::JOIN_USING_CLAUSE)
}

fn is_doubtful_select(node: &Node<'_>) -> bool {
    let Some(clause) = child(node, K::SELECT_CLAUSE) else {
        return true;
    };
    let is_behind = |from: Node<'_>| from.span().start >= clause.span().end;
    let above = node.parent().map(|parent| parent.kind());
    !child(node, K::FROM_CLAUSE).is_none_or(is_behind) || above == Some(K::TUPLE_EXPR)
    // one without a target list is doubtful by itself
}

/// Whether a semicolon is behind each statement but the last.
fn are_parted(node: &Node<'_>) -> bool {
    let mut statements = node.children().peekable();
    while let Some(statement) = statements.next() {
        let ends = statement
            .tokens()
            .last()
            .is_some_and(|token| token.kind() == K::SEMICOLON);
        if statements.peek().is_some() && !ends && statement.kind() != K::EMPTY_STMT {
            return false;
        }
    }
    true
}

/// Whether options of a routine may contradict each other, or its body, in SQL, is doubtful itself.
fn has_doubtful_options(list: &Node<'_>) -> bool {
    let mut seen = Vec::new();
    for option in list.children() {
        let kind = option.kind();
        let is_rare = matches!(
            kind,
            K::CALLED_ON_NULL_INPUT_FUNC_OPTION
                | K::NOT_LEAKPROOF_FUNC_OPTION
                | K::RETURNS_NULL_ON_NULL_INPUT_FUNC_OPTION
                | K::SECURITY_INVOKER_FUNC_OPTION
        );
        let may_repeat = matches!(kind, K::SET_FUNC_OPTION | K::RESET_FUNC_OPTION);
        if is_rare || !may_repeat && seen.contains(&kind) {
            return true;
        }
        seen.push(kind);
    }
    let routine = Routine::of(list);
    routine.language.as_deref() == Some("sql")
        && routine
            .body
            .is_some_and(|body| is_possible(&Tree::parse(&body.text, EntryPoint::SourceFile)))
}

#[cfg(test)]
#[path = "doubt_tests.rs"]
mod tests;
