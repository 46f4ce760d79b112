//! From arms to an order: what the arms say is fused, then rules add to it and take from it. Every step can be shown.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use aiex_chunk::SymbolKind;
use tracing::trace_span;

use super::arms::Arms;
use super::boost;
use super::filter::Filter;
use super::fuse::fuse;
use super::lead::{Texts, lead, word_for_word};
use super::penalty::Penalties;
use super::query::{Query, Route};
use super::request::{Change, Explanation, Step};
use super::settings::RankSettings;
use super::verbatim::Verbatim;
use crate::error::SearchError;
use crate::snapshot::{Definition, FileEntry, Outline, Snapshot, chunk_id};

/// A span in the running.
pub(crate) struct Ranked {
    pub(crate) file: Arc<FileEntry>,
    pub(crate) outline: Arc<Outline>,
    pub(crate) ordinal: usize,
    pub(crate) score: f32,
    /// How much of it is what its file is worth.
    pub(crate) of_file: f32,
    /// What roles that the query does not ask for put on it.
    pub(crate) unwanted: f32,
    /// The definition in the span that the query is about, by its place among the span's.
    pub(crate) definition: Option<usize>,
    pub(crate) why: Vec<Cow<'static, str>>,
    /// Only when asked for: there are hundreds of spans to a query.
    pub(crate) explanation: Option<Box<Explanation>>,
}

impl Ranked {
    fn id(&self) -> u64 {
        chunk_id(self.file.version, self.ordinal)
    }

    pub(crate) fn definitions(&self) -> &[Definition] {
        self.outline.definitions(&self.outline.spans[self.ordinal])
    }

    /// Changes the score, and tells it to the explanation.
    pub(crate) fn step(&mut self, rule: &'static str, change: Change, detail: impl FnOnce() -> String) {
        self.score = change.of(self.score);
        if let Some(explanation) = &mut self.explanation {
            explanation.steps.push(Step {
                rule,
                detail: detail(),
                change,
                score: self.score,
            });
        }
    }
}

/// What is wanted of the list.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    /// Whether each span tells how it came to its score.
    pub(crate) explains: bool,
    /// Spans at most.
    pub(crate) limit: usize,
}

/// Orders what the arms found.
pub(crate) fn rank(
    query: &Query,
    arms: &Arms,
    snapshot: &Snapshot,
    settings: &RankSettings,
    filter: &Filter,
    texts: &Texts<'_>,
    Listing { explains, limit }: Listing,
) -> Result<Vec<Ranked>, SearchError> {
    let mut penalties = Penalties::new(snapshot, query, arms, settings);
    let mut spans = trace_span!("fuse")
        .in_scope(|| fuse(query, arms, snapshot, settings, filter, &mut penalties, explains));
    if spans.is_empty() {
        return Ok(spans);
    }
    cohere(&mut spans, settings);
    let best = spans
        .iter()
        .map(|span| span.score)
        .fold(f32::MIN_POSITIVE, f32::max);
    let standout = standout(arms, snapshot, settings);
    let mut words = boost::Words::new(query, arms, settings);
    let mut reaches = Vec::with_capacity(spans.len());
    for span in &mut spans {
        boost::definition(span, query, arms, settings, best);
        boost::named_file(span, query, settings, best);
        words.path(span, best);
        let stands_out = standout == Some((span.file.version, span.ordinal));
        let factors = penalties.factors(&span.file, stands_out);
        let (mut factor, mut unwanted) = (factors.whole, factors.unwanted);
        let may_be_test = query.route != Route::Path && !query.wants_tests && !factors.is_test;
        let is_inner_test = may_be_test && is_in_tests(span);
        if is_inner_test {
            factor *= settings.test;
            unwanted *= settings.test;
        }
        span.unwanted = unwanted;
        let is_partial = arms
            .holding
            .as_ref()
            .is_some_and(|holding| !holding.contains(&span.id()));
        if is_partial {
            factor *= settings.partial_name;
        }
        reaches.push(Reach {
            stands_out,
            is_inner_test,
            is_partial,
            factor,
        });
    }
    let verbatim = Verbatim::new(query).filter(|_| settings.verbatim != 0.0);
    let most = match verbatim {
        Some(_) => f32::INFINITY,
        None => words.most_of_symbol(best),
    };
    let spans = within_reach(spans, reaches, most, limit);
    let spans = spans.into_iter().map(|(mut span, reach)| {
        words.symbol(&mut span, best);
        if reach.stands_out {
            span.why.push("rare words".into());
            span.step("standout", Change::Add(settings.standout * best), || {
                "far ahead in full text".to_owned()
            });
        }
        if reach.factor != 1.0 {
            let file = span.file.clone();
            span.of_file *= reach.factor;
            span.step("penalty", Change::Times(reach.factor), || {
                let mut named = penalties.names(&file, reach.stands_out);
                if reach.is_inner_test {
                    named.push("test");
                }
                if reach.is_partial {
                    named.push("part of the name");
                }
                format!("{} ×{:.3}", named.join(", "), reach.factor)
            });
        }
        span
    });
    let mut spans: Vec<Ranked> = spans.collect();
    if let Some(verbatim) = &verbatim {
        word_for_word(&mut spans, verbatim, settings, texts)?;
    }
    lead(&mut spans, settings, limit);
    Ok(saturate(spans, settings, limit))
}

