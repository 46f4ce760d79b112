//! Bash.

use crate::SymbolKind;
use crate::grammar::{Grammar, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_bash::LANGUAGE.into(),
    rules: &[
        named("function_definition", SymbolKind::Function),
        named("variable_assignment", SymbolKind::Variable),
    ],
    leads: &["comment"],
    wraps: &["declaration_command"],
    locals: &["subshell"],
    clauses: false,
};
