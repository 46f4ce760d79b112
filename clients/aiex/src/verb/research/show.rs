//! Everything about one run.

use std::fmt::Write;

use aiex_protocol::research::{Ledger, Limits, RunArgs, RunState, RunView};
use aiex_protocol::{Call, Event};

use super::Desk;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::palette::Palette;
use crate::plan_file;
use crate::quantity::{ago, count, counted, dollars, now_ms};
use crate::run_words::{depth_name, milliseconds, plan_lines, stage_name, state_name};
use crate::snippet::one_line;

impl Desk<'_> {
    /// Everything about a run, by its whole name.
    pub(super) async fn view(&mut self, run: &str) -> Result<RunView, Failure> {
        let run = run.to_owned();
        let view = self.fetch(Call::ResearchShow(RunArgs { run }), |event| match event {
            Event::RunView(view) => Some(*view),
            _ => None,
        });
        view.await
    }
}

/// Shows a run, or its plan alone.
pub(super) async fn show(
    name: &str,
    plan: bool,
    json: bool,
    desk: &mut Desk<'_>,
) -> Result<ExitCode, Failure> {
    let id = desk.find(name).await?.id;
    let view = desk.view(&id).await?;
    if json {
        desk.printer.json(&view)?;
    } else if plan {
        let plan = view.plan.as_ref().ok_or_else(|| {
            Failure::new(ExitCode::RepositoryRefused, format!("run {id} has no plan yet"))
                .hint(format!("`aiex research follow {id}` shows how far it is"))
        })?;
        desk.printer.data(&plan_file::write(&id, plan)?)?;
    } else {
        desk.printer
            .data(&render(&view, now_ms(), desk.printer.palette))?;
    }
    Ok(ExitCode::Ok)
}

fn render(view: &RunView, now: u64, palette: Palette) -> String {
    let RunView { summary, request, .. } = view;
    let mut text = format!(
        "{}  {}\n{}\n\n",
        palette.handle(&summary.id),
        state_name(summary.state),
        palette.strong(one_line(&summary.question))
    );
    let mut row = |name: &str, value: &str| {
        let name = palette.dim(format!("{name:<9}")).to_string();
        let _ = writeln!(text, "{name} {value}");
    };
    let mut asked = vec![depth_name(view.summary.depth).to_owned()];
    asked.extend(
        request
            .template
            .iter()
            .map(|name| format!("template {}", one_line(name))),
    );
    if !request.sources.is_empty() {
        let sources: Vec<&str> = request.sources.iter().map(|source| source.as_str()).collect();
        asked.push(sources.join(", "));
    }
    row("asked", &asked.join(" · "));
    for repo in &request.repos {
        row("in", &one_line(repo));
    }
    row("started", &ago(summary.created_ms, now));
    if let Some(stage) = summary.stage.filter(|_| !summary.state.is_over()) {
        row("stage", stage_name(stage));
    }
    if let Some(reason) = &summary.reason {
        row("because", &one_line(reason));
    }
    row("spent", &spent(&view.ledger, &view.limits));
    if let Some(brief) = &view.brief {
        row("aim", &one_line(&brief.objective));
        for constraint in &brief.constraints {
            row("", &one_line(constraint));
        }
        if let Some(clarify) = &brief.clarify {
            row("unclear", &one_line(clarify));
        }
    }
    for (place, line) in view
        .plan
        .iter()
        .flat_map(|plan| plan_lines(plan, palette))
        .enumerate()
    {
        row(if place == 0 { "plan" } else { "" }, &line);
    }
    row("next", &next(&summary.id, summary.state));
    text
}

