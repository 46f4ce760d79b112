//! A short run on a small repository, always of the same seed: what is done is the same each time, what the kills hit is not.
//! Hours of it are `aiex-crash` itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// What two slow cores do within two minutes.
const KILLS: &str = "200";

fn hurt(seed: &[&str]) {
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
        .args(["--kills", KILLS, "--check-every", "34", "--files", "80"])
        .args(seed)
        .output()
        .unwrap();
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        panic!(
            "{told}\n{}\neverything is kept in {}",
            String::from_utf8_lossy(&output.stderr),
            scratch.keep().display()
        );
    }
}

#[test]
fn nothing_is_lost_or_wrong_after_the_kills_of_one_seed() {
    hurt(&["--seed", "20260101"]);
}
