//! A git repository in a temporary folder, and its history's store beside it.

use std::path::PathBuf;
use std::process::Command;

use aiex_history::{CommitHit, History, Limits, Updated};

/// When the first commit of every repository is made; each further one is a day later.
pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const DAY: i64 = 86_400;

pub(crate) struct Repo {
    folder: tempfile::TempDir,
    commits: i64,
}

impl Repo {
    pub(crate) fn new() -> Self {
        let repo = Self::bare_folder();
        repo.git(&["init", "-q", "-b", "main", "."]);
        repo
    }

    /// A folder without a repository in it.
    pub(crate) fn bare_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("repo")).unwrap();
        Self { folder, commits: 0 }
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in("repo", arguments)
    }

    /// Runs git without the machine's configuration.
    pub(crate) fn git_in(&self, folder: &str, arguments: &[&str]) -> String {
        let date = format!("{} +0000", START + self.commits * DAY);
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.org",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .current_dir(self.at(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.at("repo").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes files, commits everything, and gives the commit's id.
    pub(crate) fn commit(&mut self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            self.write(path, text);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.commits += 1;
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn history(&self) -> History {
        self.history_with(Limits::default())
    }

    pub(crate) fn history_with(&self, limits: Limits) -> History {
        History::open(&self.at("repo"), &self.at("store"), limits).unwrap()
    }
}

pub(crate) fn update(history: &History) -> Updated {
    history.update(&|| false).unwrap()
}

pub(crate) fn search(history: &History, query: &str) -> Vec<CommitHit> {
    history.search(query, 20, START + 1_000 * DAY, &|| false).unwrap()
}

pub(crate) fn subjects(history: &History, query: &str) -> Vec<String> {
    search(history, query)
        .into_iter()
        .map(|hit| hit.subject)
        .collect()
}
