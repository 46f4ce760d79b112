//! More like this: the chunks whose vectors are nearest to that of a place in a file.

use std::path::PathBuf;
use std::sync::Arc;

use super::filter::Filter;
use super::request::{Change, Explanation, Hit, SearchOutcome, SearchRequest, Step};
use super::snippet;
use crate::error::SearchError;
use crate::look::place;
use crate::repo::{RepoIndex, Served, vectors_at_hand};
use crate::snapshot::{FileEntry, Outline, chunk_id};

/// Hits at most, whatever is asked for.
const MAX_LIMIT: usize = 1_000;

/// Chunks asked for beyond those wanted, because chunks of equal text and of files that are gone fall away.
const SPARE: usize = 64;

/// What to find the like of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimilarRequest {
    /// The folder that a relative path starts from.
    pub from: PathBuf,
    /// The file.
    pub path: String,
    /// A line of the chunk, from 1.
    pub line: u32,
    /// Limit and filters; the query is not read.
    pub search: SearchRequest,
}

/// A chunk near to the one asked about.
struct Near<'a> {
    file: &'a Arc<FileEntry>,
    ordinal: usize,
    similarity: f32,
    score: f32,
}

pub(crate) fn run(
    repo: &RepoIndex,
    request: &SimilarRequest,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchOutcome, SearchError> {
    let served = repo.served();
    let snapshot = &served.snapshot;
    let file = place::find_file(repo, snapshot, &request.from, &request.path)?;
    let outline = file.outline().unwrap_or_default();
    let ordinal = chunk_at(&file, &outline, request.line)?;
    let vector = vector_of(repo, &served, &file, ordinal)?;
    let filter = Filter::new(&request.search, snapshot)?;
    let limit = request.search.limit.clamp(1, MAX_LIMIT);
    let own = text_of(repo, &file)?;
    let own = chunk_text(&outline, ordinal, &own).trim().to_owned();

    let mut hits: Vec<Hit> = Vec::new();
    let factor = repo.shared().settings.rank.similar_other_language;
    let mut asked = 2 * limit + SPARE;
    loop {
        let near = nearest(repo, &served, &vector, asked, &filter)?;
        let is_all = near.len() < asked;
        hits.clear();
        for (rank, near) in ranked(&served, &near, &file, factor).into_iter().enumerate() {
            if is_cancelled() {
                return Err(SearchError::Cancelled);
            }
            if near.file.version == file.version && near.ordinal == ordinal {
                continue;
            }
            let Some(outline) = near.file.outline() else {
                continue;
            };
            let text = text_of(repo, near.file)?;
            if chunk_text(&outline, near.ordinal, &text).trim() == own {
                continue;
            }
            hits.push(hit(&near, &outline, &text, rank, request.search.explain));
            if hits.len() == limit {
                break;
            }
        }
        // A file that lies about in many copies may have filled the list.
        if hits.len() == limit || is_all || asked as u64 > snapshot.num_chunks {
            break;
        }
        asked *= 4;
    }
    Ok(SearchOutcome {
        hits,
        route: "similar",
        generation: snapshot.generation,
        is_cached: false,
        is_exhaustive: false,
        matches: None,
        notices: Vec::new(),
        nowhere: Vec::new(),
    })
}

/// The chunk that holds a line.
fn chunk_at(file: &FileEntry, outline: &Outline, line: u32) -> Result<usize, SearchError> {
    let spans = &outline.spans;
    let lines = spans.last().map_or(0, |span| span.last_line);
    spans
        .iter()
        .position(|span| (span.first_line..=span.last_line).contains(&line))
        .ok_or_else(|| SearchError::InvalidSubject {
            message: format!("`{}` has {lines} lines, and none is numbered {line}", file.path),
            hint: "lines are those of the indexed text; `--wait-fresh` waits for recent changes",
        })
}

/// A chunk's vector, of length one.
fn vector_of(
    repo: &RepoIndex,
    served: &Served,
    file: &FileEntry,
    ordinal: usize,
) -> Result<Vec<f32>, SearchError> {
    let shared = repo.shared();
    let Some(embedder) = shared.embedder().filter(|_| served.vectors.is_some()) else {
        let why = repo.without_vectors().clone();
        return Err(SearchError::NotFound {
            message: match &why {
                Some(why) => format!("there are no vectors: {why}"),
                None => "there are no vectors: search by meaning is off".to_owned(),
            },
            hint: match why {
                Some(_) => "once that is mended they are made by themselves, a minute later at most",
                None => "`aiex doctor` shows why there is no embedder",
            },
        });
    };
    let vectors = vectors_at_hand(&shared.content, embedder.as_ref(), &file.key)?;
    let dimensions = embedder.dimensions();
    let own = vectors
        .as_deref()
        .and_then(|vectors| vectors.chunks_exact(dimensions).nth(ordinal));
    let Some(own) = own else {
        return Err(SearchError::NotFound {
            message: format!("`{}` has no vectors yet", file.path),
            hint: "they are being made: ask again in a moment, or wait for them with `--complete`",
        });
    };
    let vector: Vec<f32> = own.iter().map(|value| f32::from(*value)).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length == 0.0 {
        return Err(SearchError::InvalidSubject {
            message: format!("there is nothing to compare at that place of `{}`", file.path),
            hint: "choose a line with words on it",
        });
    }
    Ok(vector.into_iter().map(|value| value / length).collect())
}

fn nearest(
    repo: &RepoIndex,
    served: &Served,
    vector: &[f32],
    limit: usize,
    filter: &Filter,
) -> Result<Vec<aiex_vector::Near>, SearchError> {
    let Some(store) = &served.vectors else {
        return Ok(Vec::new());
    };
    let allowed = filter.allowed_ids(&served.snapshot);
    let allowed = allowed.as_deref().map(aiex_vector::Filter::Allow);
    let near = store.search(vector, limit, allowed);
    Ok(near.map_err(|error| repo.vector_error(error))?)
}

/// The chunks that the generation knows, best first, those in the same language preferred.
fn ranked<'a>(
    served: &'a Served,
    near: &[aiex_vector::Near],
    like: &FileEntry,
    other_language: f32,
) -> Vec<Near<'a>> {
    let mut ranked: Vec<Near<'_>> = near
        .iter()
        .filter_map(|near| {
            let (file, ordinal) = served.snapshot.resolve(near.id)?;
            let factor = if file.language == like.language {
                1.0
            } else {
                other_language
            };
            Some(Near {
                file,
                ordinal,
                similarity: near.similarity,
                score: near.similarity * factor,
            })
        })
        .filter(|near| near.similarity > 0.0)
        .collect();
    ranked.sort_by(|a, b| {
        let place = |near: &Near<'_>| chunk_id(near.file.version, near.ordinal);
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.file.path.cmp(&b.file.path))
            .then_with(|| place(a).cmp(&place(b)))
    });
    ranked
}

