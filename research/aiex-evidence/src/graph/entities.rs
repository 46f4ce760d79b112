//! What a sentence names.

use crate::facts::{Value, facts};
use crate::words::{carries_meaning, words};

use super::Kind;

/// The entities that a sentence names, in order, each once.
pub(super) fn named(text: &str, packages: &[String]) -> Vec<(Kind, String)> {
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
    for name in proper_nouns(text) {
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

/// Runs of capitalised words. The first word of a sentence is one only when another follows it, or when it is written in
/// capitals: every sentence begins with a capital.
fn proper_nouns(text: &str) -> Vec<String> {
    let code = crate::sentences::code_spans(text);
    let words = words(text);
    let mut found = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut run_is_first = false;
    let mut before_end = 0;
    for (place, word) in words.iter().enumerate() {
        let gap = text.get(before_end..word.range.start).unwrap_or_default();
        before_end = word.range.end;
        let in_code = code.iter().any(|span| span.contains(&word.range.start));
        let mut chars = word.text.chars();
        let capital = chars.next().is_some_and(char::is_uppercase);
        let plain = !word.text.contains(['_', '\'', '’']);
        let is_name = capital && plain && !in_code && carries_meaning(word.text);
        if !(is_name && gap == " ") {
            finish(&mut run, run_is_first, &mut found);
        }
        if is_name {
            if run.is_empty() {
                run_is_first = place == 0;
            }
            run.push(word.text);
        }
    }
    finish(&mut run, run_is_first, &mut found);
    found
}

fn finish(run: &mut Vec<&str>, is_first: bool, found: &mut Vec<String>) {
    let name = run.join(" ");
    let shouted = name.chars().filter(|c| c.is_uppercase()).count() > 1;
    if !run.is_empty() && (!is_first || run.len() > 1 || shouted) && name.chars().count() > 1 {
        found.push(name);
    }
    run.clear();
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
        assert_eq!(named("Every sentence begins somewhere.", &packages), []);
    }
}
