//! Words of queries and names: splitting, stop words, how well they fit.

use aiex_lexical::stem;

/// Words that say nothing about code, in questions that people ask.
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "being", "but", "by", "can", "code", "could", "did", "do", "does", "else", "find", "for", "from", "get",
    "has", "have", "her", "here", "him", "his", "how", "however", "i", "if", "in", "instead", "into", "is",
    "it", "its", "just", "may", "me", "might", "must", "my", "need", "needs", "of", "on", "or", "our", "out",
    "please", "she", "should", "show", "so", "such", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "to", "us", "used", "uses", "using", "very", "want", "wants", "was", "we",
    "were", "what", "when", "where", "which", "while", "who", "whose", "why", "will", "with", "would", "yet",
    "you",
];

/// The words of a name: split at `_`, `-`, other signs, changes of case and digits; lower-cased.
pub(crate) fn parts(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_part(name, |word| words.push(word.to_lowercase()));
    words
}

/// What an ASCII character is to the words of a name.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sign,
    Lower,
    Upper,
    Digit,
}

const fn kind_of(byte: u8) -> Kind {
    match byte {
        b'a'..=b'z' => Kind::Lower,
        b'A'..=b'Z' => Kind::Upper,
        b'0'..=b'9' => Kind::Digit,
        _ => Kind::Sign,
    }
}

/// [`kind_of`] every byte: whole texts are split so, line by line.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Sign; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = kind_of(byte as u8);
        byte += 1;
    }
    kinds
};

/// Calls `take` with each word of a name, as it is written.
fn each_part<'a>(name: &'a str, mut take: impl FnMut(&'a str)) {
    if !name.is_ascii() {
        return each_wide_part(name, take);
    }
    let bytes = name.as_bytes();
    let mut start = 0;
    let mut before = Kind::Sign;
    for (at, byte) in bytes.iter().enumerate() {
        let kind = KINDS[usize::from(*byte)];
        let ends = match (before, kind) {
            (Kind::Sign, _) => false,
            (Kind::Lower, Kind::Lower) | (Kind::Digit, Kind::Digit) | (Kind::Upper, Kind::Lower) => false,
            // `HTTPHeader`.
            (Kind::Upper, Kind::Upper) => bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase),
            _ => true,
        };
        if ends {
            take(&name[start..at]);
        }
        if ends || matches!(before, Kind::Sign) {
            start = at;
        }
        before = kind;
    }
    if !matches!(before, Kind::Sign) {
        take(&name[start..]);
    }
}

/// The same for letters of all scripts.
fn each_wide_part<'a>(name: &'a str, mut take: impl FnMut(&'a str)) {
    let mut chars = name.char_indices().peekable();
    let mut before: Option<char> = None;
    let mut start = 0;
    while let Some((at, c)) = chars.next() {
        let begins = match before {
            Some(before) if c.is_numeric() != before.is_numeric() => before.is_alphanumeric(),
            Some(before) if c.is_uppercase() => {
                before.is_lowercase()
                    || (before.is_uppercase() && chars.peek().is_some_and(|(_, after)| after.is_lowercase()))
            }
            _ => false,
        };
        if begins || !c.is_alphanumeric() {
            if start < at {
                take(&name[start..at]);
            }
            start = if c.is_alphanumeric() {
                at
            } else {
                at + c.len_utf8()
            };
        }
        before = Some(c);
    }
    if start < name.len() {
        take(&name[start..]);
    }
}

/// Whether a word carries no meaning in a question about code.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The stems of a name's words.
pub(crate) fn stems(name: &str) -> Vec<String> {
    parts(name).iter().map(|part| stem(part)).collect()
}

/// How well a query's stem fits a stem of a name: 1 for the same, `abbreviation` when one begins with the other, else 0.
pub(crate) fn fit(wanted: &str, own: &str, abbreviation: f32) -> f32 {
    if wanted == own {
        return 1.0;
    }
    let (short, long) = if wanted.len() < own.len() {
        (wanted, own)
    } else {
        (own, wanted)
    };
    // Three letters are what abbreviations in names commonly keep (`cfg` aside): `conf`, `init`, `req`.
    if short.len() >= 3 && long.starts_with(short) {
        abbreviation
    } else {
        0.0
    }
}

/// Tells quickly that a text has no word that fits any of a query's stems: it lacks the letters that they begin with.
/// Says yes too often and never no in error, and is much quicker than [`stems`] and [`fit`].
pub(crate) struct Gate {
    /// A bit for every three characters by their lowest five bits, which are the same for both cases of a letter.
    begins: Box<[u64; GATE_BITS / 64]>,
}

const GATE_BITS: usize = 1 << 15;

