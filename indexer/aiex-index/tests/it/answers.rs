//! What is asked is found, in the right place, and explained.

use aiex_index::{Hit, Mode, OutlineRequest, SearchRequest};
use proptest::strategy::{Strategy, ValueTree};

use crate::fixture::{Fixture, engine_at, grep, root_of, search, sync};

#[test]
fn a_name_finds_its_definition_on_top() {
    let fixture = Fixture::new();
    let hits = fixture.search("retry_delay");
    assert_eq!(hits[0].path, "src/lib.rs");
    assert_eq!(hits[0].symbol.as_deref(), Some("retry_delay"));
    assert_eq!(hits[0].kind, Some("function"));
    assert!(
        hits[0].snippet.contains("exponential back-off"),
        "the doc comment belongs to its item"
    );
}

#[test]
fn a_sentence_finds_the_span_that_answers_it() {
    let fixture = Fixture::new();
    let hits = fixture.search("where do sessions expire?");
    assert_eq!(hits[0].path, "src/app.py");
    assert!(hits[0].start_line <= 7 && 9 <= hits[0].end_line, "{hits:?}");
}

#[test]
fn a_path_finds_its_file() {
    let fixture = Fixture::new();
    assert_eq!(fixture.search("src/app.py")[0].path, "src/app.py");
    assert_eq!(search(&fixture.repo, "app.py").route, "path");
}

#[test]
fn a_word_that_stands_in_prose_alone_is_found_there() {
    let fixture = Fixture::new();
    // What means something near it, many times in a file.
    let near: String = ["elephant", "hippopotamus", "giraffe", "buffalo", "antelope", "zebra"]
        .map(|animal| {
            format!("/// Feeds the {animal}: an animal of the zoo, with hooves or a trunk.\npub fn feed_{animal}() {{ hay(); }}\n\n")
        })
        .concat();
    fixture.write("src/animals.rs", &near);
    fixture.write(
        "tools/limits.md",
        "# Limits\n\nWhoever names them waits for a day, or for two if the day is short, and nobody minds, since there is time \
         enough for everybody who waits here. The rhinoceros is one. Some come early, some come late, and all of them go home \
         in the evening when the doors are shut and the lamps are put out by the keeper.\n",
    );
    fixture.sync();
    assert_eq!(fixture.search("rhinoceros")[0].path, "tools/limits.md");
    // Where code says it too, code comes first.
    fixture.write(
        "src/wait.rs",
        "/// Waits as the rhinoceros does.\npub fn wait() { sleep(); }\n",
    );
    fixture.sync();
    assert_eq!(fixture.search("rhinoceros")[0].path, "src/wait.rs");
}

#[test]
fn a_name_that_nothing_defines_is_found_where_it_stands_whole() {
    let fixture = Fixture::new();
    for number in 1..=6 {
        let code = format!(
            "/// The zebra of herd {number} counts its zebra stripes.\npub fn zebra_{number}() -> u32 {{ zebra_limit({number}) }}\n"
        );
        fixture.write(&format!("src/herd{number}.rs"), &code);
    }
    // Two pages say it, so that neither is far ahead of the other.
    fixture.write(
        "README.md",
        "# Zoo\n\nSet `zebra_limit_max` to two before a start.\n",
    );
    fixture.write(
        "docs/limits.md",
        "# Limits\n\nThe daemon reads zebra_limit_max once a day.\n",
    );
    fixture.sync();
    let first = |query: &str| -> Vec<String> {
        let hits = fixture.search(query);
        hits.into_iter().take(2).map(|hit| hit.path).collect()
    };
    let mut found = first("zebra_limit_max");
    found.sort();
    assert_eq!(found, ["README.md", "docs/limits.md"]);
    // Who mistypes it still gets what is near.
    assert!(first("zebra_limit_maxx")[0].starts_with("src/herd"));
    // Code that says it comes first.
    fixture.write("src/wait.rs", "pub fn wait() { env(\"ZEBRA_LIMIT_MAX\"); }\n");
    fixture.sync();
    assert_eq!(first("zebra_limit_max")[0], "src/wait.rs");
}

