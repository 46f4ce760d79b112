//! Sections without a model: the quotes themselves, the best first, set so that they can be read.

mod short;

use std::collections::HashSet;

use aiex_evidence::extract::{self, Meaning};
use aiex_evidence::{
    Evidence, Finding, Origin, Paragraph, Quote, QuoteId, Rarity, Section, Sentence, Source, Verdict, check,
    draft,
};

use crate::terms;

pub(crate) use short::in_short;

/// Quotes of a section, and places where a name stands that is asked for.
const ITEMS: usize = 6;
const PLACES: usize = 12;
/// How well a quote must answer to be shown, as [`extract::answered`] counts, and how well beside the best one: little is
/// better than filling.
const LEAST: f64 = 0.15;
const LEAST_OF_BEST: f64 = 0.35;
/// What the places of its sources add: a search knows more than words. The offset softens the first ones.
const BY_PLACE: f64 = 0.3;
const OFFSET: f64 = 3.0;
/// Bytes of each source that words are counted in: all of a span, the beginning of a page.
const GLANCE: usize = 4096;
/// What a quote of a package gains that the question names, what it keeps when the question names none (a question put to
/// a repository is about that, as long as it answers), and what an earlier report keeps: what it rests on was read again.
const NAMED: f64 = 2.0;
const UNNAMED: f64 = 0.7;
const RETOLD: f64 = 0.8;
/// What a commit keeps when the question is how things are: it says in few words what was done, seldom what came of it.
/// Found over 32 questions to three repositories (`benches/RESULTS.md`, "Research").
const PAST: f64 = 0.5;

/// In place of a section that nothing was found for.
const NOTHING: &str = "No source that was read answers this.";

/// What quotes are chosen from, and by what beside their words.
#[derive(Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) evidence: Evidence<'a>,
    /// Tells how near they are to the question in meaning, if somebody does.
    pub(crate) meaning: Option<&'a dyn Meaning>,
}

impl<'a> Choice<'a> {
    /// Quotes by their ids, in their order.
    pub(crate) fn quotes(&self, ids: &[QuoteId]) -> Vec<&'a Quote> {
        ids.iter().filter_map(|id| self.evidence.quote(*id)).collect()
    }
}

/// A section of quotes.
pub(crate) fn section(heading: &str, question: &str, quotes: &[&Quote], choice: Choice<'_>) -> Section {
    let evidence = choice.evidence;
    let mut seen = HashSet::new();
    let most = if extract::names_to_place(question).is_empty() {
        ITEMS
    } else {
        PLACES
    };
    let paragraphs: Vec<Paragraph> = telling(question, quotes, choice)
        .into_iter()
        .filter(|(_, quote)| seen.insert(terms::same_query(&quote.text)))
        .take(most)
        .filter_map(|(_, quote)| Some(whole(quote, evidence.source(quote.id.source)?, evidence)))
        .flatten()
        .collect();
    filled(heading, paragraphs)
}

/// The quotes that answer the question, the best first, and how well each does. They come in the order of their sources,
/// which counts as well.
pub(crate) fn telling<'a>(
    question: &str,
    quotes: &[&'a Quote],
    Choice { evidence, meaning }: Choice<'_>,
) -> Vec<(f64, &'a Quote)> {
    let asked = extract::Question::new(question, &rarity(evidence), meaning);
    let mut scored: Vec<(f64, &Quote)> = quotes
        .iter()
        .enumerate()
        .filter_map(|(place, quote)| {
            let source = evidence.source(quote.id.source)?;
            let answered = asked.answered(source, quote.start..quote.end) * owned(question, source);
            let by_place = 1.0 + BY_PLACE / (OFFSET + place as f64);
            (answered >= LEAST).then_some((answered * by_place, *quote))
        })
        .collect();
    // Stable, so that equals keep the order of their sources.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = scored.first().map_or(0.0, |(best, _)| *best);
    scored.retain(|(score, _)| *score >= LEAST_OF_BEST * best);
    scored
}

