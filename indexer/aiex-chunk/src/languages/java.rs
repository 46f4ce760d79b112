//! Java.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, first_of, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_java::LANGUAGE.into(),
    rules: &[
        named("class_declaration", SymbolKind::Class),
        named("interface_declaration", SymbolKind::Interface),
        named("annotation_type_declaration", SymbolKind::Interface),
        named("enum_declaration", SymbolKind::Enum),
        named("enum_constant", SymbolKind::Variant),
        named("record_declaration", SymbolKind::Struct),
        named("method_declaration", SymbolKind::Method),
        named("constructor_declaration", SymbolKind::Method),
        named("compact_constructor_declaration", SymbolKind::Method),
        named("annotation_type_element_declaration", SymbolKind::Method),
        code("field_declaration", fields),
        code("constant_declaration", fields),
    ],
    leads: &["line_comment", "block_comment"],
    wraps: &[],
    locals: &["lambda_expression", "block"],
    clauses: false,
};

fn fields(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let modifiers = first_of(node, &["modifiers"])
        .map(|node| place.of(node))
        .unwrap_or_default();
    let fixed = modifiers.contains("static") && modifiers.contains("final");
    let kind = if fixed || node.kind() == "constant_declaration" {
        SymbolKind::Constant
    } else {
        SymbolKind::Field
    };
    let mut cursor = node.walk();
    node.children_by_field_name("declarator", &mut cursor)
        .filter_map(|declarator| declarator.child_by_field_name("name"))
        .map(|name| Definition::new(kind, name))
        .collect()
}
