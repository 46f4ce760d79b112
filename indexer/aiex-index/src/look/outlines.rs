//! The definitions of files: all of a file that is named, the outermost of those in a folder.

use std::path::PathBuf;
use std::sync::Arc;

use super::Defined;
use super::place::{self, Named};
use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::snapshot::FileEntry;

/// Which files to outline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutlineRequest {
    /// The folder that relative paths start from.
    pub from: PathBuf,
    /// Files and folders.
    pub paths: Vec<String>,
    /// How many definitions and files at most.
    pub limit: usize,
}

/// The outlines of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutlineOutcome {
    /// In the order asked for; those of a folder by path.
    pub files: Vec<FileOutline>,
    /// Whether every file and definition is there.
    pub is_whole: bool,
    /// The generation looked at.
    pub generation: u64,
}

/// The outline of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutline {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// The file's language.
    pub language: Option<&'static str>,
    /// In the order of the text.
    pub definitions: Vec<Defined>,
}

pub(crate) fn run(repo: &RepoIndex, request: &OutlineRequest) -> Result<OutlineOutcome, SearchError> {
    let served = repo.served();
    let snapshot = &served.snapshot;
    let mut outcome = OutlineOutcome {
        files: Vec::new(),
        is_whole: true,
        generation: snapshot.generation,
    };
    let mut left = request.limit;
    for name in &request.paths {
        match place::find(repo, snapshot, &request.from, name)? {
            Named::File(file) => add(&mut outcome, &mut left, &file, false),
            Named::Folder(files) => {
                for file in &files {
                    add(&mut outcome, &mut left, file, true);
                }
            }
        }
    }
    Ok(outcome)
}

fn add(outcome: &mut OutlineOutcome, left: &mut usize, file: &Arc<FileEntry>, only_outermost: bool) {
    if *left == 0 {
        outcome.is_whole = false;
        return;
    }
    *left -= 1;
    let Some(outline) = file.outline() else {
        outcome.is_whole = false;
        return;
    };
    let mut definitions: Vec<Defined> = outline
        .all_definitions()
        .iter()
        .filter(|definition| !only_outermost || outline.container(definition).is_empty())
        .take(*left + 1)
        .map(|definition| Defined::new(file, &outline, definition))
        .collect();
    if definitions.len() > *left {
        definitions.truncate(*left);
        outcome.is_whole = false;
    }
    *left -= definitions.len();
    outcome.files.push(FileOutline {
        path: file.path.to_string(),
        language: file.language.map(aiex_chunk::Language::name),
        definitions,
    });
}
