//! The list of repositories: which there are, in `repos.json`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aiex_files::root::{Root, RootKind};
use serde::{Deserialize, Serialize};

use crate::error::IndexError;
use crate::generation::Manifest;

/// A repository that the engine keeps an index of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Its root, canonical.
    pub root: PathBuf,
    /// When it was added, in milliseconds since the Unix epoch.
    pub added_at_ms: u64,
    /// Whether the user insisted on a folder that is refused otherwise.
    #[serde(default)]
    pub is_forced: bool,
    /// Whether its stores were deleted for the room that they took. They are made anew when it is opened.
    #[serde(default)]
    pub is_put_away: bool,
    /// Of a working tree beside a repository's first one (`git worktree add`): the folder in which git keeps it, which git
    /// deletes when the tree is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<PathBuf>,
}

impl Registered {
    /// Whether this is a working tree that git knows no longer, while the repository that it was of is there. A folder
    /// that is missing says nothing by itself: its disk may not be mounted.
    pub fn is_given_up(&self) -> bool {
        let is_missing = |path: &Path| {
            path.symlink_metadata()
                .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        self.worktree.as_deref().is_some_and(|kept| {
            // `<repository>/.git/worktrees/<tree>`; with the last tree git deletes the folder of all as well.
            let repository = kept.ancestors().nth(2);
            is_missing(kept)
                && is_missing(&self.root)
                && repository.is_some_and(|git| git.join("HEAD").exists())
        })
    }
}

/// Where git keeps a working tree that is one of several.
pub(super) fn worktree(root: &Root) -> Option<PathBuf> {
    let kept = root.git_dir.as_ref()?;
    // A submodule's folder lies elsewhere too, and is nobody's second tree.
    let is_one_of_several = root.kind == RootKind::GitWorktree && kept.join("commondir").exists();
    is_one_of_several.then(|| kept.canonicalize().unwrap_or_else(|_| kept.clone()))
}

/// Reads the list of repositories. A list that cannot be read is put together from the manifests.
pub(super) fn read(dir: &Path) -> Vec<Registered> {
    let path = dir.join("repos.json");
    match std::fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(list) => return list,
            Err(error) => {
                tracing::warn!(%error, "the list of repositories is damaged; it is made from the manifests")
            }
        },
        Err(_) if !dir.join("repos").exists() => return Vec::new(),
        Err(_) => {}
    }
    let folders = std::fs::read_dir(dir.join("repos"))
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<Registered> = folders
        .filter_map(|folder| Manifest::read(&folder.path()))
        .map(|manifest| Registered {
            root: PathBuf::from(manifest.root),
            added_at_ms: 0,
            is_forced: false,
            is_put_away: false,
            worktree: None,
        })
        .collect();
    found.sort_by(|a, b| a.root.cmp(&b.root));
    found
}

pub(super) fn write(dir: &Path, registered: &[Registered]) -> Result<(), IndexError> {
    use std::io::Write as _;
    let whole = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".repos").tempfile_in(dir)?;
        serde_json::to_writer_pretty(&mut file, registered)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(dir.join("repos.json")).map_err(|e| e.error)?;
        Ok(())
    };
    whole().map_err(|e| IndexError::io("registry", dir, e))
}
