//! Repositories of every shape.

use aiex_history::{CommitMessage, Commits, CommittedFiles, History, HistoryError, Limits};

use crate::repo::{Repo, search, subjects, update};

#[test]
fn an_empty_repository_has_no_commits_and_no_error() {
    let repo = Repo::new();
    let history = repo.history();
    assert_eq!(update(&history).added, 0);
    assert_eq!(search(&history, "anything"), []);
}

#[test]
fn what_is_no_repository_says_so() {
    let folder = Repo::bare_folder();
    let error = History::open(&folder.at("repo"), &folder.at("store"), Limits::default()).unwrap_err();
    assert!(matches!(error, HistoryError::NotARepository { .. }), "{error}");
    assert!(error.hint().contains("git init"));
}

#[test]
fn objects_named_by_sha256_are_told() {
    let folder = Repo::bare_folder();
    folder.git(&["init", "-q", "--object-format=sha256", "."]);
    let error = History::open(&folder.at("repo"), &folder.at("store"), Limits::default()).unwrap_err();
    assert!(
        matches!(&error, HistoryError::ObjectFormat { format, .. } if format == "sha256"),
        "{error:?}"
    );
}

#[test]
fn detached_heads_and_all_local_branches_are_read() {
    let mut repo = Repo::new();
    let first = repo.commit("One", &[("a", "1\n")]);
    repo.commit("Two", &[("a", "2\n")]);
    repo.git(&["checkout", "-q", "-b", "side", &first]);
    repo.commit("Aside", &[("b", "1\n")]);
    repo.git(&["checkout", "-q", "--detach", &first]);
    repo.commit("Adrift", &[("c", "1\n")]);
    let history = repo.history();
    assert_eq!(update(&history).added, 4);
    assert_eq!(subjects(&history, ""), ["Adrift", "Aside", "Two", "One"]);
}

#[test]
fn packed_references_and_packed_objects_are_read() {
    let mut repo = Repo::new();
    repo.commit("Keep this", &[("a", "lantern\n")]);
    repo.commit("And this", &[("a", "lamp\n")]);
    repo.git(&["gc", "-q"]);
    repo.git(&["pack-refs", "--all"]);
    let history = repo.history();
    assert_eq!(update(&history).added, 2);
    assert_eq!(subjects(&history, "when was lantern removed")[0], "And this");
}

#[test]
fn a_linked_worktree_and_a_bare_repository_are_read_like_any_other() {
    let mut repo = Repo::new();
    repo.commit("One", &[("a", "1\n")]);
    repo.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    std::fs::write(repo.at("linked/b"), "from the worktree\n").unwrap();
    repo.git_in("linked", &["add", "-A"]);
    repo.git_in("linked", &["commit", "-q", "-m", "In the worktree"]);
    assert!(repo.at("linked/.git").is_file());
    let linked = History::open(&repo.at("linked"), &repo.at("store-linked"), Limits::default()).unwrap();
    assert_eq!(update(&linked).added, 2);
    repo.git(&["clone", "-q", "--bare", ".", "../bare"]);
    let bare = History::open(&repo.at("bare"), &repo.at("store-bare"), Limits::default()).unwrap();
    assert_eq!(update(&bare).added, 2);
}

#[test]
fn a_shallow_clone_ends_where_it_ends() {
    let mut repo = Repo::new();
    repo.commit("Deep", &[("a", "buried\n"), ("b", "treasure\n")]);
    repo.commit("Middle", &[("a", "middle\n")]);
    repo.commit("Top", &[("a", "top\n")]);
    let url = format!("file://{}", repo.at("repo").display());
    repo.git(&["clone", "-q", "--depth", "2", &url, "../shallow"]);
    let history = History::open(&repo.at("shallow"), &repo.at("store"), Limits::default()).unwrap();
    let updated = update(&history);
    assert_eq!((updated.added, updated.broken), (2, 0));
    assert!(history.status().unwrap().shallow, "which is told");
    assert_eq!(subjects(&history, ""), ["Top", "Middle"]);
    // The last commit's difference would be the whole tree, which it did not write.
    assert_eq!(subjects(&history, "treasure"), Vec::<String>::new());
    // Deepened, the rest is read; what was the end keeps its message only.
    repo.git_in("shallow", &["fetch", "-q", "--unshallow"]);
    repo.git_in("shallow", &["commit", "-q", "--allow-empty", "-m", "New"]);
    update(&history);
    assert_eq!(subjects(&history, "")[0], "New");
    assert!(!history.status().unwrap().shallow);
}

#[test]
fn merges_count_against_their_first_parent() {
    let mut repo = Repo::new();
    repo.commit("Base", &[("a", "1\n")]);
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.commit("Feature", &[("feature.rs", "fn wonderful() {}\n")]);
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("Meanwhile", &[("other.rs", "fn unrelated() {}\n")]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "Merge it", "feature"]);
    let history = repo.history();
    assert_eq!(update(&history).added, 4);
    let merge = search(&history, "Merge it").remove(0);
    assert_eq!(
        merge
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect::<Vec<_>>(),
        ["feature.rs"]
    );
    assert_eq!(subjects(&history, "unrelated"), ["Meanwhile"]);
}