#[test]
fn a_copied_message_leads_to_the_lines_that_write_it() {
    let fixture = Fixture::new();
    let about = "/// Workers: when a worker cannot start, no threads are left; a start with no threads left is an error of the worker.\n\
                 /// An error of a start leaves a worker without threads, and no worker starts.\n\
                 pub struct Workers {\n    pub threads_left: u32,\n    pub start_error: u32,\n}\n\n";
    let between = "impl Workers {\n    /// How many there are.\n    pub fn count(&self) -> u32 {\n        let mut all = 0;\n        \
                   for one in 0..self.threads_left {\n            all += one;\n        }\n        all\n    }\n\n";
    let writes = "    pub fn run(&self, number: u32) -> Result<(), String> {\n        match self.threads_left.checked_sub(number) {\n            \
                  Some(_) => Ok(()),\n            None => Err(format!(\"cannot start worker {number}: no threads left\")),\n        }\n    }\n}\n";
    fixture.write("src/workers.rs", &[about, between, writes].concat());
    fixture.sync();
    let hits = fixture.search("error: cannot start worker 7: no threads left");
    assert_eq!(hits[0].path, "src/workers.rs");
    assert!(
        hits[0].snippet.contains("cannot start worker {number}"),
        "{hits:#?}"
    );
    assert!(hits[0].why.contains(&"word for word".to_owned()), "{hits:#?}");
    // Whoever wants one hit gets the first of many.
    let request = SearchRequest {
        query: "error: cannot start worker 7: no threads left".to_owned(),
        limit: 1,
        ..SearchRequest::default()
    };
    let one = fixture
        .repo
        .search(&request, &mut |_| {}, &|| false)
        .unwrap()
        .hits;
    assert_eq!((one.len(), &one[0].snippet), (1, &hits[0].snippet));
}

#[test]
fn words_that_stand_nowhere_are_told() {
    let fixture = Fixture::new();
    let outcome = search(&fixture.repo, "where do kubernetes sessions expire in zanzibar");
    assert_eq!(outcome.nowhere, ["kubernetes", "zanzibar"]);
    // Also when it is asked again, and no longer once they stand somewhere.
    assert_eq!(
        search(&fixture.repo, "where do kubernetes sessions expire in zanzibar").nowhere,
        outcome.nowhere
    );
    // Nothing is said of parts of a run of words, of what names a language, and of what is no word.
    fixture.write("src/wait.py", "# 如何解析配置文件\ndef wait(): pass\n");
    fixture.sync();
    for (query, nowhere) in [
        ("解析配置 zanzibar", &["zanzibar"][..]),
        ("why don't sessions expire in python", &[]),
        ("where do sessions expire in haskell", &[]),
        // A name of several words is one word, told as it is asked for.
        ("is there a ZanzibarQL session", &["zanzibarql"]),
        ("where is SESSION_ZANZIBAR", &["session_zanzibar"]),
    ] {
        assert_eq!(search(&fixture.repo, query).nowhere, nowhere, "{query}");
    }
    fixture.write(
        "src/zanzibar.rs",
        "pub fn of_kubernetes() {}\n// See zanzibarql.\n",
    );
    fixture.sync();
    for query in ["is there a ZanzibarQL session", "where is OfKubernetes"] {
        assert_eq!(search(&fixture.repo, query).nowhere, [""; 0], "{query}");
    }
    let outcome = search(&fixture.repo, "where do kubernetes sessions expire in zanzibar");
    assert_eq!(outcome.nowhere, [""; 0]);
}

#[test]
fn code_comes_before_prose_that_says_the_same() {
    let fixture = Fixture::new();
    assert_ne!(fixture.search("queue with retries")[0].path, "README.md");
}

