//! Which of the results are worth reading.
//!
//! Results of different searches are merged by where they lie; each has points for its places in the searches that
//! found it ([`Fusion`]) and for the words of its sub-question that it holds, each by
//! how rare it is. What holds too few of them is left out: every search returns something. Every sub-question then takes
//! its best in turn, with a cap for each owner, so that one site or file cannot fill a round.

use std::collections::{BTreeSet, HashMap};

use aiex_evidence::{Document, Hindrance, Origin, Rarity, extract};

use super::earlier::{Hit, Kept, document};
use super::{Gathered, Searched};
use crate::SourceKind;
use crate::fusion::{Fusion, same_place};
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::plan::Plan;
use crate::ports::{Found, PageText};
use crate::terms;

/// Points for holding every word of the sub-question; the first place of a search has one.
const ALL_WORDS: f64 = 1.2;
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
    /// What an earlier report read there, if it could not be looked at again, or not yet.
    pub(crate) kept: Option<Kept>,
    pub(crate) sub_questions: Vec<usize>,
}

impl Picked {
    /// Whether its text is at hand. What an earlier report read of a page stands for it only where the web is not asked.
    pub(crate) fn is_at_hand(&self, asks_web: bool) -> bool {
        let is_page = matches!(self.found.origin, Origin::Web { .. });
        self.found.text.is_some() || (self.kept.is_some() && !(is_page && asks_web))
    }

    /// The document, of a result whose text is at hand. One that an earlier report read keeps its day.
    pub(crate) fn document(&self, now_ms: u64) -> Document {
        document(&self.found, self.kept.as_ref(), now_ms / 1000)
    }

