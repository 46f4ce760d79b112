//! PHP.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, code, follow, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_php::LANGUAGE_PHP.into(),
    rules: &[
        named("function_definition", SymbolKind::Function),
        named("method_declaration", SymbolKind::Method),
        named("class_declaration", SymbolKind::Class),
        named("trait_declaration", SymbolKind::Interface),
        named("interface_declaration", SymbolKind::Interface),
        named("enum_declaration", SymbolKind::Enum),
        named("enum_case", SymbolKind::Variant),
        named("namespace_definition", SymbolKind::Module),
        at("const_element", SymbolKind::Constant, &["name"]),
        at("property_element", SymbolKind::Field, &["name", "name"]),
        at(
            "property_promotion_parameter",
            SymbolKind::Field,
            &["name", "name"],
        ),
        code("function_call_expression", define),
    ],
    leads: &["comment"],
    wraps: &[
        "const_declaration",
        "property_declaration",
        "expression_statement",
    ],
    locals: &["anonymous_function", "arrow_function"],
    clauses: false,
};

/// `define('NAME', value)`.
fn define(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let is_define = node
        .child_by_field_name("function")
        .is_some_and(|name| place.of(name) == "define");
    let name = follow(node, &["arguments", "argument", "string"]).filter(|_| is_define);
    name.map(|name| Definition::new(SymbolKind::Constant, name))
        .into_iter()
        .collect()
}
