//! Markdown. Sections are named by their headings.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, follow};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_md::LANGUAGE.into(),
    rules: &[code("section", section), code("setext_heading", setext)],
    leads: &[],
    wraps: &[],
    locals: &[],
    clauses: false,
};

fn section(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let content = follow(node, &["atx_heading", "heading_content"]);
    content
        .map(|content| trimmed(content, place))
        .into_iter()
        .collect()
}

/// The heading without the marks that may close it.
fn trimmed(content: Node<'_>, place: &Place<'_>) -> Definition {
    let mut heading = Definition::new(SymbolKind::Heading, content);
    let text = place.of(content).trim_end();
    let kept = text.trim_end_matches('#');
    if kept.ends_with(' ') {
        heading.name.end = heading.name.start + kept.trim_end().len();
    }
    heading
}

/// Underlined headings open no section in this grammar.
fn setext(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let content = node.child_by_field_name("heading_content");
    content
        .map(|content| Definition::new(SymbolKind::Heading, content).closed())
        .into_iter()
        .collect()
}