impl Gate {
    pub(crate) fn new(stems: &[String]) -> Self {
        let mut begins = Box::new([0; GATE_BITS / 64]);
        for stem in stems {
            // The last letter of a stem may be another one than the word's: `tri` of `try`.
            let letters = stem.chars().count().saturating_sub(1).clamp(1, 3);
            let known = || stem.bytes().take(letters);
            if stem.is_empty() || !known().all(|byte| byte.is_ascii()) {
                // A text with such letters passes anyhow.
                continue;
            }
            let first = known().fold(0, folded) << (5 * (3 - letters));
            for place in first..first + (1 << (5 * (3 - letters))) {
                begins[place / 64] |= 1 << (place % 64);
            }
        }
        Self { begins }
    }

    /// The stems of those words of a text that may fit.
    pub(crate) fn stems(&self, text: &str) -> Vec<String> {
        let mut stems = Vec::new();
        each_part(text, |word| {
            if self.may_begin(word) {
                stems.push(stem(&word.to_lowercase()));
            }
        });
        stems
    }

    /// The same of one word, which fits by its beginning or not at all.
    fn may_begin(&self, word: &str) -> bool {
        let mut bytes = word.bytes();
        let mut place = 0;
        for _ in 0..3 {
            let byte = bytes.next().unwrap_or(0);
            if !byte.is_ascii() {
                return true;
            }
            place = folded(place, byte);
        }
        self.has(place)
    }

    fn has(&self, place: usize) -> bool {
        self.begins[place / 64] >> (place % 64) & 1 == 1
    }

    /// The lines of a text in which a word may fit: their numbers from 0, and where they start.
    pub(crate) fn lines(&self, text: &str) -> Vec<(usize, usize)> {
        let mut lines: Vec<(usize, usize)> = Vec::new();
        let (mut line, mut start) = (0, 0);
        let mut place = text.bytes().chain([0, 0]).take(2).fold(0, folded);
        for (at, byte) in text.bytes().enumerate() {
            // Three characters belong to the line that they begin in.
            place = folded(place, text.as_bytes().get(at + 2).copied().unwrap_or(0));
            let may_fit = !byte.is_ascii() || self.has(place);
            if may_fit && lines.last().is_none_or(|(known, _)| *known != line) {
                lines.push((line, start));
            }
            if byte == b'\n' {
                line += 1;
                start = at + 1;
            }
        }
        lines
    }

    pub(crate) fn may_fit(&self, text: &str) -> bool {
        let mut place = 0;
        for (at, byte) in text.bytes().chain([0, 0]).enumerate() {
            place = folded(place, byte);
            if !byte.is_ascii() || (at >= 2 && self.has(place)) {
                return true;
            }
        }
        false
    }
}

/// The place of three characters of which this is the last.
fn folded(place: usize, byte: u8) -> usize {
    (place << 5 | usize::from(byte & 31)) % GATE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_where_readers_see_words() {
        let check = |name: &str, expected: &str| assert_eq!(parts(name).join(" "), expected, "{name}");
        check("parseHTTPHeader", "parse http header");
        check("snake_case_name", "snake case name");
        check("Vec2D", "vec 2 d");
        check("src/retry-policy.rs", "src retry policy rs");
        check("größeÄndern", "größe ändern");
        check("__init__", "init");
    }

    #[test]
    fn forms_of_a_word_and_abbreviations_fit() {
        assert_eq!(fit(&stem("retries"), &stem("retry"), 0.7), 1.0);
        assert_eq!(fit(&stem("configuration"), &stem("conf"), 0.7), 0.7);
        assert_eq!(fit(&stem("class"), &stem("cat"), 0.7), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn what_fits_may_fit(word in "[a-z]{1,9}", name in "[a-zA-Z_]{1,24}") {
            let wanted = vec![stem(&word)];
            let fits = stems(&name).iter().any(|part| fit(&wanted[0], part, 0.7) > 0.0);
            let gate = Gate::new(&wanted);
            proptest::prop_assert!(!fits || gate.may_fit(&name), "{word} {name}");
            let passed = gate.stems(&name);
            proptest::prop_assert!(!fits || passed.iter().any(|part| fit(&wanted[0], part, 0.7) > 0.0));
        }
    }

    proptest::proptest! {
        #[test]
        fn plain_letters_are_split_as_all_others(name in "[a-zA-Z0-9_:. -]{0,24}") {
            let mut wide = Vec::new();
            each_wide_part(&name, |word| wide.push(word.to_lowercase()));
            proptest::prop_assert_eq!(parts(&name), wide);
        }
    }

    #[test]
    fn a_word_whose_stem_ends_otherwise_may_fit() {
        let gate = Gate::new(&[stem("tries")]);
        assert!(gate.may_fit("try_again"));
        assert!(!gate.may_fit("other"));
    }

    #[test]
    fn stop_words_are_sorted_for_the_search_in_them() {
        assert!(STOP_WORDS.is_sorted());
    }
}