/// What is still to be done to a span's score.
struct Reach {
    stands_out: bool,
    /// In a module of tests within a file of other code.
    is_inner_test: bool,
    /// It has parts of a name that stands whole elsewhere.
    is_partial: bool,
    factor: f32,
}

/// The spans that can be among the first `limit` when none gains more than `most` before its factor. Looking for words in
/// names is what costs most, and most spans are far from the first. Nothing is lost: each of `limit` files has a span that
/// ends at or above the bar, whatever saturation does to the others.
fn within_reach(spans: Vec<Ranked>, reaches: Vec<Reach>, most: f32, limit: usize) -> Vec<(Ranked, Reach)> {
    let mut of_files: HashMap<u32, f32> = HashMap::new();
    for (span, reach) in spans.iter().zip(&reaches) {
        let score = span.score * reach.factor;
        let best = of_files.entry(span.file.version).or_insert(score);
        *best = best.max(score);
    }
    let mut least: Vec<f32> = of_files.into_values().collect();
    least.sort_by(|a, b| b.total_cmp(a));
    let bar = least.get(limit.saturating_sub(1)).copied();
    let spans = spans.into_iter().zip(reaches);
    spans
        .filter(|(span, reach)| {
            // Who stands out gains otherwise, and is only one.
            reach.stands_out || bar.is_none_or(|bar| (span.score + most) * reach.factor >= bar)
        })
        .collect()
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

/// Whether a span lies in a module of tests within a file of other code, as Rust has them, or is one.
fn is_in_tests(span: &Ranked) -> bool {
    let outline = &span.outline;
    let chunk = &outline.spans[span.ordinal];
    let is_named = |name: &str| matches!(name, "tests" | "test");
    let first = outline.definitions(chunk).first();
    let begins =
        first.is_some_and(|first| first.kind() == SymbolKind::Module && is_named(outline.name(first)));
    begins || outline.breadcrumb(chunk).split(" > ").any(is_named)
}

/// Best first; equals by path and place, so that the order is always the same.
pub(crate) fn order(a: &Ranked, b: &Ranked) -> std::cmp::Ordering {
    b.score
        .total_cmp(&a.score)
        .then_with(|| a.file.path.cmp(&b.file.path))
        .then_with(|| a.ordinal.cmp(&b.ordinal))
}

/// A file with many found spans is about the question: its best span gains. Spans must be in order.
fn cohere(spans: &mut [Ranked], settings: &RankSettings) {
    struct Sum {
        score: f32,
        next: f32,
        best: usize,
    }
    let mut files: HashMap<u32, Sum> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        let sum = files.entry(span.file.version).or_insert(Sum {
            score: 0.0,
            next: 1.0,
            best: at,
        });
        sum.score += sum.next * span.score;
        sum.next *= settings.file_decay;
    }
    let best_span = spans.first().map_or(0.0, |span| span.score);
    let best_file = files
        .values()
        .map(|sum| sum.score)
        .fold(f32::MIN_POSITIVE, f32::max);
    for sum in files.into_values() {
        let share = sum.score / best_file;
        let more = settings.coherence * best_span * share;
        spans[sum.best].of_file = more;
        spans[sum.best].step("coherence", Change::Add(more), || {
            format!("file {:.0} % of the best", 100.0 * share)
        });
    }
}

/// Takes spans best first; each further span of a file counts less.
fn saturate(mut spans: Vec<Ranked>, settings: &RankSettings, limit: usize) -> Vec<Ranked> {
    spans.sort_by(order);
    let mut taken: HashMap<u32, i32> = HashMap::new();
    for span in &mut spans {
        let before = taken.entry(span.file.version).or_insert(0);
        if *before > 0 {
            let factor = settings.saturation.powi(*before);
            let nth = *before + 1;
            span.step("saturation", Change::Times(factor), || {
                format!("span {nth} of its file ×{factor:.3}")
            });
        }
        *before += 1;
    }
    spans.sort_by(order);
    spans.truncate(limit);
    spans
}
