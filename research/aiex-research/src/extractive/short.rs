//! The answer in short: what the best sources say, in a line each.

use std::collections::HashSet;

use aiex_evidence::{Evidence, Paragraph, Quote, Rarity, Section, Source, draft, extract};

use super::{
    Choice, bare, filled, is_block, is_borne_out, lines, rarity, said, says_the_same, sentences_within,
    telling, words,
};

/// Lines of the answer.
const LINES: usize = 5;
/// Bytes of a quote or a comment that are shown in the answer in short.
const LONGEST_LINE: usize = 360;
/// Words that a comment must have to stand for its code.
const LEAST_WORDS: usize = 4;
/// How well a quote must answer beside the best one, which is more than for a section: this is read as the answer. Found by
/// eye over questions to strangers' repositories, where the second half of a list was about something else.
const LEAST_IN_SHORT: f64 = 0.5;
/// A line in short must hold this much of what its quote holds of the question: a comment may be about something else than
/// the words below it.
const LEAST_SHOWN: f64 = 0.5;
/// Words behind a pronoun that make it the subject: "This is", not "This scale".
const VERBS: &[&str] = &[
    "are", "can", "could", "does", "has", "have", "is", "may", "means", "might", "must", "should", "was",
    "were", "will", "would",
];
/// In place of an answer in short where what answers can only be shown whole.
pub(super) const NOT_IN_A_LINE: &str = "No source says it in a line; what was found stands below.";
/// Before the answer in short: what follows is nobody's prose.
pub(super) const IN_THEIR_WORDS: &str = "The sources in their own words, the best first:";

/// A way to make a line of a quote, where it has one.
type Read<'r> = &'r dyn Fn(&Quote) -> Option<Paragraph>;

