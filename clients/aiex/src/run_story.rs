//! A run of research as it is told while it goes on: lines that stay, and one that changes.
//!
//! Built from the journal alone, so that a run looks the same live and when it is read again.

use std::collections::BTreeSet;

use aiex_protocol::journal::{EngineRun, RunEvent, RunStage, StopRule};
use aiex_protocol::research::{Depth, Ledger, Limits, Plan};
use aiex_protocol::source::SourceKind;

use crate::palette::Palette;
use crate::quantity::{count, counted, dollars};
use crate::run_words::{depth_name, doing, ledger_words, limit_words, plan_lines, stage_name, stop_words};
use crate::snippet::{fit, one_line};
use crate::sources::place;

/// Columns of a question or quote within a line.
const TEXT_WIDTH: usize = 72;

/// What has happened so far, as far as it is still of interest.
#[derive(Debug)]
pub(crate) struct Story {
    run: String,
    palette: Palette,
    stage: Option<RunStage>,
    parts: usize,
    round: Round,
    sources: u64,
    quotes: u64,
    headings: Vec<String>,
    written: usize,
    drafting: Option<u32>,
    has_model: bool,
    ledger: Ledger,
    /// Failures that were told. The same key is rejected for every query.
    told: BTreeSet<(SourceKind, String)>,
}

/// One round of searches.
#[derive(Debug, Default)]
struct Round {
    number: u32,
    planned: u32,
    searches: u32,
    failed: u32,
    read: u32,
    unread: u32,
}

impl Story {
    /// Nothing has happened yet.
    pub(crate) fn new(run: &str, palette: Palette) -> Self {
        Self {
            run: run.to_owned(),
            palette,
            stage: None,
            parts: 0,
            round: Round::default(),
            sources: 0,
            quotes: 0,
            headings: Vec::new(),
            written: 0,
            drafting: None,
            has_model: false,
            ledger: Ledger::default(),
            told: BTreeSet::new(),
        }
    }

