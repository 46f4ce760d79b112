//! The first two stages: what is asked, and how it is cut into parts.

use aiex_evidence::extract;
use serde::Deserialize;

use crate::SourceKind;
use crate::ask::Ask;
use crate::budget::Purpose;
use crate::event::{Event, Stage};
use crate::journal::Stop;
use crate::live::Live;
use crate::plan::{Brief, Plan, QuestionKind, SubQuestion};
use crate::ports::ModelStage;
use crate::prompt;
use crate::request::Approval;
use crate::store::Patch;
use crate::{template, terms};

/// Characters of a sub-question or a query that are kept.
const LONGEST: usize = 300;
/// Queries of one sub-question that are kept.
const MOST_QUERIES: usize = 3;

/// Words that tell what kind of question it is, the surest first.
const CUES: &[(QuestionKind, &[&str])] = &[
    (
        QuestionKind::Security,
        &["security", "vulnerab", "attack", "exploit", "cve-"],
    ),
    (
        QuestionKind::Upgrade,
        &["upgrade", "bump ", "update from", "newer version", "new version"],
    ),
    (
        QuestionKind::Migration,
        &["migrat", "switch from", "move from", "replace ", "port to"],
    ),
    (
        QuestionKind::Comparison,
        &[
            "compare",
            " vs ",
            " versus ",
            "difference between",
            " or ",
            "better than",
        ],
    ),
    (
        QuestionKind::Cause,
        &[
            "why does",
            "why is",
            "why do",
            "bug",
            "crash",
            "panic",
            "fails",
            "error:",
            "error message",
            "exception",
            "deadlock",
            "leak",
        ],
    ),
    (
        QuestionKind::Tour,
        &[
            "architecture",
            "overview",
            "how is it built",
            "walk me through",
            "structure of",
        ],
    ),
    (
        QuestionKind::Lookup,
        &[
            "where is",
            "where are",
            "which version",
            "what is the default",
            "when was",
            "who ",
        ],
    ),
];

impl Live {
    /// What is asked.
    pub(crate) async fn scope(&self, approval: Option<&Approval>) -> Result<Brief, Stop> {
        let question = &self.request.question;
        let ask = Ask {
            name: "scope".to_owned(),
            at: Stage::Scope,
            stage: ModelStage::Plan,
            purpose: Purpose::Plan,
            system: prompt::SCOPE.to_owned(),
            user: format!("Question: {question}{}", self.context()),
            material: None,
            schema: Some(prompt::scope_schema()),
            max_tokens: 400,
        };
        let read: Option<Brief> = self.ask_json(ask).await?;
        let mut brief = read
            .filter(|brief| !brief.objective.trim().is_empty())
            .unwrap_or_else(|| Brief {
                kind: kind_of(question),
                objective: question.clone(),
                ..Brief::default()
            });
        brief.objective = terms::head(brief.objective.trim(), 2 * LONGEST).to_owned();
        brief.constraints.truncate(5);
        if let Some(note) = approval.and_then(|approval| approval.note.as_deref()) {
            brief.constraints.push(terms::head(note, 4 * LONGEST).to_owned());
        }
        Ok(brief)
    }

    /// The parts of the question: the model's, or else the template's, or else the question's own.
    pub(crate) async fn plan(&self, brief: &Brief) -> Result<Plan, Stop> {
        let available = self.sources();
        let fixed = self
            .template
            .as_ref()
            .map(|template| template.plan(&self.request.question, &available, self.sub_questions()));
        let mut user = format!(
            "Question: {}\nObjective: {}",
            self.request.question, brief.objective
        );
        for constraint in &brief.constraints {
            user.push_str(&format!("\nConstraint: {constraint}"));
        }
        user.push_str(&self.context());
        if let Some(plan) = &fixed {
            user.push_str("\nUse exactly these sub-questions, in this order:");
            for (at, sub) in plan.sub_questions.iter().enumerate() {
                user.push_str(&format!("\n{}. {}", at + 1, sub.question));
            }
        }
        let most = self.sub_questions();
        let places = [
            ("most", most.to_string()),
            ("sources", prompt::source_words(&available)),
        ];
        let ask = Ask {
            name: "plan".to_owned(),
            at: Stage::Plan,
            stage: ModelStage::Plan,
            purpose: Purpose::Plan,
            system: prompt::filled(prompt::PLAN, &places),
            user,
            material: None,
            schema: Some(prompt::plan_schema(&available, most)),
            max_tokens: 1200,
        };
        let read: Option<LenientPlan> = self.ask_json(ask).await?;
        let planned = read.map(|plan| self.tidied(plan.into(), most));
        Ok(match (fixed, planned) {
            (Some(fixed), Some(planned)) => with_queries(fixed, planned),
            (Some(fixed), None) => fixed,
            (None, Some(planned)) if !planned.sub_questions.is_empty() => self.tidied(
                with_the_question(planned, &self.request.question, &available),
                most,
            ),
            (None, _) => self.plan_without_model(&available),
        })
    }

