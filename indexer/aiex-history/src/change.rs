//! Reads one commit: who, when, why, and what it changed against its first parent.

use std::collections::HashSet;

use aiex_files::{RelPath, secret};
use gix::ObjectId;
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::diff::tree::recorder::Change as TreeChange;
use gix::objs::TreeRefIter;
use serde::Serialize;

use crate::limits::Limits;

/// The longest line that is kept, in bytes; longer ones are built or data.
const MAX_LINE: usize = 400;

/// Bytes of a message's body that are kept.
pub(crate) const MAX_BODY: usize = 8 << 10;

/// Bytes of a subject that are kept.
pub(crate) const MAX_SUBJECT: usize = 400;

/// Bytes at the start of a file in which a zero byte means that it is binary; git looks at as many.
const BINARY_PROBE: usize = 8_000;

/// Files that package managers write; their names are kept, their lines say nothing.
const LOCKFILES: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "flake.lock",
    "gradle.lockfile",
    "Package.resolved",
    "Podfile.lock",
];

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new. A renamed file is new under one name and deleted under the other.
    Added,
    /// It is gone.
    Deleted,
    /// Its contents or its mode changed.
    Modified,
}

/// On which side of a change a line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The commit added the line.
    Added,
    /// The commit removed it.
    Removed,
}

/// A commit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: ObjectId,
    pub(crate) author: String,
    pub(crate) email: String,
    pub(crate) time: i64,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) files: Vec<(String, ChangeKind)>,
    /// Changed files beyond the bound.
    pub(crate) more_files: usize,
    pub(crate) lines: Vec<(Side, String)>,
    /// For each line the index of its file.
    pub(crate) line_files: Vec<u32>,
}

