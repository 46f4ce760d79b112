//! Files that the index leaves out for what they are: written by a program, squeezed, too large. They are not worth ranking,
//! but a search that promises every match reads them, from the disk, as they are now.

use aiex_chunk::Language;
use aiex_files::RelPath;
use aiex_files::filter::{self, Read, ReadError, ReadLimits, SkipReason};
use aiex_files::rules::Force;
use aiex_files::stat::Stat;
use regex::Regex;

use super::filter::Conditions;
use super::pattern::{File, InFile, Pattern};
use crate::error::SearchError;
use crate::repo::RepoIndex;

/// Why a text is not in the index that is searched nevertheless.
const SEARCHED: [SkipReason; 3] = [SkipReason::Generated, SkipReason::Minified, SkipReason::TooLarge];

/// The largest file that is read, in bytes: as large as one that `.aiexignore` may take in.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// What one search reads of them, in bytes: a tenth of a second from memory.
const MAX_BYTES: u64 = 128 << 20;

/// Files of one reason that are looked at.
const MAX_FILES: usize = 20_000;

/// The files of a repository that the index leaves out and a search allows.
pub(super) struct Unindexed {
    paths: Vec<RelPath>,
    /// How many more there are than are looked at.
    more: u64,
}

/// What was found in them.
pub(super) struct Found {
    pub(super) found: Vec<InFile>,
    /// Whether all were read.
    pub(super) is_whole: bool,
    /// What the user should know of those that were not.
    pub(super) notice: Option<String>,
}

impl Unindexed {
    pub(super) fn of(repo: &RepoIndex, conditions: &Conditions) -> Result<Self, SearchError> {
        let mut unindexed = Self {
            paths: Vec::new(),
            more: 0,
        };
        if repo.facts().files_skipped == 0 {
            return Ok(unindexed);
        }
        for reason in SEARCHED {
            let (count, paths) = repo.left_out_for(reason.name(), MAX_FILES)?;
            unindexed.more += count.saturating_sub(paths.len() as u64);
            unindexed.paths.extend(paths.into_iter().filter(|path| {
                let path = path.as_str_lossy();
                conditions.allows(&path, Language::detect(&path, ""))
            }));
        }
        unindexed.paths.sort();
        Ok(unindexed)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.more == 0
    }

    /// Looks through them, in the order of their paths, for as many bytes as one search may read.
    pub(super) fn search(
        &self,
        repo: &RepoIndex,
        pattern: &Pattern<'_>,
        limit: usize,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Found, SearchError> {
        let (mut read, mut unread) = (0, self.more);
        let mut found = Vec::new();
        for path in &self.paths {
            if is_cancelled() {
                return Err(SearchError::Cancelled);
            }
            let size = size_of(repo, path);
            if size > MAX_FILE_BYTES || read + size > MAX_BYTES {
                unread += 1;
                continue;
            }
            read += size;
            match text(repo, path, pattern.regex) {
                Looked::Text(text) => {
                    let file = path.as_str_lossy();
                    found.push(pattern.in_file(File::unindexed(&file), &text, limit));
                }
                Looked::Nothing => {}
                Looked::Unread => unread += 1,
            }
        }
        Ok(Found {
            found,
            is_whole: unread == 0,
            notice: (unread > 0).then(|| {
                let files = if unread == 1 { "1 file".to_owned() } else { format!("{unread} files") };
                format!(
                    "{files} not searched: too large, too many, or not to be read (`aiex status --skipped` names them)"
                )
            }),
        })
    }
}

/// The bytes of a file, as far as that can be told.
fn size_of(repo: &RepoIndex, path: &RelPath) -> u64 {
    let place = path.to_path(repo.root());
    place.symlink_metadata().map_or(0, |metadata| metadata.len())
}

/// What a look at a file gave.
enum Looked {
    /// The pattern may match in it; secrets are blotted out, as everywhere.
    Text(String),
    /// The pattern matches nowhere in it, or it is gone, or no text.
    Nothing,
    /// The system does not let it be read.
    Unread,
}

fn text(repo: &RepoIndex, path: &RelPath, regex: &Regex) -> Looked {
    let place = path.to_path(repo.root());
    let Ok(metadata) = place.symlink_metadata() else {
        return Looked::Nothing;
    };
    let Some(raw) = filter::bytes(repo.root(), path, MAX_FILE_BYTES) else {
        return if metadata.is_file() {
            Looked::Unread
        } else {
            Looked::Nothing
        };
    };
    // Most files hold no match, and what reading in earnest does to them takes longer than looking. Of another encoding, and
    // where a mark stands before the first line, the bytes are not the text.
    if str::from_utf8(&raw).is_ok_and(|text| !text.starts_with('\u{feff}') && !regex.is_match(text)) {
        return Looked::Nothing;
    }
    drop(raw);
    let stat = Stat::of(&metadata);
    let limits = ReadLimits {
        max_bytes: MAX_FILE_BYTES,
        max_forced_bytes: MAX_FILE_BYTES,
        force: Force::Pattern,
    };
    match filter::read(repo.root(), path, &stat, &limits) {
        Ok(Read::Text(text)) => Looked::Text(text.text),
        Ok(Read::Skipped { .. }) | Err(ReadError::Vanished { .. }) => Looked::Nothing,
        Err(_) => Looked::Unread,
    }
}
