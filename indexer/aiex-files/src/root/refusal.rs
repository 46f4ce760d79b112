//! The places that are not taken for a project, and what to say about each. It only compares paths.

use std::path::{Path, PathBuf};

/// Why a directory is not indexed.
#[derive(thiserror::Error, Debug)]
pub enum RootRefusal {
    /// The home directory, or a directory that holds it.
    #[error("{} is a home directory or holds one", path.display())]
    Home {
        /// The refused directory.
        path: PathBuf,
    },
    /// The top of the file system.
    #[error("{} is the root of the file system", path.display())]
    FilesystemRoot {
        /// The refused directory.
        path: PathBuf,
    },
    /// A directory for temporary files itself (not something in it).
    #[error("{} is a directory for temporary files", path.display())]
    TemporaryDir {
        /// The refused directory.
        path: PathBuf,
    },
    /// A directory of the operating system.
    #[error("{} belongs to the operating system", path.display())]
    SystemDir {
        /// The refused directory.
        path: PathBuf,
    },
    /// No version control at or above it.
    #[error("{} is not inside a repository", path.display())]
    NotARepository {
        /// The refused directory.
        path: PathBuf,
    },
    /// Nothing is there.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// A file.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The refused path.
        path: PathBuf,
    },
    /// The path cannot be resolved.
    #[error("cannot resolve {}", path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl RootRefusal {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            RootRefusal::Home { .. } => {
                "go into one of the projects below it, or pass --yes to index all of it"
            }
            RootRefusal::FilesystemRoot { .. } => {
                "go into a project, or pass --yes to index the whole file system"
            }
            RootRefusal::TemporaryDir { .. } => {
                "go into a project below it, or pass --yes to index all of it"
            }
            RootRefusal::SystemDir { .. } => {
                "go into a project; --yes lets other system directories through, but never /proc, /sys or /dev"
            }
            RootRefusal::NotARepository { .. } => {
                "run it inside a git repository, create one with `git init`, or pass --yes to index this directory"
            }
            RootRefusal::Missing { .. } => "check the spelling of the path",
            RootRefusal::NotADirectory { .. } => "name the directory that holds the file",
            RootRefusal::Unreadable { .. } => "check the permissions of the directories on the way to it",
        }
    }

    /// The path that was refused.
    pub fn path(&self) -> &Path {
        match self {
            RootRefusal::Home { path }
            | RootRefusal::FilesystemRoot { path }
            | RootRefusal::TemporaryDir { path }
            | RootRefusal::SystemDir { path }
            | RootRefusal::NotARepository { path }
            | RootRefusal::Missing { path }
            | RootRefusal::NotADirectory { path }
            | RootRefusal::Unreadable { path, .. } => path,
        }
    }
}

/// Trees that the kernel makes up while they are read. Walking them never ends well.
pub(crate) const KERNEL_DIRS: &[&str] = &["/proc", "/sys", "/dev"];

const TEMPORARY_DIRS: &[&str] = &["/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp"];

/// Refused together with everything below that is not a repository.
const SYSTEM_TREES: &[&str] = &[
    "/usr",
    "/etc",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/boot",
    "/run",
    "/System",
    "/Library",
    "/Applications",
    "/private/etc",
    "/nix/store",
];

/// Refused themselves: they hold many unrelated things.
const SYSTEM_DIRS: &[&str] = &[
    "/var",
    "/opt",
    "/home",
    "/Users",
    "/mnt",
    "/media",
    "/srv",
    "/private",
    "/private/var",
];

/// Why `path` cannot be a root, repository or not.
pub(crate) fn unfit(path: &Path, home: Option<&Path>) -> Option<RootRefusal> {
    let is_one_of = |dirs: &[&str]| dirs.iter().any(|dir| path == Path::new(dir));
    let path = || path.to_path_buf();
    if path().parent().is_none() {
        return Some(RootRefusal::FilesystemRoot { path: path() });
    }
    if home.is_some_and(|home| home.starts_with(path())) {
        return Some(RootRefusal::Home { path: path() });
    }
    if is_one_of(TEMPORARY_DIRS) {
        return Some(RootRefusal::TemporaryDir { path: path() });
    }
    if is_one_of(SYSTEM_TREES) || is_one_of(SYSTEM_DIRS) {
        return Some(RootRefusal::SystemDir { path: path() });
    }
    None
}

/// Why `path`, which is no repository, cannot be a root.
pub(crate) fn inside_system(path: &Path) -> Option<RootRefusal> {
    let inside = SYSTEM_TREES.iter().any(|dir| path.starts_with(dir));
    inside.then(|| RootRefusal::SystemDir {
        path: path.to_path_buf(),
    })
}
