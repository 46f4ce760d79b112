//! Single commits, by their ids.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::hash::Prefix;
use gix::objs::{CommitRef, Kind};

use crate::change::{MAX_BODY, MAX_SUBJECT, cut, redacted, split};
use crate::error::HistoryError;
use crate::repository::Repository;

/// The commits of a repository, by their ids. Read from git's objects, without a store.
pub struct Commits {
    git: gix::Repository,
    root: PathBuf,
}

/// What a commit says of itself, secrets blotted out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMessage {
    /// The commit's id, 40 hexadecimal digits.
    pub id: String,
    /// The first paragraph of the message, in one line.
    pub subject: String,
    /// The paragraph after it; empty when there is none.
    pub paragraph: String,
}

impl std::fmt::Debug for Commits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commits")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Commits {
    /// The commits of the repository of `root`.
    ///
    /// # Errors
    /// When `root` is no git repository, or one that cannot be read.
    pub fn open(root: &Path) -> Result<Self, HistoryError> {
        Ok(Self {
            git: Repository::open(root)?.local(),
            root: root.to_owned(),
        })
    }

    /// The commits whose ids begin with these hexadecimal digits, 4 at least, in the order of their ids: none, one, or
    /// several when more digits are needed.
    ///
    /// # Errors
    /// When `beginning` is no beginning of an id, or objects cannot be read.
    pub fn named(&self, beginning: &str) -> Result<Vec<CommitMessage>, HistoryError> {
        let prefix = Prefix::from_hex(beginning).map_err(HistoryError::git(&self.root))?;
        let mut ids = HashSet::new();
        self.git
            .objects
            .lookup_prefix(prefix, Some(&mut ids))
            .map_err(HistoryError::git(&self.root))?;
        let mut ids: Vec<ObjectId> = ids.into_iter().collect();
        ids.sort_unstable();
        let mut messages = Vec::new();
        for id in ids {
            if self.is_commit(id)? {
                messages.push(self.message(id)?);
            }
        }
        Ok(messages)
    }

    /// Whether the repository has the commit of a full id.
    ///
    /// # Errors
    /// When `id` is none, or objects cannot be read.
    pub fn has(&self, id: &str) -> Result<bool, HistoryError> {
        let id = ObjectId::from_hex(id.as_bytes()).map_err(HistoryError::git(&self.root))?;
        self.is_commit(id)
    }

    fn is_commit(&self, id: ObjectId) -> Result<bool, HistoryError> {
        let header = self
            .git
            .try_find_header(id)
            .map_err(HistoryError::git(&self.root))?;
        Ok(header.is_some_and(|header| header.kind() == Kind::Commit))
    }

    fn message(&self, id: ObjectId) -> Result<CommitMessage, HistoryError> {
        let object = self
            .git
            .find_object(id)
            .map_err(HistoryError::git(&self.root))?
            .detach();
        let commit = CommitRef::from_bytes(&object.data, id.kind()).map_err(HistoryError::git(&self.root))?;
        let message = String::from_utf8_lossy(commit.message);
        let (subject, body) = split(&message);
        let paragraph = body.split("\n\n").next().unwrap_or_default().trim_end();
        Ok(CommitMessage {
            id: id.to_string(),
            subject: redacted(cut(&subject, MAX_SUBJECT).to_owned()),
            paragraph: redacted(cut(paragraph, MAX_BODY).to_owned()),
        })
    }
}
