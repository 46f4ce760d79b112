//! The fourth stage: which sections the report has, and which quotes each rests on.

use std::collections::HashSet;

use aiex_evidence::{Evidence, Origin, Quote, QuoteId, draft};
use serde::Deserialize;

use crate::ask::Ask;
use crate::budget::Purpose;
use crate::event::{Event, Stage};
use crate::extractive::{self, Choice};
use crate::gather::Gathered;
use crate::journal::Stop;
use crate::live::Live;
use crate::plan::Plan;
use crate::ports::{Cut, ModelStage, Part};
use crate::store::Patch;
use crate::writing::{self, IN_SHORT};
use crate::{prompt, template, terms};

/// Sections that a model may choose.
const MOST_SECTIONS: usize = 7;
/// Bytes of a heading, and of a quote in the list that the model chooses from, and the most lines of that list.
const LONGEST_HEADING: usize = 90;
const LONGEST_LINE: usize = 160;
const MOST_LINES: usize = 80;

/// What a section is to be about, and the quotes it may rest on.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) heading: String,
    /// What it answers.
    pub(crate) ask: String,
    pub(crate) quotes: Vec<QuoteId>,
}

#[derive(Debug, Deserialize)]
struct ToldOutline {
    sections: Vec<serde_json::Value>,
}

impl Live {
    /// The sections: a template's, or the model's, or one for each sub-question.
    pub(crate) async fn outline(&self, plan: &Plan, gathered: &Gathered) -> Result<Vec<Chosen>, Stop> {
        let by_plan = match (plan.sub_questions.as_slice(), &self.template) {
            ([whole], None) => {
                let question = whole.question.clone();
                self.choosing(gathered, move |choice| by_kind(&question, choice))
                    .await?
            }
            (_, template) => by_sub_question(plan, &gathered.quotes, template.as_ref()),
        };
        let chosen = match self.template {
            None if gathered.quotes.len() > 3 => self.ask_outline(plan, gathered).await?.unwrap_or(by_plan),
            _ => by_plan,
        };
        let mut headings = vec![IN_SHORT.to_owned()];
        headings.extend(chosen.iter().map(|section| section.heading.clone()));
        self.tell("outlined", vec![Event::Outlined { headings }], Patch::default())
            .await?;
        Ok(chosen)
    }

    async fn ask_outline(&self, plan: &Plan, gathered: &Gathered) -> Result<Option<Vec<Chosen>>, Stop> {
        if !self.has_model() {
            return Ok(None);
        }
        let mut user = format!("Question: {}\n", self.request.question);
        for (at, sub) in plan.sub_questions.iter().enumerate() {
            user.push_str(&format!("Sub-question {}: {}\n", at + 1, sub.question));
        }
        let quotes: Vec<QuoteId> = gathered.quotes.iter().map(|quote| quote.id).collect();
        let shown = writing::of_ids(gathered, &quotes, MOST_LINES);
        let lines = shown.iter().map(|quote| {
            let said = quote.text.split_whitespace().collect::<Vec<_>>().join(" ");
            Part {
                head: String::new(),
                text: format!("{}: {}\n", quote.id, terms::head(&said, LONGEST_LINE)),
                // Without room for all, each source keeps its first quotes.
                rank: quote.id.number,
                cut: Cut::Never,
            }
        });
        let mut material = self.fenced_parts(&mut user, lines.collect());
        material.held_back = (quotes.len() - shown.len()) as u32;
        let ask = Ask {
            name: "outline".to_owned(),
            at: Stage::Outline,
            stage: ModelStage::Plan,
            purpose: Purpose::Finish,
            system: prompt::filled(prompt::OUTLINE, &[("most", MOST_SECTIONS.to_string())]),
            user,
            material: Some(material),
            schema: Some(prompt::outline_schema(MOST_SECTIONS)),
            max_tokens: 900,
        };
        let Some(told) = self.ask_json::<ToldOutline>(ask).await? else {
            return Ok(None);
        };
        let mut used = HashSet::new();
        let mut chosen = Vec::new();
        for section in told.sections.iter().take(MOST_SECTIONS) {
            let heading = section
                .get("heading")
                .and_then(|heading| heading.as_str())
                .unwrap_or_default();
            let ids = section
                .get("quotes")
                .and_then(|quotes| quotes.as_array())
                .into_iter()
                .flatten();
            let words: Vec<&str> = ids.filter_map(|id| id.as_str()).collect();
            let quotes: Vec<QuoteId> = gathered
                .quotes
                .iter()
                .map(|quote| quote.id)
                .filter(|id| {
                    words
                        .iter()
                        .any(|word| word.trim_matches(['[', ']', ' ']) == id.to_string())
                })
                .filter(|id| used.insert(*id))
                .collect();
            // A heading is text of the model: only its words are kept, as of any other text.
            let heading = heading_of(&draft::plain(heading));
            // Some copy the dots of the example.
            let says_something = heading.chars().any(char::is_alphanumeric);
            if !quotes.is_empty() && says_something {
                chosen.push(Chosen {
                    ask: heading.clone(),
                    heading,
                    quotes,
                });
            }
        }
        Ok((!chosen.is_empty()).then_some(chosen))
    }
}

