//! Sections without a model: the quotes themselves, set so that they can be read.

use std::collections::HashSet;

use aiex_evidence::{
    Evidence, Finding, Origin, Paragraph, Quote, Rarity, Section, Sentence, Source, Verdict, check, draft,
    extract,
};

use crate::terms;

/// Quotes of a section, and lines of the answer in short.
const ITEMS: usize = 6;
const LINES: usize = 5;
/// Bytes of a quote or a comment that are shown in the answer in short.
const LONGEST_LINE: usize = 360;
/// Words that a comment must have to stand for its code.
const LEAST_WORDS: usize = 4;
/// How much of the question a quote must speak of, by the rarity of its words.
const LEAST_COVERAGE: f64 = 0.3;
/// Softens the first places, as in the choice of sources.
const PLACES: f64 = 3.0;

/// Before the answer in short: what follows is nobody's prose.
const IN_THEIR_WORDS: &str = "The sources in their own words, the best first:";
/// In place of a section that nothing was found for.
const NOTHING: &str = "No source that was read answers this.";

/// A section of quotes.
pub(crate) fn section(heading: &str, question: &str, quotes: &[&Quote], evidence: Evidence<'_>) -> Section {
    let mut seen = HashSet::new();
    let paragraphs: Vec<Paragraph> = telling(question, quotes, evidence)
        .into_iter()
        .filter(|quote| seen.insert(terms::same_query(&quote.text)))
        .take(ITEMS)
        .filter_map(|quote| Some(whole(quote, evidence.source(quote.id.source)?)))
        .collect();
    filled(heading, paragraphs)
}

/// The quotes that speak of the question, those that speak of more of it first. They come in the order of their
/// sources, which counts as well: a search knows more than words.
fn telling<'a>(question: &str, quotes: &[&'a Quote], evidence: Evidence<'_>) -> Vec<&'a Quote> {
    let text = |quote: &Quote| {
        let source = evidence.source(quote.id.source);
        let title = source.map_or("", |source| source.title.as_str());
        let path = source.and_then(|source| source.origin.path()).unwrap_or_default();
        format!("{path} {title} {}", quote.text)
    };
    let all: Vec<String> = evidence.quotes.iter().map(text).collect();
    let rarity = Rarity::of(all.iter().map(String::as_str));
    let mut scored: Vec<(f64, &Quote)> = Vec::new();
    for (place, quote) in quotes.iter().enumerate() {
        let held = extract::coverage(question, &text(quote), &rarity);
        if held >= LEAST_COVERAGE || place == 0 {
            scored.push((held + 1.0 / (PLACES + place as f64), quote));
        }
    }
    // Stable, so that equals keep the order of their sources.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().map(|(_, quote)| quote).collect()
}

