//! Go. Methods belong to the type of their receiver.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, all, code, follow, innermost, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_go::LANGUAGE.into(),
    rules: &[
        named("function_declaration", SymbolKind::Function),
        code("method_declaration", method),
        code("type_spec", type_spec),
        named("type_alias", SymbolKind::Type),
        all("const_spec", SymbolKind::Constant, "name"),
        all("var_spec", SymbolKind::Variable, "name"),
        all("field_declaration", SymbolKind::Field, "name"),
        named("method_elem", SymbolKind::Method),
    ],
    leads: &["comment"],
    wraps: &["const_declaration", "var_declaration", "type_declaration"],
    locals: &["func_literal"],
    clauses: false,
};

fn method(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let Some(name) = node.child_by_field_name("name") else {
        return Vec::new();
    };
    let receiver = follow(node, &["receiver", "parameter_declaration", "type"]).map(|mut of| {
        if of.kind() == "pointer_type" {
            of = of.named_child(0).unwrap_or(of);
        }
        innermost(of, &["type"])
    });
    vec![Definition::new(SymbolKind::Method, name).owned_by(receiver)]
}

fn type_spec(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let kind = match node.child_by_field_name("type").map(|of| of.kind()) {
        Some("struct_type") => SymbolKind::Struct,
        Some("interface_type") => SymbolKind::Interface,
        _ => SymbolKind::Type,
    };
    node.child_by_field_name("name")
        .map(|name| Definition::new(kind, name))
        .into_iter()
        .collect()
}