/// Whether an earlier report only repeats what was read again.
fn is_said_elsewhere(quote: &Quote, evidence: Evidence<'_>) -> bool {
    evidence.quotes.iter().any(|other| {
        let source = evidence.source(other.id.source);
        let is_first_hand = source.is_some_and(|source| !matches!(source.origin, Origin::Report { .. }));
        is_first_hand && extractive::says_the_same(quote, other)
    })
}

/// The heading of what earlier reports say.
const REPORTS: &str = "In earlier reports";

/// A section for each sort of source, for a question that has no parts: the one with the best answer first. What does not
/// answer is left out.
fn by_kind(question: &str, choice: Choice<'_>) -> Vec<Chosen> {
    let kind = |quote: QuoteId| {
        let origin = &choice.evidence.source(quote.source)?.origin;
        Some(match origin {
            Origin::Code { .. } if origin.is_prose() => "In its documents",
            Origin::Code { .. } => "In the code",
            Origin::Docs { .. } => "In what it depends on",
            Origin::Commit { .. } => "In its history",
            Origin::Web { .. } => "On the web",
            Origin::Report { .. } => REPORTS,
        })
    };
    let mut sections: Vec<Chosen> = Vec::new();
    let quotes: Vec<&Quote> = choice.evidence.quotes.iter().collect();
    for (_, quote) in extractive::telling(question, &quotes, choice) {
        let Some(heading) = kind(quote.id) else { continue };
        if heading == REPORTS && is_said_elsewhere(quote, choice.evidence) {
            continue;
        }
        match sections.iter_mut().find(|section| section.heading == heading) {
            Some(section) => section.quotes.push(quote.id),
            None => sections.push(Chosen {
                heading: heading.to_owned(),
                ask: question.to_owned(),
                quotes: vec![quote.id],
            }),
        }
    }
    for section in &mut sections {
        // Within a section quotes stand in the order of their sources, as everywhere.
        section.quotes.sort_unstable();
    }
    sections
}

/// The heading of what speaks of a question of several parts and answers none of them.
pub(crate) const BESIDE: &str = "Near the question";

/// A section for each sub-question, under the template's heading if there is one, and one for what answers none of them.
/// What is made of other parts has a section where something answers more than one of those.
fn by_sub_question(plan: &Plan, quotes: &[Quote], template: Option<&template::Template>) -> Vec<Chosen> {
    let heading = |at: usize, question: &str| {
        template
            .and_then(|template| template.sections.get(at))
            .map_or_else(|| heading_of(question), |section| section.heading.clone())
    };
    let of = |part: Option<usize>| -> Vec<QuoteId> {
        let quotes = quotes.iter().filter(|quote| quote.sub_question == part);
        quotes.map(|quote| quote.id).collect()
    };
    let parts = plan.parts();
    let mut sections: Vec<Chosen> = Vec::new();
    for (at, sub) in plan.sub_questions.iter().enumerate() {
        let quotes = of(Some(at));
        // What answers several parts stands at the whole: none of them is unanswered then.
        let whole_answers = || {
            let mut wholes = 0..plan.sub_questions.len();
            wholes.any(|whole| parts.made_of(whole).contains(&at) && !of(Some(whole)).is_empty())
        };
        let is_left_open = parts.made_of(at).is_empty() && !whole_answers();
        if template.is_some() || !quotes.is_empty() || is_left_open {
            sections.push(Chosen {
                heading: heading(at, &sub.question),
                ask: sub.question.clone(),
                quotes,
            });
        }
    }
    let beside = of(None);
    if let (Some(first), false) = (plan.sub_questions.first(), beside.is_empty()) {
        sections.push(Chosen {
            heading: BESIDE.to_owned(),
            ask: first.question.clone(),
            quotes: beside,
        });
    }
    sections
}

/// One line, not too long, cut between words.
fn heading_of(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= LONGEST_HEADING {
        return line;
    }
    let cut = terms::head(&line, LONGEST_HEADING);
    let cut = cut.rsplit_once(' ').map_or(cut, |(whole, _)| whole);
    format!("{cut} …")
}
