//! Ruby. Calls that define methods count as definitions.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, children, code, innermost, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_ruby::LANGUAGE.into(),
    rules: &[
        code("method", method),
        code("singleton_method", method),
        code("class", class),
        named("module", SymbolKind::Module),
        code("singleton_class", singleton),
        code("assignment", assignment),
        code("call", call),
        named("alias", SymbolKind::Method),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &["block", "do_block", "lambda"],
    clauses: false,
};

fn method(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let kind = if node.kind() == "method" {
        SymbolKind::Function
    } else {
        SymbolKind::Method
    };
    node.child_by_field_name("name")
        .map(|name| Definition::new(kind, name))
        .into_iter()
        .collect()
}

fn class(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let Some(name) = node.child_by_field_name("name") else {
        return Vec::new();
    };
    let owner = name.child_by_field_name("scope");
    vec![Definition::new(SymbolKind::Class, innermost(name, &["name"])).owned_by(owner)]
}

/// `class << self`: what is inside are methods.
fn singleton(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("value")
        .map(Definition::enclosing)
        .into_iter()
        .collect()
}

fn assignment(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(left) = node
        .child_by_field_name("left")
        .filter(|left| left.kind() == "constant")
    else {
        return Vec::new();
    };
    let makes_type = node.child_by_field_name("right").is_some_and(|right| {
        ["Struct.new", "Class.new", "Data.define"]
            .iter()
            .any(|call| place.of(right).starts_with(call))
    });
    vec![Definition::new(
        if makes_type {
            SymbolKind::Class
        } else {
            SymbolKind::Constant
        },
        left,
    )]
}

fn call(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let method = node
        .child_by_field_name("method")
        .filter(|_| node.child_by_field_name("receiver").is_none());
    let (kind, count) = match method.map(|method| place.of(method)) {
        Some("attr_accessor" | "attr_reader" | "attr_writer" | "attr") => (SymbolKind::Field, usize::MAX),
        Some("define_method" | "define_singleton_method" | "alias_method") => (SymbolKind::Method, 1),
        _ => return Vec::new(),
    };
    let arguments = node
        .child_by_field_name("arguments")
        .map(children)
        .unwrap_or_default();
    arguments
        .into_iter()
        .take(count)
        .filter(|argument| matches!(argument.kind(), "simple_symbol" | "string"))
        .map(|name| Definition::new(kind, name))
        .collect()
}
