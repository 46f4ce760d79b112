//! What a text must hold for an expression to match in it.

mod expression;
mod strings;

use std::collections::BTreeSet;

use crate::gram::Gram;

/// A condition on the grams of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// Every text fulfils it.
    All,
    /// The text holds this gram.
    Gram(Gram),
    /// All of these hold.
    And(Vec<Query>),
    /// One of these holds; of none, none does.
    Or(Vec<Query>),
}

/// An expression that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the expression cannot be read")]
pub struct PatternError(#[source] Box<regex_syntax::Error>);

impl Query {
    /// What a text must hold for a regular expression to match in it, as the `regex` crate reads the expression when
    /// `^` and `$` stand for the ends of lines. It is necessary for a match, never sufficient.
    ///
    /// # Errors
    /// When the expression cannot be read.
    pub fn of_pattern(pattern: &str) -> Result<Self, PatternError> {
        let mut parser = regex_syntax::ParserBuilder::new().multi_line(true).build();
        let tree = parser.parse(pattern).map_err(|e| PatternError(Box::new(e)))?;
        Ok(expression::query(&tree))
    }

    /// What a text must hold for `literal` to stand in it.
    pub fn of_literal(literal: &str) -> Self {
        Self::all_of(Gram::all(literal.as_bytes()).map(Self::Gram))
    }

    /// Whether a text with these grams fulfils it.
    pub fn admits(&self, has: &dyn Fn(Gram) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Gram(gram) => has(*gram),
            Self::And(parts) => parts.iter().all(|part| part.admits(has)),
            Self::Or(parts) => parts.iter().any(|part| part.admits(has)),
        }
    }

    /// All of these; of none, every text.
    fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = BTreeSet::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::And(parts) => all.extend(parts),
                Self::Or(parts) if parts.is_empty() => return Self::Or(parts),
                part => drop(all.insert(part)),
            }
        }
        match all.len() {
            0 => Self::All,
            1 => all.into_iter().next().unwrap_or(Self::All),
            _ => Self::And(all.into_iter().collect()),
        }
    }

    /// One of these; of none, no text.
    fn one_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut any = BTreeSet::new();
        for part in parts {
            match part {
                Self::All => return Self::All,
                Self::Or(parts) => any.extend(parts),
                part => drop(any.insert(part)),
            }
        }
        if any.len() == 1 {
            return any.into_iter().next().unwrap_or(Self::All);
        }
        Self::Or(any.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &Query) -> String {
        let joined = |parts: &[Query], by: &str| parts.iter().map(shown).collect::<Vec<_>>().join(by);
        match query {
            Query::All => "all".to_owned(),
            Query::Gram(gram) => {
                let [_, a, b, c] = gram.number().to_be_bytes();
                String::from_utf8_lossy(&[a, b, c]).into_owned()
            }
            Query::And(parts) => format!("({})", joined(parts, " ")),
            Query::Or(parts) => format!("[{}]", joined(parts, "|")),
        }
    }

    fn of(pattern: &str) -> String {
        shown(&Query::of_pattern(pattern).unwrap())
    }

    #[test]
    fn a_word_is_all_of_its_grams() {
        assert_eq!(of("Retry"), "(etr ret try)");
        assert_eq!(shown(&Query::of_literal("Retry")), "(etr ret try)");
        assert_eq!(of("re"), "all");
    }

    #[test]
    fn what_stands_between_words_is_left_out() {
        assert_eq!(of(r"fn\s+main"), "(ain mai)");
        assert_eq!(of(r"abc.*def"), "(abc def)");
        assert_eq!(of(r"^abc\b$"), "abc");
    }

    #[test]
    fn one_of_several_is_enough() {
        assert_eq!(of("abc|def"), "[abc|def]");
        assert_eq!(of("(ab|cd)e"), "[abe|cde]");
        assert_eq!(of("abc|.*"), "all");
    }

    #[test]
    fn grams_over_the_border_of_two_parts_count() {
        assert_eq!(of("(?:x+ab)(?:cd+)"), "(abc bcd xab)");
    }

    #[test]
    fn letters_in_both_cases_are_few_variants() {
        assert_eq!(of("(?i)abc"), "abc");
        // The long s and the sign of the kelvin are other bytes.
        assert!(of("(?i)task").starts_with('['));
    }

    #[test]
    fn what_is_repeated_stands_there_once_at_least() {
        assert_eq!(of("(?:abc)+"), "abc");
        assert_eq!(of("(?:abc)*"), "all");
        assert_eq!(of("(?:ab){2}"), "(aba bab)");
        assert_eq!(of("xx(?:abc)?yy"), "[(abc bcy cyy xab xxa)|(xxy xyy)]");
    }

    #[test]
    fn what_can_never_match_is_in_no_text() {
        assert_eq!(of(r"abc[^\x00-\x{10FFFF}]"), "[]");
    }
}
