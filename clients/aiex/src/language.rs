//! The names that `--lang` and `--kind` take. A wrong one is answered with the nearest one.

use std::ffi::OsStr;

use aiex_chunk::{Language, SymbolKind};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command, Error};

/// Reads a language's name or usual alias.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LanguageParser;

impl TypedValueParser for LanguageParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        match value.to_str().and_then(Language::from_name) {
            Some(language) => Ok(language.name().to_owned()),
            // It knows how to suggest.
            None => PossibleValuesParser::new(names()).parse_ref(command, arg, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(names().map(PossibleValue::new)))
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    Language::ALL.iter().map(|language| language.name())
}

/// Reads a kind of symbol.
pub(crate) fn kind_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(SymbolKind::ALL.iter().map(|kind| kind.name()))
}
