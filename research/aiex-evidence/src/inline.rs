//! What stands inside a line: code, strong words, addresses.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::sentences::code_spans;

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
    Strong(&'a str),
}

/// A line in pieces. Only code spans and `**strong words**` are markup; everything else is text.
pub(crate) fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for span in code_spans(line) {
        strong(line.get(at..span.start).unwrap_or_default(), &mut found);
        let code = line.get(span.clone()).unwrap_or_default();
        found.push(Piece::Code(code.trim_matches('`').trim()));
        at = span.end;
    }
    strong(line.get(at..).unwrap_or_default(), &mut found);
    found.retain(|piece| !matches!(piece, Piece::Text("") | Piece::Code("")));
    found
}

fn strong<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("**") {
        let Some((inside, after)) = opened.split_once("**") else {
            break;
        };
        found.push(Piece::Text(before));
        if inside.trim().is_empty() || inside.trim() != inside {
            found.push(Piece::Text(inside));
        } else {
            found.push(Piece::Strong(inside));
        }
        rest = after;
    }
    found.push(Piece::Text(rest));
}

#[expect(
    clippy::unwrap_used,
    reason = "the pattern is a constant and the tests compile it"
)]
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:\b[a-z][a-z0-9+.-]{0,30}://|\bwww\.|\b(?:mailto|xmpp|javascript|data|vbscript|file|tel):)[^\s<>"`]+|[a-z0-9._+-]+@[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"#)
        .unwrap()
});

/// What a renderer might turn into a link by itself: addresses with a scheme, `www.` names, mail addresses.
pub(crate) fn addresses(text: &str) -> Vec<Range<usize>> {
    ADDRESS
        .find_iter(text)
        .map(|found| found.start()..found.start() + trimmed(found.as_str()))
        .collect()
}

/// The address without the punctuation of the sentence around it.
fn trimmed(address: &str) -> usize {
    let mut end = address.len();
    while let Some(c) = address.get(..end).and_then(|text| text.chars().next_back()) {
        let head = address.get(..end).unwrap_or_default();
        let unbalanced = |open: char, close: char| head.matches(close).count() > head.matches(open).count();
        let drops = match c {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '”' | '*' | '_' => true,
            ')' => unbalanced('(', ')'),
            ']' => unbalanced('[', ']'),
            '}' => unbalanced('{', '}'),
            _ => false,
        };
        if !drops {
            break;
        }
        end -= c.len_utf8();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_falls_into_text_code_and_strong_words() {
        assert_eq!(
            pieces("Use **two** of `a**b` now"),
            [
                Piece::Text("Use "),
                Piece::Strong("two"),
                Piece::Text(" of "),
                Piece::Code("a**b"),
                Piece::Text(" now"),
            ]
        );
        assert_eq!(pieces("2 ** 3"), [Piece::Text("2 ** 3")]);
    }

    #[test]
    fn addresses_end_before_the_sentence_goes_on() {
        let text = "(see https://a.org/x_(y)), www.b.org. or me@c.org!";
        let found: Vec<&str> = addresses(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["https://a.org/x_(y)", "www.b.org", "me@c.org"]);
    }
}
