//! Swift. One node kind stands for classes, structs, enums, actors and extensions.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, children, code, first_of, follow, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_swift::LANGUAGE.into(),
    rules: &[
        code("class_declaration", class),
        named("protocol_declaration", SymbolKind::Interface),
        named("function_declaration", SymbolKind::Function),
        named("protocol_function_declaration", SymbolKind::Method),
        code("init_declaration", initializer),
        code("property_declaration", property),
        at(
            "protocol_property_declaration",
            SymbolKind::Field,
            &["name", "bound_identifier"],
        ),
        named("typealias_declaration", SymbolKind::Type),
        named("associatedtype_declaration", SymbolKind::Type),
        code("enum_entry", cases),
    ],
    leads: &["comment", "multiline_comment"],
    wraps: &[],
    locals: &["lambda_literal", "function_body"],
    clauses: false,
};

fn class(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = node.child_by_field_name("name") else {
        return Vec::new();
    };
    let kind = node
        .child_by_field_name("declaration_kind")
        .map(|kind| place.of(kind));
    let name = if name.kind() == "user_type" {
        children(name).pop().unwrap_or(name)
    } else {
        name
    };
    vec![match kind {
        Some("extension") => Definition::enclosing(name),
        Some("struct") => Definition::new(SymbolKind::Struct, name),
        Some("enum") => Definition::new(SymbolKind::Enum, name),
        _ => Definition::new(SymbolKind::Class, name),
    }]
}

fn initializer(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let mut cursor = node.walk();
    let name = node.children(&mut cursor).find(|child| child.kind() == "init");
    name.map(|name| Definition::new(SymbolKind::Method, name))
        .into_iter()
        .collect()
}

fn property(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = follow(node, &["name", "bound_identifier"]) else {
        return Vec::new();
    };
    let is_let = first_of(node, &["value_binding_pattern"]).is_some_and(|pattern| place.of(pattern) == "let");
    let kind = match (place.in_type, is_let) {
        (true, _) => SymbolKind::Field,
        (_, true) => SymbolKind::Constant,
        _ => SymbolKind::Variable,
    };
    vec![Definition::new(kind, name)]
}

fn cases(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let mut cursor = node.walk();
    node.children_by_field_name("name", &mut cursor)
        .map(|name| Definition::new(SymbolKind::Variant, name).closed())
        .collect()
}
