//! Our own questions over the sources of the locked dependencies: a floor that ranking must not fall through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use aiex_index::search::RankSettings;
use aiex_tune::{Report, StaticModel, ask, read_queries};

/// Measured on the day it was set, less what a rounding or another version of a dependency may cost.
const FLOOR: f64 = 0.78;
/// The same, of the share of found files whose first span lies on the answer.
const LEADING_FLOOR: f64 = 0.69;

/// What this machine's platform is called.
fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo tells its host").to_owned()
}

/// The folder of every locked package, by `name-version`: of those that were fetched to build here.
fn sources() -> HashMap<String, PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap();
            let folder = Path::new(text("manifest_path")).parent().unwrap();
            (format!("{}-{}", text("name"), text("version")), folder.to_owned())
        })
        .collect()
}

#[test]
fn own_questions_are_answered_as_well_as_before() {
    let sources = sources();
    let questions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../relevance/questions.jsonl");
    let queries = read_queries(&questions).unwrap();
    assert!(queries.len() >= 150);
    let folder = |corpus: &str| {
        let known = sources.get(corpus);
        known
            .unwrap_or_else(|| panic!("{corpus} is not locked any more: mend its questions"))
            .clone()
    };
    let index = tempfile::tempdir().unwrap();
    let settings = RankSettings::default();
    let graded = ask(
        queries,
        &folder,
        index.path(),
        StaticModel::built_in().unwrap(),
        &settings,
    )
    .unwrap();
    for one in &graded {
        for relevant in &one.query.relevant {
            let path = folder(&one.query.corpus).join(&relevant.path);
            assert!(path.is_file(), "{}: {} is gone", one.query.id, path.display());
        }
    }
    let report = Report::of(&graded, &settings, &|_| true).unwrap();
    println!("{report}");
    assert!(report.mean("own") >= FLOOR, "{report}");
    assert!(report.leading() >= LEADING_FLOOR, "{report}");
}