    /// Takes an event in. What should stay on the screen comes back, in lines.
    pub(crate) fn tell(&mut self, event: &RunEvent) -> Vec<String> {
        match event {
            RunEvent::Created {
                depth, limits, model, ..
            } => {
                self.has_model = *model;
                self.created(*depth, limits)
            }
            RunEvent::StageBegan { stage } => {
                self.stage = Some(*stage);
                Vec::new()
            }
            RunEvent::StageEnded { .. } | RunEvent::Done { .. } | RunEvent::Failed { .. } => {
                self.drafting = None;
                if let RunEvent::Done { ledger, .. } = event {
                    self.ledger = *ledger;
                }
                Vec::new()
            }
            RunEvent::Briefed { brief } => {
                let mut lines = Vec::new();
                if !brief.objective.is_empty() {
                    lines.push(format!("{} {}", self.label("aim"), one_line(&brief.objective)));
                }
                if let Some(clarify) = &brief.clarify {
                    lines.push(format!("{} {}", self.label("unclear"), one_line(clarify)));
                }
                lines
            }
            RunEvent::Planned { plan } => self.plan("plan", plan),
            RunEvent::Approved { plan } => self.plan("approved", plan),
            RunEvent::AwaitingApproval => vec![format!(
                "{} for a yes to the plan: `aiex research approve {}`",
                self.label("waits"),
                self.run
            )],
            RunEvent::RoundBegan { round, searches } => {
                self.round = Round {
                    number: *round,
                    planned: *searches,
                    ..Round::default()
                };
                Vec::new()
            }
            RunEvent::Searched {
                source,
                query,
                failure,
                engines,
                ..
            } => {
                // Of these nobody asks anything: neither the plan of a round nor the ledger counts them.
                self.round.searches += u32::from(*source != SourceKind::Reports);
                match failure {
                    Some(failure) => {
                        self.round.failed += 1;
                        self.failed_search(*source, query, failure)
                    }
                    None => self.failed_engines(*source, engines),
                }
            }
            RunEvent::Read {
                number,
                origin,
                title,
                instructs,
            } => {
                self.round.read += 1;
                self.sources += 1;
                if !instructs {
                    return Vec::new();
                }
                let title = fit(&one_line(title), TEXT_WIDTH);
                vec![format!(
                    "  {} S{number} tries to instruct the model and is only quoted: {title} ({})",
                    self.palette.warning("careful:"),
                    place(origin)
                )]
            }
            RunEvent::ReadFailed { origin, failure } => {
                self.round.unread += 1;
                vec![format!(
                    "  {} {}: {}",
                    self.palette.dim("not read"),
                    place(origin),
                    one_line(failure)
                )]
            }
            RunEvent::Quoted { .. } => {
                self.quotes += 1;
                Vec::new()
            }
            RunEvent::RoundEnded {
                round,
                new_quotes,
                answered,
                stop,
            } => vec![self.round_ended(*round, *new_quotes, *answered, *stop)],
            RunEvent::Outlined { headings } => {
                self.headings = headings.iter().map(|heading| one_line(heading)).collect();
                self.written = 0;
                vec![format!("{} {}", self.label("outline"), self.headings.join(" · "))]
            }
            RunEvent::Draft { section, .. } => {
                self.drafting = Some(*section);
                Vec::new()
            }
            RunEvent::Written {
                section,
                sentences,
                unknown_cites,
            } => {
                self.drafting = None;
                self.written += 1;
                vec![self.wrote(*section, *sentences, *unknown_cites)]
            }
            RunEvent::Checked {
                supported,
                partial,
                unsupported,
                contradicted,
                unchecked,
                repaired,
            } => {
                let claims = supported + partial + unsupported + contradicted + unchecked;
                // Quotes bear themselves out; nobody judged whether they answer the question.
                if !self.has_model && claims == *supported {
                    let sentences = counted(u64::from(claims), "sentence");
                    return vec![format!(
                        "{} {sentences}, quoted word for word",
                        self.label("checked")
                    )];
                }
                let parts = [
                    (*supported, "supported"),
                    (*partial, "in part"),
                    (*unsupported, "not supported"),
                    (*contradicted, "contradicted"),
                    (*unchecked, "not checked"),
                    (*repaired, "repaired"),
                ];
                let shown: Vec<String> = parts
                    .iter()
                    .filter(|(number, _)| *number > 0)
                    .map(|(number, what)| format!("{} {what}", count(u64::from(*number))))
                    .collect();
                let claims = counted(u64::from(claims), "claim");
                vec![format!(
                    "{} {claims}: {}",
                    self.label("checked"),
                    shown.join(", ")
                )]
            }
            RunEvent::Fallback { stage, reason } => vec![format!(
                "{} {}: {}",
                self.label("instead"),
                stage_name(*stage),
                one_line(reason)
            )],
            RunEvent::Spent { ledger } => {
                self.ledger = *ledger;
                Vec::new()
            }
            RunEvent::Resumed => vec![self.label("goes on")],
            RunEvent::Paused => vec![format!(
                "{}: `aiex research resume {}` goes on",
                self.label("paused"),
                self.run
            )],
            RunEvent::Finishing => vec![format!("{} with what it has", self.label("finishes"))],
            RunEvent::Cancelled => vec![self.label("cancelled")],
        }
    }

    /// What is going on, in one line.
    pub(crate) fn now(&self) -> String {
        let Some(stage) = self.stage else {
            return "starting".to_owned();
        };
        let mut parts = vec![doing(stage).to_owned()];
        match stage {
            RunStage::Gather if self.round.number > 0 => {
                let mut searches = format!(
                    "round {}, {} of {}",
                    self.round.number,
                    self.round.searches,
                    counted(u64::from(self.round.planned), "search")
                );
                if self.round.failed > 0 {
                    searches.push_str(&format!(", {} failed", self.round.failed));
                }
                parts.push(searches);
            }
            RunStage::Write if !self.headings.is_empty() => {
                parts.push(format!(
                    "{} of {}",
                    self.written,
                    counted_sections(&self.headings)
                ));
                let drafting = self.drafting.and_then(|place| self.headings.get(place as usize));
                parts.extend(drafting.cloned());
            }
            _ => {}
        }
        if self.sources > 0 {
            parts.push(counted(self.sources, "source"));
        }
        if self.quotes > 0 {
            parts.push(counted(self.quotes, "quote"));
        }
        let tokens = self.ledger.input_tokens + self.ledger.output_tokens;
        if tokens > 0 {
            parts.push(counted(tokens, "token"));
        }
        if self.ledger.micro_dollars > 0 {
            parts.push(dollars(self.ledger.micro_dollars));
        }
        parts.join(" · ")
    }

