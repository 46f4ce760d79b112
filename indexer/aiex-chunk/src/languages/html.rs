//! HTML. Elements are found by their ids.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, children, code, first_of};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_html::LANGUAGE.into(),
    rules: &[
        code("element", element),
        code("script_element", element),
        code("style_element", element),
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &[],
    clauses: false,
};

fn element(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let Some(tag) = first_of(node, &["start_tag", "self_closing_tag"]) else {
        return Vec::new();
    };
    let heading = first_of(tag, &["tag_name"])
        .map(|name| place.of(name))
        .filter(|name| {
            name.len() == 2 && name.starts_with(['h', 'H']) && name.ends_with(|c: char| c.is_ascii_digit())
        });
    let id = children(tag).into_iter().find_map(|attribute| {
        let name = first_of(attribute, &["attribute_name"])?;
        let value = first_of(attribute, &["quoted_attribute_value", "attribute_value"])?;
        place.of(name).eq_ignore_ascii_case("id").then_some(value)
    });
    let text = heading.and_then(|_| first_of(node, &["text"]));
    let heading = text.map(|text| Definition::new(SymbolKind::Heading, text).closed());
    id.map(|id| Definition::new(SymbolKind::Selector, id))
        .into_iter()
        .chain(heading)
        .collect()
}
