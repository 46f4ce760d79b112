//! What a path says about a file's role.

use std::collections::HashMap;

use super::query::Query;
use super::settings::RankSettings;
use super::words::parts;
use crate::snapshot::{FileEntry, Snapshot};
use aiex_chunk::Language;

/// A role, its factor, and whether a span that stands out is forgiven it.
type Role = (&'static str, f32, bool);

/// The roles of files, worked out once for each file of a search.
pub(crate) struct Roles<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    settings: &'a RankSettings,
    known: HashMap<u32, Vec<Role>>,
}

impl<'a> Roles<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, query: &'a Query, settings: &'a RankSettings) -> Self {
        Self {
            snapshot,
            query,
            settings,
            known: HashMap::new(),
        }
    }

    /// The factor that a file's role puts on its spans, and which roles made it.
    pub(crate) fn penalty(&mut self, file: &FileEntry, stands_out: bool) -> (f32, Vec<&'static str>) {
        let (snapshot, query, settings) = (self.snapshot, self.query, self.settings);
        let roles = self
            .known
            .entry(file.version)
            .or_insert_with(|| roles(file, snapshot, query, settings));
        let counted = || roles.iter().filter(|(_, _, forgiven)| !(stands_out && *forgiven));
        let factor = counted().map(|(_, factor, _)| factor).product();
        (factor, counted().map(|(name, _, _)| *name).collect())
    }
}

fn roles(file: &FileEntry, snapshot: &Snapshot, query: &Query, settings: &RankSettings) -> Vec<Role> {
    let lower = file.path.to_lowercase();
    let mut folders: Vec<&str> = lower.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let has = |names: &[&str]| folders.iter().any(|folder| names.contains(folder));
    let words = parts(name);
    let mut roles: Vec<Role> = Vec::new();
    let mut apply = |applies: bool, by: f32, is_wanted: bool, role| {
        if applies {
            let by = if is_wanted { by.powf(settings.wanted) } else { by };
            roles.push((role, by, role == "data"));
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
        "regress",
    ]) || folders.iter().any(|folder| is_test_folder(folder))
        || is_test_name(name, &words);
    apply(is_test, settings.test, query.wants_tests, "test");
    apply(
        has(&["compat", "_compat", "legacy", "deprecated", "v1beta1"]),
        settings.legacy,
        false,
        "legacy",
    );
    let named = query
        .languages
        .iter()
        .flatten()
        .find(|language| snapshot.has_language(**language));
    apply(
        named.is_some_and(|named| file.language.is_some_and(|own| own != *named)),
        settings.other_language,
        false,
        "other language",
    );
    let is_example = has(&[
        "example", "examples", "docs_src", "demo", "demos", "samples", "sample",
    ]);
    apply(is_example, settings.example, query.wants_examples, "example");
    apply(snapshot.is_older(&file.path), settings.older, false, "older");
    apply(
        has(&["scripts", "tools", "ci", ".github", "hack"]),
        settings.upkeep,
        false,
        "upkeep",
    );
    apply(
        has(&["bench", "benches", "benchmark", "benchmarks"]),
        settings.bench,
        query.wants_benches,
        "bench",
    );
    apply(
        has(&["vendor", "third_party", "thirdparty", "node_modules", "external"]),
        settings.vendored,
        false,
        "vendored",
    );
    apply(
        has(&["dist", "single_include", "amalgamated", "amalgamation"]) || is_built(file, snapshot),
        settings.derived,
        false,
        "derived",
    );
    apply(is_declaration(name), settings.declaration, false, "declaration");
    let is_changelog = is_changelog(file, name, &words);
    apply(is_changelog, settings.changelog, query.wants_docs, "changelog");
    let is_prose = is_prose(file);
    apply(
        is_prose && !is_changelog,
        settings.prose,
        query.wants_docs,
        "prose",
    );
    let is_documentation = has(&["docs", "doc", "documentation", "website", "www"]);
    apply(
        is_documentation && !is_prose && !is_example,
        settings.documented,
        query.wants_docs || query.wants_examples,
        "documentation",
    );
    let is_data = matches!(
        file.language,
        Some(Language::Json | Language::Yaml | Language::Toml)
    ) || name.ends_with(".lock")
        || name.ends_with(".csv")
        || name.ends_with(".xml")
        || name.ends_with(".svg")
        || is_translation(file, name, &folders)
        || is_project_file(name);
    apply(is_data, settings.data, query.wants_settings, "data");
    roles
}

/// What changed, who wrote it, under which licence. Code may be called so too: `history.rs` keeps a history.
fn is_changelog(file: &FileEntry, name: &str, words: &[String]) -> bool {
    let is_named = words.first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "changelog" | "changes" | "history" | "news" | "license" | "licence" | "copying" | "authors"
        )
    });
    (is_named && (file.language.is_none() || is_prose(file)))
        || name.ends_with(".license")
        || name.ends_with(".licence")
}

/// The same sentences in other languages.
fn is_translation(file: &FileEntry, name: &str, folders: &[&str]) -> bool {
    [".po", ".pot", ".arb", ".xlf", ".xliff", ".strings", ".resx"]
        .iter()
        .any(|end| name.ends_with(end))
        || (file.language.is_none()
            && folders
                .iter()
                .any(|folder| matches!(*folder, "translations" | "locale" | "locales" | "i18n" | "l10n")))
}

/// What build tools and editors read.
fn is_project_file(name: &str) -> bool {
    const ENDS: [&str; 18] = [
        ".pbxproj",
        ".xcscheme",
        ".plist",
        ".gemspec",
        ".gradle",
        ".kts",
        ".sbt",
        ".cabal",
        ".csproj",
        ".sln",
        ".props",
        ".cfg",
        ".ini",
        ".drawio",
        ".mk",
        ".cmake",
        ".properties",
        ".podspec",
    ];
    name.starts_with('.')
        || ENDS.iter().any(|end| name.ends_with(end))
        || matches!(
            name,
            "gemfile" | "rakefile" | "makefile" | "cmakelists.txt" | "dockerfile" | "podfile" | "setup.py"
        )
}

/// Whether a JavaScript or declaration file was built from a TypeScript file of the repository: one of the same name in
/// a folder of the same name.
fn is_built(file: &FileEntry, snapshot: &Snapshot) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_output = is_declaration(name) || [".js", ".cjs", ".mjs"].iter().any(|end| name.ends_with(end));
    is_output && snapshot.has_typescript(&file.path)
}

fn is_declaration(name: &str) -> bool {
    [".d.ts", ".d.cts", ".d.mts"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// `Project.Tests`, `project-test-support`.
fn is_test_folder(folder: &str) -> bool {
    folder.contains("test")
        && parts(folder)
            .iter()
            .any(|part| matches!(part.as_str(), "test" | "tests" | "testing"))
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
        || name.ends_with(".feature")
        || words
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|word| word == "test" || word == "spec" || word == "tests")
}

/// Whether a file is written for readers: Markdown, HTML, plain text.
pub(crate) fn is_prose(file: &FileEntry) -> bool {
    matches!(file.language, Some(Language::Markdown | Language::Html)) || is_plain_text(&file.path)
}

fn is_plain_text(name: &str) -> bool {
    [
        ".txt", ".rst", ".adoc", ".org", ".tex", ".ronn", ".mdx", ".1", ".7",
    ]
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
