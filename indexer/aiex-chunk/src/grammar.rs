//! How a language's definitions are read off its syntax tree: a table of rules, and the shapes rules share.
//! Knows no particular language.

use std::ops::Range;

use tree_sitter::{Language as Parsed, Node};

use crate::SymbolKind;

/// What a language tells about its syntax tree.
pub(crate) struct Grammar {
    /// Loads the parse tables.
    pub(crate) load: fn() -> Parsed,
    /// Definitions by node kind.
    pub(crate) rules: &'static [Rule],
    /// Kinds that belong to the item after them: comments, attributes, decorators.
    pub(crate) leads: &'static [&'static str],
    /// Kinds around one definition whose start is the item's start.
    pub(crate) wraps: &'static [&'static str],
    /// Kinds whose inside is local although they define nothing: closures.
    pub(crate) locals: &'static [&'static str],
    /// Whether one name is defined by several clauses that follow each other.
    pub(crate) clauses: bool,
}

impl Grammar {
    pub(crate) fn language(&self) -> Parsed {
        (self.load)()
    }
}

/// What a node kind defines.
pub(crate) struct Rule {
    pub(crate) node: &'static str,
    pub(crate) how: How,
}

/// Where a rule finds the names.
pub(crate) enum How {
    /// Follow these fields or child kinds, one level each.
    At(SymbolKind, &'static [&'static str]),
    /// Every child with this field.
    All(SymbolKind, &'static str),
    /// Ask code.
    Code(fn(Node<'_>, &Place<'_>) -> Vec<Definition>),
}

pub(crate) const fn at(node: &'static str, kind: SymbolKind, path: &'static [&'static str]) -> Rule {
    Rule {
        node,
        how: How::At(kind, path),
    }
}

/// The usual case: the name is in the field `name`.
pub(crate) const fn named(node: &'static str, kind: SymbolKind) -> Rule {
    at(node, kind, &["name"])
}

pub(crate) const fn all(node: &'static str, kind: SymbolKind, field: &'static str) -> Rule {
    Rule {
        node,
        how: How::All(kind, field),
    }
}

pub(crate) const fn code(node: &'static str, how: fn(Node<'_>, &Place<'_>) -> Vec<Definition>) -> Rule {
    Rule {
        node,
        how: How::Code(how),
    }
}

/// What surrounds a node.
pub(crate) struct Place<'a> {
    pub(crate) text: &'a str,
    /// How many definitions enclose it.
    pub(crate) depth: usize,
    /// Whether the nearest enclosing definition is a type.
    pub(crate) in_type: bool,
}

impl Place<'_> {
    pub(crate) fn of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

/// A definition a rule found.
pub(crate) struct Definition {
    pub(crate) name: Range<usize>,
    /// A name that stands between the enclosing definitions and this one, such as a receiver's type.
    pub(crate) owner: Option<Range<usize>>,
    /// None for something that only encloses, such as an extension of a type defined elsewhere.
    pub(crate) kind: Option<SymbolKind>,
    /// Whether it becomes a container of what is inside.
    pub(crate) opens: bool,
}

impl Definition {
    pub(crate) fn new(kind: SymbolKind, name: Node<'_>) -> Self {
        Self {
            name: name.byte_range(),
            owner: None,
            kind: Some(kind),
            opens: true,
        }
    }

    pub(crate) fn enclosing(name: Node<'_>) -> Self {
        Self {
            name: name.byte_range(),
            owner: None,
            kind: None,
            opens: true,
        }
    }

    pub(crate) fn owned_by(mut self, owner: Option<Node<'_>>) -> Self {
        self.owner = owner.map(|node| node.byte_range());
        self
    }

    pub(crate) fn closed(mut self) -> Self {
        self.opens = false;
        self
    }
}

impl Rule {
    pub(crate) fn find(&self, node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
        match &self.how {
            How::At(kind, path) => follow(node, path)
                .map(|name| Definition::new(*kind, name))
                .into_iter()
                .collect(),
            How::All(kind, field) => {
                let mut cursor = node.walk();
                node.children_by_field_name(field, &mut cursor)
                    .filter(Node::is_named)
                    .map(|name| Definition::new(*kind, name))
                    .collect()
            }
            How::Code(how) => how(node, place),
        }
    }
}

/// Follows fields or child kinds downwards.
pub(crate) fn follow<'t>(node: Node<'t>, path: &[&str]) -> Option<Node<'t>> {
    path.iter().try_fold(node, |node, step| {
        node.child_by_field_name(step).or_else(|| first_of(node, &[step]))
    })
}

/// The first named child of one of these kinds.
pub(crate) fn first_of<'t>(node: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .find(|child| kinds.contains(&child.kind()))
}

/// The named children.
pub(crate) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// The last identifier-like leaf of a possibly qualified or generic name, looking through the given fields.
pub(crate) fn innermost<'t>(mut node: Node<'t>, fields: &[&str]) -> Node<'t> {
    // Qualified names nest as deep as they have parts; real ones have few.
    for _ in 0..32 {
        match fields.iter().find_map(|field| node.child_by_field_name(field)) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

/// A grammar prepared for constant-time questions about nodes.
pub(crate) struct Lookup {
    entries: Vec<Entry>,
    rules: &'static [Rule],
}

#[derive(Clone, Copy, Default)]
struct Entry {
    rule: Option<u8>,
    lead: bool,
    wrap: bool,
    local: bool,
}

impl Lookup {
    pub(crate) fn new(grammar: &'static Grammar) -> Self {
        let language = grammar.language();
        let entries = (0..language.node_kind_count() as u16)
            .map(|id| {
                let kind = language.node_kind_for_id(id).unwrap_or_default();
                if !language.node_kind_is_named(id) {
                    return Entry::default();
                }
                Entry {
                    rule: grammar
                        .rules
                        .iter()
                        .position(|rule| rule.node == kind)
                        .map(|at| at as u8),
                    lead: grammar.leads.contains(&kind),
                    wrap: grammar.wraps.contains(&kind),
                    local: grammar.locals.contains(&kind),
                }
            })
            .collect();
        Self {
            entries,
            rules: grammar.rules,
        }
    }

    fn entry(&self, node: Node<'_>) -> Entry {
        self.entries
            .get(node.kind_id() as usize)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn rule(&self, node: Node<'_>) -> Option<&'static Rule> {
        self.entry(node).rule.map(|at| &self.rules[at as usize])
    }

    pub(crate) fn is_lead(&self, node: Node<'_>) -> bool {
        self.entry(node).lead
    }

    pub(crate) fn is_wrap(&self, node: Node<'_>) -> bool {
        self.entry(node).wrap
    }

    pub(crate) fn is_local(&self, node: Node<'_>) -> bool {
        self.entry(node).local
    }

    /// Whether the node defines something or is wrapped around what does.
    pub(crate) fn is_item(&self, node: Node<'_>) -> bool {
        let entry = self.entry(node);
        entry.rule.is_some() || entry.wrap
    }
}

#[cfg(test)]
mod tests {
    use crate::Language;

    #[test]
    fn every_kind_named_in_a_table_exists_in_its_grammar() {
        for language in Language::ALL {
            let grammar = language.grammar();
            let parsed = grammar.language();
            let kinds = grammar.rules.iter().map(|rule| rule.node);
            for kind in kinds.chain([grammar.leads, grammar.wraps, grammar.locals].concat()) {
                assert_ne!(
                    parsed.id_for_node_kind(kind, true),
                    0,
                    "{}: {kind}",
                    language.name()
                );
            }
            assert!(grammar.rules.len() < 256);
        }
    }
}
