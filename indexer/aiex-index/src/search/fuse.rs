//! Fusion: the arms' scores, each brought to the range from 0 to 1, added by the weights of the query's route.
//!
//! A convex combination of scores beats reciprocal ranks when its weights are set on even a few queries (Bruch, Gai and
//! Ingber, 2023): ranks forget how far apart two hits are.

use std::collections::{BTreeMap, HashMap};

use super::arms::{Arms, Found};
use super::filter::Filter;
use super::path_class;
use super::query::{Query, Route};
use super::rank::{Ranked, order};
use super::request::Explanation;
use super::settings::{ArmWeights, RankSettings};
use crate::snapshot::Snapshot;

/// Rank and score of a span in each arm that found it.
type Places = BTreeMap<&'static str, (u32, f32)>;

/// What the arms gave to a span.
#[derive(Default)]
struct Fused {
    words: f32,
    dense: f32,
    places: Places,
}

fn weights(route: Route, settings: &RankSettings) -> ArmWeights {
    let (lexical, dense, symbol, path) = match route {
        Route::Symbol => (
            settings.symbol_lexical,
            settings.symbol_dense,
            settings.symbol_arm,
            0.0,
        ),
        Route::Natural => (
            settings.natural_lexical,
            settings.natural_dense,
            0.0,
            settings.path_arm,
        ),
        Route::Mixed => (
            settings.mixed_lexical,
            settings.mixed_dense,
            settings.symbol_arm,
            settings.path_arm,
        ),
        Route::Path => (settings.path_route_lexical, 0.0, 0.0, settings.path_route_arm),
    };
    ArmWeights {
        lexical,
        dense,
        symbol,
        path,
    }
}

/// All spans that an arm found and the filter allows, best first.
pub(crate) fn fuse(
    query: &Query,
    arms: &Arms,
    snapshot: &Snapshot,
    settings: &RankSettings,
    filter: &Filter,
    explains: bool,
) -> Vec<Ranked> {
    let weights = weights(query.route, settings);
    // Scores of full text begin at nothing; a similarity means something only beside the others.
    let floor = |found: &[Found]| found.last().map_or(0.0, |(_, score)| *score);
    let lists: [(&'static str, &[Found], f32, f32); 4] = [
        ("lexical", &arms.lexical, weights.lexical, 0.0),
        ("dense", &arms.dense, weights.dense, floor(&arms.dense)),
        ("symbol", &arms.symbol, weights.symbol, 0.0),
        ("path", &arms.path, weights.path, 0.0),
    ];
    let mut scores: HashMap<u64, Fused> = HashMap::new();
    for (arm, found, weight, floor) in lists {
        let Some((_, best)) = found.first() else { continue };
        if weight <= 0.0 {
            continue;
        }
        let range = (best - floor).max(f32::MIN_POSITIVE);
        for (place, (id, score)) in found.iter().enumerate() {
            let entry = scores.entry(*id).or_default();
            if entry.places.contains_key(arm) {
                continue;
            }
            let part = weight * (score - floor) / range;
            if arm == "dense" {
                entry.dense += part;
            } else {
                entry.words += part;
            }
            entry.places.insert(arm, (place as u32 + 1, *score));
        }
    }
    let mut spans: Vec<Ranked> = scores
        .into_iter()
        .filter(|(id, _)| filter.is_open() || filter.allows(*id, snapshot))
        .filter_map(|(id, Fused { words, dense, places })| {
            let (file, ordinal) = snapshot.resolve(id)?;
            let prose = if path_class::is_prose(file) {
                settings.prose_dense
            } else {
                1.0
            };
            let score = words + prose * dense;
            let mut why = Vec::new();
            if places.contains_key("lexical") {
                why.push("words".to_owned());
            }
            if places.contains_key("dense") {
                why.push("meaning".to_owned());
            }
            let mut span = Ranked {
                file: file.clone(),
                ordinal,
                score: 0.0,
                definition: None,
                why,
                explanation: Explanation::default(),
                explains,
            };
            span.explanation.route = query.route.name().to_owned();
            span.step("fusion", score, || {
                places
                    .iter()
                    .map(|(arm, (rank, _))| format!("{arm} #{rank}"))
                    .collect::<Vec<_>>()
                    .join(" + ")
            });
            span.explanation.arms = places;
            Some(span)
        })
        .collect();
    spans.sort_by(order);
    spans
}
