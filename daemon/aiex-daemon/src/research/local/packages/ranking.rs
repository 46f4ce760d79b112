//! Hits of many packages made one list.

use aiex_index::Hit;

use super::super::merging::share;
use super::wanted::Wanted;

/// What a package that the question does not name keeps of its scores. Chosen by hand.
const UNNAMED: f32 = 0.75;
/// What documentation gains over code. Chosen by hand: an answer is told there more often than shown.
const DOCUMENTATION: f32 = 1.2;

/// The score of a hit beside those of other packages. `words` are those of the question.
pub(super) fn score(package: &Wanted, hit: &Hit, words: &[String]) -> f32 {
    let named = if package.is_named { 1.0 } else { UNNAMED };
    let told = if is_documentation(hit) { DOCUMENTATION } else { 1.0 };
    let symbol = hit.symbol.as_deref().unwrap_or_default();
    hit.score * named * told * share(words, &[&package.name, &hit.path, symbol, &hit.snippet])
}

/// Whether a hit is prose for users: a file of documentation, or code that begins with a comment.
fn is_documentation(hit: &Hit) -> bool {
    const PROSE: [&str; 5] = [".md", ".mdx", ".rst", ".adoc", ".txt"];
    const RECORDS: [&str; 6] = [
        "changelog",
        "changes",
        "license",
        "licence",
        "notice",
        "contributing",
    ];
    const COMMENTS: [&str; 6] = ["///", "//!", "/**", "\"\"\"", "'''", "=begin"];
    let path = hit.path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    if RECORDS.iter().any(|begin| name.starts_with(begin)) {
        return false;
    }
    let mut lines = hit.snippet.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    PROSE.iter().any(|ending| name.ends_with(ending)) || COMMENTS.iter().any(|mark| first.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::super::merging::words;
    use super::super::super::passage::hit;
    use super::*;

    fn package(is_named: bool) -> Wanted {
        Wanted {
            name: "retry-kit".to_owned(),
            version: "1.0.0".to_owned(),
            folder: PathBuf::from("/modules/retry-kit"),
            is_named,
        }
    }

    #[test]
    fn documentation_is_told_from_code_and_records() {
        let cases = [
            ("README.md", "Retry", true),
            ("docs/guide.rst", "Retry", true),
            ("src/lib.rs", "\n    /// Retries.\n    fn retry() {}", true),
            ("src/lib.rs", "fn retry() {}", false),
            ("CHANGELOG.md", "Retry", false),
            ("LICENSE-MIT", "Permission", false),
        ];
        for (path, snippet, expected) in cases {
            assert_eq!(
                is_documentation(&hit(path, (1, 1), snippet, 1.0)),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn named_packages_and_the_words_of_the_question_weigh() {
        let words = words("how to limit attempts");
        let about = hit("src/a.rs", (1, 1), "fn limit_attempts() {}", 1.0);
        let other = hit("src/a.rs", (1, 1), "fn other() {}", 1.0);
        assert!(score(&package(true), &about, &words) > score(&package(true), &other, &words));
        assert!(score(&package(true), &about, &words) > score(&package(false), &about, &words));
    }
}
