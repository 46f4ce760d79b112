//! Zig. Types are values of constants.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, children, code, first_of, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_zig::LANGUAGE.into(),
    rules: &[
        named("function_declaration", SymbolKind::Function),
        code("variable_declaration", variable),
        code("container_field", field),
        at("test_declaration", SymbolKind::Function, &["string"]),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &["block"],
    clauses: false,
};

fn variable(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = first_of(node, &["identifier"]) else {
        return Vec::new();
    };
    let value = children(node).pop().map(|value| value.kind());
    let head = place
        .text
        .get(node.start_byte()..name.start_byte())
        .unwrap_or_default();
    let kind = match value {
        Some("struct_declaration" | "union_declaration" | "opaque_declaration") => SymbolKind::Struct,
        Some("enum_declaration" | "error_set_declaration") => SymbolKind::Enum,
        _ if head.split_whitespace().any(|word| word == "const") => SymbolKind::Constant,
        _ => SymbolKind::Variable,
    };
    vec![Definition::new(kind, name)]
}

/// Members of enums are variants; they have no type.
fn field(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let kind = if node.child_by_field_name("type").is_some() {
        SymbolKind::Field
    } else {
        SymbolKind::Variant
    };
    node.child_by_field_name("name")
        .map(|name| Definition::new(kind, name))
        .into_iter()
        .collect()
}