fn rarity(evidence: Evidence<'_>) -> Rarity {
    let texts = evidence.sources.iter();
    Rarity::of_paragraphs(texts.map(|source| terms::head(&source.text, GLANCE)))
}

/// What a quote gains or loses by whose it is.
fn owned(question: &str, source: &Source) -> f64 {
    match &source.origin {
        Origin::Docs { package, .. } if terms::names(question, package) => NAMED,
        Origin::Docs { .. } => UNNAMED,
        Origin::Report { .. } => RETOLD,
        Origin::Commit { .. } if !terms::asks_of_the_past(question) => PAST,
        _ => 1.0,
    }
}

/// Whether one quote holds the other.
pub(crate) fn says_the_same(a: &Quote, b: &Quote) -> bool {
    let words = |quote: &Quote| draft::plain(&quote.text);
    let (a, b) = (words(a), words(b));
    a.contains(&b) || b.contains(&a)
}

fn filled(heading: &str, mut paragraphs: Vec<Paragraph>) -> Section {
    if paragraphs.is_empty() {
        paragraphs.push(bare(NOTHING));
    }
    Section {
        heading: heading.to_owned(),
        paragraphs,
    }
}

/// A line that claims nothing.
pub(crate) fn bare(text: &str) -> Paragraph {
    let sentence = Sentence {
        text: text.to_owned(),
        cites: Vec::new(),
        verdict: None,
        reason: None,
        judged: false,
    };
    Paragraph {
        sentences: vec![sentence],
        item: false,
    }
}

/// A quote whole: prose as prose, a list as a list, what a comment says as prose, code as code.
fn whole(quote: &Quote, source: &Source, evidence: Evidence<'_>) -> Vec<Paragraph> {
    if source.origin.is_prose() && !is_block(quote, source) {
        let told = lines(quote, source).into_iter();
        return told.map(|text| said(quote, text, true)).collect();
    }
    let words = words(quote, source).filter(|words| !extract::has_example(words));
    let told: Vec<Paragraph> = words
        .into_iter()
        .flat_map(|words| extract::told(&words))
        .map(|part| said(quote, draft::plain(&part), true))
        .collect();
    if told.is_empty() || !told.iter().all(|part| is_borne_out(part, evidence)) {
        return vec![said(quote, block(quote, source), false)];
    }
    told
}

/// A quote of prose line by line: a list as what leads it and its points, anything else whole.
fn lines(quote: &Quote, source: &Source) -> Vec<String> {
    let listed = listed(&quote.text);
    if listed.len() > 1 {
        let points = listed.into_iter().map(plain);
        return points.filter(|point| !point.is_empty()).collect();
    }
    vec![prose(quote, source)]
}

/// A passage as text on a line, without the marks that only set it.
fn plain(passage: &str) -> String {
    draft::plain(&extract::plainly(passage))
}

/// What a quote of code says that is nothing but a comment, without its marks. An example within a comment is code as well.
fn words(quote: &Quote, source: &Source) -> Option<String> {
    let part = quote.start..quote.end;
    if extract::is_fenced(&quote.text) || extract::is_example(source, &part) {
        return None;
    }
    let words = if extract::is_within_comment(source, &part) {
        quote.text.clone()
    } else {
        extract::said(&quote.text)?
    };
    // What may be code is read as code.
    let is_code = words.lines().any(extract::is_statement);
    (!is_code).then(|| from_a_sentence(&words, quote, source).to_owned())
}

/// A quote's words from where a sentence begins, if one does.
fn from_a_sentence<'t>(words: &'t str, quote: &Quote, source: &Source) -> &'t str {
    let is_midst = extract::begins_in_midst(source, &(quote.start..quote.end));
    let behind = is_midst.then(|| extract::behind_its_first_sentence(words));
    behind.filter(|behind| !behind.is_empty()).unwrap_or(words)
}

