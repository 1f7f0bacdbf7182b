//! Statements as the lints see them: plain data, read once from a text and free of the parser's tree.

#![expect(
    clippy::struct_excessive_bools,
    reason = "a clause is there or not, and SQL has many"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// A range of bytes in the file.
pub(crate) type Span = Range<usize>;

/// A name as PostgreSQL reads it, and as the file writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the name of a name is what it is called")]
pub(crate) struct Name {
    /// The schema, where one is written and is not `public`.
    pub schema: Option<String>,
    /// Folded to lower case where it is not quoted.
    pub name: String,
    /// As written, for a statement that is to be pasted.
    pub written: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// One statement, or one of those inside of a `DO` block.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// From its first word to its last, without the semicolon.
    pub span: Span,
    /// What it does.
    pub kind: Kind,
    /// What keeps it from running where it has run already.
    pub guard: Guard,
    /// It stands inside of a `DO` block.
    pub in_block: bool,
    /// The calls in it; those of DML and of bodies are left out.
    pub calls: Vec<Call>,
    /// Strings, where the file adds a value to an enum; else empty.
    pub strings: Vec<Text>,
    /// The relations that it names, as far as the enum's strings need them.
    pub relations: Vec<Name>,
    /// Syntax that not every supported PostgreSQL has.
    pub features: Vec<(Feature, Span)>,
    /// Identifiers over 63 bytes.
    pub long_names: Vec<(String, Span)>,
}

/// What stands around a statement in a `DO` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing: it runs each time.
    None,
    /// It runs under a condition, or its error is caught.
    Conditional,
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub name: Name,
    pub span: Span,
    /// The arguments as written.
    pub arguments: Vec<String>,
}

/// A string literal.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub value: String,
    pub span: Span,
    /// The type that it is cast to on the spot.
    pub cast: Option<Name>,
}

