//! What a question asks for, and how well a text answers it.
//!
//! The score of a text is the share of the question's words that it holds, each weighed by its rarity (BM25's inverse
//! document frequency, Robertson and Spärck Jones 1976): half of it for the whole text, half for its best sentence, so that
//! words that stand together count more than words that are strewn about. Other forms of a word count for less, and so
//! does what stands above the text: the headings, the name of the definition. Nearness in meaning is added, where somebody
//! tells it: an answer may share no word with its question. On top come cues: a question that begins with "why" is answered
//! where a text says "because".

use std::collections::HashSet;
use std::ops::Range;

use super::seen::{Held, Seen, Told, Words};
use super::{DEFINERS, Rarity};
use crate::sentences;
use crate::words::{carries_meaning, is_name, parts, stem, words};

/// What another form of a word counts (`redaction` for `redact`), and a word of what stands above.
const OTHER_FORM: f64 = 0.7;
const ABOVE: f64 = 0.5;
/// How much more a name out of code weighs than a word: whoever writes one means it.
const NAME: f64 = 1.5;
/// What a word weighs that asks rather than says what is asked for.
const ASKING: f64 = 0.3;
/// Gained by a pair of the question's words that stand together, at most twice.
const TOGETHER: f64 = 0.06;
/// Gained by defining what the question names.
const DEFINES: f64 = 0.2;
/// Gained for each cue, of at most two; more for a text that begins with one, as a label does.
const CUE: f64 = 0.12;
const LABEL: f64 = 0.6;

/// What a text gains that means what is asked, whatever its words; and how near strangers are, which say nothing of each
/// other. Found over questions in other words than their answers (decision 6): half of it helps less often,
/// more of it no further.
const MEANT: f64 = 2.0;
const STRANGE: f64 = 0.2;

/// Letters of the shortest word that others can be forms of.
pub(super) const SHORTEST_FORM: usize = 3;

/// Words that ask, by their stems.
const ASKS: &[&str] = &[
    "happen", "really", "real", "actual", "exact", "work", "way", "thing", "explain", "describ", "tell",
    "exist", "mean", "know", "chosen", "choos",
];

/// Endings that make one word of another: `redaction`, `writer`, `settlement`.
const ENDINGS: &[&str] = &[
    "ion", "ation", "er", "or", "ment", "iv", "ance", "ence", "ur", "al", "ability", "abl", "ness",
];

/// Words of a question, and the words that mark its answer.
const CUES: &[(&[&str], &[&str])] = &[
    (
        &["why", "reason", "rationale"],
        &[
            "why",
            "because",
            "reason",
            "so that",
            "rather than",
            "instead of",
            "otherwise",
            "in order to",
            "hence",
            "therefore",
            "the price is",
            "would have",
        ],
    ),
    (
        &["when", "happens", "happen"],
        &["when", "after", "before", "once", "as soon as", "until", "while"],
    ),
    (&["default", "defaults"], &["default", "by default", "unless"]),
    (
        &["limit", "limits", "limited", "most", "maximum", "many", "much"],
        &[
            "at most",
            "up to",
            "maximum",
            "limit",
            "no more than",
            "upper limit",
        ],
    ),
];

/// Words of a question that is answered by a number.
const NUMBERS: &[&str] = &[
    "how many", "how much", "how long", "version", "limit", "size", "default", "when",
];

/// What an answer says.
struct Cue {
    says: &'static str,
    /// Of one word; several are looked for as they are.
    stem: Option<String>,
}

/// A question's words with their weights.
pub(super) struct Asked {
    /// Each stem once, in the order of the question.
    words: Vec<(String, f64)>,
    cues: Vec<Cue>,
    wants_number: bool,
    all: f64,
}

impl Asked {
    pub(super) fn new(question: &str, rarity: &Rarity) -> Self {
        let mut seen = HashSet::new();
        let mut weighed = Vec::new();
        let mut strange = Vec::new();
        for word in words(question) {
            let stem = stem(word.text);
            if !carries_meaning(word.text) || !seen.insert(stem.clone()) {
                continue;
            }
            let kind = match () {
                () if is_name(word.text) => NAME,
                () if ASKS.contains(&stem.as_str()) => ASKING,
                () => 1.0,
            };
            match rarity.weight(&stem) {
                Some(weight) => weighed.push((stem, kind * weight)),
                None => strange.push((stem, kind)),
            }
        }
        // Words that no text of the run holds count against none, unless there are no others.
        if weighed.is_empty() {
            weighed = strange;
        }
        let lower = question.to_lowercase();
        let is_asked = |word: &&str| words(&lower).iter().any(|asked| asked.text == *word);
        let cues = CUES.iter().filter(|(asks, _)| asks.iter().any(&is_asked));
        let cues = cues.flat_map(|(_, says)| says.iter().copied()).map(|says| Cue {
            says,
            stem: (!says.contains(' ')).then(|| stem(says)),
        });
        Self {
            cues: cues.collect(),
            wants_number: NUMBERS.iter().any(|cue| lower.contains(cue)),
            all: weighed.iter().map(|(_, weight)| weight).sum(),
            words: weighed,
        }
    }

