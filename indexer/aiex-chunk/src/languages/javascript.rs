//! JavaScript. Functions held by constants, fields, pairs and assignments are functions too.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, children, code, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_javascript::LANGUAGE.into(),
    rules: &[
        named("function_declaration", SymbolKind::Function),
        named("generator_function_declaration", SymbolKind::Function),
        named("class_declaration", SymbolKind::Class),
        named("method_definition", SymbolKind::Method),
        code("lexical_declaration", declaration),
        code("variable_declaration", declaration),
        code("pair", pair),
        code("assignment_expression", assignment),
        code("field_definition", field),
    ],
    leads: &["comment", "decorator"],
    wraps: &["export_statement", "expression_statement"],
    locals: &["arrow_function", "function_expression"],
    clauses: false,
};

/// What the variables of a declaration hold.
pub(super) fn declaration(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let is_const = place.of(node).starts_with("const");
    children(node)
        .into_iter()
        .filter(|child| child.kind() == "variable_declarator")
        .filter_map(|child| {
            let name = child
                .child_by_field_name("name")
                .filter(|name| name.kind() == "identifier")?;
            let plain = if is_const {
                SymbolKind::Constant
            } else {
                SymbolKind::Variable
            };
            let kind = child.child_by_field_name("value").and_then(held).unwrap_or(plain);
            Some(Definition::new(kind, name))
        })
        .collect()
}

/// What a value is when it is itself a definition.
fn held(value: Node<'_>) -> Option<SymbolKind> {
    match value.kind() {
        "arrow_function" | "function_expression" | "generator_function" => Some(SymbolKind::Function),
        "class" => Some(SymbolKind::Class),
        _ => None,
    }
}

/// A field of a class; one that holds a function is a method.
pub(super) fn field(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let name = node
        .child_by_field_name("property")
        .or_else(|| node.child_by_field_name("name"));
    let holds = node.child_by_field_name("value").and_then(held);
    let kind = if holds == Some(SymbolKind::Function) {
        SymbolKind::Method
    } else {
        SymbolKind::Field
    };
    name.map(|name| Definition::new(kind, name)).into_iter().collect()
}

/// A pair of an object that holds a function.
pub(super) fn pair(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let key = node
        .child_by_field_name("key")
        .filter(|key| key.kind() != "computed_property_name");
    let kind = node.child_by_field_name("value").and_then(held);
    let kind = kind.map(|kind| {
        if kind == SymbolKind::Function {
            SymbolKind::Method
        } else {
            kind
        }
    });
    key.zip(kind)
        .map(|(key, kind)| Definition::new(kind, key))
        .into_iter()
        .collect()
}

/// `exports.name = function` and `Type.prototype.name = function`.
pub(super) fn assignment(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let left = node
        .child_by_field_name("left")
        .filter(|left| left.kind() == "member_expression");
    let kind = node.child_by_field_name("right").and_then(held);
    let Some((left, kind)) = left.zip(kind) else {
        return Vec::new();
    };
    let Some(name) = left.child_by_field_name("property") else {
        return Vec::new();
    };
    let mut owner = left.child_by_field_name("object");
    let property = owner.and_then(|owner| owner.child_by_field_name("property"));
    let is_prototype = property.is_some_and(|property| place.of(property) == "prototype");
    if is_prototype {
        owner = owner.and_then(|owner| owner.child_by_field_name("object"));
    }
    let kind = if is_prototype { SymbolKind::Method } else { kind };
    let owner = owner.filter(|owner| matches!(owner.kind(), "identifier" | "member_expression"));
    vec![Definition::new(kind, name).owned_by(owner)]
}
