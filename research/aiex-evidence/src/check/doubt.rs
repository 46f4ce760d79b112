//! What code sees and cannot decide.

use std::fmt;

use crate::Verdict;

/// Why a sentence may say something else than its quotes.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// A fact stands beside the quote in its source, not in the quote.
    Beside {
        /// The fact as the sentence has it.
        fact: String,
    },
    /// The one denies, the other does not.
    Negation,
    /// The one says the opposite of the other: `faster` and `slower`.
    Opposite {
        /// The sentence's word.
        claimed: String,
        /// The quote's word.
        said: String,
    },
    /// The number is in the quote, but another one stands where it is claimed.
    Swapped {
        /// The sentence's number.
        claimed: String,
        /// The number that stands there.
        said: String,
    },
    /// The number is in the quote, in another unit.
    Unit {
        /// The number as the sentence has it.
        number: String,
    },
    /// A number that is written as a word is in none of the quotes.
    Spelled {
        /// The number as the sentence has it.
        number: String,
    },
    /// A small word turns what the quote says: `only`, or `to` in the place of `from`.
    Turned {
        /// The sentence's word.
        word: String,
    },
    /// It leaves out words of what it takes of the quote, which may say it of less: `when`, `hardly`, `at most`.
    Dropped {
        /// The first of them.
        word: String,
    },
    /// A name does not stand on the lines where the sentence says that it does, though these are cited.
    Elsewhere {
        /// The name as the sentence has it.
        name: String,
        /// The place as the sentence has it.
        place: String,
    },
    /// A name is in none of the quotes.
    Name {
        /// The name.
        name: String,
    },
    /// A number is in the quote without the unit, or the words of a piece of code are there in another order.
    Loose {
        /// The number as the sentence has it.
        number: String,
    },
    /// It says it in words of its own, or in another order.
    Reworded,
    /// Too few of its words are in the quotes.
    FewWords {
        /// The share of its words that are, 0 to 1.
        share: f64,
    },
    /// A block of code that no quote holds.
    Code,
}

/// The share of a sentence's words in its quotes below which no word of a model's makes them its ground.
const APART: f64 = 0.2;

impl Doubt {
    /// The verdict when no model is asked. A fact that stands beside the quote, or on other lines of it, is borne out in
    /// part; everything else nobody has looked at.
    pub fn without_model(&self) -> Verdict {
        match self {
            Self::Beside { .. } | Self::Elsewhere { .. } => Verdict::Partial,
            _ => Verdict::Unchecked,
        }
    }

    /// Whether a model's word that the quotes bear the sentence out clears it. What code looks up (whether a number, its
    /// unit or a name is there, what stands on a line) it does not clear, and neither where the two say the opposite of
    /// each other, or share next to nothing: the same model may have written both.
    pub fn may_be_cleared(&self) -> bool {
        match self {
            Self::Beside { .. }
            | Self::Negation
            | Self::Opposite { .. }
            | Self::Swapped { .. }
            | Self::Unit { .. }
            | Self::Spelled { .. }
            | Self::Turned { .. }
            | Self::Elsewhere { .. } => false,
            Self::FewWords { share } => *share >= APART,
            Self::Dropped { .. } | Self::Name { .. } | Self::Loose { .. } | Self::Reworded | Self::Code => {
                true
            }
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beside { fact } => write!(f, "{fact} stands beside the quote, not in it"),
            Self::Negation => write!(f, "the sentence and the quote differ in a negation"),
            Self::Opposite { claimed, said } => write!(f, "the sentence says {claimed}, the quote {said}"),
            Self::Swapped { claimed, said } => {
                write!(f, "where the sentence has {claimed}, the quote has {said}")
            }
            Self::Unit { number } => write!(f, "{number} is in the quotes in another unit"),
            Self::Spelled { number } => write!(f, "the number {number} is in none of the quotes"),
            Self::Turned { word } => write!(f, "“{word}” turns what the quote says"),
            Self::Dropped { word } => write!(f, "the quote says it with “{word}”"),
            Self::Elsewhere { name, place } => write!(f, "{name} does not stand at {place}"),
            Self::Name { name } => write!(f, "{name} is in none of the quotes"),
            Self::Loose { number } => write!(f, "{number} is not in the quotes in this form"),
            Self::Reworded => write!(f, "in words of its own"),
            Self::FewWords { share } => write!(f, "the quotes share {:.0} % of its words", share * 100.0),
            Self::Code => write!(f, "no quote holds this code"),
        }
    }
}
