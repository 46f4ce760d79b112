//! Haskell. A signature and its equations are one symbol.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, code, follow, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_haskell::LANGUAGE.into(),
    rules: &[
        code("signature", signature),
        code("function", function),
        code("bind", bind),
        named("data_type", SymbolKind::Enum),
        named("newtype", SymbolKind::Struct),
        named("type_synonym", SymbolKind::Type),
        named("class", SymbolKind::Interface),
        code("instance", instance),
        named("record", SymbolKind::Variant),
        named("prefix", SymbolKind::Variant),
        named("field", SymbolKind::Field),
        named("type_family", SymbolKind::Type),
        named("data_family", SymbolKind::Type),
        at("foreign_import", SymbolKind::Function, &["signature", "name"]),
    ],
    leads: &["comment", "haddock", "pragma"],
    wraps: &[],
    locals: &["local_binds"],
    clauses: true,
};

/// Local definitions have no symbols, as local variables elsewhere.
fn signature(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let of = node.child_by_field_name("type").map(|of| of.kind());
    let is_function = matches!(of, Some("function" | "forall" | "context" | "linear_function"));
    let kind = if is_function {
        SymbolKind::Function
    } else {
        SymbolKind::Constant
    };
    let mut cursor = node.walk();
    node.children_by_field_name("name", &mut cursor)
        .map(|name| Definition::new(kind, inside(name)))
        .collect()
}

fn function(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let name = node
        .child_by_field_name("name")
        .or_else(|| follow(node, &["infix", "operator"]))
        .filter(|_| {
            node.child_by_field_name("match").is_some() || node.child_by_field_name("matches").is_some()
        });
    name.map(|name| Definition::new(SymbolKind::Function, inside(name)))
        .into_iter()
        .collect()
}

fn bind(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("name")
        .map(|name| Definition::new(SymbolKind::Constant, inside(name)))
        .into_iter()
        .collect()
}

/// The operator in `(<+>)` and the name in backquotes.
fn inside(name: Node<'_>) -> Node<'_> {
    if name.kind() == "variable" {
        name
    } else {
        name.named_child(0).unwrap_or(name)
    }
}

fn instance(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("name")
        .map(Definition::enclosing)
        .into_iter()
        .collect()
}
