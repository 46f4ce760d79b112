//! What a report cites at a commit stands at that commit, on those lines.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::world::World;

pub(crate) fn git(repo: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(repo)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn lines_are_cited_at_a_commit_only_where_it_has_them() {
    let world = World::new();
    let repo = world.sample();
    std::fs::remove_dir_all(repo.join(".git")).unwrap();
    git(&repo, &["init", "-q", "-b", "main", "."]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-q", "-m", "Begin"]);
    // One file is edited since: its lines are further down than the commit has them.
    let edited = repo.join("src/retry.rs");
    let text = std::fs::read_to_string(&edited).unwrap();
    std::fs::write(&edited, format!("//! Edited and not committed.\n\n{text}")).unwrap();
    world.ok(&repo, &["repos", "add"]);

    let question = "how are the back-off policy and the configuration file loaded";
    let outcome = world.ok(&repo, &["research", question, "--sources", "code", "--json"]);
    let rows = outcome.rows();
    let sources = rows.last().unwrap()["report"]["sources"].as_array().unwrap();
    let (mut committed, mut uncommitted) = (0, 0);
    for source in sources {
        let origin = &source["origin"];
        assert_eq!(origin["kind"], "code");
        let path = origin["path"].as_str().unwrap();
        let Value::String(commit) = &origin["commit"] else {
            assert_eq!(path, "src/retry.rs");
            uncommitted += 1;
            continue;
        };
        let file = git(&repo, &["show", &format!("{commit}:{path}")]);
        let line = |name: &str| origin[name].as_u64().unwrap() as usize;
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(
            lines[line("first_line") - 1..line("last_line")].join("\n"),
            source["text"].as_str().unwrap().trim_end(),
            "{path}"
        );
        committed += 1;
    }
    assert!(committed > 0 && uncommitted > 0, "{committed}, {uncommitted}");
}
