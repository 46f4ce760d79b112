//! Lua. Functions assigned to names and table fields are functions.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, children, code, first_of};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_lua::LANGUAGE.into(),
    rules: &[
        code("function_declaration", function),
        code("assignment_statement", assignment),
        code("field", field),
    ],
    leads: &["comment"],
    wraps: &["variable_declaration"],
    locals: &["function_definition"],
    clauses: false,
};

fn function(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("name")
        .map(|name| target(name, SymbolKind::Function))
        .into_iter()
        .collect()
}

/// The last part of `a.b.c` or `a.b:c`, owned by what is before.
fn target(name: Node<'_>, kind: SymbolKind) -> Definition {
    let owner = name.child_by_field_name("table");
    match (
        name.child_by_field_name("method"),
        name.child_by_field_name("field"),
    ) {
        (Some(method), _) => Definition::new(SymbolKind::Method, method).owned_by(owner),
        (_, Some(field)) => Definition::new(kind, field).owned_by(owner),
        _ => Definition::new(kind, name),
    }
}

fn assignment(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let names = first_of(node, &["variable_list"])
        .map(children)
        .unwrap_or_default();
    let values = first_of(node, &["expression_list"])
        .map(children)
        .unwrap_or_default();
    names
        .into_iter()
        .enumerate()
        .filter(|(_, name)| name.kind() != "bracket_index_expression")
        .map(|(at, name)| {
            let is_function = values
                .get(at)
                .is_some_and(|value| value.kind() == "function_definition");
            target(
                name,
                if is_function {
                    SymbolKind::Function
                } else {
                    SymbolKind::Variable
                },
            )
        })
        .collect()
}

fn field(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let holds_function = node
        .child_by_field_name("value")
        .is_some_and(|value| value.kind() == "function_definition");
    let name = node
        .child_by_field_name("name")
        .filter(|name| holds_function && name.kind() == "identifier");
    name.map(|name| Definition::new(SymbolKind::Function, name))
        .into_iter()
        .collect()
}