    /// What was spent, in words.
    pub(crate) fn spent(&self) -> String {
        ledger_words(&self.ledger)
    }

    /// The first word of a line.
    fn label(&self, word: &str) -> String {
        self.palette.strong(word).to_string()
    }

    fn created(&self, depth: Depth, limits: &Limits) -> Vec<String> {
        let mut lines = vec![format!(
            "{} {} · {} · at most {}",
            self.label("research"),
            self.palette.handle(&self.run),
            depth_name(depth),
            limit_words(limits, self.has_model)
        )];
        if !self.has_model {
            lines.push("no model takes part: the report is made of quotes".to_owned());
        }
        lines
    }

    fn plan(&mut self, label: &str, plan: &Plan) -> Vec<String> {
        self.parts = plan.sub_questions.len();
        let mut lines = vec![format!(
            "{} {}",
            self.label(label),
            counted(self.parts as u64, "question")
        )];
        lines.extend(
            plan_lines(plan, self.palette)
                .into_iter()
                .map(|line| format!("  {line}")),
        );
        lines
    }

    fn failed_search(&mut self, source: SourceKind, query: &str, failure: &str) -> Vec<String> {
        let failure = one_line(failure);
        if !self.told.insert((source, failure.clone())) {
            return Vec::new();
        }
        vec![format!(
            "  {} {} for \"{}\": {failure}",
            self.palette.warning("failed"),
            source.as_str(),
            fit(&one_line(query), TEXT_WIDTH)
        )]
    }

    /// Engines that failed while others answered: each says why once.
    fn failed_engines(&mut self, source: SourceKind, engines: &[EngineRun]) -> Vec<String> {
        let mut lines = Vec::new();
        for run in engines {
            let Some(failure) = &run.failure else { continue };
            let why = format!("{}: {}", one_line(&run.engine), one_line(failure));
            if self.told.insert((source, why.clone())) {
                lines.push(format!("  {} {why}", self.palette.warning("without")));
            }
        }
        lines
    }

    fn round_ended(&self, round: u32, new_quotes: u32, answered: u32, stop: Option<StopRule>) -> String {
        let Round {
            searches,
            failed,
            read,
            unread,
            ..
        } = self.round;
        let mut line = format!(
            "{} {}",
            self.label(&format!("round {round}")),
            counted(u64::from(searches), "search")
        );
        if failed > 0 {
            line.push_str(&format!(" ({failed} failed)"));
        }
        line.push_str(&format!(", {} read", counted(u64::from(read), "source")));
        if unread > 0 {
            line.push_str(&format!(" ({unread} not)"));
        }
        line.push_str(&format!(", {}", counted(u64::from(new_quotes), "new quote")));
        // Not known when the run is watched from its middle.
        if self.parts > 0 {
            let parts = counted(self.parts as u64, "question");
            line.push_str(&format!("; evidence for {answered} of {parts}"));
        }
        if let Some(stop) = stop {
            line.push_str(&format!("; the last: {}", stop_words(stop)));
        }
        line
    }

    fn wrote(&self, section: u32, sentences: u32, unknown_cites: u32) -> String {
        let heading = self.headings.get(section as usize).map_or("", String::as_str);
        let mut line = format!(
            "{} {heading} ({})",
            self.label("wrote"),
            counted(u64::from(sentences), "sentence")
        );
        if unknown_cites > 0 {
            line.push_str(&format!(
                "; {} of what does not exist taken out",
                counted(u64::from(unknown_cites), "citation")
            ));
        }
        line
    }
}

fn counted_sections(headings: &[String]) -> String {
    counted(headings.len() as u64, "section")
}

#[cfg(test)]
mod tests;
