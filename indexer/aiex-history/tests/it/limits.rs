//! What is kept of a commit, and what is not.

use aiex_history::Limits;

use crate::repo::{Repo, search, subjects, update};

#[test]
fn secrets_never_reach_the_store() {
    let mut repo = Repo::new();
    let token = format!("ghp_{}", "Zx9Kq3Lm7Np2Rt5Vw8Yb4Cd6Fg1Hj0Sa2De4");
    repo.commit(
        &format!("Configure the client\n\nUse {token} for now."),
        &[
            ("src/client.rs", &format!("let token = \"{token}\";\n")),
            (".env", "DATABASE_PASSWORD=correct-horse-battery\n"),
            ("id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----\n"),
        ],
    );
    let history = repo.history();
    update(&history);
    let hit = search(&history, "let token").remove(0);
    assert!(
        hit.lines[0].text.starts_with("let token = \"*"),
        "{:?}",
        hit.lines
    );
    drop(history);
    let store = std::fs::read(repo.at("store/history.db")).unwrap();
    for secret in [
        &token[4..],
        "correct-horse-battery",
        "b3BlbnNzaC1rZXktdjEAAAA",
        "correct",
        "b3blbnnzac1rzxktdjeaaaa",
    ] {
        let found = store
            .windows(secret.len())
            .any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        assert!(!found, "{secret}");
    }
}

#[test]
fn lockfiles_binaries_and_large_files_are_named_but_not_read() {
    let mut repo = Repo::new();
    let large = "haystack\n".repeat(100_000);
    repo.write("logo.png", b"\x89PNG\0unreadable");
    repo.commit(
        "Everything",
        &[
            ("Cargo.lock", "name = \"lockedword\"\n"),
            ("data.txt", &large),
            ("min.js", &format!("{}needle", "x=1;".repeat(200))),
            ("ok.rs", "fn seen() {}\n"),
        ],
    );
    let history = repo.history();
    update(&history);
    for unseen in ["lockedword", "unreadable", "haystack", "needle"] {
        assert_eq!(subjects(&history, unseen), Vec::<String>::new(), "{unseen}");
    }
    let hit = search(&history, "seen").remove(0);
    assert_eq!(hit.files.len(), 5);
    assert_eq!(subjects(&history, "path:logo.png"), ["Everything"]);
}

#[test]
fn a_commit_of_everything_is_cut_to_its_bounds() {
    let mut repo = Repo::new();
    for n in 0..40 {
        repo.write(
            &format!("src/file{n:02}.txt"),
            format!("line of file number{n}\n").repeat(10),
        );
    }
    repo.commit("Import", &[]);
    let limits = Limits {
        files: 10,
        diff_bytes: 500,
        ..Limits::default()
    };
    let history = repo.history_with(limits);
    update(&history);
    let hit = search(&history, "import").remove(0);
    assert_eq!((hit.files.len(), hit.more_files), (10, 30));
    assert_eq!(subjects(&history, "number0"), ["Import"]);
    assert_eq!(subjects(&history, "number9"), Vec::<String>::new());
}

#[test]
fn only_the_newest_commits_are_kept_and_it_is_told() {
    let mut repo = Repo::new();
    for n in 0..6 {
        repo.commit(&format!("Commit {n}"), &[("a", &format!("{n}\n"))]);
    }
    let limits = Limits {
        commits: 4,
        ..Limits::default()
    };
    let history = repo.history_with(limits);
    let updated = update(&history);
    assert!(updated.cut);
    assert_eq!(
        subjects(&history, ""),
        ["Commit 5", "Commit 4", "Commit 3", "Commit 2"]
    );
    repo.commit("Commit 6", &[("a", "6\n")]);
    let updated = update(&history);
    assert_eq!((updated.added, updated.cut), (1, true));
    assert_eq!(subjects(&history, "")[..2], ["Commit 6", "Commit 5"]);
    let status = history.status().unwrap();
    assert_eq!((status.commits, status.complete, status.cut), (4, true, true));
    assert!(status.bytes > 0);
}