#[test]
fn rewritten_history_leaves_and_deleted_branches_too() {
    let mut repo = Repo::new();
    let base = repo.commit("Base", &[("a", "1\n")]);
    repo.commit("Regretted zeppelin", &[("a", "zeppelin\n")]);
    repo.git(&["branch", "keep"]);
    let history = repo.history();
    assert_eq!(update(&history).added, 2);
    repo.git(&["reset", "-q", "--hard", &base]);
    repo.commit("Better", &[("a", "balloon\n")]);
    let updated = update(&history);
    assert_eq!(
        (updated.added, updated.removed),
        (1, 0),
        "a branch still reaches the old commit"
    );
    repo.git(&["branch", "-q", "-D", "keep"]);
    let updated = update(&history);
    assert_eq!((updated.added, updated.removed), (0, 1));
    assert_eq!(subjects(&history, "zeppelin"), Vec::<String>::new());
    assert_eq!(subjects(&history, ""), ["Better", "Base"]);
    assert_eq!(update(&history), Default::default(), "nothing more to do");
}

#[test]
fn a_missing_object_costs_its_commits_changes_only() {
    let mut repo = Repo::new();
    repo.commit("One", &[("a", "first light\n")]);
    repo.commit("Two", &[("a", "second light\n")]);
    let blob = repo.git(&["rev-parse", "HEAD:a"]);
    let object = repo.at("repo/.git/objects").join(&blob[..2]).join(&blob[2..]);
    std::fs::remove_file(object).unwrap();
    let history = repo.history();
    let updated = update(&history);
    assert_eq!((updated.added, updated.broken), (2, 0));
    assert_eq!(subjects(&history, "first light"), ["One"]);
}

#[test]
fn a_commits_files_are_read_whatever_lies_in_the_working_tree() {
    let mut repo = Repo::new();
    let first = repo.commit("One", &[("src/a.rs", "fn a() {}\n"), ("b", "1\n")]);
    let second = repo.commit("Two", &[("src/a.rs", "fn a() { b() }\n")]);
    repo.write("src/a.rs", "fn edited() {}\n");
    repo.write("latin", b"caf\xe9\n");
    let third = repo.commit("Three", &[("b", "2\n")]);
    let text = |commit: &str, path: &str| {
        let files = CommittedFiles::at(&repo.at("repo"), commit).unwrap();
        files.text(path).unwrap()
    };
    assert_eq!(text(&first, "src/a.rs").as_deref(), Some("fn a() {}\n"));
    assert_eq!(text(&second, "src/a.rs").as_deref(), Some("fn a() { b() }\n"));
    assert_eq!(text(&second, "b").as_deref(), Some("1\n"));
    for missing in ["src", "none.rs", "src/none.rs", "b/c", "", "../b"] {
        assert_eq!(text(&second, missing), None, "{missing}");
    }
    assert_eq!(text(&third, "latin"), None, "no UTF-8");
    for unknown in ["0000000000000000000000000000000000000000", "no id"] {
        let error = CommittedFiles::at(&repo.at("repo"), unknown).unwrap_err();
        assert!(matches!(error, HistoryError::Git { .. }), "{error}");
    }
}

#[test]
fn a_commit_is_found_by_the_beginning_of_its_id_for_as_long_as_it_is_there() {
    let mut repo = Repo::new();
    let first = repo.commit("One", &[("a", "1\n")]);
    let secret = format!("AKIA{}", "IOSFODNN7QWERTZU");
    let text =
        format!("Wait\nlonger\n\nThe server needs\na second: key = \"{secret}\".\n\nSigned-off-by: Ada");
    let second = repo.commit(&text, &[("a", "2\n")]);
    let commits = Commits::open(&repo.at("repo")).unwrap();
    let named = |beginning: &str| commits.named(beginning).unwrap();
    let one = CommitMessage {
        id: first.clone(),
        subject: "One".to_owned(),
        paragraph: String::new(),
    };
    assert_eq!(named(&first[..7]), std::slice::from_ref(&one));
    assert_eq!(named(&first), [one]);
    let found = named(&second[..12]).remove(0);
    assert_eq!(
        (found.id.as_str(), found.subject.as_str()),
        (second.as_str(), "Wait longer")
    );
    assert!(
        found.paragraph.starts_with("The server needs\na second: "),
        "{found:?}"
    );
    assert!(
        !found.paragraph.contains(&secret) && !found.paragraph.contains("Ada"),
        "{found:?}"
    );
    // A file's blob is no commit.
    let blob = repo.git(&["rev-parse", "HEAD:a"]);
    assert_eq!(named(&blob), []);
    assert_eq!(named("0000000"), []);
    for wrong in ["", "12", "no id at all"] {
        assert!(commits.named(wrong).is_err(), "{wrong}");
    }
    assert!(commits.has(&second).unwrap() && !commits.has(&blob).unwrap());

    repo.git(&["update-ref", "refs/heads/main", &first]);
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "-q", "--prune=now"]);
    let commits = Commits::open(&repo.at("repo")).unwrap();
    assert!(commits.has(&first).unwrap() && !commits.has(&second).unwrap());
    assert_eq!(commits.named(&first[..7]).unwrap().len(), 1, "also in a pack");
}