/// The answer in short: a line for each of the best sources.
pub(crate) fn in_short(heading: &str, question: &str, quotes: &[&Quote], evidence: Evidence<'_>) -> Section {
    let mut sources = HashSet::new();
    let mut taken: Vec<&Quote> = Vec::new();
    let mut lines: Vec<Paragraph> = Vec::new();
    let telling = telling(question, quotes, evidence);
    for quote in telling.iter().filter(|quote| sources.insert(quote.id.source)) {
        let is_new = !taken.iter().any(|known| says_the_same(known, quote));
        if let Some(line) = line(quote, evidence).filter(|_| is_new && lines.len() < LINES) {
            taken.push(quote);
            lines.push(line);
        }
    }
    if let (true, Some(first)) = (lines.is_empty(), telling.first()) {
        lines.extend(
            evidence
                .source(first.id.source)
                .map(|source| whole(first, source)),
        );
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

/// A quote whole: prose as prose, code as code.
fn whole(quote: &Quote, source: &Source) -> Paragraph {
    if source.origin.is_prose() && !is_block(&quote.text, source) {
        said(quote, prose(quote, source), true)
    } else {
        said(quote, block(quote, source), false)
    }
}

/// A quote on a line: prose as it is, of code what its comment says. `None` when code says nothing about itself, or when
/// what is taken apart may say something else than the whole.
fn line(quote: &Quote, evidence: Evidence<'_>) -> Option<Paragraph> {
    let source = evidence.source(quote.id.source)?;
    let text = if source.origin.is_prose() && !is_block(&quote.text, source) {
        sentences_within(&prose(quote, source), LONGEST_LINE).to_owned()
    } else {
        let comment = draft::plain(&extract::comment(&quote.text));
        let comment = sentences_within(&comment, LONGEST_LINE);
        let is_named = |name: &&str| extract::signature(&quote.text).is_some_and(|line| line.contains(name));
        match extract::name(source).filter(is_named) {
            _ if comment.split_whitespace().count() < LEAST_WORDS => return None,
            Some(name) if !comment.contains(name) => format!("`{name}`: {comment}"),
            _ => comment.to_owned(),
        }
    };
    let line = said(quote, text, true);
    let is_borne_out = |sentence: &Sentence| {
        matches!(
            check::check(sentence, evidence),
            Finding::Settled {
                verdict: Verdict::Supported,
                ..
            }
        )
    };
    line.sentences.iter().all(is_borne_out).then_some(line)
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

/// Whether a text must keep its lines: examples and tables in prose, and most of what a web page shows as code.
fn is_block(text: &str, source: &Source) -> bool {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let is_code = |line: &&str| line.trim_end().ends_with(['{', '}', ';']) || line.starts_with('|');
    let is_indented = |line: &&str| line.starts_with("    ") || line.starts_with('\t');
    // In files of documentation, lines are indented below the point of a list.
    let is_file = source.origin.path().is_some();
    let count = lines()
        .filter(|line| is_code(line) || (!is_file && is_indented(line)))
        .count();
    text.contains("```") || (lines().count() > 1 && 2 * count > lines().count())
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
    if code.contains("```") {
        // A fence within a fence: the inner marks go, its lines stay.
        let lines: Vec<&str> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("```"))
            .collect();
        return format!("```{language}\n{}\n```", lines.join("\n"));
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
mod tests {
    use aiex_evidence::{Catalogue, Document, Quotes};

    use super::*;

    fn of(path: &str, title: &str, text: &str) -> (Catalogue, Vec<Quote>) {
        let mut catalogue = Catalogue::new();
        let origin = Origin::Code {
            repo: "shop".to_owned(),
            root: "/shop".to_owned(),
            commit: None,
            path: path.to_owned(),
            first_line: 1,
            last_line: 40,
        };
        let id = catalogue.add(Document {
            origin,
            title: title.to_owned(),
            date: None,
            read_at: 0,
            text: text.to_owned(),
            licence: None,
            instructs: false,
        });
        let mut quotes = Quotes::new();
        let source = catalogue.get(id).unwrap();
        quotes.take(source, 0..text.len(), Some(0)).unwrap();
        (catalogue, quotes.into_vec())
    }

    fn texts(section: &Section) -> Vec<&str> {
        section
            .sentences()
            .map(|sentence| sentence.text.as_str())
            .collect()
    }

    #[test]
    fn code_is_told_by_its_comment_and_shown_whole() {
        let code = "    /// Decides whether a failed call is tried again.\n    /// Three times at most.\n    fn retry(&self) -> bool {\n        self.tries < 3\n    }";
        let (catalogue, quotes) = of("src/retry.rs", "Policy > retry", code);
        let evidence = Evidence {
            sources: &catalogue,
            quotes: &quotes,
        };
        let refs: Vec<&Quote> = quotes.iter().collect();
        let short = in_short("In short", "when is a call tried again", &refs, evidence);
        assert_eq!(
            texts(&short),
            [
                IN_THEIR_WORDS,
                "`retry`: Decides whether a failed call is tried again. Three times at most."
            ]
        );
        let section = section("In the code", "when is a call tried again", &refs, evidence);
        assert_eq!(
            texts(&section),
            [
                "```rs\n/// Decides whether a failed call is tried again.\n/// Three times at most.\nfn retry(&self) -> bool {\n    self.tries < 3\n}\n```"
            ]
        );
        for sentence in section
            .sentences()
            .chain(short.sentences())
            .filter(|sentence| !sentence.cites.is_empty())
        {
            let verdict = Verdict::Supported;
            assert_eq!(
                check::check(sentence, evidence),
                Finding::Settled {
                    verdict,
                    reason: None
                },
                "{sentence:?}"
            );
        }
    }

    #[test]
    fn prose_is_an_item_and_nothing_is_said_of_nothing() {
        let (catalogue, quotes) = of(
            "README.md",
            "Retries",
            "Calls are tried three times before they fail.",
        );
        let evidence = Evidence {
            sources: &catalogue,
            quotes: &quotes,
        };
        let refs: Vec<&Quote> = quotes.iter().collect();
        let told = section("In its documents", "tries", &refs, evidence);
        assert!(told.paragraphs[0].item);
        assert_eq!(texts(&told), ["Calls are tried three times before they fail."]);
        assert_eq!(
            texts(&section("In its history", "tries", &[], evidence)),
            [NOTHING]
        );
        assert_eq!(texts(&in_short("In short", "tries", &[], evidence)), [NOTHING]);
    }

    #[test]
    fn what_speaks_of_the_question_comes_first_and_the_rest_does_not_come() {
        let text = "The cache is emptied at midnight by the caretaker.\n\nNothing here matters to anybody at all.\n\nA failed call is tried again after a pause.";
        let (catalogue, _) = of("README.md", "", text);
        let source = catalogue.iter().next().unwrap();
        let mut quotes = Quotes::new();
        for part in text.split("\n\n") {
            let at = text.find(part).unwrap();
            quotes.take(source, at..at + part.len(), Some(0)).unwrap();
        }
        let quotes = quotes.into_vec();
        let evidence = Evidence {
            sources: &catalogue,
            quotes: &quotes,
        };
        let refs: Vec<&Quote> = quotes.iter().collect();
        let told = section("x", "when is a failed call tried again", &refs, evidence);
        assert_eq!(
            texts(&told),
            [
                "A failed call is tried again after a pause.",
                "The cache is emptied at midnight by the caretaker."
            ],
            "the first in the order of the sources stays, for a search knows more than words"
        );
    }

    #[test]
    fn a_fence_in_a_quote_does_not_end_the_block() {
        let text = "Run it:\n\n```sh\ncargo run\n```\n";
        let (catalogue, quotes) = of("README.md", "", text);
        let evidence = Evidence {
            sources: &catalogue,
            quotes: &quotes,
        };
        let refs: Vec<&Quote> = quotes.iter().collect();
        assert_eq!(
            texts(&section("x", "run", &refs, evidence)),
            ["```\nRun it:\n\ncargo run\n```"]
        );
    }
}
