//! The files of a commit, as git keeps them.

use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::error::HistoryError;
use crate::repository::Repository;

/// The files of one commit. Read from git's objects; what lies in the working tree plays no part.
pub struct CommittedFiles {
    git: gix::Repository,
    tree: ObjectId,
    root: PathBuf,
}

impl std::fmt::Debug for CommittedFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommittedFiles")
            .field("root", &self.root)
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

impl CommittedFiles {
    /// The files that `commit`, a full id, has in the repository of `root`.
    ///
    /// # Errors
    /// When `root` is no git repository, or has no such commit.
    pub fn at(root: &Path, commit: &str) -> Result<Self, HistoryError> {
        let git = Repository::open(root)?.local();
        let id = ObjectId::from_hex(commit.as_bytes()).map_err(HistoryError::git(root))?;
        let tree = git
            .find_commit(id)
            .map_err(HistoryError::git(root))?
            .tree_id()
            .map_err(HistoryError::git(root))?
            .detach();
        Ok(Self {
            git,
            tree,
            root: root.to_owned(),
        })
    }

    /// The text of the file at `path`, below the repository's root and with `/` between its folders, line ends as git keeps
    /// them. `None` when the commit has no such file, or one that is no UTF-8.
    ///
    /// # Errors
    /// When objects cannot be read.
    pub fn text(&self, path: &str) -> Result<Option<String>, HistoryError> {
        let tree = self
            .git
            .find_tree(self.tree)
            .map_err(HistoryError::git(&self.root))?;
        let entry = tree
            .lookup_entry(path.split('/').map(str::as_bytes))
            .map_err(HistoryError::git(&self.root))?;
        let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else {
            return Ok(None);
        };
        let mut blob = entry.object().map_err(HistoryError::git(&self.root))?;
        Ok(String::from_utf8(std::mem::take(&mut blob.data)).ok())
    }
}
