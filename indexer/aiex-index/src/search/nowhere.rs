//! Which words of a query stand nowhere in an index: what was found does not speak of them.

use aiex_lexical::{LexicalError, LexicalIndex, Rarity, stem};

use super::query::{Query, named_language};
use super::words::parts;

/// Latin, Greek and Cyrillic letters come before it; they part words by blanks, and few others do as simply.
const FIRST_OF_OTHER_SCRIPTS: char = '\u{530}';

/// The words of a query that no chunk holds, in its text or its path, in the order of the query. A name of several words
/// (`GraphQL`) is one, and is nowhere when it stands nowhere as a whole and no chunk holds all of its parts: written in
/// another way, it would be made of them. Of scripts that run words together nobody knows: a part of such a run is no
/// word of the index. What names a language asks for its files. `rarity` is that of the query's stems, in their order.
pub(super) fn nowhere(
    query: &Query,
    rarity: &[Rarity],
    lexical: &LexicalIndex,
) -> Result<Vec<String>, LexicalError> {
    let text = query.text.to_lowercase().replace('’', "'");
    let is_word = |word: &str| {
        let is_parted = word.chars().all(|c| c < FIRST_OF_OTHER_SCRIPTS);
        is_parted && !text.contains(&format!("{word}'t"))
    };
    let lacking = query.words.iter().zip(&query.languages).zip(rarity);
    let lacking: Vec<&String> = lacking
        .filter(|((word, language), rarity)| !rarity.is_held && language.is_none() && is_word(word))
        .map(|((word, _), _)| word)
        .collect();
    let is_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut nowhere: Vec<String> = Vec::new();
    for token in query.text.split(|c| !is_of_a_word(c)) {
        let parts = parts(token);
        let word = match parts.as_slice() {
            [] => continue,
            [word] => word.clone(),
            _ => token.trim_matches('_').to_lowercase(),
        };
        let is_lacking = if parts.len() == 1 {
            lacking.contains(&&word)
        } else {
            let is_whole = is_word(&word) && named_language(&word).is_none();
            is_whole && !is_held(lexical, &word, &parts)?
        };
        if is_lacking && !nowhere.contains(&word) {
            nowhere.push(word);
        }
    }
    Ok(nowhere)
}

/// Whether a name of several words stands somewhere, as a whole or in parts.
fn is_held(lexical: &LexicalIndex, name: &str, parts: &[String]) -> Result<bool, LexicalError> {
    let forms = [stem(name), name.to_owned()];
    if lexical.rarity(&forms)?.iter().any(|form| form.is_held) {
        return Ok(true);
    }
    // A letter alone is no word of the index.
    let parts = parts.iter().filter(|part| part.chars().count() > 1);
    let stems: Vec<String> = parts.map(|part| stem(part)).collect();
    lexical.hold_together(&stems)
}
