//! Kotlin.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, code, first_of, follow, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_kotlin_ng::LANGUAGE.into(),
    rules: &[
        code("class_declaration", class),
        named("object_declaration", SymbolKind::Class),
        code("companion_object", companion),
        named("function_declaration", SymbolKind::Function),
        code("property_declaration", property),
        code("class_parameter", parameter),
        at("enum_entry", SymbolKind::Variant, &["identifier"]),
        at("type_alias", SymbolKind::Type, &["type"]),
    ],
    leads: &["line_comment", "block_comment"],
    wraps: &[],
    locals: &["lambda_literal", "function_body", "anonymous_function"],
    clauses: false,
};

fn class(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = node.child_by_field_name("name") else {
        return Vec::new();
    };
    let head = place
        .text
        .get(node.start_byte()..name.start_byte())
        .unwrap_or_default();
    let kind = if head.split_whitespace().any(|word| word == "interface") {
        SymbolKind::Interface
    } else if first_of(node, &["enum_class_body"]).is_some() {
        SymbolKind::Enum
    } else {
        SymbolKind::Class
    };
    vec![Definition::new(kind, name)]
}

/// A companion without a name encloses under its class's name alone.
fn companion(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let name = node.child_by_field_name("name");
    name.map(|name| Definition::new(SymbolKind::Class, name))
        .into_iter()
        .collect()
}

fn property(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = follow(node, &["variable_declaration", "identifier"]) else {
        return Vec::new();
    };
    let head = place
        .text
        .get(node.start_byte()..name.start_byte())
        .unwrap_or_default();
    let kind = if head.split_whitespace().any(|word| word == "const") {
        SymbolKind::Constant
    } else if place.in_type {
        SymbolKind::Field
    } else {
        SymbolKind::Variable
    };
    vec![Definition::new(kind, name)]
}

/// `val` and `var` parameters of a constructor are fields.
fn parameter(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(name) = first_of(node, &["identifier"]) else {
        return Vec::new();
    };
    let head = place
        .text
        .get(node.start_byte()..name.start_byte())
        .unwrap_or_default();
    let is_field = head.split_whitespace().any(|word| matches!(word, "val" | "var"));
    if is_field {
        vec![Definition::new(SymbolKind::Field, name)]
    } else {
        Vec::new()
    }
}
