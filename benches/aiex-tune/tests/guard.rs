//! What ranks must not know what it is measured on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

/// The repositories that ranking is measured on, as the training of the built-in model keeps them out.
fn names() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/static-model/sources.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let list = text
        .split("excluded = [")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    let names: Vec<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(names.len() > 40, "{names:?}");
    names
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "toml") {
            found.push(path);
        }
    }
}

/// A file that every package in Rust has: the name of a build tool, which happens to be that of a repository.
const OF_A_BUILD_TOOL: &str = "cargo.toml";

/// The string literals of a line of code.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

#[test]
fn no_measured_repository_is_named_where_ranking_is_decided() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in [
        "indexer/aiex-index/src",
        "indexer/aiex-lexical/src",
        "schemas/aiex-config/src",
    ] {
        files_below(&root.join(folder), &mut files);
    }
    assert!(files.len() > 20, "{files:?}");
    let names = names();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            for literal in literals(line).filter(|literal| *literal != OF_A_BUILD_TOOL) {
                let mut words = literal.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
                let named = words.find(|word| names.iter().any(|name| name.eq_ignore_ascii_case(word)));
                assert_eq!(named, None, "{}:{number}", file.display());
            }
        }
    }
}
