//! A run from its question to its report.
//!
//! One function that asks the world only through the journal, so it can be begun anew at any time and passes through
//! what is done.

use std::sync::Arc;
use std::time::Instant;

use aiex_evidence::{Evidence, Ledger, Report, disagree};

use crate::event::{Event, Stage, StopRule};
use crate::gather::Gathered;
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::plan::{Brief, Plan};
use crate::ports::ModelStage;
use crate::request::Approval;
use crate::run::RunState;
use crate::sides::{self, Missing};
use crate::store::Patch;
use crate::writing::Written;
use crate::{extractive, terms};

/// The key of the user's approval in the journal.
pub(crate) const APPROVAL: &str = "approval";

/// Bytes of a title.
const LONGEST_TITLE: usize = 160;
/// Sub-questions that an edited plan may have.
const MOST_EDITED: usize = 16;

/// How a run came to rest.
#[derive(Debug)]
pub(crate) enum Rest {
    /// With a report, which is kept.
    Done,
    /// Without one: there is no evidence, because nothing could be searched.
    Failed,
    /// Waiting for a yes to the plan.
    Awaiting,
}

impl Live {
    /// Runs until it rests. What can be searched without a plan is searched beside the making of it.
    pub(crate) async fn run(&self, approval: Option<Approval>) -> Result<Rest, Stop> {
        let (ahead, rest) = tokio::join!(self.search_ahead(), self.report_on(approval));
        ahead.and(rest)
    }

    async fn report_on(&self, approval: Option<Approval>) -> Result<Rest, Stop> {
        let brief = self.staged(Stage::Scope, self.briefed(approval.as_ref())).await?;
        let planned = self.staged(Stage::Plan, self.planned(&brief, approval)).await?;
        let Some(plan) = planned else {
            let patch = Patch {
                state: Some(RunState::AwaitingApproval),
                ..Patch::default()
            };
            self.mention(vec![Event::AwaitingApproval], patch).await?;
            return Ok(Rest::Awaiting);
        };
        let gathered = self.staged(Stage::Gather, self.gather(&brief, &plan)).await?;
        if gathered.catalogue.is_empty() && gathered.is_unreachable() {
            return self.fail(&gathered).await;
        }
        let chosen = self
            .staged(Stage::Outline, self.outline(&plan, &gathered))
            .await?;
        let mut written = self.staged(Stage::Write, self.write(&chosen, &gathered)).await?;
        let sections = std::mem::take(&mut written.sections);
        written.sections = self.staged(Stage::Check, self.check(sections, &gathered)).await?;
        self.report(&plan, gathered, written).await?;
        Ok(Rest::Done)
    }

    /// A stage between its two events.
    async fn staged<T>(&self, stage: Stage, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let began = Instant::now();
        let patch = Patch {
            stage: Some(stage),
            ..Patch::default()
        };
        let name = format!("stage/{}", self.generation);
        self.tell(&name, vec![Event::StageBegan { stage }], patch).await?;
        let done = work.await?;
        let took_ms = began.elapsed().as_millis() as u64;
        let ended = |took_ms: &u64| {
            vec![Event::StageEnded {
                stage,
                took_ms: *took_ms,
            }]
        };
        self.decide(
            &format!("stage/{stage:?}/ended"),
            || took_ms,
            ended,
            Patch::default(),
        )
        .await?;
        Ok(done)
    }

    async fn briefed(&self, approval: Option<&Approval>) -> Result<Brief, Stop> {
        let brief = self.scope(approval).await?;
        let patch = Patch {
            brief: Some(brief.clone()),
            ..Patch::default()
        };
        self.tell("briefed", vec![Event::Briefed { brief: brief.clone() }], patch)
            .await?;
        Ok(brief)
    }

    /// The plan; `None` when it needs a yes that is not there.
    async fn planned(&self, brief: &Brief, approval: Option<Approval>) -> Result<Option<Plan>, Stop> {
        let needs_yes = self.request.approve || self.request.plan_only;
        if let Some(plan) = approval.as_ref().and_then(|approval| approval.plan.clone()) {
            let plan = self.tidied(plan, MOST_EDITED);
            self.tell_plan("approved", Event::Approved { plan: plan.clone() }, &plan)
                .await?;
            return Ok(Some(plan));
        }
        let plan = self.plan(brief).await?;
        self.tell_plan("planned", Event::Planned { plan: plan.clone() }, &plan)
            .await?;
        if approval.is_some() {
            self.tell_plan("approved", Event::Approved { plan: plan.clone() }, &plan)
                .await?;
        } else if needs_yes {
            return Ok(None);
        }
        Ok(Some(plan))
    }

