//! `aiex pack`.

use std::path::PathBuf;

use crate::world::World;

/// Several files that speak of the same thing, one of them twice.
fn tree(world: &World) -> PathBuf {
    let mut files = Vec::new();
    for name in ["alpha", "beta", "gamma", "delta", "epsilon"] {
        let mut text = String::new();
        for part in 0..4 {
            text.push_str(&format!("/// Retries the {name} request, attempt by attempt.\n"));
            text.push_str(&format!("pub fn retry_{name}_{part}(attempt: u32) -> u64 {{\n"));
            for step in 0..8 {
                text.push_str(&format!(
                    "    let {name}_delay_{step} = backoff(attempt, {part}, {step});\n"
                ));
            }
            text.push_str("    0\n}\n\n");
        }
        files.push((format!("src/{name}.rs"), text));
    }
    let copy = files[0].1.clone();
    files.push(("src/copy.rs".to_owned(), copy));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    world.repo("packed", &files)
}

#[test]
fn a_pack_keeps_to_its_budget_and_takes_many_files() {
    let world = World::new();
    let repo = tree(&world);
    for budget in [20_u32, 60, 200, 500, 1000, 2000, 8000] {
        let tokens = budget.to_string();
        let args = ["pack", "retry with backoff", "--tokens", &tokens, "--complete"];
        let outcome = world.run(&repo, &args);
        let used = aiex_chunk::tokens(&outcome.stdout);
        assert!(used <= budget, "{used} of {budget}\n{}", outcome.stdout);
        assert!(outcome.stderr.contains("tokens"), "{}", outcome.stderr);
        if budget >= 1000 {
            let headings = outcome.stdout.lines().filter(|line| line.starts_with("### "));
            let mut files: Vec<_> = headings
                .map(|line| line[4..].split(':').next().unwrap().to_owned())
                .collect();
            files.dedup();
            assert!(files.len() >= 5, "{files:?}");
            assert_eq!(outcome.code, Some(0));
        }
    }
}

#[test]
fn a_pack_says_what_it_leaves_out() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(
        &repo,
        &["pack", "retry", "backoff", "--tokens", "600", "--complete"],
    );
    assert!(
        outcome.stdout.contains("For want of room: "),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stderr.contains(" left out") && outcome.stderr.contains(" (src/"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stdout.starts_with("### src/"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n```rust\n"), "{}", outcome.stdout);
}

#[test]
fn packed_spans_are_rows_that_do_not_repeat_or_overlap() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(
        &repo,
        &[
            "pack",
            "retry with backoff",
            "--tokens",
            "6000",
            "--complete",
            "--json",
        ],
    );
    let rows = outcome.rows();
    assert!(
        outcome.stdout.starts_with("{\"path\":\"src/"),
        "{}",
        outcome.stdout
    );
    let mut total = 0;
    for (at, row) in rows.iter().enumerate() {
        let (path, text) = (row["path"].as_str().unwrap(), row["text"].as_str().unwrap());
        let (start, end) = (
            row["start_line"].as_u64().unwrap() as usize,
            row["end_line"].as_u64().unwrap() as usize,
        );
        let file = std::fs::read_to_string(repo.join(path)).unwrap();
        let lines: Vec<&str> = file.lines().skip(start - 1).take(end + 1 - start).collect();
        assert_eq!(lines.join("\n"), text, "{path}");
        assert_eq!(row["tokens"], aiex_chunk::tokens(text));
        total += aiex_chunk::tokens(text);
        for other in &rows[at + 1..] {
            assert!(
                other["path"] != row["path"]
                    || other["start_line"].as_u64() > row["end_line"].as_u64().map(|line| line + 1),
                "{row} {other}"
            );
            assert_ne!(other["text"], row["text"]);
        }
    }
    assert!(total <= 6000);
}

#[test]
fn a_pack_narrows_and_may_be_empty() {
    let world = World::new();
    let repo = tree(&world);
    let rows = world.ok(
        &repo,
        &["pack", "retry", "-p", "src/beta.rs", "--complete", "--json"],
    );
    assert!(rows.paths().iter().all(|path| path == "src/beta.rs"));
    let none = world.run(&repo, &["pack", "retry", "-p", "nowhere/**"]);
    assert_eq!(
        (none.code, none.stdout.as_str(), none.stderr.as_str()),
        (Some(1), "", "nothing found\n")
    );
    assert_eq!(world.run(&repo, &["pack"]).code, Some(2));
    assert_eq!(
        world.run(&repo, &["pack", "retry", "--tokens", "0"]).code,
        Some(2)
    );
}
