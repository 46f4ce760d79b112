//! Pages of rustdoc, on docs.rs and elsewhere: what an item is, its documentation, its own methods. What the
//! compiler adds for every type is left out.

use dom_query::Document;

use super::{Reading, first_in};
use crate::extract::PageKind;
use crate::extract::markdown::{line, markdown};

/// Navigation, and the implementations that every type has.
const BESIDE: &str = "#synthetic-implementations, #synthetic-implementations-list, #blanket-implementations, \
     #blanket-implementations-list, #trait-implementations, #trait-implementations-list, .sidebar, rustdoc-toolbar, \
     rustdoc-breadcrumbs, .rustdoc-breadcrumbs, .src, .since, .rightside, .out-of-band, .anchor, .doc-anchor, \
     .tooltip, .example-wrap > .button-holder, .hideme, summary.hideme, #copy-path, .notable-traits, .docs-rs-nav";

pub(super) fn read(document: &Document) -> Option<Reading> {
    let made = document
        .try_select("meta[name='generator']")
        .and_then(|meta| meta.attr("content"))
        .is_some_and(|name| &*name == "rustdoc");
    if !made && !document.select("body").has_class("rustdoc") {
        return None;
    }
    let main = first_in(document, "#main-content").or_else(|| first_in(document, "main"))?;
    document.select(BESIDE).remove();
    // Signatures are headings of prose to a converter; they are code.
    for header in document.select(".code-header").nodes() {
        let signature = line(header);
        let code = document.root().tree.new_element("code");
        code.set_text(signature.as_str());
        header.remove_children();
        header.append_child(&code);
    }
    for declaration in document.select("pre.item-decl").nodes() {
        declaration.set_attr("data-lang", "rust");
    }
    let title = first_in(document, "#main-content h1").map(|node| line(&node));
    Some(Reading {
        kind: PageKind::Reference,
        title,
        date: None,
        markdown: markdown(&main),
    })
}
