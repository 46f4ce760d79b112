//! Python. Assignments count at the level of modules and classes.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, children, code, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_python::LANGUAGE.into(),
    rules: &[
        named("function_definition", SymbolKind::Function),
        named("class_definition", SymbolKind::Class),
        code("assignment", assignment),
        at("type_alias_statement", SymbolKind::Type, &["left", "identifier"]),
    ],
    leads: &["comment"],
    wraps: &["decorated_definition", "expression_statement"],
    locals: &["lambda"],
    clauses: false,
};

fn assignment(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(left) = node.child_by_field_name("left") else {
        return Vec::new();
    };
    let names = if left.kind() == "pattern_list" {
        children(left)
    } else {
        vec![left]
    };
    let is_lambda = node
        .child_by_field_name("right")
        .is_some_and(|right| right.kind() == "lambda");
    names
        .into_iter()
        .filter(|name| name.kind() == "identifier")
        .map(|name| Definition::new(kind(place, name, is_lambda), name))
        .collect()
}

fn kind(place: &Place<'_>, name: Node<'_>, is_lambda: bool) -> SymbolKind {
    if is_lambda {
        SymbolKind::Function
    } else if place.in_type {
        SymbolKind::Field
    } else if place.of(name).bytes().any(|byte| byte.is_ascii_lowercase()) {
        SymbolKind::Variable
    } else {
        SymbolKind::Constant
    }
}
