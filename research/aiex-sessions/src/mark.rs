//! What a bookmark is of.

use serde::{Deserialize, Serialize};

/// What a bookmark is of. Marks of one place follow each other in their order.
///
/// Lines have columns of their own; the rest is kept as JSON, but for the repository, which is a column of both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mark {
    /// Lines of a file.
    #[serde(skip)]
    Lines {
        /// The repository.
        root: String,
        /// The file inside it, with `/`.
        path: String,
        /// From 1.
        first_line: u32,
        /// Inclusive.
        last_line: u32,
    },
    /// A page of the web.
    Page {
        /// Its address.
        url: String,
    },
    /// A commit.
    Commit {
        /// The repository.
        #[serde(skip)]
        root: String,
        /// Its full id.
        commit: String,
        /// The first paragraph of its message, in one line.
        subject: String,
    },
    /// A quote of a report.
    Quote {
        /// The run's name.
        run: String,
        /// The number of the source within the run, from 1.
        source: u32,
        /// The number of the quote within the source, from 1.
        number: u32,
        /// Where it lies, as reports show it.
        place: String,
    },
}

impl Mark {
    /// The columns `root`, `path`, `first_line` and `last_line`.
    pub(crate) fn columns(&self) -> (&str, &str, u32, u32) {
        match self {
            Self::Lines {
                root,
                path,
                first_line,
                last_line,
            } => (root, path, *first_line, *last_line),
            Self::Commit { root, .. } => (root, "", 0, 0),
            Self::Page { .. } | Self::Quote { .. } => ("", "", 0, 0),
        }
    }

    /// What it is found by, besides what is kept of it.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Lines { path, .. } => path.clone(),
            Self::Page { url } => url.clone(),
            Self::Commit { commit, subject, .. } => format!("{commit} {subject}"),
            Self::Quote {
                run,
                source,
                number,
                place,
            } => format!("{run}#S{source}.{number} {place}"),
        }
    }
}
