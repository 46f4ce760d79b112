//! What a span gains by defining what is asked for, or by being named after it.

use aiex_chunk::SymbolKind;

use super::arms::Arms;
use super::path_class;
use super::query::{Name, Query, Route};
use super::rank::Ranked;
use super::settings::RankSettings;
use super::words;
use crate::snapshot::Definition;

/// A span that defines a name of the query gains, by how sure the definition is meant.
pub(crate) fn definition(span: &mut Ranked, query: &Query, arms: &Arms, settings: &RankSettings, best: f32) {
    let base = match query.route {
        Route::Symbol => settings.definition,
        Route::Mixed => settings.definition_in_sentence,
        Route::Natural | Route::Path => return,
    };
    let mut top: Option<(f32, usize, &Name)> = None;
    for (name, definers) in query.names.iter().zip(&arms.definers) {
        let mut trust = (*definers as f32).max(1.0).powf(-settings.common_name);
        if !name.is_sure && query.route == Route::Mixed {
            trust *= settings.weak_name;
        }
        for (at, definition) in span.definitions().iter().enumerate() {
            let Some(factor) = factor(span, definition, name, settings) else {
                continue;
            };
            let factor = trust * factor;
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

fn factor(span: &Ranked, definition: &Definition, name: &Name, settings: &RankSettings) -> Option<f32> {
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

/// Words of the question in the file's name and in defined names count, by how rare they are.
pub(crate) fn words(span: &mut Ranked, query: &Query, arms: &Arms, settings: &RankSettings, best: f32) {
    if query.route == Route::Symbol || query.stems.is_empty() {
        return;
    }
    path_words(span, query, arms, settings, best);
    symbol_words(span, query, arms, settings, best);
}

fn path_words(span: &mut Ranked, query: &Query, arms: &Arms, settings: &RankSettings, best: f32) {
    let path = &span.file.path;
    let own = words::stems(path_class::stem(path));
    let folder = path.rsplit('/').nth(1).map(words::stems).unwrap_or_default();
    let (mut held, mut all) = (0.0, 0.0);
    for (stem, rarity) in query.stems.iter().zip(&arms.rarity) {
        let of = |parts: &[String]| {
            parts
                .iter()
                .map(|part| words::fit(stem, part))
                .fold(0.0, f32::max)
        };
        let fit = of(&own).max(settings.folder_words * of(&folder));
        held += fit * rarity.path.min(rarity.text);
        all += rarity.text;
    }
    let share = held / f32::max(all, f32::MIN_POSITIVE);
    if share < 0.02 {
        return;
    }
    let score = span.score + settings.path_words * share * best;
    span.why.push("path".to_owned());
    span.step("path_words", score, || {
        format!("{:.0} % of the words", 100.0 * share)
    });
}

fn symbol_words(span: &mut Ranked, query: &Query, arms: &Arms, settings: &RankSettings, best: f32) {
    let all: f32 = arms.rarity.iter().map(|rarity| rarity.text).sum();
    let mut top: Option<(f32, usize)> = None;
    for (at, definition) in span.definitions().iter().enumerate() {
        if is_minor(definition.kind()) {
            continue;
        }
        let parts = words::stems(span.file.outline.name(definition));
        let mut held = 0.0;
        for (stem, rarity) in query.stems.iter().zip(&arms.rarity) {
            let fit = parts
                .iter()
                .map(|part| words::fit(stem, part))
                .fold(0.0, f32::max);
            held += fit * rarity.text;
        }
        if held == 0.0 {
            continue;
        }
        let fits = |part: &String| {
            query
                .stems
                .iter()
                .map(|stem| words::fit(stem, part))
                .fold(0.0, f32::max)
        };
        let precision = parts.iter().map(fits).sum::<f32>() / parts.len() as f32;
        let share = held / all.max(f32::MIN_POSITIVE) * precision.powf(settings.symbol_precision);
        if top.is_none_or(|(known, _)| share > known) {
            top = Some((share, at));
        }
    }
    let Some((share, at)) = top else { return };
    let name = span.file.outline.name(&span.definitions()[at]).to_owned();
    if share >= 0.2 {
        span.why.push(format!("name {name}"));
        span.definition.get_or_insert(at);
    }
    let score = span.score + settings.symbol_words * share * best;
    span.step("symbol_words", score, || {
        format!("{name}: {:.0} %", 100.0 * share)
    });
}
