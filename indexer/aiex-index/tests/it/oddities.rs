//! Questions that nobody types and somebody pastes; repositories unlike others.

use std::sync::Arc;

use aiex_index::RepoIndex;

use crate::fixture::{Fixture, LIB_RS, engine_at, git, root_of, search, sync};

fn files(dir: &std::path::Path, files: &[(String, String)]) -> Arc<RepoIndex> {
    let root = dir.join("repo");
    std::fs::create_dir_all(&root).unwrap();
    git(&root, &["init", "-q"]);
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let repo = engine_at(&dir.join("index"))
        .open_repo(root_of(&root), false)
        .unwrap();
    sync(&repo);
    repo
}

/// The paths of the first hits, and the lines shown of each.
fn places(repo: &RepoIndex, query: &str) -> Vec<String> {
    let hits = search(repo, query).hits;
    hits.iter()
        .map(|hit| format!("{}:{}", hit.path, hit.focus_line))
        .collect()
}

#[test]
fn one_letter_and_signs_are_answered() {
    let fixture = Fixture::new();
    for query in [
        "a",
        "_",
        "🦀",
        "…",
        "\"",
        "(",
        "[a-z",
        "*.rs AND (",
        "'unbalanced",
        "a\0b",
        "\\",
        "%00",
        "-",
        "!",
    ] {
        search(&fixture.repo, query);
    }
}

#[test]
fn ten_thousand_words_are_answered() {
    let fixture = Fixture::new();
    let long: Vec<String> = (0..10_000).map(|n| format!("word{n}")).collect();
    let found = fixture.search(&format!("retry_delay back-off {}", long.join(" ")));
    assert_eq!(found[0].path, "src/lib.rs");
}

#[test]
fn a_whole_file_finds_itself() {
    let fixture = Fixture::new();
    assert_eq!(fixture.search(LIB_RS)[0].path, "src/lib.rs");
}

#[test]
fn a_trace_finds_the_innermost_frame_of_this_repository() {
    let dir = tempfile::tempdir().unwrap();
    let body = |comment: &str, name: &str| {
        let line = |n: u32| format!("{comment} step {n} of {name}\n");
        (1..=60).map(line).collect::<String>()
    };
    let named = [
        ("app/jobs/run.py", "#"),
        ("app/main.py", "#"),
        ("src/pool.rs", "//"),
        ("web/load.ts", "//"),
        ("core/src/Pool.java", "//"),
        ("tool/work.go", "//"),
        ("lib/user.rb", "#"),
    ];
    let files_of: Vec<_> = named
        .iter()
        .map(|(path, comment)| ((*path).to_owned(), body(comment, path)))
        .collect();
    let repo = files(dir.path(), &files_of);
    let traces = [
        (
            "Traceback (most recent call last):\n  File \"/srv/x/app/main.py\", line 3, in <module>\n  File \
             \"/srv/x/app/jobs/run.py\", line 41, in run\n  File \"/usr/lib/python3.12/json/decoder.py\", line 9, in \
             decode\nKeyError: 'id'",
            "app/jobs/run.py:41",
        ),
        (
            "thread 'main' panicked at src/pool.rs:48:17:\nindex out of bounds: the len is 3 but the index is 9",
            "src/pool.rs:48",
        ),
        (
            "TypeError: x is undefined\n    at Object.parse (node:internal/json.js:1:2)\n    at load \
             (/home/u/x/web/load.ts:10:5)",
            "web/load.ts:10",
        ),
        (
            "java.lang.IllegalStateException: closed\n\tat com.acme.Pool.take(Pool.java:42)\n\tat \
             java.base/java.lang.Thread.run(Thread.java:1583)",
            "core/src/Pool.java:42",
        ),
        (
            "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.work(0x1)\n\t/home/u/x/tool/work.go:12 \
             +0x1d\nruntime.main()\n\t/usr/local/go/src/runtime/proc.go:271 +0x29d",
            "tool/work.go:12",
        ),
        (
            "lib/user.rb:22:in `save!': undefined method `id' for nil (NoMethodError)\n\tfrom bin/x:3:in `<main>'",
            "lib/user.rb:22",
        ),
    ];
    for (trace, place) in traces {
        assert_eq!(places(&repo, trace)[0], place, "{trace}");
    }
    assert_eq!(places(&repo, "pool.rs:48:17")[0], "src/pool.rs:48");
}

#[test]
fn other_scripts_find_their_words() {
    let dir = tempfile::tempdir().unwrap();
    let texts = [
        ("zh.py", "# 重试延迟:指数退避\ndef wait(): pass\n"),
        ("ru.py", "# Задержка перед повтором запроса\ndef pause(): pass\n"),
        ("de.py", "# Größe der Warteschlange ändern\ndef resize(): pass\n"),
        ("rocket.py", "# Launch 🚀 when ready\ndef fire(): pass\n"),
        ("en.py", "# Opens the door\ndef door(): pass\n"),
    ];
    let owned: Vec<_> = texts
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    let repo = files(dir.path(), &owned);
    for (query, path) in [
        ("重试延迟", "zh.py"),
        ("задержка повтором", "ru.py"),
        ("größe ändern", "de.py"),
        ("launch 🚀", "rocket.py"),
    ] {
        assert_eq!(search(&repo, query).hits[0].path, path, "{query}");
    }
}

#[test]
fn repositories_without_code_and_with_one_file_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let empty = files(&dir.path().join("empty"), &[]);
    assert!(search(&empty, "anything at all").hits.is_empty());
    let one = files(
        &dir.path().join("one"),
        &[("notes.txt".to_owned(), "The kettle boils at noon.\n".to_owned())],
    );
    assert_eq!(
        search(&one, "when does the kettle boil").hits[0].path,
        "notes.txt"
    );
}

#[test]
fn equal_files_come_in_the_order_of_their_paths_and_stay_there() {
    const FILES: usize = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let copies: Vec<_> = (0..FILES)
        .map(|n| {
            (
                format!("d{:03}/copy_{n:06}.py", n % 500),
                "def same_everywhere():\n    return 1\n".to_owned(),
            )
        })
        .collect();
    let repo = files(dir.path(), &copies);
    let once = places(&repo, "same everywhere");
    assert_eq!(once.len(), 10);
    assert_eq!(places(&repo, "same everywhere"), once);
    let mut sorted = once.clone();
    sorted.sort();
    assert_eq!(once, sorted);
}
