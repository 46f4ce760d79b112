//! What a path says about a file's role.

use super::query::Query;
use super::settings::RankSettings;
use super::words::parts;
use crate::snapshot::FileEntry;
use aiex_chunk::Language;

/// The factor that a file's role puts on its spans, and which roles made it. Prose and data are forgiven
/// a span that stands out.
pub(crate) fn penalty(
    file: &FileEntry,
    query: &Query,
    settings: &RankSettings,
    stands_out: bool,
) -> (f32, Vec<&'static str>) {
    let lower = file.path.to_lowercase();
    let mut folders: Vec<&str> = lower.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let has = |names: &[&str]| folders.iter().any(|folder| names.contains(folder));
    let words = parts(name);
    let mut factor = 1.0;
    let mut roles = Vec::new();
    let mut apply = |applies: bool, by: f32, role| {
        if applies {
            factor *= by;
            roles.push(role);
        }
    };
    let is_test = has(&[
        "test",
        "tests",
        "testing",
        "spec",
        "specs",
        "__tests__",
        "testdata",
        "fixtures",
    ]) || is_test_name(name, &words);
    apply(is_test && !query.wants_tests, settings.test, "test");
    apply(
        has(&["compat", "_compat", "legacy", "deprecated", "v1beta1"]),
        settings.legacy,
        "legacy",
    );
    let is_example = has(&[
        "example", "examples", "docs_src", "demo", "demos", "samples", "sample",
    ]);
    apply(is_example && !query.wants_examples, settings.example, "example");
    apply(
        has(&["bench", "benches", "benchmark", "benchmarks"]) && !query.wants_benches,
        settings.bench,
        "bench",
    );
    apply(
        has(&["vendor", "third_party", "thirdparty", "node_modules", "external"]),
        settings.vendored,
        "vendored",
    );
    apply(
        matches!(name, "__init__.py" | "package-info.java"),
        settings.reexport,
        "re-export",
    );
    apply(name.ends_with(".d.ts"), settings.declaration, "declaration");
    let is_changelog = words.first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "changelog" | "changes" | "history" | "news" | "license" | "licence" | "copying" | "authors"
        )
    });
    apply(is_changelog && !query.wants_docs, settings.changelog, "changelog");
    let is_prose = matches!(file.language, Some(Language::Markdown | Language::Html)) || is_plain_text(name);
    apply(
        is_prose && !is_changelog && !query.wants_docs,
        settings.prose,
        "prose",
    );
    let is_data = matches!(
        file.language,
        Some(Language::Json | Language::Yaml | Language::Toml)
    ) || name.ends_with(".lock")
        || name.ends_with(".csv")
        || name.ends_with(".xml")
        || name.ends_with(".svg");
    apply(
        is_data && !query.wants_settings && !stands_out,
        settings.data,
        "data",
    );
    (factor, roles)
}

fn is_test_name(name: &str, words: &[String]) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || stem.ends_with("tests")
        || stem == "test"
        || stem == "conftest"
        || name.contains(".test.")
        || name.contains(".spec.")
        || words
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|word| word == "test" || word == "spec" || word == "tests")
}

fn is_plain_text(name: &str) -> bool {
    [".txt", ".rst", ".adoc", ".org", ".tex"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// A file's name without its extension.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.find('.') {
        Some(0) | None => name,
        Some(at) => &name[..at],
    }
}