#[test]
fn code_is_found_however_much_is_written_about_it() {
    let fixture = Fixture::new();
    for page in 0..350 {
        let text = format!("# Page {page}\n\nHow a parcel is weighed, how the parcel is weighed again.\n");
        fixture.write(&format!("guide/page{page}.md"), &text);
    }
    let code = "/// Weighs a parcel: what the scales show, less their tare.\npub fn grams(parcel: &Parcel) -> u32 {\n    \
                let scales = Scales::calibrated();\n    scales.put(parcel);\n    scales.read() - scales.tare()\n}\n";
    fixture.write("src/scales.rs", code);
    fixture.sync();
    assert_eq!(fixture.search("how is a parcel weighed")[0].path, "src/scales.rs");
}

#[test]
fn tests_within_a_file_stand_behind_code_unless_they_are_asked_for() {
    let fixture = Fixture::new();
    let step = |n: usize| {
        format!(
            "/// Step {n} of the sorting of letters.\npub fn step_{n}(letter: u32) -> u32 {{\n    let next = letter + {n};\n    next.rotate_left({n})\n}}\n\n"
        )
    };
    let steps: String = (0..12).map(step).collect();
    let again = |n: usize| {
        format!(
            "\n    #[test]\n    fn parcels_are_weighed_{n}() {{\n        let parcel = Parcel::new({n});\n        assert_eq!(weigh_parcel(&parcel), {n});\n    }}\n"
        )
    };
    let all: String = (0..6).map(again).collect();
    let tests = format!("#[cfg(test)]\nmod tests {{\n    use super::*;\n{all}}}\n");
    fixture.write("src/letters.rs", &format!("{steps}{tests}"));
    let code = "/// What the scales show.\npub fn weigh_parcel(parcel: &Parcel) -> u32 {\n    let scales = Scales::calibrated();\n    \
                scales.put(parcel);\n    scales.read() - scales.tare()\n}\n";
    fixture.write("src/scales.rs", code);
    fixture.sync();
    let hits = fixture.search("weighing a parcel");
    assert_eq!(hits[0].path, "src/scales.rs", "{hits:#?}");
    let of_tests = hits.iter().find(|hit| hit.path == "src/letters.rs").unwrap();
    assert!(
        of_tests.snippet.starts_with("#[cfg(test)]"),
        "the module is a chunk of its own"
    );
    assert_eq!(
        fixture.search("tests of weighing a parcel")[0].path,
        "src/letters.rs"
    );
}

#[test]
fn of_several_versions_the_newest_is_meant_or_the_one_that_is_named() {
    let fixture = Fixture::new();
    for version in ["v1", "v2", "v3"] {
        let text = "// Tells why a parcel was refused.\nexport class RefusalError extends Error {}\n";
        fixture.write(&format!("parcels/{version}/refusal.ts"), text);
    }
    fixture.sync();
    let first = |query: &str| fixture.search(query)[0].path.clone();
    assert_eq!(first("why was the parcel refused"), "parcels/v3/refusal.ts");
    assert_eq!(first("why was the parcel refused in v1"), "parcels/v1/refusal.ts");
    assert_eq!(first("v2 refusal errors"), "parcels/v2/refusal.ts");
    // Something else is called so: nobody keeps a folder of it here.
    assert_eq!(first("refusal errors of v8"), "parcels/v3/refusal.ts");
}

#[test]
fn legacy_code_is_found_by_who_asks_for_it() {
    let fixture = Fixture::new();
    for folder in ["lib", "legacy"] {
        let text = "# Weighs a parcel in kilograms.\ndef weigh(parcel):\n    return parcel.mass\n";
        fixture.write(&format!("{folder}/scale.py"), text);
    }
    fixture.sync();
    let first = |query: &str| fixture.search(query)[0].path.clone();
    assert_eq!(first("weigh a parcel in kilograms"), "lib/scale.py");
    assert_eq!(first("legacy: weigh a parcel in kilograms"), "legacy/scale.py");
}

#[test]
fn the_rules_that_made_a_score_are_told() {
    let fixture = Fixture::new();
    let hits = explained(&fixture, "TaskQueue");
    let explanation = hits[0].explain.as_ref().unwrap();
    assert!(!explanation.arms.is_empty());
    let rules: Vec<_> = explanation.steps.iter().map(|step| step.rule).collect();
    assert!(
        rules.contains(&"fusion") && rules.contains(&"definition"),
        "{rules:?}"
    );
}

