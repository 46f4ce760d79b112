//! Fusion: the arms' scores, each brought to the range from 0 to 1, added by the weights of the query's route.
//!
//! A convex combination of scores beats reciprocal ranks when its weights are set on even a few queries (Bruch, Gai and
//! Ingber, 2023): ranks forget how far apart two hits are.

use std::borrow::Cow;
use std::collections::HashMap;

use super::arms::{Arms, Found};
use super::filter::Filter;
use super::penalty::Penalties;
use super::query::{Query, Route};
use super::rank::{Ranked, order};
use super::request::{Change, Explanation};
use super::settings::{ArmWeights, RankSettings};
use crate::role::Role;
use crate::snapshot::Snapshot;

/// The arms, in the order of [`Fused::places`].
const ARMS: [&str; 5] = ["lexical", "dense", "symbol", "path", "place"];
const LEXICAL: usize = 0;
const DENSE: usize = 1;
const PLACE: usize = 4;

/// What the arms gave to a span.
#[derive(Default, Clone, Copy)]
struct Fused {
    words: f32,
    dense: f32,
    /// Rank and score in each arm that found it.
    places: [Option<(u32, f32)>; ARMS.len()],
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

/// The `limit` of what an arm found that are the best once the penalties of their files are taken from what they are
/// above the `floor`, in their order. Where much is written about the code, texts that will be put behind it anyway
/// would take the places of the code itself.
fn kept<'a>(found: &'a [Found], floor: f32, limit: f32, penalties: &mut Penalties<'_>) -> Cow<'a, [Found]> {
    let limit = RankSettings::limit(limit);
    if found.len() <= limit {
        return Cow::Borrowed(found);
    }
    let mut chances: Vec<(usize, f32)> = found
        .iter()
        .map(|(id, score)| (score - floor) * penalties.chance(*id))
        .enumerate()
        .collect();
    // The first may stand out, and then it is forgiven what its file is.
    chances[0].1 = f32::INFINITY;
    chances.select_nth_unstable_by(limit - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    chances.truncate(limit);
    chances.sort_unstable_by_key(|(place, _)| *place);
    Cow::Owned(chances.into_iter().map(|(place, _)| found[place]).collect())
}

/// All spans that an arm found and the filter allows, best first.
pub(crate) fn fuse(
    query: &Query,
    arms: &Arms,
    snapshot: &Snapshot,
    settings: &RankSettings,
    filter: &Filter,
    penalties: &mut Penalties<'_>,
    explains: bool,
) -> Vec<Ranked> {
    let weights = weights(query.route, settings);
    // Scores of full text begin at nothing; a similarity means something only beside the others.
    let floor = |found: &[Found]| found.last().map_or(0.0, |(_, score)| *score);
    let lexical = kept(&arms.lexical, 0.0, settings.lexical_kept, penalties);
    let dense = kept(&arms.dense, floor(&arms.dense), settings.dense_kept, penalties);
    let lists: [(&[Found], f32, f32); ARMS.len()] = [
        (&lexical, weights.lexical, 0.0),
        (&dense, weights.dense, floor(&dense)),
        (&arms.symbol, weights.symbol, 0.0),
        (&arms.path, weights.path, 0.0),
        (&arms.place, settings.place_arm, 0.0),
    ];
    let mut scores: HashMap<u64, Fused> = HashMap::with_capacity(2 * arms.lexical.len());
    for (arm, (found, weight, floor)) in lists.into_iter().enumerate() {
        let Some((_, best)) = found.first() else { continue };
        if weight <= 0.0 {
            continue;
        }
        let range = (best - floor).max(f32::MIN_POSITIVE);
        for (place, (id, score)) in found.iter().enumerate() {
            let entry = scores.entry(*id).or_default();
            if entry.places[arm].is_some() {
                continue;
            }
            let part = weight * (score - floor) / range;
            if arm == DENSE {
                entry.dense += part;
            } else {
                entry.words += part;
            }
            entry.places[arm] = Some((place as u32 + 1, *score));
        }
    }
    let mut spans: Vec<Ranked> = scores
        .into_iter()
        .filter(|(id, _)| filter.is_open() || filter.allows(*id))
        .filter_map(|(id, fused)| {
            let (file, ordinal) = snapshot.resolve(id)?;
            let prose = if file.roles().has(Role::Prose) {
                settings.prose_dense
            } else {
                1.0
            };
            let mut why = Vec::with_capacity(4);
            if fused.places[LEXICAL].is_some() {
                why.push("words".into());
            }
            if fused.places[DENSE].is_some() {
                why.push("meaning".into());
            }
            if fused.places[PLACE].is_some() {
                why.insert(0, "the line named".into());
            }
            let mut span = Ranked {
                file: file.clone(),
                outline: file.outline()?,
                ordinal,
                score: 0.0,
                of_file: 0.0,
                unwanted: 1.0,
                definition: None,
                why,
                explanation: explains.then(|| Box::new(explanation(query, &fused))),
            };
            span.step("fusion", Change::Add(fused.words + prose * fused.dense), || {
                places(&fused)
                    .map(|(arm, (rank, _))| format!("{arm} #{rank}"))
                    .collect::<Vec<_>>()
                    .join(" + ")
            });
            Some(span)
        })
        .collect();
    spans.sort_by(order);
    spans
}

fn places(fused: &Fused) -> impl Iterator<Item = (&'static str, (u32, f32))> {
    ARMS.into_iter()
        .zip(fused.places)
        .filter_map(|(arm, place)| Some((arm, place?)))
}

fn explanation(query: &Query, fused: &Fused) -> Explanation {
    Explanation {
        route: query.route.name(),
        arms: places(fused).collect(),
        steps: Vec::new(),
    }
}
