//! Runs as users name them: `latest`, the whole name, or the beginning of either of its parts.

use aiex_protocol::research::RunSummary;
use aiex_protocol::{Call, Event};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::session::Session;
use crate::snippet::one_line;

/// The run that was started last.
pub(crate) const LATEST: &str = "latest";
/// Of the runs that a name may mean, so many are told.
const MOST_TOLD: usize = 5;

/// The runs, the newest first.
pub(crate) async fn runs(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Vec<RunSummary>, Failure> {
    let list = session.fetch(Call::ResearchList {}, printer, interrupt, |event| match event {
        Event::Runs { runs } => Some(runs),
        _ => None,
    });
    list.await
}

/// The run that is meant.
pub(crate) async fn find(
    name: &str,
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<RunSummary, Failure> {
    let runs = runs(session, printer, interrupt).await?;
    choose(name, &runs).cloned()
}

fn choose<'a>(name: &str, runs: &'a [RunSummary]) -> Result<&'a RunSummary, Failure> {
    if name == LATEST {
        return runs.first().ok_or_else(|| {
            Failure::new(ExitCode::RepositoryRefused, "there is no run yet")
                .hint("`aiex research \"your question\"` starts one")
        });
    }
    let means = |run: &&RunSummary| {
        let hash = run.id.split_once('-').map_or("", |(_, hash)| hash);
        !name.is_empty() && (run.id.starts_with(name) || hash.starts_with(name))
    };
    let meant: Vec<&RunSummary> = runs.iter().filter(means).collect();
    match meant.as_slice() {
        [run] => Ok(run),
        [] => Err(Failure::new(
            ExitCode::RepositoryRefused,
            format!("there is no run `{}`", one_line(name)),
        )
        .hint("`aiex research list` shows the runs")),
        many => {
            if let Some(run) = many.iter().find(|run| run.id == name) {
                return Ok(run);
            }
            let mut told: Vec<&str> = many.iter().take(MOST_TOLD).map(|run| run.id.as_str()).collect();
            if many.len() > MOST_TOLD {
                told.push("…");
            }
            let message = format!("`{}` may be {}", one_line(name), told.join(", "));
            Err(Failure::new(ExitCode::Usage, message).hint("write more of the name"))
        }
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::research::{Depth, RunState};

    use super::*;

    fn runs() -> Vec<RunSummary> {
        ["20260201-1bc000", "20260131-0af3c9", "20260131-0ab111"]
            .map(|id| RunSummary {
                id: id.into(),
                question: "q".into(),
                depth: Depth::Quick,
                state: RunState::Done,
                stage: None,
                created_ms: 0,
                changed_ms: 0,
                reason: None,
            })
            .into()
    }

    fn chosen(name: &str) -> Result<String, (ExitCode, String)> {
        match choose(name, &runs()) {
            Ok(run) => Ok(run.id.clone()),
            Err(Failure::Diagnostic(told)) => Err((told.exit, told.message)),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_beginning_of_a_name_is_enough() {
        for (name, id) in [
            ("latest", "20260201-1bc000"),
            ("202602", "20260201-1bc000"),
            ("20260131-0af3c9", "20260131-0af3c9"),
            ("0af", "20260131-0af3c9"),
            ("1bc", "20260201-1bc000"),
        ] {
            assert_eq!(chosen(name).as_deref(), Ok(id), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_none_or_many_is_refused() {
        assert_eq!(
            chosen("20260131"),
            Err((
                ExitCode::Usage,
                "`20260131` may be 20260131-0af3c9, 20260131-0ab111".into()
            ))
        );
        for name in ["zzz", "", "-"] {
            assert_eq!(chosen(name).unwrap_err().0, ExitCode::RepositoryRefused, "{name}");
        }
        assert!(choose(LATEST, &[]).is_err());
    }
}
