//! Text to token ids: words as programmers write them, then the longest known pieces of each word.
//!
//! A word is a run of ASCII letters or of ASCII digits after accents are folded away; camelCase ends a word and everything
//! else separates. `scripts/static-model/tokens.py` is its twin: both must give the same ids, or the model's rows are wrong.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Longer runs of letters are hashes and encoded data, not words. Also what a key of the word cache holds.
pub const MAX_WORD: usize = 24;
/// Longer numbers say nothing that another text would share.
pub const MAX_DIGITS: usize = 6;
/// Words kept with their pieces. An entry takes about 60 bytes, so a cache stays below 4 MB.
const MAX_CACHED_WORDS: usize = 60_000;
/// Base letters of U+00C0..U+017F; a space where a letter has none.
const FOLD: &[u8; 192] =
    b"AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii nooooo  uuuuy yAaAaAaCcCcCcCcDd  EeEeEeEeEeGgGg\
      GgGgHh  IiIiIiIiI   JjKk LlLlLl    NnNnNn   OoOoOo  RrRrRrSsSsSsSsTtTt  UuUuUuUuUuUuWwYyYZzZzZz ";

/// A lower-case word padded with zeros: compared and hashed as three machine words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct WordKey([u64; 3]);

impl WordKey {
    /// The key of at most [`MAX_WORD`] bytes.
    fn new(word: &[u8]) -> Self {
        let mut padded = [0; MAX_WORD];
        padded[..word.len()].copy_from_slice(word);
        Self::from_padded(padded)
    }

    fn from_padded(padded: [u8; MAX_WORD]) -> Self {
        let part = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&padded[at..at + 8]);
            u64::from_le_bytes(word)
        };
        Self([part(0), part(8), part(16)])
    }

    /// The lower-case key of the `len` ASCII letters or digits at `start`. Both are lower-cased by setting bit 5, which
    /// digits have set already.
    fn lower_case(text: &[u8], start: usize, len: usize) -> Self {
        const CASE: u64 = 0x2020_2020_2020_2020;
        let Self(mut parts) = match text.get(start..start + MAX_WORD).and_then(|s| s.try_into().ok()) {
            Some(padded) => Self::from_padded(padded),
            None => Self::new(&text[start..start + len]),
        };
        for (index, part) in parts.iter_mut().enumerate() {
            let mask = match len.saturating_sub(8 * index) {
                bytes @ 0..8 => (1 << (8 * bytes)) - 1,
                _ => u64::MAX,
            };
            *part = (*part | CASE) & mask;
        }
        Self(parts)
    }

    fn bytes(&self) -> [u8; MAX_WORD] {
        let mut bytes = [0; MAX_WORD];
        for (chunk, part) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }
}

impl Hash for WordKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Folded multiplication; the constants are the first digits of pi, so nothing is hidden in them.
        let fold = |a: u64, b: u64| {
            let wide = u128::from(a) * u128::from(b);
            (wide as u64) ^ ((wide >> 64) as u64)
        };
        let [a, b, c] = self.0;
        let first = fold(a ^ 0x243f_6a88_85a3_08d3, b ^ 0x1319_8a2e_0370_7344);
        state.write_u64(fold(first ^ c, 0xa409_3822_299f_31d0));
    }
}

/// Passes a [`WordKey`]'s hash on.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type WordMap<V> = HashMap<WordKey, V, BuildHasherDefault<KeyHasher>>;

/// Pieces of words that are not tokens themselves, and buffers. One a thread; bounded.
#[derive(Default)]
pub struct WordCache {
    words: WordMap<(u32, u32)>,
    pieces: Vec<u32>,
    folded: Vec<u8>,
}

/// A vocabulary and the way a text is cut into its tokens.
pub struct Tokenizer {
    starts: WordMap<u32>,
    continuations: WordMap<u32>,
}

