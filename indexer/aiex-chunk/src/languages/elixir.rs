//! Elixir. Definitions are calls of macros; clauses of one function are one symbol.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, first_of, follow};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_elixir::LANGUAGE.into(),
    rules: &[code("call", call), code("unary_operator", attribute)],
    leads: &["comment", "unary_operator"],
    wraps: &[],
    locals: &[],
    clauses: true,
};

fn call(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(target) = node.child_by_field_name("target") else {
        return Vec::new();
    };
    let kind = match place.of(target) {
        "defmodule" => SymbolKind::Module,
        "defprotocol" => SymbolKind::Interface,
        "defimpl" => SymbolKind::Class,
        "def" | "defp" | "defdelegate" => SymbolKind::Function,
        "defmacro" | "defmacrop" | "defguard" | "defguardp" => SymbolKind::Macro,
        "defstruct" | "defexception" => SymbolKind::Struct,
        _ => return Vec::new(),
    };
    if kind == SymbolKind::Struct {
        // A struct has the name of its module; the keyword stands for it.
        return vec![Definition::new(kind, target).closed()];
    }
    let Some(head) = first_of(node, &["arguments"]).and_then(|arguments| arguments.named_child(0)) else {
        return Vec::new();
    };
    let name = head_name(head);
    match (kind, name.kind()) {
        (SymbolKind::Class, "alias") => vec![Definition::enclosing(name)],
        (_, "alias" | "identifier" | "operator_identifier") => vec![Definition::new(kind, name)],
        _ => Vec::new(),
    }
}

/// The name in `name`, `name(x)` and `name(x) when guard`.
fn head_name(head: Node<'_>) -> Node<'_> {
    let head = if head.kind() == "binary_operator" {
        head.child_by_field_name("left").unwrap_or(head)
    } else {
        head
    };
    if head.kind() == "call" {
        head.child_by_field_name("target").unwrap_or(head)
    } else {
        head
    }
}

/// `@type`, `@callback` and constants. Documentation and specifications belong to what follows.
fn attribute(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let operand = node
        .child_by_field_name("operand")
        .filter(|operand| operand.kind() == "call");
    let Some(target) = operand.and_then(|operand| operand.child_by_field_name("target")) else {
        return Vec::new();
    };
    let argument = operand
        .and_then(|operand| follow(operand, &["arguments"]))
        .and_then(|all| all.named_child(0));
    match place.of(target) {
        "type" | "typep" | "opaque" => {
            argument.map(|argument| Definition::new(SymbolKind::Type, head_name(argument)))
        }
        "callback" | "macrocallback" => {
            argument.map(|argument| Definition::new(SymbolKind::Method, head_name(argument)))
        }
        "doc" | "moduledoc" | "typedoc" | "spec" | "impl" | "behaviour" | "deprecated" | "since"
        | "derive" | "enforce_keys" | "dialyzer" | "compile" | "tag" | "moduletag" | "before_compile"
        | "after_compile" | "on_load" | "external_resource" => None,
        _ => Some(Definition::new(SymbolKind::Constant, target)),
    }
    .into_iter()
    .collect()
}
