//! Why a run ends: what is wrong with the program under test, or why it could not be tested.

use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The scratch folder, the sources, a process: nothing that says anything about the program under test.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// Git did not do what the workload wanted of it.
    #[error("git {what}: {stderr}")]
    Git { what: String, stderr: String },
    /// There are too few sources to lay out a repository of.
    #[error("only {found} files of source under {}; build aiex once, so that its dependencies lie there", place.display())]
    Sources { place: PathBuf, found: usize },
    /// What is to stand between the daemon and its files was not built.
    #[error("there is no {}: build the whole workspace first, on Linux", place.display())]
    NoInjector { place: PathBuf },
    /// A command did not end in time.
    #[error("`aiex {words}` did not end within {seconds} s")]
    Hangs { words: String, seconds: u64 },
    /// A command ended as it must not.
    #[error("`aiex {words}` {how}\n  code {code:?}\n  stderr: {stderr}")]
    Command {
        words: String,
        how: &'static str,
        code: Option<i32>,
        stderr: String,
    },
    /// Output that is not what the program promises.
    #[error("`aiex {words}` printed something that cannot be read: {detail}")]
    Output { words: String, detail: String },
    /// The daemon does not do what it was asked for.
    #[error("the daemon {0}")]
    Daemon(String),
    /// What is there is not what should be.
    #[error("{what}\n{detail}")]
    Wrong { what: String, detail: String },
}

impl Failure {
    /// Puts a place to an error of the system.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
