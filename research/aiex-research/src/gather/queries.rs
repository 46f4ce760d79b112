//! What to search for: the plan's queries first, then new ones for what is still open.

use std::collections::BTreeSet;

use aiex_evidence::extract;
use serde::Deserialize;

use super::Gathered;
use crate::SourceKind;
use crate::ask::Ask;
use crate::budget::Purpose;
use crate::event::Stage;
use crate::journal::Stop;
use crate::live::Live;
use crate::plan::{Brief, Plan, QuestionKind};
use crate::ports::ModelStage;
use crate::{prompt, template, terms};

/// Parts that a long question is searched by, and words of each.
pub(crate) const WINDOWS: usize = 3;
const WINDOW: usize = 3;
/// Bytes of a query.
const LONGEST: usize = 300;

/// One query, where to put it, and the sub-question that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) sub_question: usize,
    pub(crate) source: SourceKind,
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
struct Told {
    queries: Vec<serde_json::Value>,
}

impl Live {
    /// The first round's: what was searched ahead of the plan, and of every sub-question to each of its sources; first
    /// queries come before second ones, so that a small budget still reaches everything.
    pub(crate) fn first_queries(&self, brief: &Brief, plan: &Plan) -> Vec<Query> {
        let each = self.shape.queries;
        let mut queries = Vec::new();
        for nth in 0..each + WINDOWS {
            for (sub_question, sub) in plan.sub_questions.iter().enumerate() {
                for source in &sub.sources {
                    let mut texts = sub.queries.clone();
                    // Code is searched by meaning too, and a history knows what "why" and "when" ask of it: for both
                    // the question itself is a good query.
                    let own = match source {
                        SourceKind::Code | SourceKind::Git => sub.question.clone(),
                        _ => own_words(&sub.question),
                    };
                    texts.push(own);
                    if *source == SourceKind::Code {
                        // Places of a name are found by the name.
                        texts.splice(0..0, extract::names_to_place(&sub.question));
                        texts.extend(windows(&sub.question, each));
                    }
                    // Searches of the user's own code cost nearly nothing.
                    let most = if *source == SourceKind::Code {
                        each + WINDOWS
                    } else {
                        each
                    };
                    let Some(text) = texts.into_iter().take(most).nth(nth) else {
                        continue;
                    };
                    let text = if nth == 1 && *source != SourceKind::Code {
                        self.with_word(brief, *source, text)
                    } else {
                        text
                    };
                    queries.push(Query {
                        sub_question,
                        source: *source,
                        text: clean(&text),
                    });
                }
            }
        }
        queries.retain(|query| !query.text.is_empty());
        if let Some(ahead) = self.asked_ahead(plan) {
            let to_web = queries.iter().position(|query| query.source == ahead.source);
            queries.insert(to_web.unwrap_or(queries.len()), ahead);
        }
        queries
    }

    /// A query with a word for the sort of document that is wanted: the field measured that such words help most.
    fn with_word(&self, brief: &Brief, source: SourceKind, query: String) -> String {
        let from_template = self.template.as_ref().or_else(|| {
            template::for_kind(&self.templates, brief.kind).filter(|_| source == SourceKind::Web)
        });
        let word = from_template.and_then(|template| template.words(source).first().map(String::as_str));
        let fallback = (source == SourceKind::Web).then_some(match brief.kind {
            QuestionKind::Cause => "issue",
            QuestionKind::Security => "advisory",
            _ => "documentation",
        });
        match word.or(fallback) {
            Some(word) if !query.to_lowercase().contains(word) => format!("{query} {word}"),
            _ => query,
        }
    }

    /// A further round's, for the sub-questions that are still open.
    pub(crate) async fn next_queries(
        &self,
        gathered: &Gathered,
        brief: &Brief,
        plan: &Plan,
        open: &[usize],
        round: u32,
    ) -> Result<Vec<Query>, Stop> {
        let mut queries = self.ask_queries(gathered, plan, open, round).await?;
        let is_new = |query: &Query| {
            !gathered
                .tried
                .contains(&(query.source, terms::same_query(&query.text)))
        };
        queries.retain(is_new);
        for at in open {
            if !queries.iter().any(|query| query.sub_question == *at) {
                queries.extend(
                    self.other_words(gathered, brief, plan, *at)
                        .into_iter()
                        .filter(is_new),
                );
            }
        }
        Ok(queries)
    }