    /// Reads a text.
    pub(super) fn see<'t>(&self, text: &'t str) -> Seen<'t> {
        Seen::new(text, |word| self.told(word))
    }

    /// What a word says to the question.
    fn told(&self, word: &str) -> Told {
        let mut told = Told {
            carries_meaning: carries_meaning(word),
            defines: DEFINERS.contains(&word),
            ..Told::default()
        };
        for part in parts(word) {
            let said = stem(part);
            for (at, (asked, _)) in self.words.iter().enumerate() {
                let nearness = related(asked, &said);
                if nearness > 0.0 {
                    told.held.push((at, nearness));
                }
            }
        }
        let said = stem(word);
        told.is = self.words.iter().position(|(asked, _)| *asked == said);
        for (bit, cue) in self.cues.iter().enumerate().take(u64::BITS as usize) {
            told.cues |= u64::from(cue.stem.as_ref() == Some(&said)) << bit;
        }
        told
    }

    /// How much of the question a text speaks of, 0 to 1. One without words that carry meaning is held by everything.
    pub(super) fn coverage(&self, text: &str) -> f64 {
        if self.all <= 0.0 {
            return 1.0;
        }
        self.share(&self.held_by(text))
    }

    /// The same question with some of its words, by their stems.
    pub(super) fn of_words(mut self, is_kept: impl Fn(&str) -> bool) -> Self {
        self.words.retain(|(stem, _)| is_kept(stem));
        self.all = self.words.iter().map(|(_, weight)| weight).sum();
        self
    }

    /// How much of the question a text speaks of where `above` stands above it, 0 to 1. A question without words that carry
    /// meaning is held by nothing.
    pub(super) fn held_below(&self, text: &str, above: &str) -> f64 {
        if self.all <= 0.0 {
            return 0.0;
        }
        self.share(&self.held_by(text).below(&self.held_by(above), ABOVE))
    }

    /// How well a piece of a text answers, where what `above` holds stands above it and `near` says how near it is in
    /// meaning, as a cosine; 0 without any word of the question and without its meaning, about 1 when it holds all of the
    /// words.
    pub(super) fn answered(&self, seen: &Seen<'_>, piece: &Range<usize>, above: &Held, near: f64) -> f64 {
        let text = seen.text.get(piece.clone()).unwrap_or_default();
        let said = seen.within(piece);
        let meant = meant(near);
        if self.all <= 0.0 {
            return meant * self.cued(text, said) * length(said.len());
        }
        let held = self.held(said);
        if held.is_nothing() && meant <= 0.0 {
            return 0.0;
        }
        let best = sentences::split(text)
            .into_iter()
            .map(|sentence| piece.start + sentence.start..piece.start + sentence.end)
            .map(|sentence| self.share(&self.held(seen.within(&sentence)).below(above, ABOVE)))
            .fold(0.0, f64::max);
        let mut score = 0.5 * self.share(&held.below(above, ABOVE)) + 0.5 * best;
        score += self.bonus(said);
        if self.wants_number && text.contains(|c: char| c.is_ascii_digit()) {
            score += CUE * score;
        }
        (score + meant) * self.cued(text, said) * length(said.len())
    }

    /// How well a text holds each of the question's words.
    pub(super) fn held_by(&self, text: &str) -> Held {
        self.held(self.see(text).within(&(0..text.len())))
    }

    fn held(&self, said: Words<'_>) -> Held {
        let mut held = vec![0.0_f64; self.words.len()];
        for (at, nearness) in said.iter().flat_map(|told| &told.held) {
            if let Some(known) = held.get_mut(*at) {
                *known = known.max(*nearness);
            }
        }
        Held(held)
    }

    fn share(&self, held: &Held) -> f64 {
        let each = self.words.iter().zip(&held.0);
        each.map(|((_, weight), nearness)| weight * nearness).sum::<f64>() / self.all
    }

    fn bonus(&self, said: Words<'_>) -> f64 {
        let (mut together, mut defines) = (0_u32, 0.0);
        let (mut defines_next, mut before) = (false, None);
        for told in said.iter() {
            if defines_next && told.is.is_some() {
                defines = DEFINES;
            }
            defines_next = told.defines;
            if told.carries_meaning {
                // Words stand in the order of the question.
                let follows = before
                    .zip(told.is)
                    .is_some_and(|(before, at): (usize, usize)| at == before + 1);
                together += u32::from(follows);
                before = told.is;
            }
        }
        defines + TOGETHER * f64::from(together.min(2))
    }

    /// What a text gains by saying what such a question's answer says.
    fn cued(&self, text: &str, said: Words<'_>) -> f64 {
        if self.cues.is_empty() {
            return 1.0;
        }
        let lower = text.to_lowercase();
        let label = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_label = |cue: &Cue| {
            let rest = label.strip_prefix(cue.says).unwrap_or_default();
            rest.starts_with(['.', ':', '*', '?', '_'])
        };
        if self.cues.iter().any(is_label) {
            return 1.0 + LABEL;
        }
        let heard = said.iter().fold(0, |heard, told| heard | told.cues);
        let says = |(bit, cue): &(usize, &Cue)| match cue.stem {
            Some(_) => heard >> bit & 1 == 1,
            None => lower.contains(cue.says),
        };
        let count = self.cues.iter().enumerate().filter(says).take(2).count();
        1.0 + if count == 0 { 0.0 } else { CUE * count as f64 }
    }
}

