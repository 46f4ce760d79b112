//! One ranked list of what several sources found.

use std::collections::{HashMap, HashSet};

use aiex_protocol::source::SourceKind;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009): how little the first places stand
/// out. Theirs is 60, for lists of the same documents; these lists share hardly any, and with 60 their weights alone
/// would decide.
const RANK_OFFSET: f32 = 6.0;

/// What a source's places count, by how the question reads. A name or a path is looked for in code; a sentence may be
/// answered by anything, and most of all by what was written to explain.
fn weight(source: SourceKind, query: &str) -> f32 {
    let is_sentence = query.split_whitespace().count() > 2;
    match (source, is_sentence) {
        (SourceKind::Code, _) => 1.0,
        (SourceKind::Docs, true) => 0.9,
        (SourceKind::Docs, false) => 0.7,
        (SourceKind::Git, true) => 0.7,
        (SourceKind::Git, false) => 0.5,
        (SourceKind::Web, true) => 0.9,
        (SourceKind::Web, false) => 0.5,
        (SourceKind::Reports, _) => 0.0,
    }
}

/// A result in its place.
pub(super) struct Placed<'a> {
    pub(super) rank: u32,
    pub(super) score: f32,
    pub(super) source: SourceKind,
    pub(super) also: Vec<SourceKind>,
    pub(super) found: &'a aiex_research::Found,
}

pub(super) struct Merged<'a> {
    /// How many of the code hits have a place.
    pub(super) hits: usize,
    pub(super) found: Vec<Placed<'a>>,
}

/// One list of the places in many: reciprocal ranks, weighed by source. The same text found by two sources counts
/// for both and stands once.
pub(super) fn merge<'a>(
    query: &str,
    hits: usize,
    others: &'a HashMap<SourceKind, Vec<aiex_research::Found>>,
    limit: usize,
) -> Merged<'a> {
    let part = |source, place: usize| weight(source, query) / (RANK_OFFSET + place as f32 + 1.0);
    let mut placed: Vec<Placed<'a>> = Vec::new();
    let mut by_text: HashMap<String, usize> = HashMap::new();
    for source in SourceKind::ALL {
        let mut seen = HashSet::new();
        for (place, found) in others.get(&source).into_iter().flatten().enumerate() {
            let text: String = found.snippet.split_whitespace().collect::<Vec<_>>().join(" ");
            if !seen.insert(text.clone()) && !text.is_empty() {
                continue;
            }
            let score = part(source, place);
            match by_text.get(&text).filter(|_| !text.is_empty()) {
                Some(at) => {
                    placed[*at].score += score;
                    placed[*at].also.push(source);
                }
                None => {
                    by_text.insert(text, placed.len());
                    placed.push(Placed {
                        rank: 0,
                        score,
                        source,
                        also: Vec::new(),
                        found,
                    });
                }
            }
        }
    }
    // Stable: equals stay in the order of sources and places.
    placed.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut rank, mut hit) = (0, 0);
    let mut found = Vec::new();
    for mut next in placed {
        while hit < hits && rank < limit && part(SourceKind::Code, hit) >= next.score {
            hit += 1;
            rank += 1;
        }
        if rank >= limit {
            break;
        }
        rank += 1;
        next.rank = rank as u32;
        found.push(next);
    }
    let hits = hits.min(hit + limit.saturating_sub(rank));
    Merged { hits, found }
}

#[cfg(test)]
mod tests;