fn explained(fixture: &Fixture, query: &str) -> Vec<Hit> {
    let request = SearchRequest {
        query: query.to_owned(),
        limit: 10,
        explain: true,
        ..SearchRequest::default()
    };
    fixture
        .repo
        .search(&request, &mut |_| {}, &|| false)
        .unwrap()
        .hits
}

/// What was changed step by step must give what is shown, whatever was asked.
#[test]
fn explanations_add_up_to_the_score() {
    let fixture = Fixture::new();
    const WORDS: &[&str] = &[
        "queue",
        "TaskQueue",
        "retries",
        "push",
        "sessions",
        "expire",
        "src/lib.rs",
        "lib.rs:5",
        "load_settings",
        "tests",
        "docs",
        "json",
        "how",
        "base",
        "python",
        "SessionStore.expire_sessions",
    ];
    let query = proptest::collection::vec(proptest::sample::select(WORDS), 1..5);
    let mut seen = 0;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let query = query.new_tree(&mut runner).unwrap().current().join(" ");
        for hit in explained(&fixture, &query) {
            let steps = &hit.explain.as_ref().unwrap().steps;
            let mut score = 0.0_f32;
            for step in steps {
                score = step.change.of(score);
                assert!((score - step.score).abs() <= 1e-4, "{query}: {steps:?}");
            }
            assert!(
                (score - hit.score).abs() <= 1e-4,
                "{query}: {} {steps:?}",
                hit.score
            );
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen} hits explained");
}

#[test]
fn filters_leave_only_what_they_allow() {
    let fixture = Fixture::new();
    let ask = |paths: &[&str], languages: &[&str], kinds: &[&str]| {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let request = SearchRequest {
            query: "sessions queue retry settings".to_owned(),
            limit: 20,
            paths: own(paths),
            languages: own(languages),
            kinds: own(kinds),
            ..SearchRequest::default()
        };
        let outcome = fixture.repo.search(&request, &mut |_| {}, &|| false)?;
        let mut paths: Vec<_> = outcome.hits.into_iter().map(|hit| hit.path).collect();
        paths.sort();
        paths.dedup();
        Ok::<_, aiex_index::SearchError>(paths)
    };
    assert_eq!(ask(&["*.py"], &[], &[]).unwrap(), ["src/app.py"]);
    assert_eq!(ask(&["src"], &[], &[]).unwrap(), ["src/app.py", "src/lib.rs"]);
    assert_eq!(ask(&["!src"], &[], &[]).unwrap(), ["README.md"]);
    assert_eq!(ask(&[], &["rust"], &[]).unwrap(), ["src/lib.rs"]);
    assert_eq!(ask(&[], &[], &["class"]).unwrap(), ["src/app.py"]);
    let error = ask(&[], &["klingon"], &[]).unwrap_err();
    assert!(error.to_string().contains("klingon"), "{error}");
}

#[test]
fn a_pattern_finds_every_line_or_says_that_there_are_more() {
    let fixture = Fixture::new();
    let all = grep(&fixture.repo, r"(?i)session", 100);
    let expected = crate::fixture::APP_PY
        .lines()
        .filter(|l| l.to_lowercase().contains("session"))
        .count()
        + 1;
    assert_eq!(all.hits.len(), expected);
    assert!(all.is_exhaustive);
    let some = grep(&fixture.repo, r"(?i)session", 2);
    assert_eq!((some.hits.len(), some.is_exhaustive), (2, false));
    assert_eq!(some.hits[..], all.hits[..2], "the first ones are the same");
}

#[test]
fn text_with_signs_is_found_as_it_stands() {
    let fixture = Fixture::new();
    let request = SearchRequest {
        query: "Vec<String>".to_owned(),
        limit: 5,
        mode: Mode::Literal,
        ..SearchRequest::default()
    };
    let outcome = fixture.repo.search(&request, &mut |_| {}, &|| false).unwrap();
    assert_eq!(outcome.hits[0].start_line, 11);
}

