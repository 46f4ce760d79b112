//! A graph in other programs' languages.

use std::fmt::Write as _;

use super::{Kind, KnowledgeGraph, Relation};

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Identifier => "identifier",
        Kind::Package => "package",
        Kind::Path => "path",
        Kind::Name => "name",
        Kind::Claim => "claim",
        Kind::Source => "source",
    }
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Cites => "cites",
        Relation::Mentions => "mentions",
        Relation::Contradicts => "contradicts",
        Relation::CoOccurs => "co-occurs",
    }
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Claim => "note",
        Kind::Source => "box",
        _ => "ellipse",
    }
}

/// The DOT language: labels as quoted strings, in which only `"` and `\` are special.
pub(super) fn dot(graph: &KnowledgeGraph) -> String {
    let mut out = String::from("digraph knowledge {\n");
    for (place, node) in graph.nodes().enumerate() {
        let label = shown(&node.name).replace('\\', "\\\\").replace('"', "\\\"");
        // Writing into a string cannot fail.
        let _ = writeln!(
            out,
            "  n{place} [label=\"{label}\", shape={}, class=\"{}\"];",
            shape(node.kind),
            kind(node.kind)
        );
    }
    for edge in graph.edges() {
        let what = relation(edge.relation);
        let _ = writeln!(
            out,
            "  n{} -> n{} [label=\"{what}\", weight={}];",
            edge.from, edge.to, edge.weight
        );
    }
    out.push_str("}\n");
    out
}

/// GraphML 1.0, with kind, name and weight as attributes.
pub(super) fn graphml(graph: &KnowledgeGraph) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n\
         <key id=\"kind\" for=\"node\" attr.name=\"kind\" attr.type=\"string\"/>\n\
         <key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n\
         <key id=\"relation\" for=\"edge\" attr.name=\"relation\" attr.type=\"string\"/>\n\
         <key id=\"weight\" for=\"edge\" attr.name=\"weight\" attr.type=\"int\"/>\n\
         <graph id=\"knowledge\" edgedefault=\"directed\">\n",
    );
    for (place, node) in graph.nodes().enumerate() {
        let name = escaped(&shown(&node.name));
        let _ = writeln!(
            out,
            "<node id=\"n{place}\"><data key=\"kind\">{}</data><data key=\"name\">{name}</data></node>",
            kind(node.kind)
        );
    }
    for edge in graph.edges() {
        let _ = writeln!(
            out,
            "<edge source=\"n{}\" target=\"n{}\"><data key=\"relation\">{}</data><data key=\"weight\">{}</data></edge>",
            edge.from,
            edge.to,
            relation(edge.relation),
            edge.weight
        );
    }
    out.push_str("</graph>\n</graphml>\n");
    out
}

/// A name on one line, without characters that XML 1.0 does not have.
fn shown(name: &str) -> String {
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(allowed)
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}
