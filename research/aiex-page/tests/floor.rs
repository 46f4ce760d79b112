//! A floor under extraction: of pages written for these tests it must find the words that they say to a reader, and few
//! others. `tests/said/` has them for each page of `tests/pages/` by the same name. How well it does on public sets of
//! pages is measured by `aiex-pages`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use aiex_page::extract::{Source, read};
use aiex_page::fetch::Media;
use url::Url;

/// The least word F1 that is good enough, for every page: what the public sets are held to on average.
const FLOOR: f64 = 0.85;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The harmonic mean of precision and recall over bags of words: runs of letters, digits and underscores in lower case,
/// each as often as it occurs.
fn word_f1(text: &str, truth: &str) -> f64 {
    let (found, wanted) = (bag(text), bag(truth));
    let in_both = |(word, count): (&String, &usize)| wanted.get(word).map_or(0, |other| *other.min(count));
    let common: usize = found.iter().map(in_both).sum();
    let all: usize = found.values().chain(wanted.values()).sum();
    2.0 * common as f64 / all as f64
}

fn bag(text: &str) -> HashMap<String, usize> {
    let mut bag = HashMap::new();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    for word in words.filter(|word| !word.is_empty()) {
        *bag.entry(word.to_lowercase()).or_default() += 1;
    }
    bag
}

#[test]
fn every_page_is_read_with_a_word_f1_of_at_least_085() {
    let mut scores = Vec::new();
    for entry in fs::read_dir(folder("said")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = Source {
            url: Url::parse(&format!("https://pages.example/{name}")).unwrap(),
            media: Media::Html,
            charset: None,
            bytes: fs::read(folder("pages").join(format!("{name}.html"))).unwrap(),
        };
        let page = read(&source, 2 << 20).unwrap();
        scores.push((name, word_f1(&page.markdown, &fs::read_to_string(&path).unwrap())));
    }
    assert_eq!(scores.len(), 8, "a page without its words is not measured");
    let below: Vec<_> = scores.iter().filter(|(_, f1)| *f1 < FLOOR).collect();
    assert!(below.is_empty(), "{below:?} of {scores:?}");
}

#[test]
fn what_is_missing_and_what_is_too_much_cost_alike() {
    assert_eq!(word_f1("One, two", "one two"), 1.0);
    assert_eq!(
        word_f1("one two three four", "one two"),
        word_f1("one two", "one two three four")
    );
    assert_eq!(word_f1("", "one"), 0.0);
}
