//! From ranked spans to hits: text, lines, symbol.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::matching::Wanted;
use super::query::Query;
use super::rank::Ranked;
use super::request::Hit;
use crate::content::ContentKey;
use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::snapshot::{FileEntry, Outline};

/// Reads the text of ranked spans. A span whose content is damaged is left out, and its file is read
/// again.
pub(crate) fn hits(repo: &RepoIndex, query: &Query, ranked: Vec<Ranked>) -> Result<Vec<Hit>, SearchError> {
    let mut texts: HashMap<ContentKey, Arc<str>> = HashMap::new();
    let wanted = Wanted::new(query);
    let mut hits = Vec::with_capacity(ranked.len());
    for span in ranked {
        let key = span.file.key;
        if let std::collections::hash_map::Entry::Vacant(slot) = texts.entry(key) {
            let Some(text) = repo.shared().content.shown(&key)? else {
                repo.text_is_lost(span.file.version);
                continue;
            };
            slot.insert(text);
        }
        hits.push(hit(query, &wanted, span, &texts[&key]));
    }
    Ok(hits)
}

fn hit(query: &Query, wanted: &Wanted<'_>, span: Ranked, text: &str) -> Hit {
    let mut hit = show(&span.file, &span.outline, span.ordinal, text, span.definition);
    let named = query
        .frames
        .iter()
        .find_map(|frame| frame.line_in(&hit.path, hit.start_line, hit.end_line));
    if let Some(line) = named {
        hit.focus_line = line;
    } else if span.definition.is_none() {
        let focus = wanted.focus(&hit.snippet) as u32;
        hit.focus_line = hit.start_line + focus.min(hit.end_line - hit.start_line);
    }
    hit.score = span.score;
    hit.why = span.why.into_iter().map(Cow::into_owned).collect();
    hit.explain = span.explanation.map(|explanation| *explanation);
    hit
}

/// A chunk of a file as a hit without a score. `definition` is the one to show, by its place among the chunk's; the
/// largest unless told.
pub(crate) fn show(
    file: &FileEntry,
    outline: &Outline,
    ordinal: usize,
    text: &str,
    definition: Option<usize>,
) -> Hit {
    let place = &outline.spans[ordinal];
    let body = text
        .get(place.start as usize..place.end as usize)
        .unwrap_or_default();
    // Blank lines at the edges belong to the tiling, not to what is shown.
    let trimmed = body.trim_end();
    let blanks = || {
        trimmed
            .split_inclusive('\n')
            .take_while(|line| line.trim().is_empty())
    };
    let blank = blanks().count();
    let shown = trimmed[blanks().map(str::len).sum()..].to_owned();
    let start_line = place.first_line + blank as u32;
    let end_line = start_line + (shown.lines().count().max(1) as u32 - 1);

    let definitions = outline.definitions(place);
    let asked = definition.and_then(|at| definitions.get(at));
    let definition = asked.or_else(|| definitions.iter().max_by_key(|definition| definition.item_bytes));
    let breadcrumb = outline.breadcrumb(place);
    let symbol = match definition {
        Some(definition) => Some(outline.qualified(definition)),
        None => (!breadcrumb.is_empty()).then(|| breadcrumb.to_owned()),
    };
    Hit {
        score: 0.0,
        path: file.path.to_string(),
        start_line,
        end_line,
        symbol,
        kind: definition.map(|definition| definition.kind().name()),
        language: file.language.map(aiex_chunk::Language::name),
        snippet: shown,
        focus_line: asked.map_or(start_line, |definition| {
            definition.line.clamp(start_line, end_line)
        }),
        why: Vec::new(),
        explain: None,
    }
}