    async fn ask_queries(
        &self,
        gathered: &Gathered,
        plan: &Plan,
        open: &[usize],
        round: u32,
    ) -> Result<Vec<Query>, Stop> {
        if !self.has_model() {
            return Ok(Vec::new());
        }
        let available = self.sources();
        let mut user = format!("Question: {}\n", self.request.question);
        let mut quoted = String::new();
        for at in open {
            let Some(sub) = plan.sub_questions.get(*at) else {
                continue;
            };
            user.push_str(&format!("Sub-question {}: {}\n", at + 1, sub.question));
            for query in gathered.asked.get(at).into_iter().flatten() {
                user.push_str(&format!("  tried: {query}\n"));
            }
            let quotes = gathered
                .quotes
                .iter()
                .filter(|quote| quote.sub_question == Some(*at))
                .take(3);
            for quote in quotes {
                quoted.push_str(&format!("{}: {}\n", at + 1, terms::head(&quote.text, 200)));
            }
        }
        let name = format!("queries/{round}");
        if !quoted.is_empty() {
            user.push_str("Quotes so far, by sub-question. ");
            user.push_str(&self.fenced(&quoted));
        }
        let most = 2 * open.len();
        let ask = Ask {
            name,
            at: Stage::Gather,
            stage: ModelStage::Plan,
            purpose: Purpose::Gather,
            system: prompt::filled(prompt::QUERIES, &[("sources", prompt::source_words(&available))]),
            user,
            material: None,
            schema: Some(prompt::queries_schema(&available, most)),
            max_tokens: 600,
        };
        let Some(told) = self.ask_json::<Told>(ask).await? else {
            return Ok(Vec::new());
        };
        let queries = told.queries.iter().filter_map(|told| {
            let number = usize::try_from(told.get("sub_question")?.as_u64()?).ok()?;
            let source = SourceKind::from_word(told.get("source")?.as_str()?)?;
            let text = clean(told.get("query")?.as_str()?);
            let sub_question = number.checked_sub(1).filter(|at| open.contains(at))?;
            (available.contains(&source) && !text.is_empty()).then_some(Query {
                sub_question,
                source,
                text,
            })
        });
        Ok(queries.take(most).collect())
    }

    /// The same in other words, without a model: fewer words, names out of the quotes, a word for the sort of document;
    /// and sources that were not asked yet.
    fn other_words(&self, gathered: &Gathered, brief: &Brief, plan: &Plan, at: usize) -> Vec<Query> {
        let Some(sub) = plan.sub_questions.get(at) else {
            return Vec::new();
        };
        let words = terms::of(&sub.question);
        let mut longest = words.clone();
        longest.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        longest.truncate(3);
        let fewer = longest.join(" ");
        let names: Vec<String> = gathered
            .quotes
            .iter()
            .filter(|quote| quote.sub_question == Some(at))
            .flat_map(|quote| terms::of(&quote.text))
            .filter(|word| is_name(word))
            .take(2)
            .collect();
        let named = if names.is_empty() {
            String::new()
        } else {
            format!("{fewer} {}", names.join(" "))
        };
        let mut queries = Vec::new();
        for source in self.sources() {
            let is_new_source = !sub.sources.contains(&source);
            let texts = if is_new_source {
                vec![words.join(" ")]
            } else {
                vec![
                    named.clone(),
                    fewer.clone(),
                    self.with_word(brief, source, fewer.clone()),
                ]
            };
            let untried = texts.into_iter().map(|text| clean(&text)).find(|text| {
                !text.is_empty() && !gathered.tried.contains(&(source, terms::same_query(text)))
            });
            queries.extend(untried.map(|text| Query {
                sub_question: at,
                source,
                text,
            }));
        }
        queries
    }
}

/// A question as a query to what is searched by words.
pub(super) fn own_words(question: &str) -> String {
    clean(&terms::of(terms::head(question.trim(), LONGEST)).join(" "))
}

/// Parts of a long question: a search for all of it at once finds what speaks a little of everything.
fn windows(question: &str, each: usize) -> Vec<String> {
    let words = terms::of(question);
    if each < 2 || words.len() <= WINDOW + 1 {
        return Vec::new();
    }
    let last = words.len() - WINDOW;
    let places: BTreeSet<usize> = (0..WINDOWS).map(|nth| nth * last / (WINDOWS - 1)).collect();
    places
        .into_iter()
        .filter_map(|at| Some(words.get(at..at + WINDOW)?.join(" ")))
        .collect()
}

/// Whether a word is a name out of code: `retry_after`, `Policy::retry`, `RetryPolicy`.
fn is_name(word: &str) -> bool {
    let of_code = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let has_hump = word
        .chars()
        .zip(word.chars().skip(1))
        .any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    word.chars().all(of_code)
        && word.chars().any(char::is_lowercase)
        && (has_hump || word.contains(['_', ':']))
}

/// One line, of sane length.
fn clean(query: &str) -> String {
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    terms::head(&line, LONGEST).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_question_is_also_searched_by_its_parts() {
        let question = "how does a worker give its job back after a crash of the host?";
        assert_eq!(
            windows(question, 2),
            ["worker give job", "job back after", "after crash host"]
        );
        assert!(windows("where is the retry policy decided?", 2).is_empty());
        assert!(windows(question, 1).is_empty(), "a quick run has one query each");
    }

    #[test]
    fn names_out_of_code_are_told_from_words() {
        for name in ["retry_after", "Policy::retry", "RetryPolicy", "retryAfter"] {
            assert!(is_name(name), "{name}");
        }
        for word in [
            "Retry",
            "YYYY-MM-DD",
            "HTTP",
            "retry",
            "read-only",
            "MAX_TRIES.",
            "v1.2",
        ] {
            assert!(!is_name(word), "{word}");
        }
    }
}
