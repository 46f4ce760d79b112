//! C#.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, children, code, first_of, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_c_sharp::LANGUAGE.into(),
    rules: &[
        named("class_declaration", SymbolKind::Class),
        named("struct_declaration", SymbolKind::Struct),
        named("record_declaration", SymbolKind::Struct),
        named("interface_declaration", SymbolKind::Interface),
        named("enum_declaration", SymbolKind::Enum),
        named("enum_member_declaration", SymbolKind::Variant),
        named("delegate_declaration", SymbolKind::Type),
        named("namespace_declaration", SymbolKind::Module),
        named("file_scoped_namespace_declaration", SymbolKind::Module),
        named("method_declaration", SymbolKind::Method),
        named("constructor_declaration", SymbolKind::Method),
        named("destructor_declaration", SymbolKind::Method),
        at("operator_declaration", SymbolKind::Method, &["operator"]),
        named("local_function_statement", SymbolKind::Function),
        named("property_declaration", SymbolKind::Field),
        named("event_declaration", SymbolKind::Field),
        code("field_declaration", fields),
        code("event_field_declaration", fields),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &["block", "lambda_expression"],
    clauses: false,
};

fn fields(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(declaration) = first_of(node, &["variable_declaration"]) else {
        return Vec::new();
    };
    let mut words = place
        .text
        .get(node.start_byte()..declaration.start_byte())
        .unwrap_or_default()
        .split_whitespace();
    let kind = if words.any(|word| word == "const") {
        SymbolKind::Constant
    } else {
        SymbolKind::Field
    };
    children(declaration)
        .into_iter()
        .filter(|child| child.kind() == "variable_declarator")
        .filter_map(|child| child.child_by_field_name("name"))
        .map(|name| Definition::new(kind, name))
        .collect()
}
