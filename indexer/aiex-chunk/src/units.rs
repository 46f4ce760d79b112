//! The children of a node as units that should not be separated: an item with its doc comment, attributes and
//! decorators. Knows nothing of sizes.

use tree_sitter::{Node, TreeCursor};

use crate::grammar::Lookup;
use crate::outline::{leads_on, starts_line};

/// A run of text that belongs together.
pub(crate) struct Unit<'t> {
    /// Where it starts, with its lead.
    pub(crate) start: usize,
    /// Where the node itself starts; the end when there is none.
    pub(crate) body: usize,
    pub(crate) end: usize,
    /// The node behind the lead; none for comments that lead nothing.
    pub(crate) node: Option<Node<'t>>,
    pub(crate) is_item: bool,
}

/// The units of a node's children.
pub(crate) fn units<'t>(
    text: &str,
    node: Node<'t>,
    lookup: &Lookup,
    cursor: &mut TreeCursor<'t>,
) -> Vec<Unit<'t>> {
    let mut out = Vec::new();
    let mut lead: Option<(usize, usize)> = None;
    let mut before = node.start_byte();
    for child in node.children(cursor) {
        let (start, end) = (child.start_byte().max(before), child.end_byte());
        if start >= end {
            continue;
        }
        let adjacent = leads_on(text, before, start);
        before = end;
        if !adjacent && let Some(alone) = lead.take() {
            out.push(comment(alone));
        }
        if lookup.is_lead(child) && (lead.is_some() || starts_line(text, start)) {
            lead = Some((lead.map_or(start, |(first, _)| first), end));
            continue;
        }
        out.push(Unit {
            start: lead.take().map_or(start, |(first, _)| first),
            body: start,
            end,
            node: Some(child),
            is_item: lookup.is_item(child),
        });
    }
    out.extend(lead.map(comment));
    out
}

fn comment<'t>((start, end): (usize, usize)) -> Unit<'t> {
    Unit {
        start,
        body: end,
        end,
        node: None,
        is_item: false,
    }
}