    /// A plan as it can be followed: known sources, sane lengths, no empty or doubled part.
    pub(crate) fn tidied(&self, plan: Plan, most: usize) -> Plan {
        let available = self.sources();
        let mut seen = std::collections::HashSet::new();
        let mut sub_questions: Vec<SubQuestion> = plan
            .sub_questions
            .into_iter()
            .filter(|sub| !terms::of(&sub.question).is_empty())
            .map(|sub| {
                let mut sources = template::chosen(&sub.sources, &available);
                sources.sort();
                sources.dedup();
                let mut queries: Vec<String> = sub
                    .queries
                    .iter()
                    .map(|query| terms::head(query.trim(), LONGEST).to_owned())
                    .filter(|query| !query.is_empty())
                    .collect();
                queries.truncate(MOST_QUERIES);
                SubQuestion {
                    question: terms::head(sub.question.trim(), LONGEST).to_owned(),
                    sources,
                    queries,
                }
            })
            .filter(|sub| seen.insert(terms::same_query(&sub.question)))
            .collect();
        sub_questions.truncate(most);
        Plan { sub_questions }
    }

    /// How many sub-questions there may be: a template's sections all count unless the run is a quick one.
    fn sub_questions(&self) -> usize {
        let sections = self
            .template
            .as_ref()
            .map_or(0, |template| template.sections.len());
        if self.shape.rounds == 1 {
            self.shape.sub_questions
        } else {
            self.shape.sub_questions.max(sections)
        }
    }

    /// The sources that can be asked and that the user wants.
    pub(crate) fn sources(&self) -> Vec<SourceKind> {
        let mut there = self.ports.searcher.available();
        there.push(SourceKind::Reports);
        there.sort();
        there.dedup();
        let wanted = &self.request.sources;
        there.retain(|kind| wanted.is_empty() || wanted.contains(kind));
        there
    }

    fn context(&self) -> String {
        match self.request.context.trim() {
            "" => String::new(),
            context => format!("\nContext: {}", terms::head(context, 2000)),
        }
    }

    /// Whether a plan is what code makes of the question: there is no model, or it did not answer, and is not counted on for
    /// what comes next.
    pub(crate) fn planned_without_model(&self, plan: &Plan) -> bool {
        !self.has_model() || *plan == self.plan_without_model(&self.sources())
    }

    fn plan_without_model(&self, available: &[SourceKind]) -> Plan {
        let question = &self.request.question;
        let most = self.sub_questions();
        let sub_questions = parts_without_model(question, most)
            .into_iter()
            .map(|question| SubQuestion {
                question,
                sources: available.to_vec(),
                queries: Vec::new(),
            })
            .collect();
        self.tidied(Plan { sub_questions }, most)
    }

    /// Tells the plan to followers and keeps it in the run's row.
    pub(crate) async fn tell_plan(&self, name: &str, event: Event, plan: &Plan) -> Result<(), Stop> {
        let patch = Patch {
            plan: Some(plan.clone()),
            ..Patch::default()
        };
        self.tell(name, vec![event], patch).await
    }
}

