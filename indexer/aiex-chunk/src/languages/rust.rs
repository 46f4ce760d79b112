//! Rust. Methods belong to the type their `impl` is for.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, innermost, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_rust::LANGUAGE.into(),
    rules: &[
        named("function_item", SymbolKind::Function),
        named("function_signature_item", SymbolKind::Function),
        named("struct_item", SymbolKind::Struct),
        named("union_item", SymbolKind::Struct),
        named("enum_item", SymbolKind::Enum),
        named("enum_variant", SymbolKind::Variant),
        named("trait_item", SymbolKind::Interface),
        named("type_item", SymbolKind::Type),
        named("associated_type", SymbolKind::Type),
        named("mod_item", SymbolKind::Module),
        named("const_item", SymbolKind::Constant),
        named("static_item", SymbolKind::Variable),
        named("field_declaration", SymbolKind::Field),
        named("macro_definition", SymbolKind::Macro),
        code("impl_item", implementation),
    ],
    leads: &["line_comment", "block_comment", "attribute_item"],
    wraps: &[],
    locals: &["closure_expression", "block"],
    clauses: false,
};

fn implementation(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("type")
        .map(|of| Definition::enclosing(innermost(of, &["type", "name"])))
        .into_iter()
        .collect()
}
