//! A short run on a small repository, always of the same seed: what is done is the same each time, what the kills hit is not.
//! Hours of it are `aiex-crash` itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// What two slow cores do within two minutes.
const KILLS: &str = "200";

fn hurt(how: &[&str]) -> String {
    let crash = Path::new(env!("CARGO_BIN_EXE_aiex-crash"));
    let program = crash.with_file_name("aiex");
    assert!(
        program.exists(),
        "there is no {}: test the whole workspace, or build `aiex` first",
        program.display()
    );
    let scratch = tempfile::Builder::new().prefix("aiex-crash-").tempdir().unwrap();
    let output = Command::new(crash)
        .arg("--scratch")
        .arg(scratch.path())
        .args(["--check-every", "34", "--files", "80"])
        .args(how)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        panic!(
            "{told}\n{}\neverything is kept in {}",
            String::from_utf8_lossy(&output.stderr),
            scratch.keep().display()
        );
    }
    told
}

#[test]
fn nothing_is_lost_or_wrong_after_the_kills_of_one_seed() {
    let told = hurt(&["--seed", "20260101", "--kills", KILLS]);
    for blow in [
        "killed before an operation",
        "killed in the midst of an operation",
        "operations failed",
        "slow disk",
        "clock jumped",
        "events lost",
        "killed by a write",
    ] {
        assert!(told.contains(blow), "there was no {blow}:\n{told}");
    }
}

/// All of them take ten minutes; here it is each thirty-first.
#[test]
fn nothing_is_lost_or_wrong_when_operations_go_wrong_in_turn() {
    let told = hurt(&["--seed", "20260102", "--sweep", "31"]);
    assert!(told.contains("operations failed for want of room"), "{told}");
}
