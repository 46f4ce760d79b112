//! Sections without a model: the quotes themselves, the best first, set so that they can be read.

use std::collections::HashSet;

use aiex_evidence::extract::{self, Meaning};
use aiex_evidence::{
    Evidence, Finding, Origin, Paragraph, Quote, QuoteId, Rarity, Section, Sentence, Source, Verdict, check,
    draft,
};

use crate::terms;

/// Quotes of a section, places where a name stands that is asked for, and lines of the answer in short.
const ITEMS: usize = 6;
const PLACES: usize = 12;
const LINES: usize = 5;
/// Bytes of a quote or a comment that are shown in the answer in short.
const LONGEST_LINE: usize = 360;
/// Words that a comment must have to stand for its code.
const LEAST_WORDS: usize = 4;
/// How well a quote must answer to be shown, as [`extract::answered`] counts, and how well beside the best one: little is
/// better than filling.
const LEAST: f64 = 0.15;
const LEAST_OF_BEST: f64 = 0.35;
/// The same for the answer in short, which is read as the answer: found by eye over questions to strangers' repositories, where
/// the second half of a list was about something else.
const LEAST_IN_SHORT: f64 = 0.5;
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

/// Before the answer in short: what follows is nobody's prose.
const IN_THEIR_WORDS: &str = "The sources in their own words, the best first:";
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
        Origin::Docs { package, .. } if names(question, package) => NAMED,
        Origin::Docs { .. } => UNNAMED,
        Origin::Report { .. } => RETOLD,
        Origin::Commit { .. } if !terms::asks_of_the_past(question) => PAST,
        _ => 1.0,
    }
}

/// Whether a question names a package.
fn names(question: &str, package: &str) -> bool {
    let spelled = |word: &str| word.to_lowercase().replace('_', "-");
    terms::of(question)
        .iter()
        .any(|word| spelled(word) == spelled(package))
}

/// The answer in short: a line for each of the best sources.
pub(crate) fn in_short(heading: &str, question: &str, quotes: &[&Quote], choice: Choice<'_>) -> Section {
    let evidence = choice.evidence;
    let mut sources = HashSet::new();
    let mut taken: Vec<&Quote> = Vec::new();
    let mut lines: Vec<Paragraph> = Vec::new();
    let mut telling = telling(question, quotes, choice);
    let best = telling.first().map_or(0.0, |(best, _)| *best);
    telling.retain(|(score, _)| *score >= LEAST_IN_SHORT * best);
    let rarity = rarity(evidence);
    let place =
        |quote: &Quote| line(quote, evidence).or_else(|| telling_line(question, &rarity, quote, evidence));
    let said = |quote: &Quote| line(quote, evidence);
    let named = |quote: &Quote| head(quote, evidence);
    // What says something comes before what must be read out of a line of code, unless a place is asked for.
    let reads: &[&dyn Fn(&Quote) -> Option<Paragraph>] = if extract::asks_where(question) {
        &[&place]
    } else {
        &[&said, &named]
    };
    for read in reads {
        for (_, quote) in &telling {
            let is_new = !taken.iter().any(|known| says_the_same(known, quote));
            if lines.len() == LINES || !is_new || sources.contains(&quote.id.source) {
                continue;
            }
            if let Some(line) = read(quote) {
                sources.insert(quote.id.source);
                taken.push(quote);
                lines.push(line);
            }
        }
        if !lines.is_empty() {
            break;
        }
    }
    let mut section = filled(heading, lines);
    if section.sentences().any(|sentence| !sentence.cites.is_empty()) {
        section.paragraphs.insert(0, bare(IN_THEIR_WORDS));
    }
    section
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
fn bare(text: &str) -> Paragraph {
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
        let listed = listed(&quote.text);
        if listed.len() > 1 {
            let points = listed
                .into_iter()
                .map(|point| said(quote, draft::plain(point), true));
            return points.collect();
        }
        return vec![said(quote, prose(quote, source), true)];
    }
    // An example within a comment is code as well.
    let is_example =
        extract::is_fenced(&quote.text) || extract::is_example(source, &(quote.start..quote.end));
    let words = extract::said(&quote.text).filter(|_| !is_example);
    let told = words.map(|words| said(quote, draft::plain(&words), true));
    let paragraph = told.filter(|told| is_borne_out(told, evidence));
    vec![paragraph.unwrap_or_else(|| said(quote, block(quote, source), false))]
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

/// A quote on a line: prose as it is, of code what its comment says. `None` when code says nothing about itself, or when
/// what is taken apart may say something else than the whole.
fn line(quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    let source = evidence.source(quote.id.source)?;
    // The commands of an example say nothing in a sentence.
    if extract::is_example(source, &(quote.start..quote.end)) || extract::is_fenced(&quote.text) {
        return None;
    }
    let text = if source.origin.is_prose() && !is_block(quote, source) {
        sentences_within(&prose(quote, source), LONGEST_LINE).to_owned()
    } else {
        let signature = extract::signature(&quote.text);
        let above = signature.and_then(|line| quote.text.split_once(line));
        let above = above.map_or(quote.text.as_str(), |(above, _)| above);
        let comment = extract::said(above).unwrap_or_else(|| extract::comment(&quote.text));
        let comment = if comment.is_empty() {
            draft::plain(&extract::comment_below(&quote.text))
        } else {
            draft::plain(&comment)
        };
        let comment = sentences_within(&comment, LONGEST_LINE);
        let is_named = |name: &&str| signature.is_some_and(|line| line.contains(name));
        match extract::name(source).filter(is_named) {
            _ if comment.split_whitespace().count() < LEAST_WORDS => return None,
            Some(name) if !comment.contains(name) => format!("`{name}`: {comment}"),
            _ => comment.to_owned(),
        }
    };
    let line = said(quote, text, true);
    is_borne_out(&line, evidence).then_some(line)
}

/// A quote of code by the line that names it, as far as that can stand in a sentence.
fn head(quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    as_code(quote, extract::signature(&quote.text)?, evidence)
}

/// A quote of code by its line that holds most of the question, the first of equals.
fn telling_line(question: &str, rarity: &Rarity, quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    let source = evidence.source(quote.id.source)?;
    if extract::is_example(source, &(quote.start..quote.end)) || source.origin.is_prose() {
        return None;
    }
    let held = |line: &str| extract::coverage(question, line, rarity);
    let lines = quote.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let best = lines.rev().max_by(|a, b| held(a).total_cmp(&held(b)))?;
    as_code(quote, best, evidence)
}

/// A line of code in a sentence of its own.
fn as_code(quote: &Quote, line: &str, evidence: Evidence<'_>) -> Option<Paragraph> {
    let line = line.trim_end_matches(['{', ' ']);
    let is_told = line.len() <= LONGEST_LINE && !line.contains('`') && line.chars().any(char::is_alphabetic);
    let line = is_told.then(|| said(quote, format!("`{line}`"), true))?;
    is_borne_out(&line, evidence).then_some(line)
}

/// A quote as prose. A commit's subject stands out from the rest of its message.
fn prose(quote: &Quote, source: &Source) -> String {
    let subject = match &source.origin {
        Origin::Commit { .. } => quote.text.split_once("\n\n"),
        _ => None,
    };
    match subject {
        Some((subject, body)) => format!(
            "**{}.** {}",
            draft::plain(subject).trim_end_matches('.'),
            draft::plain(body)
        ),
        None => draft::plain(&quote.text),
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
