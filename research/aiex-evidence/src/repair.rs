//! Mending citations.
//!
//! A sentence that its quotes do not bear out may still be right: another quote of the run may say it. So the citation is
//! swapped, or one is added; only when nothing says it, the sentence keeps its words and is marked. Nothing is removed,
//! and [`guard`] holds every repair to it: no word of a report changes.

use crate::check::{self, Finding};
use crate::draft::fenced;
use crate::words::stems;
use crate::{Evidence, QuoteId, Section, Sentence, Verdict};

/// The most quotes that are tried for one sentence; the best by shared words first.
const TRIED: usize = 12;
/// How much of an uncited sentence a later one must say for its citations to be taken over.
const LEAST_SHARED: f64 = 0.6;

/// What was done to a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// It needed nothing.
    Nothing,
    /// Its citations were replaced by a quote that bears it out.
    Swapped(QuoteId),
    /// A quote was added to its citations; together they bear it out.
    Added(QuoteId),
    /// No quote of the run bears it out. It is shown with a mark.
    Marked,
}

/// A repair changed more than citations and verdicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the repair changed the text of section {section}: `{before}` became `{after}`")]
pub struct Tampered {
    /// The section, from 1.
    pub section: usize,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
}

impl Tampered {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "keep the sections as they were before the repair"
    }
}

/// Mends the citations of a sentence that is unsupported or contradicted, or supported in part, and of code that its
/// quotes do not hold. The sentence is settled
/// again when something was found.
pub fn repair(sentence: &mut Sentence, evidence: Evidence<'_>) -> Repair {
    let is_wanting = match sentence.verdict {
        Some(Verdict::Unsupported | Verdict::Contradicted | Verdict::Partial) => true,
        // Code is looked up, not judged: another quote may hold it.
        Some(Verdict::Unchecked) => fenced(&sentence.text).is_some(),
        _ => false,
    };
    if !is_wanting {
        return Repair::Nothing;
    }
    let mut candidates: Vec<(usize, QuoteId)> = {
        let said = stems(&sentence.text);
        let quotes = evidence
            .quotes
            .iter()
            .filter(|quote| !sentence.cites.contains(&quote.id));
        quotes
            .map(|quote| (stems(&quote.text).intersection(&said).count(), quote.id))
            .collect()
    };
    candidates.retain(|(shared, _)| *shared > 0);
    candidates.sort_by_key(|(shared, id)| (std::cmp::Reverse(*shared), *id));
    candidates.truncate(TRIED);

    let bears_out = |cites: Vec<QuoteId>| {
        let tried = Sentence {
            cites,
            ..sentence.clone()
        };
        matches!(
            check::check(&tried, evidence),
            Finding::Settled {
                verdict: Verdict::Supported,
                ..
            }
        )
        .then_some(tried.cites)
    };
    let swapped = candidates
        .iter()
        .find_map(|(_, id)| Some((Repair::Swapped(*id), bears_out(vec![*id])?)));
    let found = swapped.or_else(|| {
        // One denied by its own quote does not become right by another.
        let may_add = sentence.verdict != Some(Verdict::Contradicted) && !sentence.cites.is_empty();
        candidates.iter().filter(|_| may_add).find_map(|(_, id)| {
            let cites = sentence.cites.iter().copied().chain([*id]).collect();
            Some((Repair::Added(*id), bears_out(cites)?))
        })
    });
    match found {
        Some((repair, cites)) => {
            sentence.cites = cites;
            sentence.verdict = Some(Verdict::Supported);
            sentence.reason = None;
            sentence.judged = false;
            repair
        }
        None if matches!(sentence.verdict, Some(Verdict::Partial | Verdict::Unchecked)) => Repair::Nothing,
        None => Repair::Marked,
    }
}

/// Gives the uncited sentences of a summary the citations of later sentences that say the same: the answer in short rests
/// on what follows. Returns how many sentences found theirs.
pub fn inherit(sections: &mut [Section], evidence: Evidence<'_>) -> usize {
    let Some((summary, rest)) = sections.split_first_mut() else {
        return 0;
    };
    let mut found = 0;
    // What claims nothing needs no citation.
    for sentence in summary
        .sentences_mut()
        .filter(|sentence| sentence.cites.is_empty() && sentence.verdict.is_some())
    {
        let claimed = stems(&sentence.text);
        let later = rest.iter().flat_map(Section::sentences);
        let supported = later.filter(|later| later.verdict == Some(Verdict::Supported));
        let best = supported
            .map(|later| (stems(&later.text).intersection(&claimed).count(), later))
            .max_by_key(|(shared, _)| *shared);
        let Some((shared, later)) = best else { continue };
        if claimed.is_empty() || check::share(shared, claimed.len()) < LEAST_SHARED {
            continue;
        }
        let tried = Sentence {
            cites: later.cites.clone(),
            ..sentence.clone()
        };
        if let Finding::Settled {
            verdict: Verdict::Supported,
            ..
        } = check::check(&tried, evidence)
        {
            *sentence = Sentence {
                verdict: Some(Verdict::Supported),
                reason: None,
                ..tried
            };
            found += 1;
        }
    }
    found
}

/// Holds a repair to its word: nothing but citations, verdicts and their reasons may differ.
///
/// # Errors
/// [`Tampered`] with the first text that differs.
pub fn guard(before: &[Section], after: &[Section]) -> Result<(), Tampered> {
    let texts = |section: Option<&Section>| -> Vec<String> {
        let Some(section) = section else {
            return vec!["(no section)".to_owned()];
        };
        let mut texts = vec![section.heading.clone()];
        for paragraph in &section.paragraphs {
            texts.push(if paragraph.item { "(item)" } else { "(paragraph)" }.to_owned());
            texts.extend(paragraph.sentences.iter().map(|sentence| sentence.text.clone()));
        }
        texts
    };
    for at in 0..before.len().max(after.len()) {
        let (old, new) = (texts(before.get(at)), texts(after.get(at)));
        for place in 0..old.len().max(new.len()) {
            let (old, new) = (old.get(place), new.get(place));
            if old != new {
                let shown = |text: Option<&String>| text.cloned().unwrap_or_else(|| "(nothing)".to_owned());
                return Err(Tampered {
                    section: at + 1,
                    before: shown(old),
                    after: shown(new),
                });
            }
        }
    }
    Ok(())
}
