//! Questions about what is in the repository: names, words and patterns out of its own files.

use fastrand::Rng;

use crate::failure::Failure;
use crate::tree::Tree;

/// Patterns that source of any language has.
const PATTERNS: &[&str] = &[
    r"fn \w+\(",
    r"^\s*(use|import|#include) ",
    r"// note [a-f]\w+",
    r"\b[A-Z][a-z]+Error\b",
    r"\d{3,}",
    r"(?i)todo|fixme",
    r"\w+_test",
    r#""[^"]{20,}""#,
];

/// A name that stands in some file, or a word that stands nowhere.
pub(crate) fn name(tree: &Tree, rng: &mut Rng) -> Result<String, Failure> {
    let names = names(tree, rng)?;
    Ok(rng.choice(names).unwrap_or_else(|| "nothing".to_owned()))
}

/// A few words that stand close together.
pub(crate) fn words(tree: &Tree, rng: &mut Rng) -> Result<String, Failure> {
    let names = names(tree, rng)?;
    let from = rng.usize(0..=names.len());
    let words: Vec<&str> = names[from..].iter().take(3).map(String::as_str).collect();
    Ok(if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(" ")
    })
}

/// A file and the number of a line in it that is not empty. What may be left out as generated cannot be kept.
pub(crate) fn line(tree: &Tree, rng: &mut Rng) -> Result<Option<(String, u64)>, Failure> {
    let files = tree.files()?;
    let Some(path) = rng.choice(&files) else {
        return Ok(None);
    };
    let text = tree.read(path)?;
    if text.to_ascii_lowercase().contains("generated") {
        return Ok(None);
    }
    let full = text
        .lines()
        .zip(1_u64..)
        .filter(|(line, _)| !line.trim().is_empty());
    let numbers: Vec<u64> = full.map(|(_, number)| number).collect();
    Ok(rng.choice(numbers).map(|number| (path.clone(), number)))
}

pub(crate) fn pattern(rng: &mut Rng) -> String {
    (*rng.choice(PATTERNS).unwrap_or(&"fn")).to_owned()
}

fn names(tree: &Tree, rng: &mut Rng) -> Result<Vec<String>, Failure> {
    let files = tree.files()?;
    let Some(path) = rng.choice(&files) else {
        return Ok(Vec::new());
    };
    let text = tree.read(path)?;
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names =
        names.filter(|name| (4..30).contains(&name.len()) && !name.starts_with(|c: char| !c.is_alphabetic()));
    Ok(names.map(str::to_owned).collect())
}
