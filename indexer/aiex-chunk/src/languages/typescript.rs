//! TypeScript: JavaScript with types.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, Rule, code, named};
use crate::languages::javascript::{assignment, declaration, field, pair};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    rules: RULES,
    leads: &["comment", "decorator"],
    wraps: &["export_statement", "expression_statement", "ambient_declaration"],
    locals: &["arrow_function", "function_expression"],
    clauses: false,
};

/// Members without a value have no node of their own.
pub(super) fn variants(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let mut cursor = node.walk();
    node.children_by_field_name("name", &mut cursor)
        .map(|name| Definition::new(SymbolKind::Variant, name).closed())
        .collect()
}

/// The rules, which TSX shares.
pub(super) const RULES: &[Rule] = &[
    named("function_declaration", SymbolKind::Function),
    named("generator_function_declaration", SymbolKind::Function),
    named("class_declaration", SymbolKind::Class),
    named("method_definition", SymbolKind::Method),
    code("lexical_declaration", declaration),
    code("variable_declaration", declaration),
    code("pair", pair),
    code("assignment_expression", assignment),
    code("public_field_definition", field),
    named("function_signature", SymbolKind::Function),
    named("abstract_class_declaration", SymbolKind::Class),
    named("interface_declaration", SymbolKind::Interface),
    named("property_signature", SymbolKind::Field),
    named("method_signature", SymbolKind::Method),
    named("abstract_method_signature", SymbolKind::Method),
    named("type_alias_declaration", SymbolKind::Type),
    named("enum_declaration", SymbolKind::Enum),
    code("enum_body", variants),
    named("enum_assignment", SymbolKind::Variant),
    named("internal_module", SymbolKind::Module),
    named("module", SymbolKind::Module),
];
