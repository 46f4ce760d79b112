//! What of a query is embedded.
//!
//! "how does toolbox decide how often it retries", asked in the repository of toolbox: full text knows that the name tells
//! nothing there, because it is everywhere; an embedding does not, and is drawn to the texts that speak of the project as a
//! whole. So the repository's own name is left out.

use std::borrow::Cow;

use aiex_lexical::stem;

use super::query::{Query, Route};
use super::words::{is_stop_word, parts};

/// The words of the names of a repository, as they are left out of questions.
pub(crate) fn own_words(names: &[String]) -> Vec<String> {
    let words = names.iter().flat_map(|name| parts(name));
    words
        .filter(|word| word.chars().count() > 1)
        .map(|word| stem(&word))
        .collect()
}

/// The text of a query without the repository's `own` words. A name that holds other words too stays, and so does what
/// names a language, and all of the text when little would be left of it.
pub(crate) fn embedded<'a>(query: &'a Query, own: &[String]) -> Cow<'a, str> {
    if query.route == Route::Symbol || own.is_empty() {
        return Cow::Borrowed(&query.text);
    }
    let is_own = |part: &str| {
        let stem = stem(part);
        own.contains(&stem) && !query.names_language(&stem)
    };
    let is_left_out = |token: &str| {
        if is_own_name(token, own) && !query.names_language(&stem(&token.to_lowercase())) {
            return true;
        }
        let parts = parts(token);
        let says_more =
            |part: &String| part.chars().count() > 1 && !is_stop_word(part) && !own.contains(&stem(part));
        parts.iter().any(|part| is_own(part)) && !parts.iter().any(says_more)
    };
    let tokens: Vec<&str> = query.text.split_whitespace().collect();
    let kept: Vec<&str> = tokens
        .iter()
        .copied()
        .filter(|token| !is_left_out(token))
        .collect();
    let says_something = |token: &&&str| parts(token).iter().any(|part| !is_stop_word(part));
    if kept.len() == tokens.len() || kept.iter().find(says_something).is_none() {
        return Cow::Borrowed(&query.text);
    }
    Cow::Owned(kept.join(" "))
}

/// Whether a name is the repository's own, however it is written: `tRPC`, `Trpc`.
fn is_own_name(name: &str, own: &[String]) -> bool {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    own.contains(&stem(&letters.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded_in(names: &[&str], text: &str) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        embedded(&Query::parse(text).unwrap(), &own_words(&names)).into_owned()
    }

    #[test]
    fn the_repositorys_own_name_is_not_embedded() {
        let check = |text: &str, expected: &str| {
            assert_eq!(embedded_in(&["toolbox", "tool-box.js"], text), expected, "{text}");
        };
        check(
            "how does toolbox decide how often it retries",
            "how does decide how often it retries",
        );
        check("where are Toolbox's settings read", "where are settings read");
        check("what does tool-box do at start", "what does do at start");
        check("how is a toolBox opened", "how is a opened");
    }

    #[test]
    fn what_says_more_than_the_name_stays() {
        let check = |text: &str| assert_eq!(embedded_in(&["toolbox-rust"], text), text);
        check("how are toolbox_features resolved");
        check("errors of the rust compiler");
        check("what is toolbox");
        check("ToolboxRust");
    }
}
