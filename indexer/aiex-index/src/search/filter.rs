//! Which files and spans a request allows.

use std::collections::HashSet;
use std::sync::Arc;

use aiex_chunk::{Language, SymbolKind};
use globset::{Glob, GlobSet, GlobSetBuilder};

use super::request::SearchRequest;
use crate::error::SearchError;
use crate::snapshot::{FileEntry, Snapshot, chunk_id, split_id};

/// The filters of a request, worked out against a snapshot.
pub(crate) struct Filter {
    /// Versions of the files allowed; none when all are.
    versions: Option<HashSet<u32>>,
    kinds: Vec<SymbolKind>,
}

impl Filter {
    pub(crate) fn new(request: &SearchRequest, snapshot: &Snapshot) -> Result<Self, SearchError> {
        let invalid = |reason: String| SearchError::InvalidQuery { reason };
        let languages = request
            .languages
            .iter()
            .map(|name| {
                Language::from_name(name).ok_or_else(|| invalid(format!("no language is called {name:?}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let kinds = request
            .kinds
            .iter()
            .map(|name| {
                SymbolKind::from_name(name)
                    .ok_or_else(|| invalid(format!("no symbol kind is called {name:?}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (without, with): (Vec<_>, Vec<_>) = request
            .paths
            .iter()
            .map(String::as_str)
            .partition(|glob| glob.starts_with('!'));
        let with = globs(&with).map_err(invalid)?;
        let without = globs(&without).map_err(invalid)?;
        let files: HashSet<&str> = request.files.iter().map(String::as_str).collect();
        let is_open = with.is_none() && without.is_none() && languages.is_empty() && files.is_empty();
        let versions = if is_open {
            None
        } else {
            let allows = |file: &FileEntry| {
                (files.is_empty() || files.contains(&*file.path))
                    && with.as_ref().is_none_or(|globs| globs.is_match(&*file.path))
                    && without.as_ref().is_none_or(|globs| !globs.is_match(&*file.path))
                    && (languages.is_empty() || file.language.is_some_and(|own| languages.contains(&own)))
            };
            Some(
                snapshot
                    .files()
                    .iter()
                    .filter(|file| allows(file))
                    .map(|file| file.version)
                    .collect(),
            )
        };
        Ok(Self { versions, kinds })
    }

    /// Whether everything is allowed.
    pub(crate) fn is_open(&self) -> bool {
        self.versions.is_none() && self.kinds.is_empty()
    }

    pub(crate) fn allows_file(&self, version: u32) -> bool {
        self.versions
            .as_ref()
            .is_none_or(|versions| versions.contains(&version))
    }

    /// Whether a definition of this kind may be returned.
    pub(crate) fn allows_kind(&self, kind: SymbolKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// The files allowed, by path.
    pub(crate) fn files<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a Arc<FileEntry>> {
        let files = snapshot.files().iter();
        let mut files: Vec<_> = files.filter(|file| self.allows_file(file.version)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// Whether a chunk may be returned.
    pub(crate) fn allows(&self, id: u64, snapshot: &Snapshot) -> bool {
        if !self.allows_file(split_id(id).0) {
            return false;
        }
        self.kinds.is_empty()
            || snapshot.resolve(id).is_some_and(|(file, ordinal)| {
                let span = &file.outline.spans[ordinal];
                file.outline
                    .definitions(span)
                    .iter()
                    .any(|definition| self.kinds.contains(&definition.kind()))
            })
    }

    /// The ids of every chunk allowed, for engines that filter by id; none when all are.
    pub(crate) fn allowed_ids(&self, snapshot: &Snapshot) -> Option<Vec<u64>> {
        if self.is_open() {
            return None;
        }
        let files = snapshot
            .files()
            .iter()
            .filter(|file| self.allows_file(file.version));
        let ids = files
            .flat_map(|file| (0..file.outline.spans.len()).map(|ordinal| chunk_id(file.version, ordinal)));
        Some(
            ids.filter(|id| self.kinds.is_empty() || self.allows(*id, snapshot))
                .collect(),
        )
    }
}

fn globs(patterns: &[&str]) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches('!').trim_start_matches("./");
        let mut add = |text: &str| -> Result<(), String> {
            set.add(Glob::new(text).map_err(|e| format!("the glob {text:?}: {e}"))?);
            Ok(())
        };
        add(pattern)?;
        // A folder means what is in it; a bare name means it anywhere, as in ignore files.
        add(&format!("{}/**", pattern.trim_end_matches('/')))?;
        if !pattern.contains('/') {
            add(&format!("**/{pattern}"))?;
            add(&format!("**/{pattern}/**"))?;
        }
    }
    set.build().map(Some).map_err(|e| e.to_string())
}
