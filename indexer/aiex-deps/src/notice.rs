//! What went wrong on the way, without ending it.

use std::path::PathBuf;

/// A problem with one file or folder.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct Notice {
    /// The lockfile or folder it is about.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a lockfile or with what it names.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system said no.
    #[error("cannot be read ({0})")]
    Unreadable(String),
    /// Larger than any lockfile.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Not in the format that its name promises.
    #[error("is damaged or of an unknown format ({0})")]
    Malformed(String),
    /// A name or version that could lead out of the folders where packages lie.
    #[error("names a package that cannot be one: {0:?}")]
    BadName(String),
    /// A package's folder is a link to somewhere else.
    #[error("the folder of {0} lies outside of the repository and of the folders for packages")]
    Outside(String),
    /// Packages that are locked but not on this machine at this version.
    #[error("{missing} of {of} packages are not installed at the locked version")]
    NotInstalled {
        /// How many have no folder.
        missing: usize,
        /// How many are locked.
        of: usize,
    },
    /// A bound was reached; the rest is left out.
    #[error("holds more than {limit} {what}; the rest is left out")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The caller asked for it.
    #[error("the search for dependencies was cancelled; what was found so far is kept")]
    Cancelled,
}

impl Problem {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the file's permissions",
            Self::TooLarge { .. } => "if it is a lockfile in earnest, split the workspace",
            Self::Malformed(_) => "let the package manager write the lockfile anew",
            Self::BadName(_) => "look at the lockfile before using it: no package manager writes such a name",
            Self::Outside(_) => "add the folder as a repository of its own to search it",
            Self::NotInstalled { .. } => "install the locked dependencies to search their sources",
            Self::TooMany { .. } => "open a folder below as a repository of its own",
            Self::Cancelled => "ask again",
        }
    }
}