/// The answer in short: a line for each of the best sources.
pub(crate) fn in_short(heading: &str, question: &str, quotes: &[&Quote], choice: Choice<'_>) -> Section {
    let evidence = choice.evidence;
    let mut sources = HashSet::new();
    let mut taken: Vec<&Quote> = Vec::new();
    let mut lines: Vec<Paragraph> = Vec::new();
    let mut telling = telling(question, quotes, choice);
    // What only shares words with the question may be read below; as its answer it would mislead.
    telling.retain(|(_, quote)| quote.sub_question.is_some());
    let best = telling.first().map_or(0.0, |(best, _)| *best);
    telling.retain(|(score, _)| *score >= LEAST_IN_SHORT * best);
    let rarity = rarity(evidence);
    let held = |text: &str| extract::coverage(question, text, &rarity);
    let shown =
        |line: &Paragraph| -> f64 { line.sentences.iter().map(|sentence| held(&sentence.text)).sum() };
    let speaks = |quote: &Quote, line: &Paragraph| shown(line) >= LEAST_SHOWN * held(&quote.text);
    let told = |quote: &Quote, may_lack: bool| {
        let wanted = |line: &Paragraph| speaks(quote, line) && (may_lack || !lacks_subject(line));
        // Of equals the last is taken, which is the first here.
        let lines = lines_of(quote, evidence).into_iter().rev().filter(wanted);
        lines.max_by(|a, b| shown(a).total_cmp(&shown(b)))
    };
    let clear = |quote: &Quote| told(quote, false);
    let comment = |quote: &Quote| told(quote, true);
    let named = |quote: &Quote| head(quote, evidence).filter(|line| speaks(quote, line));
    let by_line = |quote: &Quote| telling_line(question, &rarity, quote, evidence);
    let place = |quote: &Quote| clear(quote).or_else(|| by_line(quote));
    // What says something comes before what must be read out of a line of code, unless a place is asked for.
    let reads: &[Read<'_>] = if extract::asks_where(question) {
        &[&place, &comment]
    } else {
        &[&clear, &comment, &named, &by_line]
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
    if lines.is_empty() && !telling.is_empty() {
        lines.push(bare(NOT_IN_A_LINE));
    }
    let mut section = filled(heading, lines);
    if section.sentences().any(|sentence| !sentence.cites.is_empty()) {
        section.paragraphs.insert(0, bare(IN_THEIR_WORDS));
    }
    section
}

/// A quote on a line: prose as it is, of code what its comment says above its headings, or below one of them. Nothing when
/// code says nothing about itself, or when what is taken apart may say something else than the whole.
fn lines_of(quote: &Quote, evidence: Evidence<'_>) -> Vec<Paragraph> {
    let Some(source) = evidence.source(quote.id.source) else {
        return Vec::new();
    };
    // The commands of an example say nothing in a sentence.
    if extract::is_example(source, &(quote.start..quote.end)) || extract::is_fenced(&quote.text) {
        return Vec::new();
    }
    let texts = if source.origin.is_prose() && !is_block(quote, source) {
        let lines = lines(quote, source).into_iter();
        lines
            .map(|line| sentences_within(&line, LONGEST_LINE).to_owned())
            .collect()
    } else {
        comments(quote, source)
    };
    let is_midst = extract::begins_in_midst(source, &(quote.start..quote.end));
    let is_told = |text: &String| {
        // What a colon announces does not stand on the line.
        let is_whole = !text.is_empty() && !text.ends_with(':');
        is_whole && !(is_midst && quote_begins_with(quote, text))
    };
    let lines = texts
        .into_iter()
        .filter(is_told)
        .map(|text| said(quote, text, true));
    lines.filter(|line| is_borne_out(line, evidence)).collect()
}

/// Whether a quote begins with a text, marks aside.
fn quote_begins_with(quote: &Quote, text: &str) -> bool {
    let word = |text: &str| text.split_whitespace().next().map(str::to_owned);
    let said = extract::said(&quote.text);
    word(said.as_deref().unwrap_or(&quote.text)) == word(text)
}

/// Whether a line is about something that it does not name.
fn lacks_subject(line: &Paragraph) -> bool {
    let first = line
        .sentences
        .first()
        .map_or("", |sentence| sentence.text.as_str());
    let mut words = first.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first {
        "It" | "They" | "Its" | "Their" => true,
        "This" | "That" | "These" | "Those" => VERBS.contains(&second),
        _ => false,
    }
}

/// What the comment of a quote of code says, with the name of what it is about.
fn comments(quote: &Quote, source: &Source) -> Vec<String> {
    let signature = extract::signature(&quote.text);
    let above = signature.and_then(|line| quote.text.split_once(line));
    let above = above.map_or(quote.text.as_str(), |(above, _)| above);
    let mut parts = words(quote, source).or_else(|| extract::said(above)).map_or_else(
        || vec![extract::comment(&quote.text)],
        |words| extract::told(&words),
    );
    if parts.iter().all(String::is_empty) {
        parts = vec![extract::comment_below(&quote.text)];
    }
    let is_named = |name: &&str| signature.is_some_and(|line| line.contains(name));
    let name = extract::name(source).filter(is_named);
    let told = parts.iter().filter_map(|part| {
        let part = draft::plain(part);
        let part = sentences_within(&part, LONGEST_LINE);
        let is_enough = part.split_whitespace().count() >= LEAST_WORDS;
        is_enough.then(|| match name {
            Some(name) if !part.contains(name) => format!("`{name}`: {part}"),
            _ => part.to_owned(),
        })
    });
    told.collect()
}

/// A quote of code by the line that names it, as far as that can stand in a sentence.
fn head(quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    let source = evidence.source(quote.id.source)?;
    if source.origin.is_prose() && !is_block(quote, source) {
        return None;
    }
    as_code(quote, extract::signature(&quote.text)?, evidence)
}

/// A quote of code by its line that holds most of the question, the first of equals.
fn telling_line(question: &str, rarity: &Rarity, quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    let source = evidence.source(quote.id.source)?;
    if extract::is_example(source, &(quote.start..quote.end)) || source.origin.is_prose() {
        return None;
    }
    let held = |line: &str| extract::coverage(question, line, rarity);
    let is_told = |line: &&str| !extract::plainly(line).trim().is_empty();
    let lines = quote.text.lines().map(str::trim).filter(is_told);
    let best = lines.rev().max_by(|a, b| held(a).total_cmp(&held(b)))?;
    as_code(quote, best, evidence)
}

/// A line of code in a sentence of its own.
fn as_code(quote: &Quote, line: &str, evidence: Evidence<'_>) -> Option<Paragraph> {
    let line = line.trim_end_matches(['{', ' ']);
    let is_mark = extract::plainly(line).is_empty();
    let is_told = !is_mark
        && line.len() <= LONGEST_LINE
        && !line.contains('`')
        && line.chars().any(char::is_alphabetic);
    let line = is_told.then(|| said(quote, format!("`{line}`"), true))?;
    is_borne_out(&line, evidence).then_some(line)
}
