//! A report as text: Markdown, HTML, JSON, BibTeX.
//!
//! Links are written from the catalogue and from nowhere else. Everything that came from a model, a page or a user is
//! text: whatever could become a link or markup in it is escaped or set as code.

mod bibtex;
mod footer;
mod html;
mod markdown;

use serde::Serialize;

use crate::draft::fenced;
use crate::{Evidence, Quote, QuoteId, Report, Sentence, Source, Tally, Verdict};

/// What a report is about whose question has words that stand nowhere.
const BESIDE: &str = "What follows is near to the rest of the question.";
/// What is said of kinds of sources that were not indexed whole.
const UNREADY: &str = "the same question may find more in a moment";

pub use bibtex::bibtex;
pub use footer::footer;
pub use html::html;
pub use markdown::markdown;

/// A report as JSON, with its tally.
///
/// # Errors
/// What the serialiser says; a report holds nothing that it refuses.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Counted<'a> {
        tally: Tally,
        #[serde(flatten)]
        report: &'a Report,
    }
    serde_json::to_string_pretty(&Counted {
        tally: report.tally(),
        report,
    })
}

/// The mark that a sentence is shown with, and why.
fn mark(sentence: &Sentence) -> Option<(&'static str, &str)> {
    let mark = match sentence.verdict? {
        Verdict::Supported => return None,
        Verdict::Partial => "partly supported",
        Verdict::Unsupported => "unverified",
        Verdict::Contradicted => "contradicted",
        Verdict::Unchecked => "unchecked",
    };
    Some((mark, sentence.reason.as_deref().unwrap_or("")))
}

/// The quotes that a sentence cites and the run has, with their sources.
fn cited<'a>(cites: &'a [QuoteId], evidence: Evidence<'a>) -> impl Iterator<Item = (&'a Quote, &'a Source)> {
    cites.iter().filter_map(move |id| {
        let quote = evidence.quote(*id)?;
        Some((quote, evidence.source(quote.id.source)?))
    })
}

/// The quotes of a source that the list of sources repeats: those in use whose words the report does not show already.
fn listed<'a>(
    report: &'a Report,
    source: &Source,
    evidence: Evidence<'a>,
) -> impl Iterator<Item = &'a Quote> + use<'a> {
    let is_used = |id: QuoteId| {
        let in_text = report.sentences().flat_map(|sentence| &sentence.cites);
        let in_dispute = report.disagreements.iter().flat_map(|found| &found.quotes);
        in_text.chain(in_dispute).any(|cited| *cited == id)
    };
    let is_shown = |quote: &Quote| {
        report
            .sentences()
            .filter(|sentence| sentence.cites.contains(&quote.id))
            .any(|sentence| {
                let shown = fenced(&sentence.text).map_or(sentence.text.as_str(), |(_, code)| code);
                one_line(shown).contains(&one_line(&quote.text))
            })
    };
    evidence
        .quotes_of(source.id)
        .filter(move |quote| is_used(quote.id) && !is_shown(quote))
}

/// One line of text from text of many lines.
fn one_line(text: &str) -> String {
    let shown = text
        .chars()
        .filter(|c| !crate::fold::is_invisible(*c))
        .collect::<String>();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a source is called: its title, or where it lies.
fn name(source: &Source) -> String {
    let title = one_line(&source.title);
    if title.is_empty() {
        source.origin.label()
    } else {
        title
    }
}

/// Sources that a sentence or a disagreement cites.
fn is_cited(report: &Report, source: &Source) -> bool {
    let in_text = report.sentences().flat_map(|sentence| &sentence.cites);
    let in_dispute = report.disagreements.iter().flat_map(|found| &found.quotes);
    in_text.chain(in_dispute).any(|id| id.source == source.id)
}