/// A plan as a model writes it: a source that there is not must not cost the rest.
#[derive(Debug, Deserialize)]
struct LenientPlan {
    sub_questions: Vec<LenientSub>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum LenientSub {
    Whole {
        question: String,
        #[serde(default)]
        sources: Vec<serde_json::Value>,
        #[serde(default)]
        queries: Vec<serde_json::Value>,
    },
    Bare(String),
    Other(serde::de::IgnoredAny),
}

impl From<LenientPlan> for Plan {
    fn from(plan: LenientPlan) -> Self {
        let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
        let sub_questions = plan.sub_questions.into_iter().map(|sub| match sub {
            LenientSub::Whole {
                question,
                sources,
                queries,
            } => SubQuestion {
                question,
                sources: sources
                    .into_iter()
                    .filter_map(text)
                    .filter_map(|word| SourceKind::from_word(&word))
                    .collect(),
                queries: queries.into_iter().filter_map(text).collect(),
            },
            LenientSub::Bare(question) => SubQuestion {
                question,
                ..SubQuestion::default()
            },
            LenientSub::Other(_) => SubQuestion::default(),
        });
        Self {
            sub_questions: sub_questions.collect(),
        }
    }
}

/// The plan with the question itself in front, unless its parts together speak of what the question speaks of: a model that
/// plans something else must not cost the answer.
fn with_the_question(mut plan: Plan, question: &str, available: &[SourceKind]) -> Plan {
    let asked = terms::folded(question);
    let texts = plan
        .sub_questions
        .iter()
        .flat_map(|sub| sub.queries.iter().chain([&sub.question]));
    let said: std::collections::BTreeSet<String> = texts.flat_map(|text| terms::folded(text)).collect();
    if 2 * said.intersection(&asked).count() < asked.len() {
        plan.sub_questions.insert(
            0,
            SubQuestion {
                question: question.to_owned(),
                sources: available.to_vec(),
                queries: Vec::new(),
            },
        );
    }
    plan
}

/// A template's plan with the queries that the model adds to each part.
fn with_queries(mut fixed: Plan, planned: Plan) -> Plan {
    for (part, told) in fixed.sub_questions.iter_mut().zip(planned.sub_questions) {
        part.queries.splice(0..0, told.queries);
        part.queries.truncate(MOST_QUERIES);
    }
    fixed
}

/// What kind of question it is, by its words.
pub(crate) fn kind_of(question: &str) -> QuestionKind {
    let question = format!(" {} ", question.to_lowercase());
    CUES.iter()
        .find(|(_, cues)| cues.iter().any(|cue| question.contains(cue)))
        .map_or(QuestionKind::Open, |(kind, _)| *kind)
}

/// What is asked without a model's plan. A template that nobody asked for would search for its own words as well, which are not
/// the user's.
pub(crate) fn parts_without_model(question: &str, most: usize) -> Vec<String> {
    let clauses = clauses(question);
    // Every part is asked before the whole is: the whole of three is a poor search.
    if clauses.len() == most {
        return clauses;
    }
    let mut parts = vec![question.to_owned()];
    parts.extend(clauses);
    parts
}

/// Words that begin a question.
const ASKING: &[&str] = &["how", "what", "when", "where", "which", "who", "whose", "why"];
/// Words that stand for what was named before.
const PRONOUNS: &[&str] = &["it", "they", "them"];

/// The clauses of a question that could stand alone. One that speaks of what the one before it names has the name: alone,
/// it would ask of anything.
fn clauses(question: &str) -> Vec<String> {
    let pieces = question
        .split(['?', ';', '\n'])
        .flat_map(|piece| piece.split(", and "))
        .flat_map(asked_each);
    let mut named: Option<String> = None;
    let mut clauses = Vec::new();
    for piece in pieces.map(str::trim) {
        let name = terms::of(piece).into_iter().find(|word| extract::is_name(word));
        clauses.push(match (&name, &named) {
            (None, Some(before)) => with_name(piece, before),
            _ => piece.to_owned(),
        });
        named = name.or(named);
    }
    clauses.retain(|clause| terms::of(clause).len() >= 2);
    if clauses.len() < 2 {
        clauses.clear();
    }
    clauses
}

/// A piece cut before each "and" that a question word follows.
fn asked_each(piece: &str) -> Vec<&str> {
    const AND: &str = " and ";
    let asks = |rest: &str| {
        let word = rest.split_whitespace().next().unwrap_or_default();
        ASKING.contains(&word.to_lowercase().as_str())
    };
    let mut pieces = Vec::new();
    let (mut begins, mut from) = (0, 0);
    while let Some(at) = piece.get(from..).and_then(|rest| rest.find(AND)) {
        let (end, next) = (from + at, from + at + AND.len());
        if piece.get(next..).is_some_and(asks) {
            pieces.extend(piece.get(begins..end));
            begins = next;
        }
        from = next;
    }
    pieces.extend(piece.get(begins..));
    pieces
}

/// A clause with a name in place of the first pronoun.
fn with_name(clause: &str, name: &str) -> String {
    let mut words: Vec<&str> = clause.split_whitespace().collect();
    let is_pronoun = |word: &&mut &str| PRONOUNS.contains(&word.to_lowercase().as_str());
    if let Some(word) = words.iter_mut().find(is_pronoun) {
        *word = name;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_told_by_the_words() {
        let cases = [
            ("compare tokio and smol for our queue", QuestionKind::Comparison),
            ("why does the daemon hang after a suspend?", QuestionKind::Cause),
            (
                "what would it take to migrate from diesel to sqlx",
                QuestionKind::Migration,
            ),
            ("walk me through the indexer", QuestionKind::Tour),
            ("is the token file safe from attack", QuestionKind::Security),
            ("upgrade axum 0.7 to 0.8", QuestionKind::Upgrade),
            ("where are retries decided?", QuestionKind::Lookup),
            ("retry budget", QuestionKind::Open),
        ];
        for (question, kind) in cases {
            assert_eq!(kind_of(question), kind, "{question}");
        }
    }

    #[test]
    fn a_plan_that_leaves_the_question_out_begins_with_it() {
        let plan = |parts: &[&str]| Plan {
            sub_questions: parts
                .iter()
                .map(|part| SubQuestion {
                    question: (*part).to_owned(),
                    ..SubQuestion::default()
                })
                .collect(),
        };
        let asked = "where is the retry policy decided?";
        let completed = |parts: &[&str]| -> Vec<String> {
            let plan = with_the_question(plan(parts), asked, &[SourceKind::Code]);
            plan.sub_questions.into_iter().map(|sub| sub.question).collect()
        };
        assert_eq!(completed(&["sample text"]), [asked, "sample text"]);
        let good = ["Which module holds the policy?", "When is a retry decided?"];
        assert_eq!(completed(&good), good);
    }

    #[test]
    fn a_question_of_several_clauses_is_cut() {
        assert_eq!(
            clauses("How are retries decided? Which errors are retried?"),
            ["How are retries decided", "Which errors are retried"]
        );
        assert_eq!(
            clauses("where are parcels weighed and how is the label printed?"),
            ["where are parcels weighed", "how is the label printed"]
        );
        for one in [
            "How are retries decided?",
            "where are parcels weighed and printed?",
        ] {
            assert!(clauses(one).is_empty(), "{one}");
        }
    }

    #[test]
    fn no_part_is_left_out_for_the_whole() {
        let question = "How are parcels weighed, and where are labels sorted, and when are letters sent?";
        let parts = [
            "How are parcels weighed",
            "where are labels sorted",
            "when are letters sent",
        ];
        assert_eq!(parts_without_model(question, 3), parts);
        let all = parts_without_model(question, 5);
        assert_eq!(
            (all[0].as_str(), &all[1..]),
            (question, &parts.map(str::to_owned)[..])
        );
    }

    #[test]
    fn a_clause_that_speaks_of_a_name_has_it() {
        assert_eq!(
            clauses("is PARCEL_SCALE turned at night, and since which version does it exist?"),
            [
                "is PARCEL_SCALE turned at night",
                "since which version does PARCEL_SCALE exist"
            ]
        );
        assert_eq!(
            clauses("where are parcels weighed, and which label is printed for them?"),
            ["where are parcels weighed", "which label is printed for them"]
        );
    }
}
