//! What a span gains by defining what is asked for, or by being named after it.

use std::collections::HashMap;

use aiex_chunk::SymbolKind;

use super::arms::Arms;
use super::query::{Name, Query, Route};
use super::rank::Ranked;
use super::request::Change;
use super::settings::RankSettings;
use super::words;
use crate::snapshot::{Definition, FileEntry};

/// A span that defines a name of the query gains, by how sure the definition is meant.
pub(crate) fn definition(span: &mut Ranked, query: &Query, arms: &Arms, settings: &RankSettings, best: f32) {
    let base = match query.route {
        Route::Symbol => settings.definition,
        Route::Mixed => settings.definition_in_sentence,
        Route::Natural | Route::Path => return,
    };
    let mut top: Option<(f32, usize, &Name)> = None;
    for (name, definers) in query.names.iter().zip(&arms.definers) {
        let trust = (*definers as f32).max(1.0).powf(-settings.common_name);
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
    span.why.insert(0, format!("defines {kind} {}", name.name).into());
    span.step("definition", Change::Add(base * factor * best), || {
        format!("{kind} {} ×{factor:.2}", name.name)
    });
}

/// A file that is named as the query asks gains, whatever it defines.
pub(crate) fn named_file(span: &mut Ranked, query: &Query, settings: &RankSettings, best: f32) {
    let [name] = query.names.as_slice() else { return };
    if query.route == Route::Path || query.words.len() > 4 || !is_named_after(&span.file, &name.name) {
        return;
    }
    span.step("named_file", Change::Add(settings.named_file * best), || {
        format!("named after {}", name.name)
    });
}

fn factor(span: &Ranked, definition: &Definition, name: &Name, settings: &RankSettings) -> Option<f32> {
    let outline = &span.outline;
    let own = outline.name(definition);
    let is_own = own == name.name || own.trim_start_matches(['$', '_']) == name.name;
    let mut factor = if is_own {
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
            || span.file.stem() == container;
        if !is_inside {
            factor *= settings.other_container;
        }
    }
    if is_minor(definition.kind()) {
        factor *= settings.minor_kind;
    }
    if name.container.is_none() && definition.kind() == SymbolKind::Method {
        factor *= settings.nested;
    }
    if is_named_after(&span.file, &name.name) {
        factor *= settings.stem_is_name;
    }
    Some(factor)
}

/// Kinds that hold or label rather than do.
fn is_minor(kind: SymbolKind) -> bool {
    use SymbolKind::{Field, Heading, Key, Variable, Variant};
    matches!(kind, Field | Heading | Key | Variable | Variant)
}

/// Whether a file is named after a symbol, whatever the spelling: `token_bucket.rs` and `TokenBucket`.
fn is_named_after(file: &FileEntry, name: &str) -> bool {
    let fold = |text: &str| {
        text.to_lowercase()
            .replace(['_', '-'], "")
            .trim_end_matches('s')
            .to_owned()
    };
    fold(file.stem()) == fold(name)
}

/// Words of the question in the file's name and in defined names count, by how rare they are.
pub(crate) struct Words<'a> {
    query: &'a Query,
    arms: &'a Arms,
    settings: &'a RankSettings,
    /// What all words of the query tell together.
    all: f32,
    /// The share that a file's path holds, worked out once a file.
    paths: HashMap<u32, f32>,
    gate: words::Gate,
}

impl<'a> Words<'a> {
    pub(crate) fn new(query: &'a Query, arms: &'a Arms, settings: &'a RankSettings) -> Self {
        let all: f32 = arms.rarity.iter().map(|rarity| rarity.text).sum();
        Self {
            query,
            arms,
            settings,
            all: all.max(f32::MIN_POSITIVE),
            paths: HashMap::new(),
            gate: words::Gate::new(&query.stems),
        }
    }

