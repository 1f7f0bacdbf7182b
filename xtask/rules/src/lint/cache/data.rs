//! What of the lints' data is stored: each field and each variant once, for writing and for reading. The compiler tells
//! when one is missing; a field marked `place` says where in the file something stands, and nothing else.

use super::bytes::{Place as _, Sink, Source, Stored};
use crate::Position;
use crate::lint::ast::{
    Action, Alter, AlterTable, AlterWhat, Call, Change, Column, Constraint, ConstraintKind, Create, CreateIndex,
    CreateTable, DefaultValue, Details, Do, Drop, Dynamic, Feature, Generated, Guard, Insert, Key, Kind, Name, Query,
    Session, Source as RowSource, Statement, Text, Type, Volatility,
};
use crate::lint::finding::{Edit, Finding, Level};
use crate::lint::parse::{Parsed, Problem, ProblemKind};

macro_rules! stored {
    (@write $field:ident $to:ident) => { $field.write($to) };
    (@write $field:ident place $to:ident) => { $field.write_place($to) };
    (@read $from:ident) => { Stored::read($from)? };
    (@read place $from:ident) => { super::bytes::Place::read_place($from)? };
    ($(struct $name:ident { $($field:ident $(: $place:ident)?),* })*) => {$(
        impl Stored for $name {
            fn write(&self, to: &mut Sink) {
                let $name { $($field),* } = self;
                $(stored!(@write $field $($place)? to);)*
            }

            fn read(from: &mut Source<'_>) -> Option<$name> {
                Some($name { $($field: stored!(@read $($place)? from)),* })
            }
        }
    )*};
    ($(enum $name:ident {
        $($tag:literal => $variant:ident
            $(($($value:ident),*))?
            $({ $($field:ident $(: $place:ident)?),* })?
        ),* $(,)?
    })*) => {$(
        impl Stored for $name {
            fn write(&self, to: &mut Sink) {
                match self {
                    $($name::$variant $(($($value),*))? $({ $($field),* })? => {
                        to.bytes.push($tag);
                        $($($value.write(to);)*)?
                        $($(stored!(@write $field $($place)? to);)*)?
                    })*
                }
            }

            fn read(from: &mut Source<'_>) -> Option<$name> {
                Some(match from.byte()? {
                    $($tag => {
                        $($(let $value = Stored::read(from)?;)*)?
                        $($(let $field = stored!(@read $($place)? from);)*)?
                        $name::$variant $(($($value),*))? $({ $($field),* })?
                    })*
                    _ => return None,
                })
            }
        }
    )*};
}

stored! {
    struct Parsed { statements, problems }
    struct Problem { kind, span, message }
    struct Name { schema, name, written }
    struct Statement {
        span, kind, guard, in_block, calls, strings, relations, features, long_names
    }
    struct Call { name, span, arguments }
    struct Text { value, span, cast }
    struct Feature { name, since }
    struct CreateTable {
        name, if_not_exists, clause_at: place, temporary, columns, constraints, partition_of, partitioned, more_columns,
        foreign
    }
    struct Column {
        name, ty, type_span, not_null, default, identity, generated, constraints, span
    }
    struct DefaultValue { written, is_null, calls }
    struct Type { schema, name, arguments, array, written }
    struct Constraint { name, kind, not_valid, not_enforced, span }
    struct Key { columns, using_index }
    struct AlterTable { name, actions }
    struct CreateIndex {
        name, table, only, unique, concurrently, if_not_exists, clause_at: place, concurrently_at: place, columns, partial,
        filled, rest
    }
    struct Create { object, name, on, or_replace, if_not_exists, clause_at: place, replace_at: place, details }
    struct Query { tables, names, all_columns, more }
    struct Drop { object, names, on, if_exists, clause_at: place, cascade, concurrently }
    struct Alter { object, name, what }
    struct Insert { table, on_conflict, source }
    struct Change { table, verb, limited }
    struct Session { verb, local, parameter, clause_at: place }
    struct Do { read, dynamic }
    struct Dynamic { span, text }
    struct Edit { range, replacement }
    struct Finding { rule, level, path, range, start, end, message, why, help, edits }
    struct Position { line, column }
}

stored! {
    enum ProblemKind { 0 => Syntax, 1 => NotAnalysed, 2 => Backslash }
    enum Guard { 0 => None, 1 => Conditional }
    enum Level { 0 => Allow, 1 => Warning, 2 => Error }
    enum Kind {
        0 => CreateTable(create),
        1 => AlterTable(alter),
        2 => CreateIndex(create),
        3 => Create(create),
        4 => Drop(drop),
        5 => Alter(alter),
        6 => Insert(insert),
        7 => Change(change),
        8 => Truncate { tables, cascade },
        9 => Transaction(word),
        10 => Session(session),
        11 => CopyFromStdin(table),
        12 => Alone(words),
        13 => Reindex { concurrently, table, is_table },
        14 => Cluster(table),
        15 => Vacuum,
        16 => Refresh(view),
        17 => Lock { tables, exclusive },
        18 => Do(block),
        19 => Select { into },
        20 => Other,
    }
    enum Generated { 0 => No, 1 => Stored, 2 => Virtual }
    enum ConstraintKind {
        0 => Check { expression, not_null },
        1 => Unique(key),
        2 => PrimaryKey(key),
        3 => ForeignKey { columns, table, to },
        4 => Exclude,
        5 => NotNull(column),
    }
    enum Action {
        0 => AddColumn { if_not_exists, clause_at: place, column },
        1 => DropColumn { if_exists, clause_at: place, column, cascade },
        2 => AddConstraint(constraint),
        3 => DropConstraint { if_exists, clause_at: place, name, cascade },
        4 => Validate(name),
        5 => SetType { column, ty, using },
        6 => SetNotNull(column),
        7 => DropNotNull(column),
        8 => AddIdentity(column),
        9 => RenameTable(to),
        10 => RenameColumn { from, to },
        11 => RenameConstraint { from, to },
        12 => SetSchema(schema),
        13 => Attach(partition),
        14 => Detach { partition, concurrently, finalize },
        15 => Rewrite(words),
        16 => Light,
        17 => Other,
    }
    enum Details { 0 => None, 1 => Enum, 2 => Function { volatility }, 3 => Domain { constrained }, 4 => View { reads, filled } }
    enum Volatility { 0 => Volatile, 1 => Stable, 2 => Immutable }
    enum AlterWhat {
        0 => AddValue { value, if_not_exists, clause_at: place },
        1 => RenameValue { from, to },
        2 => RenameTo(to),
        3 => RenameColumn(to),
        4 => SetSchema,
        5 => AttachIndex,
        6 => DomainConstraint,
        7 => Other,
    }
    enum RowSource { 0 => Values, 1 => GuardedSelect, 2 => Select }
}