#[test]
fn files_that_are_named_are_the_only_ones_and_filters_still_hold() {
    let fixture = Fixture::new();
    let found = |files: &[&str], paths: &[&str], mode: Mode| -> Vec<String> {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let request = SearchRequest {
            query: "fn".to_owned(),
            limit: 50,
            mode,
            files: own(files),
            paths: own(paths),
            ..SearchRequest::default()
        };
        let outcome = fixture.repo.search(&request, &mut |_| {}, &|| false).unwrap();
        let mut paths: Vec<String> = outcome.hits.into_iter().map(|hit| hit.path).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    };
    fixture.write("src/one[1].rs", "pub fn first() {}\n");
    fixture.write("src/one1.rs", "pub fn second() {}\n");
    fixture.sync();
    for mode in [Mode::Auto, Mode::Literal] {
        // A name is no glob.
        assert_eq!(found(&["src/one[1].rs"], &[], mode), ["src/one[1].rs"]);
        assert_eq!(
            found(&["src/one[1].rs", "src/one1.rs"], &["!src/one1.rs"], mode),
            ["src/one[1].rs"]
        );
        assert_eq!(found(&["src/gone.rs"], &[], mode), [""; 0]);
    }
}

#[test]
fn a_bad_pattern_is_an_error_that_shows_where() {
    let fixture = Fixture::new();
    let request = SearchRequest {
        query: "a(b".to_owned(),
        limit: 5,
        mode: Mode::Regex,
        ..SearchRequest::default()
    };
    let error = fixture.repo.search(&request, &mut |_| {}, &|| false).unwrap_err();
    assert!(error.to_string().contains("unclosed group"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn the_same_question_is_answered_from_the_cache_until_something_changes() {
    let fixture = Fixture::new();
    assert!(!search(&fixture.repo, "retry_delay").is_cached);
    assert!(search(&fixture.repo, "retry_delay").is_cached);
    fixture.write("src/new.rs", "pub fn retry_delay_of_new() {}\n");
    fixture.sync();
    assert!(!search(&fixture.repo, "retry_delay").is_cached);
}

#[test]
fn an_odd_query_is_answered_or_refused_but_never_a_panic() {
    let fixture = Fixture::new();
    for query in [
        "",
        " ",
        "\u{0}",
        "::",
        "()",
        "a::b::",
        "日本語の検索",
        "🦀",
        &"x ".repeat(5_000),
        "\\",
        "*",
        "-",
    ] {
        let request = SearchRequest {
            query: query.to_owned(),
            limit: 10,
            ..SearchRequest::default()
        };
        let _ = fixture.repo.search(&request, &mut |_| {}, &|| false);
    }
}

#[test]
fn code_that_is_named_like_a_changelog_is_code() {
    let fixture = Fixture::new();
    let code = "/// Goes back to the state of ten minutes ago.\npub fn earlier_state(minutes: u32) -> u32 {\n    minutes\n}\n";
    fixture.write("src/history.rs", code);
    fixture.write("HISTORY.md", "# 1.2\n\nGo back to an earlier state by minutes.\n");
    fixture.write(
        "share/translations/de.po",
        "msgid \"Earlier state\"\nmsgstr \"Zurück\"\n",
    );
    fixture.sync();
    let hits = fixture.search("go back to the earlier state ten minutes ago");
    assert_eq!(hits[0].path, "src/history.rs");
}

#[test]
fn the_root_of_a_tree_of_which_nothing_is_indexed_yet_has_an_empty_outline() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::write(tree.path().join("lib.rs"), "pub fn retry() {}\n").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_at(dir.path());
    let repo = engine.open_repo(root_of(tree.path()), false).unwrap();
    let outline = |path: &str| {
        repo.outline(&OutlineRequest {
            from: repo.root().path.clone(),
            paths: vec![path.to_owned()],
            limit: 10,
        })
    };
    assert_eq!(outline(".").unwrap().files, []);
    let told = outline("lib.rs").unwrap_err().to_string();
    assert!(told.contains("not indexed yet"), "{told}");
    sync(&repo);
    assert_eq!(outline(".").unwrap().files[0].definitions[0].name, "retry");
}
