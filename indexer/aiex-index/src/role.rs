//! What a file is for, as its path tells: worked out once a file, whatever is asked later.

use aiex_chunk::Language;

use crate::search::words::parts;

/// A part that a file plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Test,
    /// A test only by its name, in a folder of shipped sources: a test where there is no other place for tests.
    TestByName,
    Legacy,
    Example,
    Upkeep,
    Bench,
    Vendored,
    /// Put together by a build, by its folder.
    Built,
    /// Of the kind that builds put out; whether it is depends on what else is there.
    BuildOutput,
    Declaration,
    Changelog,
    /// Written for readers: Markdown, HTML, plain text.
    Prose,
    /// Among documentation, but neither prose nor an example.
    Documentation,
    Data,
    /// In a folder that calls itself the core: what others adapt, wrap or hand on.
    Core,
}

/// The parts that a file plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Roles(u16);

impl Roles {
    pub(crate) fn of(path: &str, language: Option<Language>) -> Self {
        let lower = path.to_lowercase();
        let mut folders: Vec<&str> = lower.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        let has = |names: &[&str]| folders.iter().any(|folder| names.contains(folder));
        let words = parts(name);
        let is_example = has(&[
            "example", "examples", "docs_src", "demo", "demos", "samples", "sample",
        ]);
        let is_prose = is_prose(language, path);
        let mut roles = Self::default();
        let mut plays = |role: Role, plays: bool| {
            if plays {
                roles.0 |= 1 << role as u16;
            }
        };
        let in_tests = has(&[
            "test",
            "tests",
            "testing",
            "spec",
            "specs",
            "__tests__",
            "__mocks__",
            "__fixtures__",
            "__snapshots__",
            "testdata",
            "fixtures",
            "regress",
        ]) || folders.iter().any(|folder| is_test_folder(folder));
        let named_test = !in_tests && is_test_name(name, &words);
        let may_ship = named_test && has(&["src", "lib"]) && may_ship_tests(name, language);
        plays(Role::Test, in_tests || (named_test && !may_ship));
        plays(Role::TestByName, may_ship);
        plays(
            Role::Legacy,
            has(&["compat", "_compat", "legacy", "deprecated", "v1beta1"]),
        );
        plays(Role::Example, is_example);
        plays(Role::Upkeep, has(&["scripts", "tools", "ci", ".github", "hack"]));
        plays(Role::Bench, has(&["bench", "benches", "benchmark", "benchmarks"]));
        plays(
            Role::Vendored,
            has(&["vendor", "third_party", "thirdparty", "node_modules", "external"]),
        );
        plays(
            Role::Built,
            has(&["dist", "single_include", "amalgamated", "amalgamation"]),
        );
        let is_script = [".js", ".cjs", ".mjs"].iter().any(|end| path.ends_with(end));
        plays(Role::BuildOutput, is_declaration(path) || is_script);
        plays(Role::Declaration, is_declaration(name));
        plays(Role::Changelog, is_changelog(language, path, name, &words));
        plays(Role::Prose, is_prose);
        plays(
            Role::Documentation,
            has(&["docs", "doc", "documentation", "website", "www"]) && !is_prose && !is_example,
        );
        plays(
            Role::Data,
            matches!(language, Some(Language::Json | Language::Yaml | Language::Toml))
                || [".lock", ".csv", ".xml", ".svg"]
                    .iter()
                    .any(|end| name.ends_with(end))
                || is_translation(language, name, &folders)
                || is_project_file(name),
        );
        plays(Role::Core, folders.iter().any(|folder| is_core(folder)));
        roles
    }

    pub(crate) fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }
}

/// What changed, who wrote it, under which licence. Code may be called so too: `history.rs` keeps a history.
fn is_changelog(language: Option<Language>, path: &str, name: &str, words: &[String]) -> bool {
    let is_named = words.first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "changelog" | "changes" | "history" | "news" | "license" | "licence" | "copying" | "authors"
        )
    });
    (is_named && (language.is_none() || is_prose(language, path)))
        || name.ends_with(".license")
        || name.ends_with(".licence")
}

/// The same sentences in other languages.
fn is_translation(language: Option<Language>, name: &str, folders: &[&str]) -> bool {
    [".po", ".pot", ".arb", ".xlf", ".xliff", ".strings", ".resx"]
        .iter()
        .any(|end| name.ends_with(end))
        || ((language.is_none() || is_foreign(name))
            && folders
                .iter()
                .any(|folder| matches!(*folder, "translations" | "locale" | "locales" | "i18n" | "l10n")))
}

/// Whether a file is named after a human language that is not English: `fr.ts`, `pt-br.rb`.
fn is_foreign(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let (language, region) = stem.split_once(['-', '_']).unwrap_or((stem, ""));
    let is_code = |code: &str| code.chars().all(|c| c.is_ascii_alphabetic());
    language.len() == 2 && language != "en" && is_code(language) && region.len() <= 4 && is_code(region)
}