    async fn fail(&self, gathered: &Gathered) -> Result<Rest, Stop> {
        let reason = format!("nothing could be searched: {}", gathered.failures().join("; "));
        let hint = gathered.hint().unwrap_or(if gathered.is_out_of_budget() {
            "allow more searches and more time, and start a new run"
        } else {
            "check the sources' settings and the network, then retry the run"
        });
        let failed = Event::Failed {
            reason: reason.clone(),
            hint: hint.to_owned(),
        };
        let patch = Patch {
            state: Some(RunState::Failed),
            reason: Some(Some(reason)),
            ledger: Some(self.purse.ledger()),
            ..Patch::default()
        };
        self.mention(vec![failed], patch).await?;
        Ok(Rest::Failed)
    }

    async fn report(&self, plan: &Plan, gathered: Gathered, mut written: Written) -> Result<(), Stop> {
        let stage = Patch {
            stage: Some(Stage::Report),
            ..Patch::default()
        };
        self.mention(vec![Event::StageBegan { stage: Stage::Report }], stage)
            .await?;
        let one_sided = sides::missing(&self.request.question, &gathered);
        let partial = self.partial(plan, &gathered, &written, &one_sided);
        let settled = !matches!(gathered.stop, Some(StopRule::Budget | StopRule::Told))
            && gathered.failures().is_empty()
            && one_sided.is_empty()
            && !gathered.searches.iter().any(|search| search.is_unready)
            && !written.fell_back
            && !self.missed.may_pass();
        let nowhere = gathered.nowhere(&self.request.question);
        let (catalogue, quotes) = (gathered.catalogue, gathered.quotes);
        let (disagreements, sources, quotes) = on_a_thread(move || {
            let found = disagree::find(Evidence {
                sources: &catalogue,
                quotes: &quotes,
            });
            (found, catalogue, quotes)
        })
        .await?;
        // Before the answer in short, which can only be about the other side.
        if let Some(short) = written.sections.first_mut() {
            let said = |missing| extractive::bare(&format!("One side is missing here: {missing}."));
            let said = one_sided.iter().map(said);
            short.paragraphs.splice(..0, said);
        }
        let ledger: Ledger = self.purse.ledger();
        let report = Report {
            run: self.id.0.clone(),
            question: self.request.question.clone(),
            title: self.title(),
            model: written.model,
            partial: partial.clone(),
            nowhere,
            sections: written.sections,
            disagreements,
            searches: gathered.searches,
            sources,
            quotes,
            unread: gathered.unread,
            removed: written.removed,
            ledger: ledger.clone(),
            finished_at: self.ports.clock.unix_ms() / 1000,
            settled,
        };
        let patch = Patch {
            state: Some(RunState::Done),
            reason: Some(partial.clone()),
            ledger: Some(ledger.clone()),
            report: Some(Arc::new(report)),
            ..Patch::default()
        };
        self.mention(vec![Event::Done { partial, ledger }], patch).await
    }

    fn title(&self) -> String {
        let question = self
            .request
            .question
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let question = terms::head(&question, LONGEST_TITLE);
        match &self.template {
            Some(template) => format!("{}: {question}", template.title),
            None => question.to_owned(),
        }
    }

    /// Why the report is less than it could be, if it is.
    fn partial(
        &self,
        plan: &Plan,
        gathered: &Gathered,
        written: &Written,
        one_sided: &[Missing],
    ) -> Option<String> {
        let mut why: Vec<String> = one_sided.iter().map(Missing::to_string).collect();
        match gathered.stop {
            Some(StopRule::Budget) => why.push("the budget for searching was used up".to_owned()),
            Some(StopRule::Told) => why.push("it was told to finish early".to_owned()),
            _ => {}
        }
        if gathered.quotes.is_empty() {
            why.push("nothing was found that answers the question".to_owned());
        } else {
            let silent = gathered.without_evidence(plan);
            if silent > 0 {
                why.push(format!(
                    "{silent} of {} sub-questions found no evidence",
                    plan.sub_questions.len()
                ));
            }
        }
        let failures = gathered.failures();
        if !failures.is_empty() {
            why.push(format!("searches failed ({})", failures.join("; ")));
        }
        if terms::asks_of_the_past(&self.request.question) {
            let mut lacks = gathered
                .searches
                .iter()
                .filter_map(|search| search.lacks.as_deref());
            if let Some(lacks) = lacks.next_back() {
                why.push(lacks.to_owned());
            }
        }
        if written.fell_back {
            let what = match written.model {
                Some(_) => "the model did not write every section",
                None => "no model wrote any of it",
            };
            let trouble = self.health.trouble();
            why.push(match trouble.or_else(|| self.missed.why(ModelStage::Write)) {
                Some(trouble) => format!("{what} ({trouble})"),
                None => what.to_owned(),
            });
        }
        // Where it wrote nothing, it is clear that it did nothing else either.
        if !written.fell_back || written.model.is_some() {
            why.extend(self.missed.told());
        }
        (!why.is_empty()).then(|| why.join("; "))
    }
}
