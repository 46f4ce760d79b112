//! TOML. Tables and keys.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, first_of};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_toml_ng::LANGUAGE.into(),
    rules: &[
        code("table", table),
        code("table_array_element", table),
        code("pair", pair),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &["inline_table", "array"],
    clauses: false,
};

fn table(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    name(node)
        .map(|name| Definition::new(SymbolKind::Table, name))
        .into_iter()
        .collect()
}

/// Keys of inline tables are values, not definitions.
fn pair(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let key = name(node).filter(|_| place.depth < 2);
    key.map(|key| Definition::new(SymbolKind::Key, key))
        .into_iter()
        .collect()
}

fn name(node: Node<'_>) -> Option<Node<'_>> {
    first_of(node, &["bare_key", "quoted_key", "dotted_key"])
}
