//! From arms to an order: reciprocal-rank fusion, then rules. Every step can be shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aiex_chunk::SymbolKind;

use super::arms::{Arms, Found};
use super::filter::Filter;
use super::path_class;
use super::query::{Name, Query, Route};
use super::request::Explanation;
use super::settings::{ArmWeights, RankSettings};
use super::words;
use crate::snapshot::{Definition, FileEntry, Snapshot};

/// Rank and score of a span in each arm that found it.
type Places = BTreeMap<&'static str, (u32, f32)>;

/// A span in the running.
pub(crate) struct Ranked {
    pub(crate) file: Arc<FileEntry>,
    pub(crate) ordinal: usize,
    pub(crate) score: f32,
    /// The definition in the span that the query is about, by its place among the span's.
    pub(crate) definition: Option<usize>,
    pub(crate) why: Vec<String>,
    pub(crate) explanation: Explanation,
    explains: bool,
}

impl Ranked {
    fn definitions(&self) -> &[Definition] {
        self.file
            .outline
            .definitions(&self.file.outline.spans[self.ordinal])
    }

    fn step(&mut self, rule: &'static str, score: f32, detail: impl FnOnce() -> String) {
        self.score = score;
        if self.explains {
            self.explanation.steps.push((rule, detail(), score));
        }
    }
}

/// Orders what the arms found.
pub(crate) fn rank(
    query: &Query,
    arms: &Arms,
    snapshot: &Snapshot,
    settings: &RankSettings,
    filter: &Filter,
    explains: bool,
    limit: usize,
) -> Vec<Ranked> {
    let mut spans = fuse(query, arms, snapshot, settings, filter, explains);
    if spans.is_empty() {
        return spans;
    }
    cohere(&mut spans, settings);
    let best = spans
        .iter()
        .map(|span| span.score)
        .fold(f32::MIN_POSITIVE, f32::max);
    let standout = standout(arms, snapshot, settings);
    for span in &mut spans {
        boost_definition(span, query, settings, best);
        boost_words(span, query, settings, best);
        let stands_out = standout == Some((span.file.version, span.ordinal));
        if stands_out {
            let score = span.score + settings.standout * best;
            span.why.push("rare words".to_owned());
            span.step("standout", score, || "far ahead in full text".to_owned());
        }
        let (mut factor, mut roles) = path_class::penalty(&span.file, query, settings, stands_out);
        if !query.wants_tests && !roles.contains(&"test") && is_in_tests(span) {
            factor *= settings.test;
            roles.push("test");
        }
        if factor < 1.0 && query.route != Route::Path {
            let score = span.score * factor;
            span.step("penalty", score, || format!("{} ×{factor}", roles.join(", ")));
        }
    }
    saturate(spans, settings, limit)
}

/// The best full-text hit, if it is far ahead of every hit in another file.
fn standout(arms: &Arms, snapshot: &Snapshot, settings: &RankSettings) -> Option<(u32, usize)> {
    let (id, score) = *arms.lexical.first()?;
    let (version, ordinal) = crate::snapshot::split_id(id);
    let other = arms
        .lexical
        .iter()
        .find(|(id, _)| crate::snapshot::split_id(*id).0 != version);
    let is_ahead = other.is_none_or(|(_, other)| settings.standout_lead * other <= score);
    (is_ahead && snapshot.resolve(id).is_some()).then_some((version, ordinal))
}

/// Whether a span lies in a module of tests within a file of other code, as Rust has them.
fn is_in_tests(span: &Ranked) -> bool {
    let outline = &span.file.outline;
    let breadcrumb = outline.breadcrumb(&outline.spans[span.ordinal]);
    breadcrumb
        .split(" > ")
        .any(|part| matches!(part, "tests" | "test"))
}

