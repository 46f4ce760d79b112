//! Scala.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_scala::LANGUAGE.into(),
    rules: &[
        named("class_definition", SymbolKind::Class),
        named("object_definition", SymbolKind::Class),
        named("trait_definition", SymbolKind::Interface),
        named("enum_definition", SymbolKind::Enum),
        named("simple_enum_case", SymbolKind::Variant),
        named("full_enum_case", SymbolKind::Variant),
        named("function_definition", SymbolKind::Function),
        named("function_declaration", SymbolKind::Function),
        code("val_definition", value),
        code("var_definition", value),
        code("val_declaration", value),
        code("var_declaration", value),
        named("given_definition", SymbolKind::Constant),
        named("type_definition", SymbolKind::Type),
        named("package_object", SymbolKind::Module),
    ],
    leads: &["comment", "block_comment", "annotation"],
    wraps: &[],
    locals: &["lambda_expression", "block", "indented_block"],
    clauses: false,
};

fn value(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let name = node
        .child_by_field_name("pattern")
        .or_else(|| node.child_by_field_name("name"));
    let kind = match (place.in_type, node.kind().starts_with("val")) {
        (true, _) => SymbolKind::Field,
        (_, true) => SymbolKind::Constant,
        _ => SymbolKind::Variable,
    };
    name.filter(|name| name.kind() == "identifier")
        .map(|name| Definition::new(kind, name))
        .into_iter()
        .collect()
}
