//! Runs of research in words: plans, limits, what was spent, stages and states.

use std::time::Duration;

use aiex_protocol::journal::{RunStage, StopRule};
use aiex_protocol::research::{Depth, Ledger, Limits, Plan, RunState, SubQuestion};

use crate::palette::Palette;
use crate::quantity::{counted, dollars, span};
use crate::snippet::one_line;

/// A plan, one line a part: `1 what does dropping it do?  docs, git`.
pub(crate) fn plan_lines(plan: &Plan, palette: Palette) -> Vec<String> {
    let line = |(place, part): (usize, &SubQuestion)| {
        let sources: Vec<&str> = part.sources.iter().map(|source| source.as_str()).collect();
        let number = palette.handle(place + 1).to_string();
        let question = one_line(&part.question);
        if sources.is_empty() {
            format!("{number} {question}")
        } else {
            format!("{number} {question}  {}", palette.dim(sources.join(", ")))
        }
    };
    plan.sub_questions.iter().enumerate().map(line).collect()
}

/// `41 s: 24 searches, 9 fetches, 12 model calls, 34,000 tokens, $0.02`.
pub(crate) fn ledger_words(ledger: &Ledger) -> String {
    let mut parts = vec![counted(u64::from(ledger.searches), "search")];
    if ledger.fetches > 0 {
        parts.push(counted(u64::from(ledger.fetches), "fetch"));
    }
    if ledger.model_calls > 0 {
        parts.push(counted(u64::from(ledger.model_calls), "model call"));
        parts.push(counted(ledger.input_tokens + ledger.output_tokens, "token"));
    }
    if ledger.micro_dollars > 0 {
        parts.push(dollars(ledger.micro_dollars));
    }
    format!("{}: {}", milliseconds(ledger.wall_ms), parts.join(", "))
}

/// `10 min, 100,000 tokens, $0.50, 80 searches, 24 fetches`. Without a model, tokens and money do not matter.
pub(crate) fn limit_words(limits: &Limits, has_model: bool) -> String {
    let mut parts = vec![milliseconds(limits.wall_ms)];
    if has_model {
        parts.push(counted(limits.tokens, "token"));
        parts.extend(limits.micro_dollars.map(dollars));
    }
    parts.push(counted(u64::from(limits.searches), "search"));
    parts.push(counted(u64::from(limits.fetches), "fetch"));
    parts.join(", ")
}

/// A span of time given in milliseconds.
pub(crate) fn milliseconds(ms: u64) -> String {
    span(Duration::from_millis(ms))
}

/// A state as people call it.
pub(crate) fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::AwaitingApproval => "waits for approval",
        RunState::Paused => "paused",
        RunState::Done => "done",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// A depth as people write it.
pub(crate) fn depth_name(depth: Depth) -> &'static str {
    match depth {
        Depth::Quick => "quick",
        Depth::Standard => "standard",
        Depth::Deep => "deep",
    }
}

/// A stage as people call it.
pub(crate) fn stage_name(stage: RunStage) -> &'static str {
    match stage {
        RunStage::Scope => "scope",
        RunStage::Plan => "plan",
        RunStage::Gather => "gathering",
        RunStage::Outline => "outline",
        RunStage::Write => "writing",
        RunStage::Check => "checks",
        RunStage::Report => "report",
    }
}

/// What a run does in a stage.
pub(crate) fn doing(stage: RunStage) -> &'static str {
    match stage {
        RunStage::Scope => "understanding the question",
        RunStage::Plan => "planning",
        RunStage::Gather => "gathering",
        RunStage::Outline => "outlining",
        RunStage::Write => "writing",
        RunStage::Check => "checking",
        RunStage::Report => "putting the report together",
    }
}

/// Why no further round follows.
pub(crate) fn stop_words(stop: StopRule) -> &'static str {
    match stop {
        StopRule::Answered => "there is evidence for every question",
        StopRule::Rounds => "as deep as asked for",
        StopRule::Stalled => "nothing new comes",
        StopRule::Duplicates => "everything was asked",
        StopRule::Budget => "the rest of the budget is for the report",
        StopRule::Told => "as you said",
        StopRule::Unreachable => "nothing can be searched",
    }
}
