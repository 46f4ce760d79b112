//! Facts read from repositories that the real git made.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use aiex_files::git::{GitError, clean_blobs, head};
use aiex_files::root::{Root, RootKind};
use aiex_files::stat::Stat;
use aiex_files::walk::RelPath;

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository whose files are older than its index, as after any pause.
fn repository() -> (tempfile::TempDir, PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let path = guard.path().canonicalize().unwrap();
    git(&path, &["init", "-q"]);
    for name in ["a.rs", "b.rs", "sub/c.rs"] {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), format!("// {name}\n")).unwrap();
        age(&path.join(name));
    }
    git(&path, &["add", "."]);
    git(&path, &["commit", "-q", "-m", "first"]);
    (guard, path)
}

fn age(path: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_times(FileTimes::new().set_modified(hour_ago))
        .unwrap();
}

fn stat(path: &Path) -> Stat {
    Stat::of(&path.metadata().unwrap())
}

fn relative(name: &str) -> RelPath {
    RelPath::from_bytes(name).unwrap()
}

fn hex(oid: [u8; 20]) -> String {
    oid.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn clean_files_have_their_blob_and_changed_ones_do_not() {
    let (_guard, path) = repository();
    let root = Root::discover(&path, None, false).unwrap();
    let blobs = clean_blobs(&root).unwrap();
    assert_eq!(blobs.entries.len(), 3);
    for name in ["a.rs", "sub/c.rs"] {
        let oid = blobs.clean(&relative(name), &stat(&path.join(name))).map(hex);
        assert_eq!(oid, Some(git(&path, &["hash-object", name])), "{name}");
    }
    fs::write(path.join("b.rs"), "// c.rs\n").unwrap();
    assert_eq!(blobs.clean(&relative("b.rs"), &stat(&path.join("b.rs"))), None);
    assert_eq!(blobs.clean(&relative("new.rs"), &stat(&path.join("a.rs"))), None);
}

#[test]
fn a_file_written_with_the_index_is_racy() {
    let (_guard, path) = repository();
    let root = Root::discover(&path, None, false).unwrap();
    let mut blobs = clean_blobs(&root).unwrap();
    let seen = stat(&path.join("a.rs"));
    blobs.index_mtime_ns = seen.mtime_ns;
    assert_eq!(blobs.clean(&relative("a.rs"), &seen), None);
}

#[test]
fn links_and_conflicts_are_left_out() {
    let (_guard, path) = repository();
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.rs", path.join("link.rs")).unwrap();
    git(&path, &["add", "."]);
    git(&path, &["update-index", "--skip-worktree", "b.rs"]);
    let root = Root::discover(&path, None, false).unwrap();
    let blobs = clean_blobs(&root).unwrap();
    assert!(!blobs.entries.contains_key(&relative("link.rs")));
    assert!(!blobs.entries.contains_key(&relative("b.rs")));
    assert!(blobs.entries.contains_key(&relative("a.rs")));
}

#[test]
fn a_split_index_is_put_together() {
    let (_guard, path) = repository();
    git(&path, &["update-index", "--split-index"]);
    fs::write(path.join("d.rs"), "// d\n").unwrap();
    git(&path, &["add", "d.rs"]);
    let root = Root::discover(&path, None, false).unwrap();
    assert_eq!(clean_blobs(&root).unwrap().entries.len(), 4);
}

#[test]
fn a_worktree_has_its_own_index_and_head() {
    let (_guard, path) = repository();
    let tree = path.join("trees/w");
    git(
        &path,
        &["worktree", "add", "-q", "-b", "topic", tree.to_str().unwrap()],
    );
    fs::write(tree.join("only.rs"), "// only\n").unwrap();
    git(&tree, &["add", "."]);
    let root = Root::discover(&tree, None, false).unwrap();
    assert_eq!(root.kind, RootKind::GitWorktree);
    assert!(
        clean_blobs(&root)
            .unwrap()
            .entries
            .contains_key(&relative("only.rs"))
    );
    let here = head(&root).unwrap();
    assert_eq!(here.branch.as_deref(), Some("topic"));
    assert_eq!(here.commit, Some(git(&path, &["rev-parse", "HEAD"])));
    git(&path, &["pack-refs", "--all"]);
    assert_eq!(head(&root), Some(here));
}

#[test]
fn a_missing_or_damaged_index_is_an_error() {
    let (_guard, path) = repository();
    let root = Root::discover(&path, None, false).unwrap();
    let index = path.join(".git/index");
    let sound = fs::read(&index).unwrap();
    for bad in [&sound[..sound.len() / 2], b"DIRC", b"", &[0; 200]] {
        fs::write(&index, bad).unwrap();
        assert!(matches!(
            clean_blobs(&root),
            Err(GitError::Unreadable { .. } | GitError::Damaged { .. })
        ));
    }
    for place in (0..sound.len()).step_by(7) {
        let mut bytes = sound.clone();
        bytes[place] ^= 0xFF;
        fs::write(&index, bytes).unwrap();
        assert!(clean_blobs(&root).is_err(), "byte {place}");
    }
    fs::remove_file(&index).unwrap();
    assert!(matches!(clean_blobs(&root), Err(GitError::NoIndex { .. })));
    let plain = Root {
        path,
        kind: RootKind::Plain,
        git_dir: None,
    };
    assert!(matches!(clean_blobs(&plain), Err(GitError::NoIndex { .. })));
}
