//! Syntax trees, with a limit of work. Knows grammars only by language, and nothing of what trees are used for.

use std::cell::RefCell;
use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::Language;

thread_local! {
    // A parser keeps its buffers, so reusing one saves most of the cost of a small file.
    static PARSERS: RefCell<Vec<(Language, Parser)>> = const { RefCell::new(Vec::new()) };
}

/// The syntax tree, or nothing when it would take the parser more steps.
pub(crate) fn parse(text: &str, language: Language, max_steps: u32) -> Option<Tree> {
    let mut parser = take(language)?;
    let mut steps = 0;
    let mut progress = |_: &ParseState| {
        steps += 1;
        if steps > max_steps {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let bytes = text.as_bytes();
    let tree = parser.parse_with_options(
        &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut progress)),
    );
    // A parser that was stopped would otherwise resume the old text.
    parser.reset();
    PARSERS.with_borrow_mut(|parsers| parsers.push((language, parser)));
    tree
}

fn take(language: Language) -> Option<Parser> {
    let kept = PARSERS.with_borrow_mut(|parsers| {
        let at = parsers.iter().position(|(of, _)| *of == language)?;
        Some(parsers.swap_remove(at).1)
    });
    if kept.is_some() {
        return kept;
    }
    let mut parser = Parser::new();
    parser.set_language(&language.grammar().language()).ok()?;
    Some(parser)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_loads_and_parses() {
        for language in Language::ALL {
            assert!(parse("x\n", *language, 1_000).is_some(), "{}", language.name());
        }
    }

    #[test]
    fn a_stopped_parser_is_usable_again() {
        let long = "fn f() { g(1, 2); }\n".repeat(20_000);
        assert!(parse(&long, Language::Rust, 10).is_none());
        let tree = parse("fn f() {}", Language::Rust, 1_000).unwrap();
        assert_eq!(tree.root_node().end_byte(), 9);
    }
}