/// How near a word is to one that is asked for, by their stems: 1 when they are one, less when one is a form of the other, 0
/// else.
pub(super) fn related(asked: &str, said: &str) -> f64 {
    if asked == said {
        return 1.0;
    }
    let (short, long) = if asked.len() < said.len() {
        (asked, said)
    } else {
        (said, asked)
    };
    let Some(ending) = long.strip_prefix(short).filter(|_| short.len() >= SHORTEST_FORM) else {
        return 0.0;
    };
    // `fts` and `FTS5`, `sha` and `sha256`: a version of the name.
    let is_numbered = ending.chars().all(|c| c.is_ascii_digit()) && short.chars().all(char::is_alphabetic);
    match () {
        () if is_numbered => 1.0,
        () if short.len() >= 4 && ENDINGS.contains(&ending) => OTHER_FORM,
        () => 0.0,
    }
}

/// What the nearness of a text in meaning adds to its score.
pub(super) fn meant(near: f64) -> f64 {
    MEANT * ((near - STRANGE) / (1.0 - STRANGE)).max(0.0)
}

/// What the length of a text in words makes of its score: too little says nothing, too much is not read.
fn length(count: usize) -> f64 {
    match count {
        0..=3 => 0.4,
        4..=7 => 0.8,
        8..=110 => 1.0,
        _ => 0.85,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(question: &str, texts: &[&str]) -> Vec<f64> {
        let others = [
            "It is chosen in the settings.",
            "You chose this.",
            "Nothing else is chosen.",
            "The rest.",
        ];
        let rarity = Rarity::of(texts.iter().copied().chain(others));
        let asked = Asked::new(question, &rarity);
        let above = asked.held_by("");
        let answered = |text: &&str| asked.answered(&asked.see(text), &(0..text.len()), &above, 0.0);
        texts.iter().map(answered).collect()
    }

    #[track_caller]
    fn first_is_best(question: &str, texts: &[&str]) {
        let scores = answered(question, texts);
        assert!(scores[1..].iter().all(|other| scores[0] > *other), "{scores:?}");
    }

    #[test]
    fn forms_of_a_word_are_near_and_other_words_are_not() {
        let near = |a: &str, b: &str| related(&stem(a), &stem(b));
        for (a, b) in [
            ("switched", "switch"),
            ("fts", "FTS5"),
            ("redacted", "redaction"),
            ("evicts", "eviction"),
            ("write", "writer"),
        ] {
            assert!(near(a, b) > 0.0 && near(b, a) > 0.0, "{a} {b}");
        }
        for (a, b) in [
            ("port", "porter2x"),
            ("art", "article"),
            ("set", "settle"),
            ("in", "in2"),
            ("kill", "killjoy"),
        ] {
            assert!(near(a, b) == 0.0, "{a} {b}");
        }
    }

    #[test]
    fn why_is_answered_where_a_reason_is_given() {
        first_is_best(
            "why was the ledger chosen",
            &[
                "**Why.** The ledger is one file, and nothing else must agree.",
                "**Decided.** The ledger was chosen for all of the amounts.",
                "The ledger is chosen in the settings of the program here.",
            ],
        );
    }

    #[test]
    fn words_of_one_sentence_count_more_than_words_that_are_strewn_about() {
        first_is_best(
            "parcel weight limit",
            &[
                "Some text stands here first. The parcel weight limit is set. Then follows something.",
                "The parcel is here at last. Its weight is told. Every limit is known to all of us.",
            ],
        );
    }

    #[test]
    fn a_word_that_no_text_holds_counts_against_none() {
        let rarity = Rarity::of(["the parcel is weighed", "nothing of interest here"]);
        assert_eq!(
            super::super::coverage("how does it really judge the parcel", "a parcel", &rarity),
            1.0
        );
    }
}
