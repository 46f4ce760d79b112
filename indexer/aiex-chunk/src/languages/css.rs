//! CSS. Classes and ids of selectors, custom properties and key frames.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, at, children, code, first_of};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_css::LANGUAGE.into(),
    rules: &[
        code("rule_set", selectors),
        code("declaration", property),
        at("keyframes_statement", SymbolKind::Function, &["keyframes_name"]),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &[],
    clauses: false,
};

fn selectors(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let mut found = Vec::new();
    let mut next = first_of(node, &["selectors"]).map(children).unwrap_or_default();
    next.reverse();
    while let Some(selector) = next.pop() {
        match selector.kind() {
            "class_name" | "id_name" => found.push(Definition::new(SymbolKind::Selector, selector)),
            // The name of a pseudo class is a class name to the grammar.
            "pseudo_class_selector" | "pseudo_element_selector" => {
                let inner = children(selector);
                next.extend(
                    inner
                        .into_iter()
                        .filter(|child| child.kind().ends_with("_selector"))
                        .rev(),
                );
            }
            _ => next.extend(children(selector).into_iter().rev()),
        }
    }
    found
}

/// `--name: value`.
fn property(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let name = first_of(node, &["property_name"]).filter(|name| place.of(*name).starts_with("--"));
    name.map(|name| Definition::new(SymbolKind::Variable, name))
        .into_iter()
        .collect()
}
