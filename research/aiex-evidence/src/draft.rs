//! From a model's prose to sentences with citations.
//!
//! A model is asked to write plain Markdown and to cite quotes by id: `[S3.2]`. What it writes instead is taken as well:
//! lists and ranges of ids, round and lenticular brackets, glued and nested ones, ids as the text of a link. Ids that the
//! run does not have are removed and counted. So are links and images, of which only the text stays, HTML, and lists of
//! sources: where a source lies is the catalogue's business.

mod blocks;
mod cites;
mod scan;

use crate::fold::is_invisible;
use crate::report::Removed;
use crate::words::stems;
use crate::{Evidence, Paragraph, QuoteId, Section, Sentence, Verdict, sentences};

use blocks::Block;
use cites::Cite;
use scan::{Addresses, Scanned};

/// Prose in sections, and what was taken out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The sections. Prose before the first heading has an empty heading.
    pub sections: Vec<Section>,
    /// What was taken out.
    pub removed: Removed,
}

/// Reads a model's prose. Every sentence is [`Verdict::Unchecked`] until [`crate::check`] has seen it.
pub fn parse(prose: &str, evidence: Evidence<'_>) -> Draft {
    let clean = clean(prose);
    let mut draft = Draft::default();
    let (blocks, cut) = blocks::without_source_lists(blocks::blocks(&clean));
    draft.removed.sections += cut;
    let mut section = Section {
        heading: String::new(),
        paragraphs: Vec::new(),
    };
    for block in blocks {
        match block {
            Block::Heading { text, .. } => {
                let scanned = scan::scan(&text, evidence, Addresses::Drop);
                draft.removed.add(scanned.removed);
                let heading = scanned
                    .text
                    .trim()
                    .trim_matches(['*', '_', '#', ':'])
                    .trim()
                    .to_owned();
                let finished = std::mem::replace(
                    &mut section,
                    Section {
                        heading,
                        paragraphs: Vec::new(),
                    },
                );
                keep(finished, &mut draft.sections);
            }
            Block::Prose { text, item } => {
                let mut sentences: Vec<Sentence> = Vec::new();
                for sentence in read(&text, evidence, &mut draft.removed) {
                    // A model that goes round in circles says the same again.
                    let is_same = |said: &Sentence| said.text == sentence.text;
                    if !section.sentences().any(is_same) && !sentences.iter().any(is_same) {
                        sentences.push(sentence);
                    }
                }
                if !sentences.is_empty() {
                    section.paragraphs.push(Paragraph { sentences, item });
                }
            }
            Block::Code { text, .. } if text.trim().is_empty() => {}
            Block::Code { language, text } => {
                // Code rests on what the sentence before it rests on.
                let cites = section
                    .sentences()
                    .last()
                    .map(|before| before.cites.clone())
                    .unwrap_or_default();
                let fenced = format!("```{language}\n{text}\n```");
                let sentence = Sentence {
                    text: fenced,
                    cites,
                    verdict: Some(Verdict::Unchecked),
                    reason: None,
                    judged: false,
                };
                section.paragraphs.push(Paragraph {
                    sentences: vec![sentence],
                    item: false,
                });
            }
        }
    }
    keep(section, &mut draft.sections);
    draft
}

/// A text without Markdown links, HTML and footnote marks, for showing a quote as a sentence. Addresses that are text
/// stay.
pub fn plain(text: &str) -> String {
    let nothing = crate::Catalogue::new();
    let evidence = Evidence {
        sources: &nothing,
        quotes: &[],
    };
    let joined = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    scan::scan(&joined, evidence, Addresses::Keep)
        .text
        .trim()
        .to_owned()
}

/// A sentence that is a block of code: its language and text.
pub(crate) fn fenced(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("```")?.strip_suffix("```")?;
    let (language, code) = inside.split_once('\n')?;
    Some((language, code.strip_suffix('\n').unwrap_or(code)))
}

fn keep(section: Section, sections: &mut Vec<Section>) {
    if !section.paragraphs.is_empty() || !section.heading.is_empty() {
        sections.push(section);
    }
}

/// Text without characters that are not seen and without those that this module uses for itself.
fn clean(prose: &str) -> String {
    let shown = |c: &char| !is_invisible(*c) && !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    prose
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(shown)
        .collect()
}

/// The sentences of a paragraph with what each cites.
fn read(text: &str, evidence: Evidence<'_>, removed: &mut Removed) -> Vec<Sentence> {
    let Scanned {
        text,
        cites,
        removed: taken_out,
    } = scan::scan(text, evidence, Addresses::Drop);
    removed.add(taken_out);
    let ranges = sentences::split(&text);
    if ranges.is_empty() {
        removed.citations += u32::try_from(cites.len()).unwrap_or(u32::MAX);
        return Vec::new();
    }
    // "[S1.1] says so. [S2.1] says no." cites before, everything else behind.
    let first = ranges.first().map_or(0, |range| range.start);
    let last = ranges.last().map_or(0, |range| range.end);
    let before = cites.first().is_some_and(|(at, _)| *at <= first)
        && cites.last().is_some_and(|(at, _)| *at < last.saturating_sub(1));
    let mut cited: Vec<Vec<Cite>> = vec![Vec::new(); ranges.len()];
    for (at, cite) in cites {
        let next = ranges.iter().position(|range| at <= range.start);
        let inside = ranges
            .iter()
            .position(|range| range.start < at && at <= range.end);
        let place = match (inside, next) {
            (Some(inside), _) => inside,
            (None, Some(next)) if before || next == 0 => next,
            (None, Some(next)) => next - 1,
            (None, None) => ranges.len() - 1,
        };
        if let Some(list) = cited.get_mut(place) {
            list.push(cite);
        }
    }
    let mut found = Vec::new();
    for (range, cites) in ranges.into_iter().zip(cited) {
        let text = text.get(range).unwrap_or_default().to_owned();
        let cites = resolved(&text, cites, evidence, removed);
        if !text.chars().any(char::is_alphanumeric) {
            // What is left of a line of citations belongs to the sentence before.
            if let Some(Sentence { cites: earlier, .. }) = found.last_mut() {
                extend(earlier, cites);
            }
            continue;
        }
        found.push(Sentence {
            text,
            cites,
            verdict: Some(Verdict::Unchecked),
            reason: None,
            judged: false,
        });
    }
    found
}

/// The quotes that citations mean. A source cited whole means those of its quotes that share most words with the
/// sentence, at most two.
fn resolved(text: &str, cites: Vec<Cite>, evidence: Evidence<'_>, removed: &mut Removed) -> Vec<QuoteId> {
    let mut ids = Vec::new();
    for cite in cites {
        match cite {
            Cite::Quote(id) if evidence.quote(id).is_some() => extend(&mut ids, vec![id]),
            Cite::Quote(_) => removed.citations += 1,
            Cite::Source(source) => {
                let said = stems(text);
                let mut quotes: Vec<(usize, QuoteId)> = evidence
                    .quotes_of(source)
                    .map(|quote| (stems(&quote.text).intersection(&said).count(), quote.id))
                    .collect();
                quotes.sort_by_key(|(shared, id)| (std::cmp::Reverse(*shared), *id));
                if quotes.is_empty() {
                    removed.citations += 1;
                }
                let best = quotes
                    .iter()
                    .enumerate()
                    .filter(|(place, (shared, _))| *place == 0 || *shared > 1);
                extend(&mut ids, best.take(2).map(|(_, (_, id))| *id).collect());
            }
        }
    }
    ids
}

fn extend(ids: &mut Vec<QuoteId>, more: Vec<QuoteId>) {
    for id in more {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
}