/// Syntax that came with a major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    /// As PostgreSQL writes it.
    pub name: &'static str,
    /// The first major version that has it.
    pub since: u32,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    CreateTable(CreateTable),
    AlterTable(AlterTable),
    CreateIndex(CreateIndex),
    Create(Create),
    Drop(Drop),
    /// `ALTER …` of something else than a table.
    Alter(Alter),
    Insert(Insert),
    /// `UPDATE` and `DELETE`.
    Change(Change),
    Truncate {
        tables: Vec<Name>,
        cascade: bool,
    },
    /// `BEGIN`, `COMMIT` and their kind: the first word.
    Transaction(String),
    /// `SET`, `RESET`, `DISCARD`, `LISTEN` …
    Session(Session),
    CopyFromStdin(Name),
    /// What cannot run in a transaction: its first words.
    Alone(&'static str),
    Reindex {
        concurrently: bool,
        /// The table or the index; `None` for a database, a schema.
        table: Option<Name>,
        is_table: bool,
    },
    Cluster(Option<Name>),
    /// `VACUUM`.
    Vacuum,
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh(Name),
    Lock {
        tables: Vec<Name>,
        exclusive: bool,
    },
    Do(Do),
    Select {
        /// `SELECT … INTO table`.
        into: Option<Name>,
    },
    Other,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct CreateTable {
    pub name: Name,
    pub if_not_exists: bool,
    /// Where `IF NOT EXISTS` would stand.
    pub clause_at: usize,
    pub temporary: bool,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub partition_of: Option<Name>,
    pub partitioned: bool,
    /// More columns than those written: `LIKE`, `INHERITS`, `OF`, `AS SELECT`.
    pub more_columns: bool,
    /// `FOREIGN TABLE`.
    pub foreign: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub name: Name,
    pub ty: Type,
    pub type_span: Span,
    pub not_null: bool,
    pub default: Option<DefaultValue>,
    pub identity: bool,
    pub generated: Generated,
    /// Those written behind it.
    pub constraints: Vec<Constraint>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generated {
    No,
    Stored,
    Virtual,
}

/// A `DEFAULT`.
#[derive(Debug, Clone)]
pub(crate) struct DefaultValue {
    pub written: String,
    pub is_null: bool,
    pub calls: Vec<Name>,
}

/// A type, under the name that PostgreSQL's catalog gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Type {
    pub schema: Option<String>,
    pub name: String,
    pub arguments: Vec<i64>,
    pub array: bool,
    pub written: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    pub name: Option<Name>,
    pub kind: ConstraintKind,
    pub not_valid: bool,
    pub not_enforced: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum ConstraintKind {
    Check {
        expression: String,
        /// The column of `CHECK (column IS NOT NULL)`.
        not_null: Option<String>,
    },
    Unique(Key),
    PrimaryKey(Key),
    ForeignKey {
        columns: Vec<Name>,
        table: Name,
        /// Empty: the primary key.
        to: Vec<Name>,
    },
    Exclude,
    NotNull(Name),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Key {
    pub columns: Vec<Name>,
    pub using_index: Option<Name>,
}

#[derive(Debug, Clone)]
pub(crate) struct AlterTable {
    pub name: Name,
    pub actions: Vec<(Span, Action)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    AddColumn {
        if_not_exists: bool,
        clause_at: usize,
        column: Column,
    },
    DropColumn {
        if_exists: bool,
        clause_at: usize,
        column: Name,
        cascade: bool,
    },
    AddConstraint(Constraint),
    DropConstraint {
        if_exists: bool,
        clause_at: usize,
        name: Name,
        cascade: bool,
    },
    Validate(Name),
    SetType {
        column: Name,
        ty: Type,
        using: Option<String>,
    },
    SetNotNull(Name),
    DropNotNull(Name),
    AddIdentity(Name),
    RenameTable(Name),
    RenameColumn {
        from: Name,
        to: Name,
    },
    RenameConstraint {
        from: Name,
        to: Name,
    },
    SetSchema(String),
    Attach(Name),
    Detach {
        partition: Name,
        concurrently: bool,
        finalize: bool,
    },
    /// `SET LOGGED`, `SET TABLESPACE`, `SET ACCESS METHOD`: the table is written anew.
    Rewrite(&'static str),
    /// What takes less than ACCESS EXCLUSIVE: `SET STATISTICS`, `CLUSTER ON`, storage parameters.
    Light,
    /// Anything else: ACCESS EXCLUSIVE, for an instant.
    Other,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateIndex {
    pub name: Option<Name>,
    pub table: Name,
    pub only: bool,
    pub unique: bool,
    pub concurrently: bool,
    pub if_not_exists: bool,
    pub clause_at: usize,
    /// Where `CONCURRENTLY` would stand.
    pub concurrently_at: usize,
    /// The columns; `None` for an expression.
    pub columns: Vec<Option<String>>,
    pub partial: bool,
    /// The column of `WHERE column IS NOT NULL`.
    pub filled: Option<String>,
    /// From `ON` to the end, as written.
    pub rest: String,
}

/// The kinds of object that `CREATE` and `DROP` name, as SQL writes them.
pub(crate) type Object = &'static str;

#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub object: Object,
    pub name: Option<Name>,
    /// The table of a trigger, a policy, a rule.
    pub on: Option<Name>,
    pub or_replace: bool,
    pub if_not_exists: bool,
    /// Where `IF NOT EXISTS` would stand.
    pub clause_at: usize,
    /// Where `OR REPLACE` would stand.
    pub replace_at: usize,
    pub details: Details,
}

#[derive(Debug, Clone)]
pub(crate) enum Details {
    None,
    /// A type that is an enum.
    Enum,
    Function {
        volatility: Volatility,
    },
    /// A domain, and whether it has a CHECK or NOT NULL.
    Domain {
        constrained: bool,
    },
    /// A view, materialized or not.
    View {
        reads: Query,
        /// It is computed at once.
        filled: bool,
    },
}

/// What a query reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub tables: Vec<Name>,
    /// All names in it, of columns and of anything else.
    pub names: BTreeSet<String>,
    /// It has a `*`.
    pub all_columns: bool,
    /// Columns come from elsewhere, too: a function, a `JSON_TABLE`.
    pub more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volatility {
    Volatile,
    Stable,
    Immutable,
}

#[derive(Debug, Clone)]
pub(crate) struct Drop {
    pub object: Object,
    pub names: Vec<Name>,
    pub on: Option<Name>,
    pub if_exists: bool,
    pub clause_at: usize,
    pub cascade: bool,
    pub concurrently: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Alter {
    pub object: Object,
    pub name: Option<Name>,
    pub what: AlterWhat,
}

#[derive(Debug, Clone)]
pub(crate) enum AlterWhat {
    AddValue {
        value: String,
        if_not_exists: bool,
        clause_at: usize,
    },
    RenameValue {
        from: String,
        to: String,
    },
    RenameTo(Name),
    RenameColumn(Name),
    SetSchema,
    /// `ALTER INDEX … ATTACH PARTITION`.
    AttachIndex,
    /// A constraint that is proven for the rows that are there.
    DomainConstraint,
    Other,
}

#[derive(Debug, Clone)]
pub(crate) struct Insert {
    pub table: Name,
    pub on_conflict: bool,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Values,
    /// `SELECT`, which asks what is there already.
    GuardedSelect,
    Select,
}

#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub table: Name,
    pub verb: &'static str,
    /// `WHERE`, or another table that limits it.
    pub limited: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The first word: `SET`, `RESET`, `DISCARD` …
    pub verb: String,
    pub local: bool,
    pub parameter: Option<String>,
    /// Where `LOCAL` would stand.
    pub clause_at: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Do {
    /// Its language is one that is read.
    pub read: bool,
    /// SQL that is put together at run time: where, and the strings that are in it.
    pub dynamic: Vec<Dynamic>,
}

#[derive(Debug, Clone)]
pub(crate) struct Dynamic {
    pub span: Span,
    /// All strings in it, in lower case.
    pub text: String,
}
