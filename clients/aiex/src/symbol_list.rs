//! Definitions as programs read them.

use aiex_protocol::code::Symbol;
use serde::Serialize;

/// A definition, every key always there but the last, which is there when a name was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct SymbolRow<'a> {
    path: &'a str,
    name: &'a str,
    container: Option<&'a str>,
    kind: &'a str,
    language: Option<&'a str>,
    line: u32,
    start_line: u32,
    end_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<&'a str>,
}

impl<'a> From<&'a Symbol> for SymbolRow<'a> {
    fn from(symbol: &'a Symbol) -> Self {
        Self {
            path: &symbol.path,
            name: &symbol.name,
            container: Some(symbol.container.as_str()).filter(|container| !container.is_empty()),
            kind: &symbol.kind,
            language: symbol.language.as_deref(),
            line: symbol.line,
            start_line: symbol.start_line,
            end_line: symbol.end_line,
            fit: symbol.fit.as_deref(),
        }
    }
}
