//! An old report, checked again.

use std::fmt::Write;

use aiex_protocol::research::{Drift, QuoteState, RunArgs, Verification};
use aiex_protocol::{Call, Event};

use super::Desk;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::palette::Palette;
use crate::quantity::counted;
use crate::snippet::{fit, one_line};

/// Columns of a sentence.
const SENTENCE_WIDTH: usize = 60;

/// Checks it. Quotes that their sources do not say any more make a check that failed.
pub(super) async fn verify(name: &str, json: bool, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
    let run = desk.find(name).await?.id;
    let verification = desk.fetch(Call::ResearchVerify(RunArgs { run }), |event| match event {
        Event::Verification(verification) => Some(verification),
        _ => None,
    });
    let verification = verification.await?;
    if json {
        desk.printer.json(&verification)?;
    } else {
        desk.printer.data(&render(&verification, desk.printer.palette))?;
    }
    let is_lost = |drift: &Drift| matches!(drift.state, QuoteState::Changed | QuoteState::Gone);
    Ok(if verification.drifted.iter().any(is_lost) {
        ExitCode::CheckFailed
    } else {
        ExitCode::Ok
    })
}

fn render(verification: &Verification, palette: Palette) -> String {
    let Verification {
        quotes,
        kept,
        drifted,
        claims,
        standing,
        unknown,
        ..
    } = verification;
    let mut text = format!(
        "{}: {kept} still said\n{}: {standing} still borne out",
        counted(u64::from(*quotes), "quote"),
        counted(u64::from(*claims), "claim"),
    );
    if *unknown > 0 {
        let _ = write!(text, ", {unknown} not known");
    }
    text.push('\n');
    for Drift {
        quote,
        place,
        state,
        sentences,
    } in drifted
    {
        let (state, more) = match state {
            QuoteState::Kept => continue,
            QuoteState::Moved {
                first_line,
                last_line,
            } => (
                palette.warning("moved"),
                format!(": lines {first_line}-{last_line} now"),
            ),
            QuoteState::Changed => (palette.bad("changed"), String::new()),
            QuoteState::Gone => (palette.bad("gone"), String::new()),
            QuoteState::Unknown { reason } => {
                (palette.warning("not known"), format!(": {}", one_line(reason)))
            }
        };
        let _ = writeln!(text, "{state}  S{}.{} {place}{more}", quote.source, quote.number);
        for sentence in sentences {
            let _ = writeln!(text, "    {}", fit(&one_line(sentence), SENTENCE_WIDTH));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use aiex_protocol::journal::QuoteRef;

    use super::*;

    #[test]
    fn what_has_changed_is_listed_with_what_rests_on_it() {
        let drift = |number, state| Drift {
            quote: QuoteRef { source: 1, number },
            place: "src/runtime.rs:80-95@0af3c9d".into(),
            state,
            sentences: vec![
                "Tasks are aborted when the runtime is dropped, wherever it is dropped from, at once.".into(),
            ],
        };
        let verification = Verification {
            run: "20260131-0af3c9".into(),
            quotes: 5,
            kept: 2,
            drifted: vec![
                drift(
                    1,
                    QuoteState::Moved {
                        first_line: 90,
                        last_line: 92,
                    },
                ),
                drift(2, QuoteState::Changed),
                drift(
                    3,
                    QuoteState::Unknown {
                        reason: "offline".into(),
                    },
                ),
            ],
            claims: 3,
            standing: 1,
            unknown: 1,
        };
        insta::assert_snapshot!(render(&verification, Palette::new(false)), @r"
        5 quotes: 2 still said
        3 claims: 1 still borne out, 1 not known
        moved  S1.1 src/runtime.rs:80-95@0af3c9d: lines 90-92 now
            Tasks are aborted when the runtime is dropped, wherever it …
        changed  S1.2 src/runtime.rs:80-95@0af3c9d
            Tasks are aborted when the runtime is dropped, wherever it …
        not known  S1.3 src/runtime.rs:80-95@0af3c9d: offline
            Tasks are aborted when the runtime is dropped, wherever it …
        ");
    }
}
