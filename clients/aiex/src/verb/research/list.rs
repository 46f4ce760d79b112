//! Lists: runs, templates, and what a run would come to.

use std::fmt::Write;

use aiex_protocol::research::{Estimate, ResearchArgs, RunSummary, TemplateInfo};
use aiex_protocol::{Call, Event};

use super::Desk;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::palette::Palette;
use crate::quantity::{ago, counted, dollars, now_ms, span};
use crate::run_name;
use crate::run_words::{limit_words, state_name};
use crate::snippet::{fit, one_line};

/// Columns of a state: `waits for approval`.
const STATE_WIDTH: usize = 18;
/// Columns of an age: `100 min ago`.
const AGE_WIDTH: usize = 12;
/// A question is not cut to less.
const LEAST_QUESTION: usize = 20;

/// The runs.
pub(super) async fn runs(json: bool, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
    let runs = run_name::runs(desk.session, desk.printer, desk.interrupt).await?;
    if json {
        for run in &runs {
            desk.printer.json(run)?;
        }
    } else if runs.is_empty() {
        desk.printer
            .notice("no run yet; `aiex research \"your question\"` starts one");
    } else {
        let width = if desk.printer.is_terminal {
            desk.printer.width
        } else {
            usize::MAX
        };
        desk.printer
            .data(&render_runs(&runs, now_ms(), width, desk.printer.palette))?;
    }
    Ok(if runs.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

fn render_runs(runs: &[RunSummary], now: u64, width: usize, palette: Palette) -> String {
    let mut text = String::new();
    for run in runs {
        let room = width.saturating_sub(run.id.len() + STATE_WIDTH + AGE_WIDTH + 6);
        let _ = writeln!(
            text,
            "{}  {:STATE_WIDTH$}  {:AGE_WIDTH$}  {}",
            palette.handle(&run.id),
            state_name(run.state),
            palette.dim(ago(run.created_ms, now)),
            fit(&one_line(&run.question), room.max(LEAST_QUESTION))
        );
    }
    text
}

/// The templates, or the file of one.
pub(super) async fn templates(
    name: Option<&str>,
    json: bool,
    desk: &mut Desk<'_>,
) -> Result<ExitCode, Failure> {
    let templates = desk.fetch(Call::ResearchTemplates {}, |event| match event {
        Event::Templates { templates } => Some(templates),
        _ => None,
    });
    let mut templates = templates.await?;
    if let Some(name) = name {
        let known: Vec<String> = templates.iter().map(|template| template.name.clone()).collect();
        templates.retain(|template| template.name == name);
        if templates.is_empty() {
            let failure = Failure::new(ExitCode::Usage, format!("there is no template `{name}`"));
            return Err(failure.hint(format!("there are {}", known.join(", "))));
        }
    }
    if let ([template], Some(_), false) = (&templates[..], name, json) {
        desk.printer.data(&template.text)?;
    } else if json {
        for template in &templates {
            desk.printer.json(template)?;
        }
    } else {
        desk.printer
            .data(&render_templates(&templates, desk.printer.palette))?;
    }
    Ok(ExitCode::Ok)
}

fn render_templates(templates: &[TemplateInfo], palette: Palette) -> String {
    let mut text = String::new();
    for template in templates {
        let _ = writeln!(
            text,
            "{}  {}",
            palette.handle(one_line(&template.name)),
            one_line(&template.about)
        );
        let sections: Vec<String> = template
            .sections
            .iter()
            .map(|heading| one_line(heading))
            .collect();
        let _ = writeln!(text, "  {}", palette.dim(sections.join(" · ")));
    }
    text
}

/// What a run would come to.
pub(super) async fn estimate(
    args: ResearchArgs,
    json: bool,
    desk: &mut Desk<'_>,
) -> Result<ExitCode, Failure> {
    let estimate = desk.fetch(Call::ResearchEstimate(args), |event| match event {
        Event::Estimate(estimate) => Some(estimate),
        _ => None,
    });
    let estimate = estimate.await?;
    if json {
        desk.printer.json(&estimate)?;
    } else {
        desk.printer.data(&render_estimate(&estimate))?;
    }
    Ok(ExitCode::Ok)
}

fn render_estimate(estimate: &Estimate) -> String {
    format!(
        "planned  {}\ntime     {}\nnever    more than {}\n",
        planned(estimate),
        time(estimate),
        limit_words(&estimate.limits, estimate.model_calls > 0)
    )
}

/// An estimate in one line, for whoever starts a run.
pub(super) fn estimate_line(estimate: &Estimate) -> String {
    format!("estimate: up to {} in {}", planned(estimate), time(estimate))
}

fn planned(estimate: &Estimate) -> String {
    let mut parts = vec![
        counted(u64::from(estimate.searches), "search"),
        counted(u64::from(estimate.fetches), "fetch"),
    ];
    if estimate.model_calls > 0 {
        parts.push(counted(u64::from(estimate.model_calls), "model call"));
        parts.push(counted(estimate.tokens, "token"));
        parts.push(match estimate.micro_dollars {
            Some(micro) => dollars(micro),
            None => "a price that is not known".to_owned(),
        });
    } else {
        parts.push("no model".to_owned());
    }
    parts.join(", ")
}

fn time(estimate: &Estimate) -> String {
    let seconds = |number| span(std::time::Duration::from_secs(number));
    let [low, high] = [estimate.wall_seconds_low, estimate.wall_seconds_high].map(seconds);
    match estimate.wall_seconds_low {
        0 => format!("up to {high}"),
        _ => format!("{low} to {high}"),
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::research::{Depth, Limits, RunState};

    use super::*;

    fn run(id: &str, state: RunState, question: &str) -> RunSummary {
        RunSummary {
            id: id.into(),
            question: question.into(),
            depth: Depth::Standard,
            state,
            stage: None,
            created_ms: 1_000,
            changed_ms: 1_000,
            reason: None,
        }
    }

    #[test]
    fn runs_are_a_line_each() {
        let runs = [
            run("20260201-1bc000", RunState::AwaitingApproval, "why?"),
            run(
                "20260131-0af3c9",
                RunState::Done,
                "what happens to the tasks\nthat run at shutdown?",
            ),
        ];
        insta::assert_snapshot!(render_runs(&runs, 121_000, 80, Palette::new(false)), @r"
        20260201-1bc000  waits for approval  2 min ago     why?
        20260131-0af3c9  done                2 min ago     what happens to the tasks th…
        ");
    }

    #[test]
    fn a_template_names_its_sections() {
        let template = TemplateInfo {
            name: "compare-libraries".into(),
            title: "Libraries compared".into(),
            about: "Sets libraries side by side".into(),
            sections: vec!["In short".into(), "What they do".into()],
            text: String::new(),
        };
        insta::assert_snapshot!(render_templates(&[template], Palette::new(false)), @r"
        compare-libraries  Sets libraries side by side
          In short · What they do
        ");
    }

    #[test]
    fn an_estimate_says_what_is_planned_and_what_is_never_passed() {
        let limits = Limits {
            wall_ms: 600_000,
            tokens: 100_000,
            micro_dollars: Some(500_000),
            fetches: 24,
            searches: 80,
        };
        let estimate = Estimate {
            searches: 40,
            fetches: 24,
            model_calls: 30,
            tokens: 90_000,
            micro_dollars: Some(120_000),
            wall_seconds_low: 40,
            wall_seconds_high: 300,
            limits,
        };
        insta::assert_snapshot!(render_estimate(&estimate), @r"
        planned  40 searches, 24 fetches, 30 model calls, 90,000 tokens, $0.12
        time     40 s to 5 min
        never    more than 10 min, 100,000 tokens, $0.50, 80 searches, 24 fetches
        ");
        assert_eq!(
            estimate_line(&estimate),
            "estimate: up to 40 searches, 24 fetches, 30 model calls, 90,000 tokens, $0.12 in 40 s to 5 min"
        );
        let offline = Estimate {
            model_calls: 0,
            micro_dollars: None,
            ..estimate
        };
        let quick = Estimate {
            wall_seconds_low: 0,
            wall_seconds_high: 2,
            ..offline
        };
        assert!(
            estimate_line(&quick).ends_with("no model in up to 2.0 s"),
            "{}",
            estimate_line(&quick)
        );
        insta::assert_snapshot!(render_estimate(&offline), @r"
        planned  40 searches, 24 fetches, no model
        time     40 s to 5 min
        never    more than 10 min, 80 searches, 24 fetches
        ");
    }
}
