//! One pass over the text finds the places where a secret could be; a rule looks at each. Ordinary text costs the
//! pass alone.

use std::sync::OnceLock;

use regex::bytes::Regex;

use super::{assignment, pem, token, typed};

/// What is blotted out, and what of it stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: &'static str,
    pub(super) keep: Keep,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keep {
    /// Line ends only.
    Lines,
    /// Everything that is no letter or digit of base64: quotes and line ends around the lines of a key.
    Frame,
}

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A file, or what is kept like one.
    File,
    /// Somebody who typed it.
    Person,
}

/// Parts of names that tell of secrets, in the spellings that occur. The first letters are cut off, so that one entry
/// serves `password` and `Password`. Three bytes at least: the vector search needs that many to be fast.
const NAME_PARTS: &[&str] = &[
    "assw",
    "ASSW",
    "assphr",
    "ASSPHR",
    "pwd",
    "PWD",
    "ecret",
    "ECRET",
    "oken",
    "OKEN",
    "pi_key",
    "pi-key",
    "piKey",
    "PI_KEY",
    "PI-KEY",
    "pikey",
    "PIKEY",
    "ess_key",
    "essKey",
    "ESS_KEY",
    "ate_key",
    "ateKey",
    "ATE_KEY",
    "redential",
    "REDENTIAL",
    "earer ",
];

/// Finds every secret in order; spans do not overlap.
pub(super) fn find(text: &[u8], origin: Origin) -> Vec<Span> {
    let Some(regex) = prefilter() else {
        return Vec::new();
    };
    let mut spans: Vec<Span> = Vec::new();
    for hit in regex.find_iter(text) {
        let done = spans.last().map_or(0, |span| span.end);
        if hit.start() < done {
            continue;
        }
        let found = if hit.as_bytes() == b"-----BEGIN" {
            pem::at(text, hit.start())
        } else if hit.as_bytes() == b"://" {
            token::url(text, hit.start())
        } else if NAME_PARTS.iter().any(|part| part.as_bytes() == hit.as_bytes()) {
            assignment::at(text, hit.start(), hit.end()).or_else(|| match origin {
                Origin::File => None,
                Origin::Person => typed::at(text, hit.start(), hit.end()),
            })
        } else {
            token::at(text, hit.start())
        };
        spans.extend(found.filter(|span| done <= span.start && span.start < span.end));
    }
    spans
}

/// All literals at once. As an alternation of literals it is run by a vectorised search, not by an automaton.
fn prefilter() -> Option<&'static Regex> {
    static REGEX: OnceLock<Option<Regex>> = OnceLock::new();
    REGEX
        .get_or_init(|| {
            let literals = ["-----BEGIN", "://"].into_iter();
            let literals = literals
                .chain(token::PREFIXES.iter().copied())
                .chain(NAME_PARTS.iter().copied());
            let escaped: Vec<String> = literals.map(regex::escape).collect();
            Regex::new(&escaped.join("|")).ok()
        })
        .as_ref()
}

#[cfg(test)]
mod tests {
    use super::{NAME_PARTS, prefilter, token};

    #[test]
    fn the_search_stays_within_what_the_vector_search_takes() {
        assert!(prefilter().is_some());
        assert!(token::PREFIXES.len() + NAME_PARTS.len() + 2 <= 64);
        assert!(
            token::PREFIXES
                .iter()
                .chain(NAME_PARTS)
                .all(|literal| 3 <= literal.len())
        );
    }
}