fn hit(near: &Near<'_>, outline: &Outline, text: &str, rank: usize, explains: bool) -> Hit {
    let definitions = outline.definitions(&outline.spans[near.ordinal]);
    let largest = (0..definitions.len()).max_by_key(|at| definitions[*at].item_bytes);
    let mut hit = snippet::show(near.file, outline, near.ordinal, text, largest);
    hit.score = near.score;
    hit.why = vec!["meaning".to_owned()];
    hit.explain = explains.then(|| {
        let mut explanation = Explanation {
            route: "similar",
            ..Explanation::default()
        };
        explanation
            .arms
            .insert("dense", (rank as u32 + 1, near.similarity));
        explanation.steps.push(Step {
            rule: "similarity",
            detail: "cosine".to_owned(),
            change: Change::Add(near.similarity),
            score: near.similarity,
        });
        if near.score != near.similarity {
            let factor = near.score / near.similarity;
            explanation.steps.push(Step {
                rule: "language",
                detail: format!("another language ×{factor:.2}"),
                change: Change::Times(factor),
                score: near.score,
            });
        }
        explanation
    });
    hit
}

/// A file's text; nothing if it is damaged, and then it is read again.
fn text_of(repo: &RepoIndex, file: &FileEntry) -> Result<Arc<str>, SearchError> {
    let text = repo.shared().content.shown(&file.key)?;
    if text.is_none() {
        repo.text_is_lost(file.version);
    }
    Ok(text.unwrap_or_else(|| "".into()))
}

fn chunk_text<'a>(outline: &Outline, ordinal: usize, text: &'a str) -> &'a str {
    let span = &outline.spans[ordinal];
    text.get(span.start as usize..span.end as usize)
        .unwrap_or_default()
}
