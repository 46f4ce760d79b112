//! Words and identifiers of text and code, in every script. It knows no language and no stop words.
//!
//! A word is a run of letters, digits and underscores. It gives its parts where case changes, at underscores and
//! between letters and digits, as stems, and itself in lower case if it has several: `parseHTTPUrls2` gives
//! `parsehttpurls2`, `pars`, `http`, `url` and `2`, all at one position. Scripts without spaces give single
//! characters and pairs.

use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::stemming::with_stem;

/// Longest term in characters; what is longer is data and not a name.
const LONGEST_TERM: usize = 64;
/// A word with more parts than this is a hash or encoded data, and only counts as a whole.
const MOST_PARTS: usize = 12;

/// Gives every term of `text` with its position, counted in words.
pub(crate) fn analyse(text: &str, mut give: impl FnMut(&str, usize)) {
    let mut term = String::new();
    let mut position = 0;
    let mut rest = text.char_indices().peekable();
    while let Some(&(start, first)) = rest.peek() {
        if !is_word(first) {
            rest.next();
            continue;
        }
        let dense = is_unspaced(first);
        let mut end = start;
        while let Some(&(at, character)) = rest.peek()
            && is_word(character)
            && is_unspaced(character) == dense
        {
            end = at + character.len_utf8();
            rest.next();
        }
        let word = &text[start..end];
        if dense {
            position = give_pairs(word, position, &mut give);
        } else {
            let word = word.trim_matches('_');
            if !word.is_empty() {
                give_identifier(word, position, &mut term, &mut give);
                position += 1;
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Han, kana and Hangul: words are not set apart by spaces, or carry endings that are not.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{323af}')
}

fn give_pairs(word: &str, mut position: usize, give: &mut impl FnMut(&str, usize)) -> usize {
    let mut previous = None;
    for (start, character) in word.char_indices() {
        let end = start + character.len_utf8();
        give(&word[start..end], position);
        if let Some(previous) = previous {
            give(&word[previous..end], position);
        }
        previous = Some(start);
        position += 1;
    }
    position
}

fn give_identifier(word: &str, position: usize, term: &mut String, give: &mut impl FnMut(&str, usize)) {
    // Bytes are at least as many as characters, and counting those of a megabyte of base64 is no use.
    let is_term = word.len() <= LONGEST_TERM * 4 && lower(word, term);
    let mut parts: [Range<usize>; MOST_PARTS] = Default::default();
    let count = split(word, &mut parts);
    if is_term && count == Some(1) {
        with_stem(term, |stem| give(stem, position));
        return;
    }
    if is_term {
        give(term, position);
    }
    let Some(count) = count else { return };
    if count < 2 {
        return;
    }
    for part in &parts[..count] {
        let part = &word[part.clone()];
        // One letter of an identifier says nothing; one digit may be a version.
        if (part.len() > 1 || part.as_bytes()[0].is_ascii_digit()) && lower(part, term) {
            with_stem(term, |stem| give(stem, position));
        }
    }
}

/// Puts the lower case of `word` into `term`; `false` when it is too long for a term.
fn lower(word: &str, term: &mut String) -> bool {
    term.clear();
    let mut length = 0;
    for character in word.chars() {
        length += 1;
        if length > LONGEST_TERM {
            return false;
        }
        if character.is_ascii() {
            term.push(character.to_ascii_lowercase());
        } else {
            term.extend(character.to_lowercase());
        }
    }
    true
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Gap,
}

fn kind(character: char) -> Kind {
    if character == '_' {
        Kind::Gap
    } else if character.is_numeric() {
        Kind::Digit
    } else if character.is_uppercase() {
        Kind::Upper
    } else {
        Kind::Lower
    }
}

/// Cuts an identifier into parts; `None` when there are more than fit.
fn split(word: &str, parts: &mut [Range<usize>; MOST_PARTS]) -> Option<usize> {
    let mut count = 0;
    let mut start = 0;
    let mut before = Kind::Gap;
    let mut before_at = 0;
    let mut close = |range: Range<usize>| {
        if !range.is_empty() {
            *parts.get_mut(count)? = range;
            count += 1;
        }
        Some(())
    };
    for (at, character) in word.char_indices() {
        let now = kind(character);
        match (before, now) {
            (Kind::Gap, _) => start = at,
            (_, Kind::Gap) => close(start..at)?,
            // `HTTPServer`: the last capital belongs to the word that follows.
            (Kind::Upper, Kind::Lower) if before_at > start => {
                close(start..before_at)?;
                start = before_at;
            }
            (Kind::Upper, Kind::Lower) => {}
            (previous, now) if previous != now => {
                close(start..at)?;
                start = at;
            }
            _ => {}
        }
        before = now;
        before_at = at;
    }
    if before != Kind::Gap {
        close(start..word.len())?;
    }
    Some(count)
}

/// The analyser in the engine's shape. Its memory is used again for every text.
#[derive(Clone, Default)]
pub(crate) struct CodeTokenizer {
    terms: String,
    /// Where each term ends in `terms`, and its position.
    ends: Vec<(usize, usize)>,
    token: Token,
}

/// The terms of one text.
pub(crate) struct CodeTokens<'a> {
    source: &'a mut CodeTokenizer,
    next: usize,
    from: usize,
}

impl Tokenizer for CodeTokenizer {
    type TokenStream<'a> = CodeTokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CodeTokens<'a> {
        self.terms.clear();
        self.ends.clear();
        self.token.reset();
        let Self { terms, ends, .. } = self;
        analyse(text, |term, position| {
            terms.push_str(term);
            ends.push((terms.len(), position));
        });
        CodeTokens {
            source: self,
            next: 0,
            from: 0,
        }
    }
}

impl TokenStream for CodeTokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(&(end, position)) = self.source.ends.get(self.next) else {
            return false;
        };
        let token = &mut self.source.token;
        token.text.clear();
        token.text.push_str(&self.source.terms[self.from..end]);
        token.position = position;
        self.from = end;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.source.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.source.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut terms = Vec::new();
        analyse(text, |term, _| terms.push(term.to_owned()));
        assert_eq!(terms.join(" "), expected);
    }

    #[test]
    fn identifiers_give_themselves_and_their_parts() {
        check("read_file(x)", "read_file read file x");
        check("parseHTTPUrls2", "parsehttpurls2 pars http url 2");
        check("validation validates", "valid valid");
        check("HTTPServer", "httpserver http server");
        check("__init__", "init");
        check("sha256 x86_64", "sha256 sha 256 x86_64 86 64");
        check("MAX_LEN", "max_len max len");
        check("Parser", "parser");
        check("aList", "alist list");
    }

    #[test]
    fn other_scripts_are_words_too() {
        check("naïve Größe ЧитатьФайл", "naïve größe читатьфайл читать файл");
        check("搜索 code 代码库", "搜 索 搜索 code 代 码 代码 库 码库");
        check("v2搜索", "v2 2 搜 索 搜索");
    }

    #[test]
    fn data_gives_no_terms_of_its_own() {
        check(&"a".repeat(65), "");
        check(&"ab1".repeat(100), "");
        check(&"é".repeat(64), &"é".repeat(64));
        check(
            "0b1f2e3d4c5b6a7988f0e1d2c3b4a596",
            "0b1f2e3d4c5b6a7988f0e1d2c3b4a596",
        );
    }

    #[test]
    fn parts_share_the_position_of_their_word() {
        let mut positions = Vec::new();
        analyse("a_bc de", |term, position| {
            positions.push((term.to_owned(), position))
        });
        let expected = [("a_bc", 0), ("bc", 0), ("de", 1)];
        assert!(
            positions
                .iter()
                .map(|(term, at)| (term.as_str(), *at))
                .eq(expected)
        );
    }

    #[test]
    fn the_tokenizer_gives_the_same_terms_again_and_again() {
        let mut tokenizer = CodeTokenizer::default();
        for text in ["read_file 搜索", "x", ""] {
            let mut expected = Vec::new();
            analyse(text, |term, position| expected.push((term.to_owned(), position)));
            let mut found = Vec::new();
            let mut stream = tokenizer.token_stream(text);
            while stream.advance() {
                found.push((stream.token().text.clone(), stream.token().position));
            }
            assert_eq!(found, expected);
        }
    }
}