/// What build tools and editors read.
fn is_project_file(name: &str) -> bool {
    const ENDS: [&str; 27] = [
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
        ".m4",
        ".ac",
        ".am",
        ".neon",
        ".dotsettings",
        ".vcxproj",
        ".filters",
        ".ruleset",
        ".xcconfig",
    ];
    name.starts_with('.')
        || ENDS.iter().any(|end| name.ends_with(end))
        || matches!(
            name,
            "gemfile" | "rakefile" | "makefile" | "cmakelists.txt" | "dockerfile" | "podfile" | "setup.py"
        )
}

fn is_declaration(name: &str) -> bool {
    [".d.ts", ".d.cts", ".d.mts"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// `core`, `queue-core`, `queue_core`.
fn is_core(folder: &str) -> bool {
    let rest = folder.strip_suffix("core");
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_', '.']))
}

/// `Project.Tests`, `project-test-support`, `__testfixtures__`.
fn is_test_folder(folder: &str) -> bool {
    const OF_TESTS: [&str; 9] = [
        "test",
        "tests",
        "testing",
        "testfixtures",
        "testcases",
        "testsuite",
        "testsuites",
        "testutil",
        "testutils",
    ];
    folder.contains("test") && parts(folder).iter().any(|part| OF_TESTS.contains(&part.as_str()))
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

/// Whether a file that is named like a test may be something else: what helps to test, or what is about tests. Not where
/// the language's own tools go by the name, nor where tests commonly lie beside what they test.
fn may_ship_tests(name: &str, language: Option<Language>) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    !matches!(stem, "test" | "tests" | "conftest")
        && !name.contains(".test.")
        && !name.contains(".spec.")
        && ![".dart", ".zig"].iter().any(|end| name.ends_with(end))
        && !matches!(
            language,
            Some(
                Language::Go
                    | Language::C
                    | Language::Cpp
                    | Language::JavaScript
                    | Language::TypeScript
                    | Language::Tsx
                    | Language::Zig
            )
        )
}

/// Whether a file is written for readers: Markdown, HTML, plain text.
fn is_prose(language: Option<Language>, path: &str) -> bool {
    matches!(language, Some(Language::Markdown | Language::Html)) || is_plain_text(path)
}

fn is_plain_text(name: &str) -> bool {
    const ENDS: [&str; 24] = [
        ".txt",
        ".rst",
        ".adoc",
        ".asciidoc",
        ".org",
        ".tex",
        ".texi",
        ".ronn",
        ".mdx",
        ".pod",
        ".rdoc",
        ".textile",
        ".man",
        ".mdoc",
        ".roff",
        ".1",
        ".2",
        ".3",
        ".4",
        ".5",
        ".6",
        ".7",
        ".8",
        ".9",
    ];
    // A manual page as a template, or as it is shipped to who cannot make it.
    let name = [".in", ".prebuilt"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_makes_a_test_unless_it_may_be_shipped() {
        let check = |path: &str, language: Option<Language>, expected: &[Role]| {
            let roles = Roles::of(path, language);
            for role in [Role::Test, Role::TestByName] {
                assert_eq!(roles.has(role), expected.contains(&role), "{role:?} of {path}");
            }
        };
        check(
            "src/package_id_spec.rs",
            Some(Language::Rust),
            &[Role::TestByName],
        );
        check(
            "tests/src/package_id_spec.rs",
            Some(Language::Rust),
            &[Role::Test],
        );
        check("package_id_spec.rs", Some(Language::Rust), &[Role::Test]);
        check("src/pool_test.go", Some(Language::Go), &[Role::Test]);
        check("src/pool.test.ts", Some(Language::TypeScript), &[Role::Test]);
        check("lib/conftest.py", Some(Language::Python), &[Role::Test]);
        check("src/pool.rs", Some(Language::Rust), &[]);
    }

    #[test]
    fn what_only_looks_like_code_is_told_from_it() {
        let check = |path: &str, role: Role| assert!(Roles::of(path, None).has(role), "{role:?} of {path}");
        check("tool.1.prebuilt", Role::Prose);
        check("doc/tool.8.in", Role::Prose);
        check("plugin/v5/__testfixtures__/old.input.tsx", Role::Test);
        check("src/__mocks__/pool.ts", Role::Test);
        check("build/pthread.m4", Role::Data);
        assert!(!Roles::of("src/contest/in.rs", Some(Language::Rust)).has(Role::Test));
    }

    #[test]
    fn a_core_is_told_by_its_folder() {
        let is_core = |path: &str| Roles::of(path, None).has(Role::Core);
        assert!(is_core("src/core/pool.rs"));
        assert!(is_core("queue-core/src/lib.rs"));
        assert!(!is_core("src/core.rs"));
        assert!(!is_core("encore/pool.rs"));
    }

    #[test]
    fn the_same_sentences_in_another_language_are_data() {
        let is_data = |path: &str| Roles::of(path, Some(Language::TypeScript)).has(Role::Data);
        for path in [
            "src/locales/fr.ts",
            "src/locales/pt-BR.ts",
            "i18n/zh_hans.ts",
            "l10n/de.messages.ts",
        ] {
            assert!(is_data(path), "{path}");
        }
        for path in [
            "src/locales/en.ts",
            "src/locales/index.ts",
            "src/locales/en-GB.ts",
            "src/fr.ts",
            "i18n/api.ts",
        ] {
            assert!(!is_data(path), "{path}");
        }
    }
}