/// The sentence that leads a list and its points, marks aside; one piece when it is no list.
fn listed(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let marked = line.trim_start();
        if at > 0 && ["- ", "* ", "+ "].iter().any(|mark| marked.starts_with(mark)) {
            starts.push(at + line.len() - marked.len());
        }
        at += line.len();
    }
    starts.push(text.len());
    let marks = |piece: &'_ str| -> usize {
        piece.len() - piece.trim_start_matches(['-', '*', '+']).trim_start().len()
    };
    let pieces = starts.windows(2).filter_map(|ends| match ends {
        [from, to] => text.get(*from..*to),
        _ => None,
    });
    pieces
        .enumerate()
        .map(|(place, piece)| {
            if place == 0 {
                piece
            } else {
                piece.get(marks(piece)..).unwrap_or(piece)
            }
        })
        .collect()
}

/// Whether code alone sees that the quotes say it.
fn is_borne_out(line: &Paragraph, evidence: Evidence<'_>) -> bool {
    let verdict = Verdict::Supported;
    let is_supported = |sentence: &Sentence| matches!(check::check(sentence, evidence), Finding::Settled { verdict: found, .. } if found == verdict);
    line.sentences.iter().all(is_supported)
}

/// A quote as prose. A commit's subject stands out from the rest of its message.
fn prose(quote: &Quote, source: &Source) -> String {
    let subject = match &source.origin {
        Origin::Commit { .. } => quote.text.split_once("\n\n"),
        _ => None,
    };
    match subject {
        Some((subject, body)) => format!("**{}.** {}", plain(subject).trim_end_matches('.'), plain(body)),
        None => plain(from_a_sentence(&quote.text, quote, source)),
    }
}

fn said(quote: &Quote, text: String, item: bool) -> Paragraph {
    let sentence = Sentence {
        text,
        cites: vec![quote.id],
        verdict: Some(Verdict::Unchecked),
        reason: None,
        judged: false,
    };
    Paragraph {
        sentences: vec![sentence],
        item,
    }
}

/// Whether a quote must keep its lines: examples and tables in prose, and most of what a web page shows as code.
fn is_block(quote: &Quote, source: &Source) -> bool {
    let text = quote.text.as_str();
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let is_code = |line: &&str| line.trim_end().ends_with(['{', '}', ';']) || line.starts_with('|');
    let is_indented = |line: &&str| line.starts_with("    ") || line.starts_with('\t');
    // In files of documentation, lines are indented below the point of a list.
    let is_file = source.origin.path().is_some();
    let count = lines()
        .filter(|line| is_code(line) || (!is_file && is_indented(line)))
        .count();
    text.contains("```")
        || lines().any(extract::is_prompt)
        || text.starts_with('|')
        || extract::is_example(source, &(quote.start..quote.end))
        || (lines().count() > 1 && 2 * count > lines().count())
}

fn block(quote: &Quote, source: &Source) -> String {
    let language = match &source.origin {
        Origin::Code { path, .. } | Origin::Docs { path, .. } => {
            path.rsplit_once('.').map_or("", |(_, ending)| ending)
        }
        _ => "",
    };
    let language = if language.len() <= 5 && !source.origin.is_prose() {
        language
    } else {
        ""
    };
    let code = outdented(quote.text.trim_matches('\n'));
    // A quote that is a block keeps its own fence.
    let is_fenced = code.starts_with("```") && code.ends_with("```") && code.matches("```").count() == 2;
    if is_fenced {
        return code;
    }
    format!("```{language}\n{code}\n```")
}

/// Lines without the indentation that all of them share.
fn outdented(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indent)
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.get(shared..).unwrap_or_default())
        .collect();
    lines.join("\n")
}

/// As many whole sentences as fit; at least a part of the first.
fn sentences_within(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let head = terms::head(text, bytes);
    let end = head
        .rfind(". ")
        .map_or_else(|| head.rfind(' ').unwrap_or(head.len()), |at| at + 1);
    head.get(..end).unwrap_or(head)
}

#[cfg(test)]
mod tests;
