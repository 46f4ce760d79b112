//! The keys that the settings want, as the daemon sees them: its environment counts, not this program's.

use aiex_protocol::keys::{KeyReport, KeyState, KeyStatus};

use super::Finding;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::session::Session;
use crate::verb::keys;

const KEYS: &str = "keys";

pub(super) async fn check(printer: &Printer, interrupt: &mut Interrupt) -> Result<Vec<Finding>, Failure> {
    let report = match Session::open(false, printer, interrupt).await {
        Ok(session) => {
            let report = keys::fetch(&session, printer, interrupt).await;
            session.close().await;
            report
        }
        Err(failure) => Err(failure),
    };
    match report {
        Ok(report) => Ok(judge(&report)),
        Err(Failure::Diagnostic(diagnostic)) => {
            let hint = diagnostic
                .hint
                .unwrap_or_else(|| "look at `aiex daemon logs`".to_owned());
            Ok(vec![Finding::fail(KEYS, diagnostic.message, hint)])
        }
        Err(failure) => Err(failure),
    }
}

fn judge(report: &KeyReport) -> Vec<Finding> {
    let (mut there, mut findings) = (Vec::new(), Vec::new());
    for status in report.keys.iter().filter(|status| !status.used_by.is_empty()) {
        let detail = format!("{}: {}", status.name, keys::source_words(status));
        match status.state {
            KeyState::Variable | KeyState::System | KeyState::File => there.push(detail),
            KeyState::Locked => findings.push(Finding::warn(KEYS, detail, hint(status))),
            KeyState::Missing => findings.push(Finding::fail(KEYS, detail, hint(status))),
            KeyState::None => {}
        }
    }
    if !there.is_empty() {
        findings.insert(0, Finding::ok(KEYS, there.join(" · ")));
    } else if findings.is_empty() {
        findings.push(Finding::ok(KEYS, "none needed"));
    }
    findings
}

fn hint(status: &KeyStatus) -> String {
    let hint = status.hint.clone();
    hint.unwrap_or_else(|| format!("run `aiex keys set {}`", status.name))
}

#[cfg(test)]
mod tests {
    use aiex_protocol::keys::{KeyFileState, KeyPlace};

    use super::*;
    use crate::verb::doctor::Verdict;

    #[test]
    fn a_locked_key_is_a_warning_and_a_missing_one_a_failure() {
        let verdicts = |states: &[KeyState]| -> Vec<Verdict> {
            let keys = states.iter().map(|state| KeyStatus {
                name: "p".into(),
                used_by: vec!["provider".into()],
                variables: Vec::new(),
                kept_in: Vec::new(),
                state: *state,
                hint: None,
            });
            let report = KeyReport {
                keys: keys.collect(),
                file: KeyFileState::Locked,
                path: String::new(),
                usual_place: KeyPlace::File,
            };
            judge(&report).iter().map(|finding| finding.verdict).collect()
        };
        assert_eq!(verdicts(&[KeyState::None]), [Verdict::Ok]);
        assert_eq!(verdicts(&[KeyState::Variable, KeyState::File]), [Verdict::Ok]);
        assert_eq!(
            verdicts(&[KeyState::Locked, KeyState::System, KeyState::Missing]),
            [Verdict::Ok, Verdict::Warn, Verdict::Fail]
        );
    }
}