    /// What the words in a file's path give.
    pub(crate) fn path(&mut self, span: &mut Ranked, best: f32) {
        if self.counts_for_nothing() {
            return;
        }
        let share = match self.paths.get(&span.file.version) {
            Some(share) => *share,
            None => {
                let share = self.share_of_path(&span.file);
                self.paths.insert(span.file.version, share);
                share
            }
        };
        if share <= 0.0 {
            return;
        }
        let more = self.settings.path_words * share * best;
        span.why.push("path".into());
        span.step("path_words", Change::Add(more), || {
            format!("{:.0} % of the words", 100.0 * share)
        });
    }

    fn counts_for_nothing(&self) -> bool {
        self.query.route == Route::Symbol || self.query.stems.is_empty()
    }

    fn share_of_path(&self, file: &FileEntry) -> f32 {
        let (name, folder) = (file.stem(), file.path.rsplit('/').nth(1).unwrap_or_default());
        if !self.gate.may_fit(name) && !self.gate.may_fit(folder) {
            return 0.0;
        }
        let abbreviation = self.settings.abbreviation;
        let own = words::stems(name);
        let folder = words::stems(folder);
        let mut held = 0.0;
        for (stem, rarity) in self.query.stems.iter().zip(&self.arms.rarity) {
            let fit = best_fit(stem, &own, abbreviation)
                .max(self.settings.folder_words * best_fit(stem, &folder, abbreviation));
            held += fit * rarity.path.min(rarity.text);
        }
        held / self.all
    }

    /// The most that [`symbol`](Self::symbol) gives to any span; without bound when it may take.
    pub(crate) fn most_of_symbol(&self, best: f32) -> f32 {
        if self.counts_for_nothing() {
            0.0
        } else if self.settings.symbol_words < 0.0 {
            f32::INFINITY
        } else {
            // A share is at most one, but for how it is rounded.
            1.001 * self.settings.symbol_words * best
        }
    }

    /// What the words in the names that a span defines give.
    pub(crate) fn symbol(&self, span: &mut Ranked, best: f32) {
        if self.counts_for_nothing() {
            return;
        }
        let mut top: Option<(f32, usize)> = None;
        for (at, definition) in span.definitions().iter().enumerate() {
            let name = span.outline.name(definition);
            if is_minor(definition.kind()) || !self.gate.may_fit(name) {
                continue;
            }
            let share = self.share_of_name(name);
            if share > 0.0 && top.is_none_or(|(known, _)| share > known) {
                top = Some((share, at));
            }
        }
        let Some((share, at)) = top else { return };
        let name = span.outline.name(&span.definitions()[at]).to_owned();
        if share >= 0.2 {
            span.why.push(format!("name {name}").into());
            span.definition.get_or_insert(at);
        }
        let more = self.settings.symbol_words * share * best;
        span.step("symbol_words", Change::Add(more), || {
            format!("{name}: {:.0} %", 100.0 * share)
        });
    }

    fn share_of_name(&self, name: &str) -> f32 {
        let all = words::parts(name);
        // The others fit nothing.
        let parts: Vec<String> = all
            .iter()
            .filter(|part| self.gate.may_fit(part))
            .map(|part| aiex_lexical::stem(part))
            .collect();
        let mut held = 0.0;
        for (stem, rarity) in self.query.stems.iter().zip(&self.arms.rarity) {
            held += best_fit(stem, &parts, self.settings.abbreviation) * rarity.text;
        }
        if held == 0.0 {
            return 0.0;
        }
        let precision = parts
            .iter()
            .map(|part| best_fit(part, &self.query.stems, self.settings.abbreviation))
            .sum::<f32>()
            / all.len() as f32;
        held / self.all * precision.powf(self.settings.symbol_precision)
    }
}

fn best_fit(stem: &str, others: &[String], abbreviation: f32) -> f32 {
    others
        .iter()
        .map(|other| words::fit(stem, other, abbreviation))
        .fold(0.0, f32::max)
}
