//! What a sentence names.

use std::collections::HashSet;
use std::ops::Range;

use crate::facts::{Value, facts};
use crate::words::{carries_meaning, words};

use super::Kind;

/// The entities that a sentence names, in order, each once. `inside` are the names that stand [`inside`] of sentences.
pub(super) fn named(text: &str, packages: &[String], inside: &HashSet<String>) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    let mut keep = |kind, name: String| {
        if !found.iter().any(|(_, known)| *known == name) {
            found.push((kind, name));
        }
    };
    if crate::draft::fenced(text).is_some() {
        return found;
    }
    for fact in facts(text) {
        match fact.value {
            Value::Place { path, .. } => keep(Kind::Path, path),
            Value::Identifier { name, .. } => {
                let name = name.trim_end_matches("()").to_owned();
                let is_path = name.contains('/') && !name.contains(' ') && name.contains('.');
                if packages.contains(&name) {
                    keep(Kind::Package, name);
                } else if is_path {
                    keep(Kind::Path, name);
                } else if name.chars().count() <= 80 && !name.contains(' ') {
                    keep(Kind::Identifier, name);
                }
            }
            _ => {}
        }
    }
    for name in proper_nouns(text, inside) {
        let package = packages
            .iter()
            .find(|package| package.eq_ignore_ascii_case(&name));
        match package {
            Some(package) => keep(Kind::Package, package.clone()),
            None => keep(Kind::Name, name),
        }
    }
    for word in words(text) {
        if packages.iter().any(|package| package == word.text) {
            keep(Kind::Package, word.text.to_owned());
        }
    }
    found
}

/// The names that stand inside of sentences, where nothing but a name asks for a capital.
pub(super) fn inside<'a>(texts: impl IntoIterator<Item = &'a str>) -> HashSet<String> {
    let runs = texts.into_iter().flat_map(runs);
    runs.filter(|run| !run.begins)
        .map(|run| run.words.join(" "))
        .collect()
}

/// Names: runs of capitalised words. One word alone that begins a sentence is a name only when more of it than its first
/// letter says so, or when it stands inside of a sentence elsewhere: every sentence begins with a capital.
fn proper_nouns(text: &str, inside: &HashSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for run in runs(text) {
        let name = run.words.join(" ");
        let is_marked =
            name.chars().filter(|c| c.is_uppercase()).count() > 1 || name.contains(|c: char| c.is_numeric());
        if !run.begins || is_marked || inside.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Capitalised words with nothing but spaces between them.
struct Run<'a> {
    words: Vec<&'a str>,
    /// Whether a sentence begins with it, or what is written like one: an item of a list, what follows a colon.
    begins: bool,
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let code = crate::sentences::code_spans(text);
    let sentences = crate::sentences::split(text);
    let mut found: Vec<Run<'_>> = Vec::new();
    let mut goes_on = false;
    let mut before_end = 0;
    for word in words(text) {
        let gap = text.get(before_end..word.range.start).unwrap_or_default();
        before_end = word.range.end;
        let in_code = code.iter().any(|span| span.contains(&word.range.start));
        let capital = word.text.chars().next().is_some_and(char::is_uppercase);
        let plain = !word.text.contains(['_', '\'', '’']);
        let is_name = capital && plain && !in_code && carries_meaning(word.text);
        if is_name {
            match found.last_mut() {
                Some(run) if goes_on && gap == " " => run.words.push(word.text),
                _ => found.push(Run {
                    words: vec![word.text],
                    begins: begins(text, &sentences, gap, word.range.start),
                }),
            }
        }
        goes_on = is_name;
    }
    found
}

/// Whether a word begins a sentence or what is written like one. `gap` is what stands between it and the word before.
fn begins(text: &str, sentences: &[Range<usize>], gap: &str, at: usize) -> bool {
    let sentence = sentences.iter().rev().find(|sentence| sentence.start <= at);
    let start = sentence.map_or(0, |sentence| sentence.start);
    let is_first = !text
        .get(start..at)
        .is_some_and(|before| before.contains(char::is_alphabetic));
    let is_item = gap.contains('\n') && !gap.trim().is_empty();
    is_first || is_item || gap.contains([':', '|'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_identifiers_packages_paths_and_proper_nouns() {
        let packages = ["tokio".to_owned()];
        let found = named(
            "In Tokio, `spawn_blocking` (src/task/blocking.rs:12) follows Apache Kafka and JoinHandle.",
            &packages,
            &HashSet::new(),
        );
        assert_eq!(
            found,
            [
                (Kind::Identifier, "spawn_blocking".to_owned()),
                (Kind::Path, "src/task/blocking.rs".to_owned()),
                (Kind::Identifier, "JoinHandle".to_owned()),
                (Kind::Package, "tokio".to_owned()),
                (Kind::Name, "Apache Kafka".to_owned()),
            ]
        );
        assert_eq!(
            named("Every sentence begins somewhere.", &packages, &HashSet::new()),
            []
        );
    }

    #[test]
    fn the_first_word_of_a_sentence_is_a_name_only_when_something_else_says_so() {
        let of = |text: &str, others: &[&str]| -> Vec<String> {
            let found = named(text, &[], &inside(others.iter().copied()));
            found.into_iter().map(|(_, name)| name).collect()
        };
        let text =
            "How long? Waiting doubles. When it ends, Kafka is asked.\n- Attempts are counted: Failures too.";
        assert_eq!(of(text, &[]), ["Kafka"]);
        assert_eq!(of("1. Retries end here.", &[]), Vec::<String>::new());
        assert_eq!(of("**Kafka** stores the log.", &[]), Vec::<String>::new());
        assert_eq!(
            of("**Kafka** stores the log.", &["It asks Kafka first."]),
            ["Kafka"]
        );
        assert_eq!(
            of("Kafka stores the log.", &["Kafka is a broker."]),
            Vec::<String>::new(),
            "it begins there, too"
        );
        assert_eq!(of("HTTP is spoken. JoinSet aborts.", &[]), ["JoinSet", "HTTP"]);
        assert_eq!(of("Apache Kafka stores the log.", &[]), ["Apache Kafka"]);
    }
}
