//! JSON. Keys of the two outer levels.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_json::LANGUAGE.into(),
    rules: &[code("pair", pair)],
    leads: &["comment"],
    wraps: &[],
    locals: &["array"],
    clauses: false,
};

/// Deeper keys are values: every entry of a list would repeat them.
fn pair(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let key = node.child_by_field_name("key").filter(|_| place.depth < 2);
    key.map(|key| Definition::new(SymbolKind::Key, key))
        .into_iter()
        .collect()
}
