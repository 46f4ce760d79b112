//! One ranked list of what several sources found.

use std::collections::HashMap;

use aiex_protocol::source::SourceKind;
use aiex_research::{Fusion, same_result};

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
/// for both and stands once. Of code are given how many hits there are, and how many of the query's words stand nowhere in it.
pub(super) fn merge<'a>(
    query: &str,
    (hits, nowhere): (usize, usize),
    others: &'a HashMap<SourceKind, Vec<aiex_research::Found>>,
    limit: usize,
) -> Merged<'a> {
    let fusion = Fusion::default();
    #[expect(clippy::cast_possible_truncation, reason = "of a few units")]
    let part = |source: SourceKind, place: usize| {
        let source = aiex_research::SourceKind::from_word(source.as_str());
        let heard = match source {
            Some(aiex_research::SourceKind::Code) => fusion.heard(query, nowhere),
            _ => 1.0,
        };
        source.map_or(0.0, |source| (heard * fusion.points(source, query, place)) as f32)
    };
    let mut placed: Vec<Placed<'a>> = Vec::new();
    for source in SourceKind::ALL {
        for (place, found) in others.get(&source).into_iter().flatten().enumerate() {
            let known = placed.iter_mut().find(|known| same_result(known.found, found));
            match known {
                // Twice in one list is no better than once.
                Some(known) if known.source == source || known.also.contains(&source) => {}
                Some(known) => {
                    known.score += part(source, place);
                    known.also.push(source);
                }
                None => placed.push(Placed {
                    rank: 0,
                    score: part(source, place),
                    source,
                    also: Vec::new(),
                    found,
                }),
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
