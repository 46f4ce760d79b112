//! Which span of a file stands for it. What a file is worth went to the span that the arms liked best; rules, the other spans
//! of the same definition, and what the query has word for word may speak for another one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::rank::Ranked;
use super::request::Change;
use super::settings::RankSettings;
use super::verbatim::Verbatim;
use crate::error::SearchError;
use crate::snapshot::FileEntry;

/// Gives the text of a file; none when it is lost.
pub(crate) type Texts<'a> = dyn Fn(&FileEntry) -> Result<Option<Arc<str>>, SearchError> + 'a;

/// Adds to spans of the best files what they have of the query word for word.
pub(crate) fn word_for_word(
    spans: &mut [Ranked],
    verbatim: &Verbatim<'_>,
    settings: &RankSettings,
    texts: &Texts<'_>,
) -> Result<(), SearchError> {
    let files = best_files(spans, RankSettings::limit(settings.verbatim_files));
    let best = spans
        .iter()
        .map(|span| span.score)
        .fold(f32::MIN_POSITIVE, f32::max);
    let mut known: HashMap<u32, Option<Arc<str>>> = HashMap::new();
    for span in spans.iter_mut().filter(|span| files.contains(&span.file.version)) {
        let text = match known.get(&span.file.version) {
            Some(text) => text.clone(),
            None => {
                let text = texts(&span.file)?;
                known.insert(span.file.version, text.clone());
                text
            }
        };
        let place = &span.outline.spans[span.ordinal];
        let body = text
            .as_deref()
            .and_then(|text| text.get(place.start as usize..place.end as usize));
        if let Some((run, share)) = body.and_then(|body| verbatim.longest_run(body)) {
            span.why.push("word for word".into());
            let more = settings.verbatim * share * best * span.unwanted;
            span.step("verbatim", Change::Add(more), || {
                format!("{run} tokens in a row, {:.0} %", 100.0 * share)
            });
        }
    }
    Ok(())
}

/// Puts that span of each of the best files in its file's first place which its own score and the other spans of its definition
/// speak for. Nothing changes between files.
pub(crate) fn lead(spans: &mut [Ranked], settings: &RankSettings, limit: usize) {
    let files = best_files(spans, limit);
    let mut of_files: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        if files.contains(&span.file.version) {
            of_files.entry(span.file.version).or_default().push(at);
        }
    }
    for places in of_files.into_values().filter(|places| places.len() > 1) {
        let Some((first, favourite)) = first_and_favourite(spans, &places, settings) else {
            continue;
        };
        let more = spans[first].score - spans[favourite].score;
        if more > 0.0 {
            spans[first].step("lead", Change::Add(-more), || {
                "another span of its file is nearer".to_owned()
            });
            spans[favourite].step("lead", Change::Add(more), || "the nearest of its file".to_owned());
        }
    }
}

/// The span of a file with the highest score, and the one that all but what the file is worth speaks for.
fn first_and_favourite(
    spans: &[Ranked],
    places: &[usize],
    settings: &RankSettings,
) -> Option<(usize, usize)> {
    let own = |at: usize| spans[at].score - spans[at].of_file;
    let definitions: Vec<String> = places.iter().map(|at| definition(&spans[*at])).collect();
    let support = |place: usize| {
        let others = places.iter().zip(&definitions).enumerate();
        let mut others: Vec<f32> = others
            .filter(|(other, (_, name))| *other != place && **name == definitions[place])
            .map(|(_, (at, _))| own(*at))
            .collect();
        others.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut next = settings.same_definition;
        let mut sum = own(places[place]);
        for score in others {
            sum += next * score;
            next *= settings.file_decay;
        }
        sum
    };
    let by = |a: f32, b: f32, at: usize, other: usize| {
        a.total_cmp(&b).then(spans[other].ordinal.cmp(&spans[at].ordinal))
    };
    let first = places
        .iter()
        .copied()
        .max_by(|a, b| by(spans[*a].score, spans[*b].score, *a, *b))?;
    let supports: Vec<f32> = (0..places.len()).map(support).collect();
    let favourite =
        (0..places.len()).max_by(|a, b| by(supports[*a], supports[*b], places[*a], places[*b]))?;
    Some((first, places[favourite]))
}

/// What a span is a part of: the largest definition in it, or the one that it lies in.
fn definition(span: &Ranked) -> String {
    let largest = span
        .definitions()
        .iter()
        .max_by_key(|definition| definition.item_bytes);
    match largest {
        Some(largest) => span.outline.qualified(largest),
        None => span
            .outline
            .breadcrumb(&span.outline.spans[span.ordinal])
            .to_owned(),
    }
}

/// The versions of the first files by their best spans.
fn best_files(spans: &[Ranked], limit: usize) -> HashSet<u32> {
    let mut best: HashMap<u32, f32> = HashMap::new();
    for span in spans {
        let score = best.entry(span.file.version).or_insert(span.score);
        *score = score.max(span.score);
    }
    let mut files: Vec<(u32, f32)> = best.into_iter().collect();
    files.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    files
        .into_iter()
        .take(limit)
        .map(|(version, _)| version)
        .collect()
}
