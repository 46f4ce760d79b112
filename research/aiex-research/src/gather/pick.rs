//! Which of the results are worth reading.
//!
//! Results of different searches are merged by where they lie; each has points for its places in the searches that
//! found it (reciprocal ranks, as in reciprocal rank fusion) and for the words of its sub-question that it holds, each by
//! how rare it is. What holds too few of them is left out: every search returns something. Every sub-question then takes
//! its best in turn, with a cap for each owner, so that one site or file cannot fill a round.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use aiex_evidence::{Document, Hindrance, Origin, Rarity, extract};

use super::{Gathered, Searched};
use crate::SourceKind;
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::plan::Plan;
use crate::ports::{Found, PageText};
use crate::terms;

/// Softens the first places of a ranking; small, since the lists are short.
const RANK_OFFSET: f64 = 3.0;
/// Points for holding every word of the sub-question.
const ALL_WORDS: f64 = 0.4;
/// The best of a search of the user's own code that count whatever words they hold: it finds by meaning, too. And the
/// best of a history for a question that asks of the past: rare among all commits is not rare among those found.
const TRUSTED_CODE: usize = 3;
const TRUSTED_COMMITS: usize = 2;
/// Results of one owner (host, file, package, repository's history) in one round.
const OWNER_CAP: usize = 3;
/// Bytes of a text that are looked at for words.
const GLANCE: usize = 4096;

/// A result that is to be read, and the sub-questions that it was found for.
pub(crate) struct Picked {
    pub(crate) found: Found,
    pub(crate) sub_questions: Vec<usize>,
}

impl Picked {
    /// The document, of a result whose text is at hand.
    pub(crate) fn document(&self, now_ms: u64) -> Document {
        Document {
            origin: self.found.origin.clone(),
            title: self.found.title.clone(),
            date: self.found.date.clone(),
            licence: self.found.licence.clone(),
            read_at: now_ms / 1000,
            text: self.found.text.clone().unwrap_or_default(),
            instructs: self.found.instructs,
        }
    }

    /// The document, of a page that was read.
    pub(crate) fn as_read(&self, page: PageText, read_at: u64) -> Document {
        Document {
            origin: self.found.origin.clone(),
            title: if page.title.trim().is_empty() {
                self.found.title.clone()
            } else {
                page.title
            },
            date: page.date.or_else(|| self.found.date.clone()),
            licence: self.found.licence.clone(),
            read_at,
            text: page.text,
            instructs: page.instructs,
        }
    }

    /// The document, of a page that could not be read.
    pub(crate) fn snippet(&self, now_ms: u64) -> Document {
        Document {
            title: format!("{} (only the search's excerpt)", self.found.title),
            text: self.found.snippet.clone(),
            ..self.document(now_ms)
        }
    }
}

/// What a test keeps of its points when the question is not about tests: it says how something is used, not how it is.
const TEST: f64 = 0.4;

/// Whether a piece of code is a test, by what it stands in.
fn is_test(found: &Found) -> bool {
    let mut names = found.title.split([' ', '>', ':', '.']);
    found.origin.path().is_some() && names.any(|name| matches!(name, "test" | "tests" | "Test" | "Tests"))
}

/// How much of a sub-question's words, by their rarity, a result must hold. A search of code ranks by meaning and by
/// words over few files; those of a hundred packages and of every commit return something for any question.
fn least_coverage(source: SourceKind) -> f64 {
    match source {
        SourceKind::Code => 0.3,
        SourceKind::Web => 0.15,
        SourceKind::Git | SourceKind::Reports => 0.45,
        SourceKind::Docs => 0.55,
    }
}

/// How many of the first results of a source count whatever words they hold.
fn trusted(source: SourceKind, question: &str) -> usize {
    match source {
        SourceKind::Code => TRUSTED_CODE,
        SourceKind::Git if terms::asks_of_the_past(question) => TRUSTED_COMMITS,
        _ => 0,
    }
}

struct Candidate {
    found: Found,
    sub_questions: BTreeSet<usize>,
    points: f64,
}

/// Who a source belongs to: two sources of one owner are not independent.
pub(crate) fn owner(origin: &Origin) -> String {
    match origin {
        Origin::Web { url } => {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase()
        }
        Origin::Code { root, path, .. } => format!("{root}/{path}"),
        Origin::Docs { package, .. } => format!("package {package}"),
        Origin::Commit { root, commit, .. } => format!("{root}@{commit}"),
        Origin::Report { run } => format!("report {run}"),
    }
}

/// Whether two results are the same place.
fn same_place(a: &Origin, b: &Origin) -> bool {
    match (span(a), span(b)) {
        (Some((one, lines)), Some((other, others))) => {
            one == other && lines.start() <= others.end() && others.start() <= lines.end()
        }
        _ => a == b,
    }
}

