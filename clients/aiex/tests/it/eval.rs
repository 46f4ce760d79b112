//! `aiex eval`.

use std::fs;

use serde_json::Value;

use crate::world::World;

const QUERIES: &str = r#"{"id":"q1","corpus":"one","query":"parse the header","kind":"natural","relevant":[{"path":"header.py","grade":2}]}
{"id":"q2","corpus":"two","query":"render_footer"}

{"id":"q3","corpus":"one","query":"trailer checksum"}
"#;

fn corpora(world: &World) {
    world.folder(
        "corpora/one",
        &[
            (
                "header.py",
                "def parse_header(text):\n    return text.split(':')\n",
            ),
            (
                "sub/trailer.py",
                "def trailer_checksum(data):\n    return sum(data)\n",
            ),
        ],
    );
    world.folder(
        "corpora/two",
        &[("footer.js", "function render_footer() { return 'end' }\n")],
    );
}

#[test]
fn every_query_gets_its_results() {
    let world = World::new();
    corpora(&world);
    fs::write(world.path("queries.jsonl"), QUERIES).unwrap();
    let root = world.path("");
    world.ok(
        &root,
        &[
            "eval",
            "queries.jsonl",
            "--corpora",
            "corpora",
            "--out",
            "out.jsonl",
        ],
    );
    let out = fs::read_to_string(world.path("out.jsonl")).unwrap();
    let rows: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let top = |id: &str| {
        let row = rows.iter().find(|row| row["id"] == id).unwrap();
        row["results"][0]["path"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (rows.len(), top("q1"), top("q2"), top("q3")),
        (3, "header.py".into(), "footer.js".into(), "sub/trailer.py".into())
    );
    let keys: Vec<&String> = rows[0]["results"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[test]
fn a_missing_corpus_is_reported_and_the_rest_answered() {
    let world = World::new();
    corpora(&world);
    fs::write(
        world.path("queries.jsonl"),
        format!("{QUERIES}{{\"id\":\"q4\",\"corpus\":\"three\",\"query\":\"x\"}}\n"),
    )
    .unwrap();
    let root = world.path("");
    let outcome = world.run(
        &root,
        &[
            "eval",
            "queries.jsonl",
            "--corpora",
            "corpora",
            "--out",
            "out.jsonl",
        ],
    );
    assert_eq!(outcome.code, Some(5), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("three"), "{}", outcome.stderr);
    assert_eq!(
        fs::read_to_string(world.path("out.jsonl"))
            .unwrap()
            .lines()
            .count(),
        3
    );
}

#[test]
fn a_line_that_is_not_a_query_is_named() {
    let world = World::new();
    fs::write(world.path("queries.jsonl"), "{\"id\":\"q1\"}\n").unwrap();
    let outcome = world.run(
        &world.path(""),
        &["eval", "queries.jsonl", "--corpora", ".", "--out", "out.jsonl"],
    );
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("line 1 of queries.jsonl"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn each_signal_is_switched_off_in_turn_and_told_what_it_is_worth() {
    let world = World::new();
    world.folder(
        "corpora/one",
        &[
            (
                "src/retry.py",
                "def wait_before_retry(attempt):\n    \"\"\"Doubles the pause before each retry.\"\"\"\n    return 2 ** attempt\n",
            ),
            (
                "tests/test_retry.py",
                "from retry import wait_before_retry\n\ndef test_pause_before_each_retry_doubles():\n    \
                 assert wait_before_retry(1) == 2\n    assert wait_before_retry(2) == 4\n",
            ),
            ("src/parse.py", "def parse(text):\n    return text.split()\n"),
        ],
    );
    let query = |id: &str, text: &str, path: &str| {
        format!(
            "{{\"id\":\"{id}\",\"corpus\":\"one\",\"suite\":\"own\",\"query\":\"{text}\",\"relevant\":[{{\"path\":\"{path}\",\"grade\":1}}]}}\n"
        )
    };
    let queries = [
        query("q1", "pause before each retry doubles", "src/retry.py"),
        query("q2", "parse", "src/parse.py"),
    ];
    fs::write(world.path("queries.jsonl"), queries.concat()).unwrap();
    let root = world.path("");
    let told = world
        .ok(
            &root,
            &["eval", "queries.jsonl", "--corpora", "corpora", "--ablate"],
        )
        .stdout;
    let row = |signal: &str| {
        let row = told
            .lines()
            .find(|line| line.starts_with(&format!("| {signal} |")));
        row.unwrap_or_else(|| panic!("{signal} is not in\n{told}"))
            .to_owned()
    };
    // Without the rule on tests, the test of the function stands before the function.
    assert!(row("test").contains("+0."), "{told}");
    assert!(row("vendored").contains("0.000"), "{told}");
    assert!(told.lines().count() > 20, "{told}");
}