/// Weighted reciprocal ranks over the arms of the query's route.
fn fuse(
    query: &Query,
    arms: &Arms,
    snapshot: &Snapshot,
    settings: &RankSettings,
    filter: &Filter,
    explains: bool,
) -> Vec<Ranked> {
    let weights: &ArmWeights = match query.route {
        Route::Symbol => &settings.symbol_route,
        Route::Natural => &settings.natural_route,
        Route::Mixed => &settings.mixed_route,
        Route::Path => &settings.path_route,
    };
    let lists: [(&'static str, &[Found], f32); 4] = [
        ("lexical", &arms.lexical, weights.lexical),
        ("dense", &arms.dense, weights.dense),
        ("symbol", &arms.symbol, weights.symbol),
        ("path", &arms.path, weights.path),
    ];
    let mut scores: HashMap<u64, (f32, Places)> = HashMap::new();
    for (arm, found, weight) in lists {
        if weight <= 0.0 {
            continue;
        }
        for (place, (id, score)) in found.iter().enumerate() {
            // Equals share a rank: the name arm gives no order among its spans.
            let rank = if arm == "symbol" { 1 } else { place as u32 + 1 };
            let entry = scores.entry(*id).or_default();
            if entry.1.contains_key(arm) {
                continue;
            }
            entry.0 += weight / (settings.rrf_k + rank as f32);
            entry.1.insert(arm, (rank, *score));
        }
    }
    let mut spans: Vec<Ranked> = scores
        .into_iter()
        .filter(|(id, _)| filter.is_open() || filter.allows(*id, snapshot))
        .filter_map(|(id, (score, places))| {
            let (file, ordinal) = snapshot.resolve(id)?;
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

/// Best first; equals by path and place, so that the order is always the same.
fn order(a: &Ranked, b: &Ranked) -> std::cmp::Ordering {
    b.score
        .total_cmp(&a.score)
        .then_with(|| a.file.path.cmp(&b.file.path))
        .then_with(|| a.ordinal.cmp(&b.ordinal))
}

/// A file with many found spans is about the question: its best span gains.
fn cohere(spans: &mut [Ranked], settings: &RankSettings) {
    let mut files: HashMap<u32, (f32, usize)> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        let entry = files.entry(span.file.version).or_insert((0.0, at));
        entry.0 += span.score;
    }
    let best_span = spans.first().map_or(0.0, |span| span.score);
    let best_file = files
        .values()
        .map(|(sum, _)| *sum)
        .fold(f32::MIN_POSITIVE, f32::max);
    for (sum, at) in files.into_values() {
        let score = spans[at].score + settings.coherence * best_span * sum / best_file;
        spans[at].step("coherence", score, || {
            format!("file {:.0} % of the best", 100.0 * sum / best_file)
        });
    }
}

/// A span that defines a name of the query gains, by how sure the definition is meant.
fn boost_definition(span: &mut Ranked, query: &Query, settings: &RankSettings, best: f32) {
    let base = match query.route {
        Route::Symbol => settings.definition,
        Route::Mixed => settings.definition_in_sentence,
        Route::Natural | Route::Path => return,
    };
    let mut top: Option<(f32, usize, &Name)> = None;
    for name in &query.names {
        for (at, definition) in span.definitions().iter().enumerate() {
            let Some(factor) = definition_factor(span, definition, name, settings) else {
                continue;
            };
            if top.is_none_or(|(known, _, _)| factor > known) {
                top = Some((factor, at, name));
            }
        }
    }
    let Some((factor, at, name)) = top else { return };
    span.definition = Some(at);
    let definition = &span.definitions()[at];
    let kind = definition.kind().name();
    span.why.insert(0, format!("defines {kind} {}", name.name));
    let score = span.score + base * factor * best;
    span.step("definition", score, || {
        format!("{kind} {} ×{factor:.2}", name.name)
    });
}

fn definition_factor(
    span: &Ranked,
    definition: &Definition,
    name: &Name,
    settings: &RankSettings,
) -> Option<f32> {
    let outline = &span.file.outline;
    let own = outline.name(definition);
    let mut factor = if own == name.name {
        1.0
    } else if own.eq_ignore_ascii_case(&name.name) || own.to_lowercase() == name.name.to_lowercase() {
        settings.other_case
    } else {
        return None;
    };
    if let Some(container) = &name.container {
        let is_inside = outline
            .container(definition)
            .split(" > ")
            .any(|part| part == container)
            || path_class::stem(&span.file.path) == container;
        if !is_inside {
            factor *= settings.other_container;
        }
    }
    if is_minor(definition.kind()) {
        factor *= settings.minor_kind;
    }
    if is_named_after(&span.file.path, &name.name) {
        factor *= settings.stem_is_name;
    }
    Some(factor)
}

/// Kinds that hold or label rather than do.
fn is_minor(kind: SymbolKind) -> bool {
    use SymbolKind::{Field, Heading, Key, Variable};
    matches!(kind, Field | Heading | Key | Variable)
}

/// Whether a file is named after a symbol, whatever the spelling: `token_bucket.rs` and `TokenBucket`.
fn is_named_after(path: &str, name: &str) -> bool {
    let fold = |text: &str| {
        text.to_lowercase()
            .replace(['_', '-'], "")
            .trim_end_matches('s')
            .to_owned()
    };
    fold(path_class::stem(path)) == fold(name)
}

/// Words of the question in the file's name and in defined names count, in proportion.
fn boost_words(span: &mut Ranked, query: &Query, settings: &RankSettings, best: f32) {
    if query.route == Route::Symbol || query.words.is_empty() {
        return;
    }
    let mut folders = span.file.path.rsplit('/');
    let name = folders
        .next()
        .map(|_| path_class::stem(&span.file.path))
        .unwrap_or_default();
    let mut path_parts = words::parts(name);
    path_parts.extend(folders.next().map(words::parts).unwrap_or_default());
    let share = coverage(&query.words, &path_parts);
    if share >= 0.1 {
        let score = span.score + settings.path_words * share * best;
        span.why.push("path".to_owned());
        span.step("path_words", score, || {
            format!("{:.0} % of the words", 100.0 * share)
        });
    }
    let mut top: Option<(f32, usize)> = None;
    for (at, definition) in span.definitions().iter().enumerate() {
        if is_minor(definition.kind()) {
            continue;
        }
        let parts = words::parts(span.file.outline.name(definition));
        let share = coverage(&query.words, &parts) * precision(&query.words, &parts);
        if share > 0.0 && top.is_none_or(|(known, _)| share > known) {
            top = Some((share, at));
        }
    }
    if let Some((share, at)) = top {
        let name = span.file.outline.name(&span.definitions()[at]).to_owned();
        if span.definition.is_none() && share >= 0.2 {
            span.definition = Some(at);
        }
        if share >= 0.2 {
            span.why.push(format!("name {name}"));
        }
        let score = span.score + settings.symbol_words * share * best;
        span.step("symbol_words", score, || {
            format!("{name}: {:.0} %", 100.0 * share)
        });
    }
}

/// The share of the query's words that are among `parts`.
fn coverage(query: &[String], parts: &[String]) -> f32 {
    let fit = |word: &String| {
        parts
            .iter()
            .map(|part| words::fit(word, part))
            .fold(0.0, f32::max)
    };
    query.iter().map(fit).sum::<f32>() / query.len() as f32
}

/// The share of `parts` that the query's words account for.
fn precision(query: &[String], parts: &[String]) -> f32 {
    if parts.is_empty() {
        return 0.0;
    }
    let fit = |part: &String| {
        query
            .iter()
            .map(|word| words::fit(word, part))
            .fold(0.0, f32::max)
    };
    parts.iter().map(fit).sum::<f32>() / parts.len() as f32
}

/// Takes spans best first; each further span of a file counts less.
fn saturate(mut spans: Vec<Ranked>, settings: &RankSettings, limit: usize) -> Vec<Ranked> {
    spans.sort_by(order);
    let mut taken: HashMap<u32, i32> = HashMap::new();
    for span in &mut spans {
        let before = taken.entry(span.file.version).or_insert(0);
        if *before > 0 {
            let factor = settings.saturation.powi(*before);
            let score = span.score * factor;
            let nth = *before + 1;
            span.step("saturation", score, || {
                format!("span {nth} of its file ×{factor:.3}")
            });
        }
        *before += 1;
    }
    spans.sort_by(order);
    spans.truncate(limit);
    spans
}
