//! SQL. What `CREATE` makes.

use crate::SymbolKind;
use crate::grammar::{Grammar, at, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_sequel::LANGUAGE.into(),
    rules: &[
        at("create_table", SymbolKind::Table, OBJECT),
        at("create_view", SymbolKind::Table, OBJECT),
        at("create_materialized_view", SymbolKind::Table, OBJECT),
        at("create_index", SymbolKind::Index, &["column"]),
        at("create_type", SymbolKind::Type, OBJECT),
        at("create_schema", SymbolKind::Module, &["identifier"]),
        at("create_database", SymbolKind::Module, &["identifier"]),
        at("create_sequence", SymbolKind::Variable, OBJECT),
        at("create_function", SymbolKind::Function, OBJECT),
        at("create_trigger", SymbolKind::Function, OBJECT),
        named("column_definition", SymbolKind::Field),
    ],
    leads: &["comment", "marginalia"],
    wraps: &["statement"],
    locals: &[],
    clauses: false,
};

/// The name without its schema.
const OBJECT: &[&str] = &["object_reference", "name"];
