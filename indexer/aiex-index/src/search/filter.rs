//! Which files and spans a request allows.

use std::collections::HashSet;

use aiex_chunk::{Language, SymbolKind};
use globset::{Glob, GlobSet, GlobSetBuilder};

use super::request::SearchRequest;
use crate::error::SearchError;
use crate::snapshot::{FileEntry, Outline, Snapshot, Span, chunk_id, split_id};

/// The filters of a request.
pub(crate) struct Conditions {
    with: Option<GlobSet>,
    without: Option<GlobSet>,
    languages: Vec<Language>,
    /// Paths; all when there are none.
    files: HashSet<String>,
    kinds: Vec<SymbolKind>,
}

impl Conditions {
    pub(crate) fn new(request: &SearchRequest) -> Result<Self, SearchError> {
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
        Ok(Self {
            with: globs(&with).map_err(invalid)?,
            without: globs(&without).map_err(invalid)?,
            languages,
            files: request.files.iter().cloned().collect(),
            kinds,
        })
    }

    /// Whether every file is allowed.
    fn allows_every_file(&self) -> bool {
        self.with.is_none() && self.without.is_none() && self.languages.is_empty() && self.files.is_empty()
    }

    /// Whether something in a file may be returned.
    pub(crate) fn allows_file(&self, file: &FileEntry) -> bool {
        self.allows(&file.path, file.language)
    }

    /// The same of a path and its language.
    pub(crate) fn allows(&self, path: &str, language: Option<Language>) -> bool {
        (self.files.is_empty() || self.files.contains(path))
            && self.with.as_ref().is_none_or(|globs| globs.is_match(path))
            && self.without.as_ref().is_none_or(|globs| !globs.is_match(path))
            && (self.languages.is_empty() || language.is_some_and(|own| self.languages.contains(&own)))
    }

    /// Whether a span of a file that is allowed may be returned, or what lies behind all of them.
    pub(crate) fn allows_span(&self, outline: &Outline, span: Option<&Span>) -> bool {
        let defines = |span| {
            let mut definitions = outline.definitions(span).iter();
            definitions.any(|definition| self.kinds.contains(&definition.kind()))
        };
        self.kinds.is_empty() || span.is_some_and(defines)
    }
}

/// The filters of a request, worked out against a snapshot.
pub(crate) struct Filter {
    conditions: Conditions,
    /// Versions of the files allowed; none when all are.
    versions: Option<HashSet<u32>>,
    /// The chunks allowed, ascending; none when those of the files allowed are.
    chunks: Option<Vec<u64>>,
}

impl Filter {
    pub(crate) fn new(request: &SearchRequest, snapshot: &Snapshot) -> Result<Self, SearchError> {
        let conditions = Conditions::new(request)?;
        let allowed = || {
            let files = snapshot.files().iter();
            files
                .filter(|file| conditions.allows_file(file))
                .map(|file| file.version)
                .collect()
        };
        let versions = (!conditions.allows_every_file()).then(allowed);
        let mut filter = Self {
            conditions,
            versions,
            chunks: None,
        };
        if !filter.conditions.kinds.is_empty() {
            filter.chunks = Some(filter.chunks_that_define(snapshot));
        }
        Ok(filter)
    }

    /// The chunks of the files allowed that define something of a kind allowed. Files are by version, so ids ascend.
    fn chunks_that_define(&self, snapshot: &Snapshot) -> Vec<u64> {
        let parts = snapshot.in_parts(|files| {
            let mut chunks = Vec::new();
            for file in files.iter().filter(|file| self.allows_file(file.version)) {
                let Some(outline) = file.outline_in_passing() else {
                    continue;
                };
                let spans = outline.spans.iter().enumerate();
                let allowed = spans.filter(|(_, span)| self.conditions.allows_span(&outline, Some(span)));
                chunks.extend(allowed.map(|(ordinal, _)| chunk_id(file.version, ordinal)));
            }
            chunks
        });
        parts.concat()
    }

    /// Whether everything is allowed.
    pub(crate) fn is_open(&self) -> bool {
        self.versions.is_none() && self.chunks.is_none()
    }

    pub(crate) fn allows_file(&self, version: u32) -> bool {
        self.versions
            .as_ref()
            .is_none_or(|versions| versions.contains(&version))
    }

    /// Whether a definition of this kind may be returned.
    pub(crate) fn allows_kind(&self, kind: SymbolKind) -> bool {
        self.conditions.kinds.is_empty() || self.conditions.kinds.contains(&kind)
    }

    /// Whether a chunk may be returned.
    pub(crate) fn allows(&self, id: u64) -> bool {
        match &self.chunks {
            Some(chunks) => chunks.binary_search(&id).is_ok(),
            None => self.allows_file(split_id(id).0),
        }
    }

    /// The ids of every chunk allowed, for engines that filter by id; none when all are.
    pub(crate) fn allowed_ids(&self, snapshot: &Snapshot) -> Option<Vec<u64>> {
        if self.is_open() || self.chunks.is_some() {
            return self.chunks.clone();
        }
        let files = snapshot
            .files()
            .iter()
            .filter(|file| self.allows_file(file.version));
        let ids = files.flat_map(|file| (0..file.num_chunks).map(|ordinal| chunk_id(file.version, ordinal)));
        Some(ids.collect())
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