impl Tokenizer {
    /// Ids count through `starts` and then `continuations`. `None` when a token is empty, longer than [`MAX_WORD`], not lower-case
    /// ASCII letters and digits, or there twice.
    pub fn new<'a>(
        starts: impl Iterator<Item = &'a str>,
        continuations: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let mut next = 0;
        let mut map = |words: &mut dyn Iterator<Item = &'a str>| {
            let mut map = WordMap::default();
            for word in words {
                let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                if word.is_empty() || word.len() > MAX_WORD || !plain {
                    return None;
                }
                if map.insert(WordKey::new(word.as_bytes()), next).is_some() {
                    return None;
                }
                next += 1;
            }
            Some(map)
        };
        let (mut starts, mut continuations) = (starts, continuations);
        Some(Self {
            starts: map(&mut starts)?,
            continuations: map(&mut continuations)?,
        })
    }

    /// The ids of a text's tokens, in order.
    pub fn token_ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.tokenize(text, &mut WordCache::default(), &mut ids);
        ids
    }

    /// Appends the ids of a text's tokens to `ids`.
    pub fn tokenize(&self, text: &str, cache: &mut WordCache, ids: &mut Vec<u32>) {
        if text.is_ascii() {
            self.scan(text.as_bytes(), cache, ids);
        } else {
            let mut folded = std::mem::take(&mut cache.folded);
            fold(text, &mut folded);
            self.scan(&folded, cache, ids);
            folded.clear();
            // One huge text must not keep its buffer for ever.
            folded.shrink_to(1 << 16);
            cache.folded = folded;
        }
    }

    fn scan(&self, text: &[u8], cache: &mut WordCache, ids: &mut Vec<u32>) {
        let run = |from: usize, class: Class| {
            from + text[from..]
                .iter()
                .take_while(|&&b| CLASSES[usize::from(b)] as u8 == class as u8)
                .count()
        };
        let mut at = 0;
        while at < text.len() {
            let (end, longest) = match CLASSES[usize::from(text[at])] {
                Class::Other => {
                    at += 1;
                    continue;
                }
                Class::Digit => (run(at, Class::Digit), MAX_DIGITS),
                Class::Lower => (run(at, Class::Lower), MAX_WORD),
                Class::Upper => {
                    let upper = run(at, Class::Upper);
                    let lower = run(upper, Class::Lower);
                    let end = match upper - at {
                        _ if lower == upper => upper,
                        1 => lower,
                        // `HTTPServer`: the last capital belongs to the next word.
                        _ => upper - 1,
                    };
                    (end, MAX_WORD)
                }
            };
            if end - at <= longest {
                self.push(WordKey::lower_case(text, at, end - at), end - at, cache, ids);
            }
            at = end;
        }
    }

    fn push(&self, key: WordKey, len: usize, cache: &mut WordCache, ids: &mut Vec<u32>) {
        if let Some(&id) = self.starts.get(&key) {
            ids.push(id);
            return;
        }
        if let Some(&(from, to)) = cache.words.get(&key) {
            ids.extend_from_slice(&cache.pieces[from as usize..to as usize]);
            return;
        }
        if cache.words.len() >= MAX_CACHED_WORDS {
            cache.words.clear();
            cache.pieces.clear();
        }
        let from = cache.pieces.len();
        self.cut(&key.bytes()[..len], &mut cache.pieces);
        let to = cache.pieces.len();
        cache.words.insert(key, (from as u32, to as u32));
        ids.extend_from_slice(&cache.pieces[from..to]);
    }

    /// The longest known pieces of a word from its start; nothing when a rest is unknown.
    fn cut(&self, word: &[u8], pieces: &mut Vec<u32>) {
        let before = pieces.len();
        let (mut at, mut map) = (0, &self.starts);
        while at < word.len() {
            let found = (at + 1..=word.len())
                .rev()
                .find_map(|end| map.get(&WordKey::new(&word[at..end])).map(|&id| (id, end)));
            let Some((id, end)) = found else {
                pieces.truncate(before);
                return;
            };
            pieces.push(id);
            (at, map) = (end, &self.continuations);
        }
    }
}

#[derive(Clone, Copy)]
enum Class {
    Other,
    Lower,
    Upper,
    Digit,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// Accented Latin letters become their base letters, combining marks vanish, everything else beyond ASCII separates.
fn fold(text: &str, folded: &mut Vec<u8>) {
    folded.clear();
    folded.extend(text.chars().filter_map(|c| match c {
        '\0'..='\u{7f}' => Some(c as u8),
        '\u{c0}'..='\u{17f}' => Some(FOLD[c as usize - 0xc0]),
        '\u{300}'..='\u{36f}' => None,
        _ => Some(b' '),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, vocabulary: &[&'static str], continuations: &[&'static str]) -> Vec<String> {
        let tokenizer = Tokenizer::new(vocabulary.iter().copied(), continuations.iter().copied()).unwrap();
        let all: Vec<&str> = vocabulary.iter().chain(continuations).copied().collect();
        tokenizer
            .token_ids(text)
            .into_iter()
            .map(|id| all[id as usize].to_owned())
            .collect()
    }

    #[test]
    fn identifiers_fall_into_words() {
        let vocabulary = ["http", "server", "read", "line", "utf", "8", "i", "ds", "get"];
        assert_eq!(words("HTTPServer", &vocabulary, &[]), ["http", "server"]);
        assert_eq!(
            words("readLine_UTF8", &vocabulary, &[]),
            ["read", "line", "utf", "8"]
        );
        assert_eq!(words("get_IDs", &vocabulary, &[]), ["get", "i", "ds"]);
        assert_eq!(words("READ", &vocabulary, &[]), ["read"]);
    }

    #[test]
    fn unknown_words_are_cut_into_the_longest_pieces() {
        assert_eq!(
            words("readline", &["read", "re"], &["line", "l"]),
            ["read", "line"]
        );
        assert_eq!(words("readlinx read", &["read"], &["line"]), ["read"]);
    }

    #[test]
    fn accents_fold_and_other_scripts_separate() {
        assert_eq!(
            words("Caf\u{e9} cafe\u{301} \u{4e2d}cafe\u{4e2d}", &["cafe"], &[]),
            ["cafe", "cafe", "cafe"]
        );
    }

    #[test]
    fn long_runs_are_no_words() {
        assert_eq!(
            words(
                &format!("{} 1234567 12", "a".repeat(25)),
                &["a", "1", "12"],
                &["a", "2"]
            ),
            ["12"]
        );
        assert_eq!(words(&"a".repeat(24), &["a"], &["a"]).len(), 24);
    }

    #[test]
    fn a_bad_vocabulary_is_refused() {
        for bad in [
            &["a", "a"][..],
            &[""],
            &["A"],
            &["caf\u{e9}"],
            &["abcdefghijklmnopqrstuvwxyz"],
        ] {
            assert!(Tokenizer::new(bad.iter().copied(), [].into_iter()).is_none());
        }
    }

    #[test]
    fn the_cache_does_not_change_the_answer() {
        let tokenizer = Tokenizer::new(["a", "b"].into_iter(), ["a", "b"].into_iter()).unwrap();
        let mut cache = WordCache::default();
        for text in ["abab ba", "abab", "ba \u{e9} ab"] {
            let mut ids = Vec::new();
            tokenizer.tokenize(text, &mut cache, &mut ids);
            assert_eq!(ids, tokenizer.token_ids(text));
        }
    }
}
