//! TypeScript with JSX: another grammar, the same definitions.

use crate::grammar::Grammar;
use crate::languages::typescript;

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    ..typescript::GRAMMAR
};