/// The file and the lines of a span.
fn span(origin: &Origin) -> Option<((&str, &str), RangeInclusive<u32>)> {
    match origin {
        Origin::Code {
            root,
            path,
            first_line,
            last_line,
            ..
        }
        | Origin::Docs {
            root,
            path,
            first_line,
            last_line,
            ..
        } => Some(((root.as_str(), path.as_str()), *first_line..=*last_line)),
        Origin::Web { .. } | Origin::Commit { .. } | Origin::Report { .. } => None,
    }
}

/// A result that may be worth reading, and how much.
struct Measured {
    found: Found,
    sub_question: usize,
    points: f64,
}

/// Gives every result its points, and leaves out what does not speak of its sub-question.
fn measured(searched: Vec<Searched>, asked: &[String]) -> Vec<Measured> {
    // What stands around a piece may speak of anything.
    let glance = |found: &Found| {
        let around = found.text.as_deref().filter(|_| found.snippet.is_empty());
        let around = around.map_or("", |text| terms::head(text, GLANCE));
        let path = found.origin.path().unwrap_or_default();
        format!("{path} {} {} {around}", found.title, found.snippet)
    };
    let all = searched.iter().flat_map(|searched| &searched.found);
    let texts: Vec<String> = all.map(glance).collect();
    let rarity = Rarity::of(texts.iter().map(String::as_str));
    let mut measured = Vec::new();
    let mut texts = texts.iter();
    for Searched { query, found, .. } in searched {
        let question = asked.get(query.sub_question).map_or("", String::as_str);
        for ((rank, found), text) in found.into_iter().enumerate().zip(&mut texts) {
            if found.text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            let held = extract::coverage(question, text, &rarity);
            let is_trusted = rank < trusted(query.source, question) && !is_test(&found);
            if held < least_coverage(query.source) && !is_trusted {
                continue;
            }
            let sub_question = query.sub_question;
            let mut points = 1.0 / (RANK_OFFSET + rank as f64) + ALL_WORDS * held;
            if is_test(&found) && !question.to_lowercase().contains("test") {
                points *= TEST;
            }
            measured.push(Measured {
                found,
                sub_question,
                points,
            });
        }
    }
    measured
}

impl Live {
    /// Picks what to read of what was found.
    pub(crate) async fn pick(
        &self,
        gathered: &Gathered,
        plan: &Plan,
        searched: Vec<Searched>,
    ) -> Result<Vec<Picked>, Stop> {
        let asked: Vec<String> = plan
            .sub_questions
            .iter()
            .map(|sub| sub.question.clone())
            .collect();
        let measured = on_a_thread(move || measured(searched, &asked)).await?;
        let mut candidates: Vec<Candidate> = Vec::new();
        for Measured {
            found,
            sub_question,
            points,
        } in measured
        {
            let is_known = gathered
                .catalogue
                .iter()
                .any(|source| same_place(&source.origin, &found.origin));
            // What leads nowhere, or refuses, does so in every round.
            let is_lost = gathered.unread.iter().any(|unread| {
                unread.hindrance != Hindrance::Passing && same_place(&unread.origin, &found.origin)
            });
            if is_known || is_lost {
                continue;
            }
            match candidates
                .iter_mut()
                .find(|known| same_place(&known.found.origin, &found.origin))
            {
                Some(candidate) => {
                    candidate.points += points;
                    candidate.sub_questions.insert(sub_question);
                    if candidate.found.text.is_none() {
                        candidate.found.text = found.text;
                    }
                }
                None => candidates.push(Candidate {
                    found,
                    sub_questions: BTreeSet::from([sub_question]),
                    points,
                }),
            }
        }
        // Stable, so that equal points keep the order of the searches, and a restart picks the same.
        candidates.sort_by(|a, b| b.points.total_cmp(&a.points));
        Ok(self.in_turn(candidates, plan.sub_questions.len()))
    }

    fn in_turn(&self, candidates: Vec<Candidate>, sub_questions: usize) -> Vec<Picked> {
        let mut left: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
        let mut by_owner: HashMap<String, usize> = HashMap::new();
        let mut picked = Vec::new();
        loop {
            let before = picked.len();
            for at in 0..sub_questions {
                if picked.len() >= self.shape.sources_per_round {
                    return picked;
                }
                let next = left.iter_mut().find(|slot| {
                    slot.as_ref().is_some_and(|candidate| {
                        let used = by_owner
                            .get(&owner(&candidate.found.origin))
                            .copied()
                            .unwrap_or(0);
                        candidate.sub_questions.contains(&at) && used < OWNER_CAP
                    })
                });
                if let Some(Candidate {
                    found, sub_questions, ..
                }) = next.and_then(Option::take)
                {
                    *by_owner.entry(owner(&found.origin)).or_default() += 1;
                    picked.push(Picked {
                        found,
                        sub_questions: sub_questions.into_iter().collect(),
                    });
                }
            }
            if picked.len() == before {
                return picked;
            }
        }
    }
}