    /// The document, of a page that was read.
    pub(crate) fn as_read(&self, page: PageText, read_at: u64) -> Document {
        let title = match page.title.trim() {
            "" => self.found.title.clone(),
            _ => page.title,
        };
        Document {
            origin: self.found.origin.clone(),
            title: if page.is_cut {
                format!("{title} (only its beginning)")
            } else {
                title
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

/// The same for a package that the question names: beside another that it is compared with, it holds half of the words.
const LEAST_OF_NAMED: f64 = 0.25;

/// Whether a result is out of a package that a question names.
fn is_named(found: &Found, question: &str) -> bool {
    matches!(&found.origin, Origin::Docs { package, .. } if terms::names(question, package))
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
    hit: Hit,
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

/// A result that may be worth reading, and how much.
struct Measured {
    hit: Hit,
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
    let texts: Vec<String> = all.map(|hit| glance(&hit.found)).collect();
    let rarity = Rarity::of(texts.iter().map(String::as_str));
    let fusion = Fusion::default();
    let mut measured = Vec::new();
    let mut texts = texts.iter();
    for Searched { query, found, .. } in searched {
        let question = asked.get(query.sub_question).map_or("", String::as_str);
        for ((rank, hit), text) in found.into_iter().enumerate().zip(&mut texts) {
            let found = &hit.found;
            if found.text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            let held = extract::coverage(question, text, &rarity);
            let is_trusted = rank < trusted(query.source, question) && !is_test(found);
            let least = if is_named(found, question) {
                LEAST_OF_NAMED
            } else {
                least_coverage(query.source)
            };
            if held < least && !is_trusted {
                continue;
            }
            let sub_question = query.sub_question;
            let mut points = fusion.points(query.source, question, rank) + ALL_WORDS * held;
            if is_test(found) && !question.to_lowercase().contains("test") {
                points *= TEST;
            }
            measured.push(Measured {
                hit,
                sub_question,
                points,
            });
        }
    }
    measured
}

/// Adds a candidate to others, unless its place is read already, or cannot be.
fn join(gathered: &Gathered, candidates: &mut Vec<Candidate>, candidate: Candidate) {
    let origin = &candidate.hit.found.origin;
    let is_known = gathered
        .catalogue
        .iter()
        .any(|source| same_place(&source.origin, origin));
    // What leads nowhere, or refuses, does so in every round.
    let is_lost = gathered
        .unread
        .iter()
        .any(|unread| unread.hindrance != Hindrance::Passing && same_place(&unread.origin, origin));
    if is_known || is_lost {
        return;
    }
    let known = candidates
        .iter_mut()
        .find(|known| same_place(&known.hit.found.origin, origin));
    match known {
        Some(known) => {
            known.points += candidate.points;
            known.sub_questions.extend(candidate.sub_questions);
            known.hit.join(candidate.hit);
        }
        None => candidates.push(candidate),
    }
}

impl Live {
    /// Picks what to read of what was found, at most so many.
    pub(super) async fn pick(
        &self,
        round: u32,
        gathered: &Gathered,
        plan: &Plan,
        searched: Vec<Searched>,
        most: usize,
    ) -> Result<Vec<Picked>, Stop> {
        let asked: Vec<String> = plan
            .sub_questions
            .iter()
            .map(|sub| sub.question.clone())
            .collect();
        let measured = on_a_thread(move || measured(searched, &asked)).await?;
        let mut found: Vec<Candidate> = Vec::new();
        for Measured {
            hit,
            sub_question,
            points,
        } in measured
        {
            let candidate = Candidate {
                hit,
                sub_questions: BTreeSet::from([sub_question]),
                points,
            };
            join(gathered, &mut found, candidate);
        }
        let (old, mut candidates): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|candidate| candidate.hit.is_to_be_seen());
        let hits = old.iter().map(|candidate| candidate.hit.clone()).collect();
        let seen = self.look_again(round, gathered, hits).await?;
        for (candidate, hit) in old.into_iter().zip(seen) {
            // It may stand at other lines now, where something else was found.
            if let Some(hit) = hit {
                join(gathered, &mut candidates, Candidate { hit, ..candidate });
            }
        }
        for candidate in &mut candidates {
            gathered.forget_met(&mut candidate.hit);
        }
        // Stable, so that equal points keep the order of the searches, and a restart picks the same.
        candidates.sort_by(|a, b| b.points.total_cmp(&a.points));
        Ok(in_turn(candidates, plan.sub_questions.len(), most))
    }
}

/// Every sub-question's best in turn.
fn in_turn(candidates: Vec<Candidate>, sub_questions: usize, most: usize) -> Vec<Picked> {
    let mut left: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
    let mut by_owner: HashMap<String, usize> = HashMap::new();
    let mut picked = Vec::new();
    loop {
        let before = picked.len();
        for at in 0..sub_questions {
            if picked.len() >= most {
                return picked;
            }
            let next = left.iter_mut().find(|slot| {
                slot.as_ref().is_some_and(|candidate| {
                    let used = by_owner
                        .get(&owner(&candidate.hit.found.origin))
                        .copied()
                        .unwrap_or(0);
                    candidate.sub_questions.contains(&at) && used < OWNER_CAP
                })
            });
            if let Some(Candidate {
                hit: Hit { found, kept },
                sub_questions,
                ..
            }) = next.and_then(Option::take)
            {
                *by_owner.entry(owner(&found.origin)).or_default() += 1;
                picked.push(Picked {
                    found,
                    kept,
                    sub_questions: sub_questions.into_iter().collect(),
                });
            }
        }
        if picked.len() == before {
            return picked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::Query;

    fn of_package(package: &str, text: &str) -> Hit {
        let origin = Origin::Docs {
            root: format!("/packages/{package}"),
            package: package.to_owned(),
            version: "1.0.0".to_owned(),
            path: "src/lib.rs".to_owned(),
            first_line: 1,
            last_line: 9,
        };
        Hit::from(Found {
            origin,
            title: String::new(),
            snippet: text.to_owned(),
            score: 1.0,
            text: None,
            date: None,
            licence: None,
            instructs: false,
        })
    }

    #[test]
    fn of_packages_that_are_compared_each_need_not_hold_the_words_of_the_others() {
        let question = "compare the merge policy of parcels with the optimizer of scales";
        let texts = [
            ("parcels", "The merge policy decides which segments become one."),
            (
                "scales",
                "The optimizer rewrites segments that were deleted from.",
            ),
            ("letters", "The merge of two letters."),
        ];
        let query = Query {
            sub_question: 0,
            source: SourceKind::Docs,
            text: question.to_owned(),
        };
        let found = texts
            .iter()
            .map(|(package, text)| of_package(package, text))
            .collect();
        let searched = Searched::of(query, found);
        let kept: Vec<String> = measured(vec![searched], &[question.to_owned()])
            .into_iter()
            .map(|measured| owner(&measured.hit.found.origin))
            .collect();
        assert_eq!(kept, ["package parcels", "package scales"]);
    }
}