/// Reads commits on one thread.
pub(crate) struct Reader<'a> {
    repository: gix::Repository,
    shallow: HashSet<ObjectId>,
    limits: &'a Limits,
    state: gix::diff::tree::State,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl<'a> Reader<'a> {
    pub(crate) fn new(repository: gix::Repository, limits: &'a Limits) -> Self {
        let shallow = repository.shallow_commits().ok().flatten();
        let shallow = shallow.iter().flat_map(|list| list.iter().copied()).collect();
        Self {
            repository,
            shallow,
            limits,
            state: gix::diff::tree::State::default(),
        }
    }

    pub(crate) fn read(&mut self, id: ObjectId) -> Result<Record, Failure> {
        let object = self.repository.find_object(id)?.detach();
        let commit = gix::objs::CommitRef::from_bytes(&object.data, id.kind())?;
        let author = commit.author()?;
        let message = String::from_utf8_lossy(commit.message);
        let (subject, body) = split(&message);
        let mut record = Record {
            id,
            author: redacted(author.name.to_string()),
            email: author.email.to_string(),
            time: commit.committer()?.time()?.seconds,
            subject: redacted(cut(&subject, MAX_SUBJECT).to_owned()),
            body: redacted(cut(body, MAX_BODY).to_owned()),
            files: Vec::new(),
            more_files: 0,
            lines: Vec::new(),
            line_files: Vec::new(),
        };
        // Where a shallow clone ends, the parent is not there, and the difference would be the whole tree.
        if !self.shallow.contains(&id) {
            let parent = commit.parents().next();
            self.changes(parent, commit.tree(), &mut record)?;
        }
        Ok(record)
    }

    fn changes(
        &mut self,
        parent: Option<ObjectId>,
        tree: ObjectId,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let before = match parent {
            Some(parent) => {
                let tree = self
                    .repository
                    .find_object(parent)?
                    .try_into_commit()?
                    .tree_id()?
                    .detach();
                self.repository.find_object(tree)?.data.clone()
            }
            None => Vec::new(),
        };
        let after = self.repository.find_object(tree)?.data.clone();
        let mut recorder = gix::diff::tree::Recorder::default();
        gix::diff::tree(
            TreeRefIter::from_bytes(&before, tree.kind()),
            TreeRefIter::from_bytes(&after, tree.kind()),
            &mut self.state,
            &self.repository.objects,
            &mut recorder,
        )?;
        let mut room = self.limits.diff_bytes;
        for change in recorder.records {
            let (path, kind, old, new) = match change {
                TreeChange::Addition {
                    entry_mode,
                    oid,
                    path,
                    ..
                } if !entry_mode.is_tree() => {
                    (path, ChangeKind::Added, None, entry_mode.is_blob().then_some(oid))
                }
                TreeChange::Deletion {
                    entry_mode,
                    oid,
                    path,
                    ..
                } if !entry_mode.is_tree() => (
                    path,
                    ChangeKind::Deleted,
                    entry_mode.is_blob().then_some(oid),
                    None,
                ),
                TreeChange::Modification {
                    previous_entry_mode,
                    previous_oid,
                    entry_mode,
                    oid,
                    path,
                } if !entry_mode.is_tree() => {
                    let old = previous_entry_mode.is_blob().then_some(previous_oid);
                    (
                        path,
                        ChangeKind::Modified,
                        old,
                        entry_mode.is_blob().then_some(oid),
                    )
                }
                _ => continue,
            };
            if record.files.len() >= self.limits.files {
                record.more_files += 1;
                continue;
            }
            let file = record.files.len() as u32;
            record.files.push((path.to_string(), kind));
            let secret = RelPath::from_bytes(&path).is_none_or(|path| secret::whole_file(&path).is_some());
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let lockfile = LOCKFILES.iter().any(|lockfile| lockfile.as_bytes() == name);
            if room > 0 && !secret && !lockfile {
                self.lines(file, old, new, &mut room, record);
            }
        }
        Ok(())
    }

    /// Adds the lines that differ between two versions of a file. One that is missing, as in a partial clone, is told
    /// apart from an empty one and compared with nothing.
    fn lines(
        &self,
        file: u32,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        room: &mut usize,
        record: &mut Record,
    ) {
        let Some((before, after)) = self.text(old).zip(self.text(new)) else {
            return;
        };
        let input = InternedInput::new(before.as_slice(), after.as_slice());
        let diff = Diff::compute(Algorithm::Histogram, &input);
        let start = record.lines.len();
        for hunk in diff.hunks() {
            let removed = hunk.before.map(|at| (Side::Removed, input.before[at as usize]));
            let added = hunk.after.map(|at| (Side::Added, input.after[at as usize]));
            for (side, token) in removed.chain(added) {
                let line = input.interner[token];
                let text = String::from_utf8_lossy(line);
                let text = text.trim_end();
                // Blank lines and brackets alone say nothing.
                if text.len() > MAX_LINE || !text.contains(|c: char| c.is_alphanumeric()) {
                    continue;
                }
                if text.len() >= *room {
                    *room = 0;
                    break;
                }
                *room -= text.len() + 1;
                record.lines.push((side, text.to_owned()));
                record.line_files.push(file);
            }
        }
        blot(&mut record.lines[start..]);
    }

    /// The bytes of a version of a file; empty where there is none, none where it is binary, large or missing.
    fn text(&self, id: Option<ObjectId>) -> Option<Vec<u8>> {
        let Some(id) = id else { return Some(Vec::new()) };
        if self.repository.find_header(id).ok()?.size() > self.limits.blob_bytes {
            return None;
        }
        let blob = self.repository.find_object(id).ok()?;
        let binary = blob.data[..blob.data.len().min(BINARY_PROBE)].contains(&0);
        (!binary).then(|| blob.detach().data)
    }
}

/// Blots out secrets in lines that follow each other, so that keys of several lines are seen as such. Redaction keeps
/// lines and lengths as they are.
fn blot(lines: &mut [(Side, String)]) {
    let mut text = lines
        .iter()
        .map(|(_, line)| line.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    if !secret::redact(&mut text).is_empty() {
        for ((_, line), clean) in lines.iter_mut().zip(text.split('\n')) {
            clean.clone_into(line);
        }
    }
}

/// `text` with its secrets blotted out.
pub(crate) fn redacted(mut text: String) -> String {
    secret::redact(&mut text);
    text
}

/// The subject is the first paragraph, in one line.
pub(crate) fn split(message: &str) -> (String, &str) {
    let message = message.trim();
    let (subject, body) = message.split_once("\n\n").unwrap_or((message, ""));
    (
        subject.split_whitespace().collect::<Vec<_>>().join(" "),
        body.trim(),
    )
}

/// The beginning of `text`, at most `limit` bytes.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
