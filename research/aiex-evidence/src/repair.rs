//! Mending citations.
//!
//! A sentence that its quotes do not bear out may still be right: another quote of the run may say it. So the citation is
//! swapped, or one is added; only when nothing says it, the sentence keeps its words and is marked. A quote that says it in other
//! words is taken before anybody has judged the sentence, and then somebody has to. Nothing is removed, and [`guard`] holds every
//! repair to it: no word of a report changes.

use crate::check::{self, Doubt, Finding};
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

    let swapped = || candidates.iter().map(|(_, id)| (Repair::Swapped(*id), vec![*id]));
    // One denied by its own quote does not become right by another.
    let may_add = sentence.verdict != Some(Verdict::Contradicted) && !sentence.cites.is_empty();
    let added = || {
        let candidates = candidates.iter().filter(|_| may_add);
        candidates.map(|(_, id)| {
            let cites = sentence.cites.iter().copied().chain([*id]).collect();
            (Repair::Added(*id), cites)
        })
    };
    let with = |wanted: Verdict| {
        let mut tried = swapped().chain(added());
        tried.find_map(|(repair, cites)| {
            let (verdict, reason) = borne_out(sentence, &cites, evidence)?;
            (verdict == wanted).then_some((repair, cites, verdict, reason))
        })
    };
    let is_open = sentence.verdict == Some(Verdict::Unsupported) && !sentence.judged;
    let found = with(Verdict::Supported).or_else(|| with(Verdict::Unchecked).filter(|_| is_open));
    match found {
        Some((repair, cites, verdict, reason)) => {
            sentence.cites = cites;
            sentence.verdict = Some(verdict);
            sentence.reason = reason;
            sentence.judged = false;
            repair
        }
        None if matches!(sentence.verdict, Some(Verdict::Partial | Verdict::Unchecked)) => Repair::Nothing,
        None => Repair::Marked,
    }
}

/// What quotes make of a sentence that has all its facts in them: supported in all of their own words, unchecked in others or
/// without some.
fn borne_out(
    sentence: &Sentence,
    cites: &[QuoteId],
    evidence: Evidence<'_>,
) -> Option<(Verdict, Option<String>)> {
    let tried = Sentence {
        cites: cites.to_vec(),
        ..sentence.clone()
    };
    match check::check(&tried, evidence) {
        Finding::Settled {
            verdict: Verdict::Supported,
            ..
        } => Some((Verdict::Supported, None)),
        Finding::Doubtful(doubt @ (Doubt::Reworded | Doubt::Dropped { .. })) => {
            Some((doubt.without_model(), Some(doubt.to_string())))
        }
        _ => None,
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
        let standing = later.filter(|later| {
            matches!(
                later.verdict,
                Some(Verdict::Supported | Verdict::Partial | Verdict::Unchecked)
            )
        });
        let best = standing
            .map(|later| (stems(&later.text).intersection(&claimed).count(), later))
            .max_by_key(|(shared, _)| *shared);
        let Some((shared, later)) = best else { continue };
        if claimed.is_empty() || check::share(shared, claimed.len()) < LEAST_SHARED {
            continue;
        }
        if let Some((verdict, reason)) = borne_out(sentence, &later.cites, evidence) {
            sentence.cites.clone_from(&later.cites);
            (sentence.verdict, sentence.reason) = (Some(verdict), reason);
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