/// `41 s of 5 min · 24 of 60 searches · …`; money and tokens only where there are any.
fn spent(ledger: &Ledger, limits: &Limits) -> String {
    let of = |used: u64, limit: u64, noun: &str| format!("{} of {}", count(used), counted(limit, noun));
    let mut parts = vec![
        format!(
            "{} of {}",
            milliseconds(ledger.wall_ms),
            milliseconds(limits.wall_ms)
        ),
        of(u64::from(ledger.searches), u64::from(limits.searches), "search"),
        of(u64::from(ledger.fetches), u64::from(limits.fetches), "fetch"),
    ];
    if ledger.model_calls > 0 {
        parts.push(counted(u64::from(ledger.model_calls), "model call"));
        parts.push(of(
            ledger.input_tokens + ledger.output_tokens,
            limits.tokens,
            "token",
        ));
    }
    match limits.micro_dollars {
        Some(limit) => parts.push(format!("{} of {}", dollars(ledger.micro_dollars), dollars(limit))),
        None if ledger.micro_dollars > 0 => parts.push(dollars(ledger.micro_dollars)),
        None => {}
    }
    parts.join(" · ")
}

fn next(id: &str, state: RunState) -> String {
    match state {
        RunState::Running => format!("`aiex research follow {id}` shows it"),
        RunState::AwaitingApproval => {
            format!("`aiex research show {id} --plan` prints the plan, `aiex research approve {id}` goes on")
        }
        RunState::Paused => format!("`aiex research resume {id}` goes on"),
        RunState::Done => format!("`aiex research export {id}` prints the report"),
        RunState::Failed | RunState::Cancelled => {
            format!("`aiex research retry {id}` goes on with what it has")
        }
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::journal::RunStage;
    use aiex_protocol::research::{Brief, Depth, Plan, ResearchArgs, RunSummary, SubQuestion};
    use aiex_protocol::source::SourceKind;

    use super::*;

    fn view(state: RunState) -> RunView {
        RunView {
            summary: RunSummary {
                id: "20260131-0af3c9".into(),
                question: "what is lost at shutdown?\u{1b}[0m".into(),
                depth: Depth::Deep,
                state,
                stage: Some(RunStage::Gather),
                created_ms: 1_000,
                changed_ms: 2_000,
                reason: (state == RunState::Failed).then(|| "no source could be searched".into()),
            },
            request: ResearchArgs {
                question: "what is lost at shutdown?".into(),
                template: Some("architecture-tour".into()),
                depth: Some(Depth::Deep),
                sources: vec![SourceKind::Code, SourceKind::Web],
                repos: vec!["/src/queue".into()],
                ..ResearchArgs::default()
            },
            brief: Some(Brief {
                objective: "to know what is lost".into(),
                constraints: vec!["tokio 1.48".into()],
                clarify: Some("which runtime?".into()),
                ..Brief::default()
            }),
            plan: Some(Plan {
                sub_questions: vec![
                    SubQuestion {
                        question: "what does dropping it do?".into(),
                        sources: vec![SourceKind::Code],
                        queries: vec![],
                    },
                    SubQuestion {
                        question: "since when?".into(),
                        ..SubQuestion::default()
                    },
                ],
            }),
            ledger: Ledger {
                wall_ms: 41_000,
                input_tokens: 30_000,
                output_tokens: 4_000,
                micro_dollars: 21_000,
                searches: 24,
                fetches: 9,
                model_calls: 12,
            },
            limits: Limits {
                wall_ms: 300_000,
                tokens: 100_000,
                micro_dollars: Some(500_000),
                fetches: 40,
                searches: 60,
            },
            last_seq: 140,
        }
    }

    #[test]
    fn a_run_is_shown_on_a_page() {
        let page = |state| render(&view(state), 121_000, Palette::new(false));
        insta::assert_snapshot!("running", page(RunState::Running));
        insta::assert_snapshot!("failed", page(RunState::Failed));
    }

    #[test]
    fn without_a_model_tokens_and_money_are_not_spoken_of() {
        let ledger = Ledger {
            wall_ms: 900,
            searches: 3,
            ..Ledger::default()
        };
        let limits = Limits {
            micro_dollars: None,
            ..view(RunState::Done).limits
        };
        assert_eq!(
            spent(&ledger, &limits),
            "900 ms of 5 min · 3 of 60 searches · 0 of 40 fetches"
        );
    }
}
