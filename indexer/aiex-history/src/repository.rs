//! The git repository: its tips, and a walk over what they reach.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use crate::error::HistoryError;
use crate::history::Cancel;

/// How much of unpacked objects is kept at hand by each thread, in bytes: trees of neighbouring commits share most.
const OBJECT_CACHE: usize = 16 << 20;

/// Commits that cannot be read before a walk ends.
const MAX_BROKEN: usize = 100;

/// A repository that was opened to read commits.
pub(crate) struct Repository {
    root: PathBuf,
    git: gix::ThreadSafeRepository,
}

/// What a walk has seen.
pub(crate) struct Walked {
    /// Commits in the order of their time, the newest first.
    pub(crate) commits: Vec<ObjectId>,
    /// Whether the bound on their number ended the walk.
    pub(crate) cut: bool,
    /// Commits that cannot be read.
    pub(crate) broken: usize,
}

impl Repository {
    /// Opens the repository of `root`: a working tree, a linked one, or a bare repository. The user's and the system's
    /// configuration and the environment play no part.
    pub(crate) fn open(root: &Path) -> Result<Self, HistoryError> {
        let options = gix::open::Options::isolated();
        let git = gix::ThreadSafeRepository::open_opts(root, options).map_err(|error| match error {
            gix::open::Error::NotARepository { .. } => HistoryError::NotARepository { root: root.into() },
            gix::open::Error::Config(gix::config::Error::UnsupportedObjectFormat { name }) => {
                HistoryError::ObjectFormat {
                    root: root.into(),
                    format: name.to_string(),
                }
            }
            // What it says of a format that it knows and was built without.
            gix::open::Error::Config(gix::config::Error::ConfigTypedString(error))
                if error.key.eq_ignore_ascii_case(b"extensions.objectformat") =>
            {
                let format = error.value.map(|value| value.to_string()).unwrap_or_default();
                HistoryError::ObjectFormat {
                    root: root.into(),
                    format,
                }
            }
            other => HistoryError::git(root)(other),
        })?;
        Ok(Self {
            root: root.into(),
            git,
        })
    }

    /// Whether git itself has only the newest commits.
    pub(crate) fn is_shallow(&self) -> bool {
        self.git.to_thread_local().is_shallow()
    }

    /// A view of the repository for one thread.
    pub(crate) fn local(&self) -> gix::Repository {
        let mut local = self.git.to_thread_local();
        local.object_cache_size(OBJECT_CACHE);
        local
    }

    /// The commits that `HEAD` and the local branches point at, in the order of their ids; none in an empty repository.
    pub(crate) fn tips(&self) -> Result<Vec<ObjectId>, HistoryError> {
        let local = self.local();
        let mut tips = Vec::new();
        let mut head = local.head().map_err(HistoryError::git(&self.root))?;
        if let Some(id) = head.try_peel_to_id().map_err(HistoryError::git(&self.root))? {
            tips.push(id.detach());
        }
        let references = local.references().map_err(HistoryError::git(&self.root))?;
        for branch in references
            .local_branches()
            .map_err(HistoryError::git(&self.root))?
            .flatten()
        {
            // A branch that points at nothing is git's concern, not a reason to read none.
            if let Ok(id) = branch.into_fully_peeled_id() {
                tips.push(id.detach());
            }
        }
        tips.retain(|id| {
            local
                .find_header(*id)
                .is_ok_and(|header| header.kind() == gix::objs::Kind::Commit)
        });
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    /// Walks what `tips` reach, but not through commits of `stop`, which are noted in `met`.
    pub(crate) fn walk(
        &self,
        tips: &[ObjectId],
        stop: &HashSet<ObjectId>,
        met: &mut HashSet<ObjectId>,
        limit: usize,
        cancel: Cancel<'_>,
    ) -> Result<Walked, HistoryError> {
        let local = self.local();
        let mut walked = Walked {
            commits: Vec::new(),
            cut: false,
            broken: 0,
        };
        let seen = std::cell::RefCell::new(&mut *met);
        let walk = local
            .rev_walk(tips.iter().copied())
            .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
            .selected(|id| {
                let known = stop.get(id);
                if let Some(id) = known {
                    seen.borrow_mut().insert(*id);
                }
                known.is_none()
            });
        let walk = match walk {
            Ok(walk) => walk,
            Err(error) => return Err(HistoryError::git(&self.root)(error)),
        };
        for commit in walk {
            if cancel() {
                return Err(HistoryError::Cancelled);
            }
            match commit {
                Ok(_) if walked.commits.len() >= limit => {
                    walked.cut = true;
                    break;
                }
                Ok(commit) => walked.commits.push(commit.id),
                Err(error) => {
                    tracing::debug!(%error, "a commit cannot be read");
                    walked.broken += 1;
                    if walked.broken >= MAX_BROKEN {
                        break;
                    }
                }
            }
        }
        Ok(walked)
    }
}
