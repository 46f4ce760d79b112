//! `aiex doctor`: checks everything that a user could have wrong, and says how to mend it.
//!
//! A check never changes anything, except that the daemon is started: that it starts is the most important check.

mod daemon;
mod kept;
mod keys;
mod places;
mod providers;
mod repositories;
mod settings;
mod system;

use std::fmt::Write;

use aiex_config::{Environment, Home, ProcessEnvironment};
use clap::Args;
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::counted;
use crate::snippet::displayable;

/// Check everything that could be wrong, and say how to mend it
#[derive(Debug, Args)]
pub(crate) struct DoctorVerb {
    /// Print JSON, one check a line
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// As it should be.
    Ok,
    /// aiex works, but less well than it could.
    Warn,
    /// Something does not work.
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn warn(check: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Warn,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn fail(check: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Fail,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: DoctorVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let findings = examine(&ProcessEnvironment, printer, interrupt).await?;
    if verb.json {
        for finding in &findings {
            printer.json(finding)?;
        }
    } else {
        printer.data(&render(&findings, printer.palette))?;
    }
    let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if has_failed {
        ExitCode::CheckFailed
    } else {
        ExitCode::Ok
    })
}

async fn examine(
    environment: &dyn Environment,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let home = match Home::locate(environment) {
        Ok((home, _)) => home,
        Err(error) => {
            findings.push(Finding::fail(
                "home",
                error.to_string(),
                "export HOME, or AIEX_HOME, as an absolute path",
            ));
            return Ok(findings);
        }
    };
    findings.extend(places::check(&home));
    let (settings, of_settings) = settings::check(environment, &home);
    findings.extend(of_settings);
    findings.extend(system::check(environment));
    if let Some(settings) = &settings {
        findings.extend(
            interrupt
                .or(async { Ok(providers::check(&settings.providers).await) })
                .await?,
        );
        findings.extend(settings::check_prices(settings, environment));
        findings.extend(settings::check_tokenizers(&settings.providers, environment));
    }
    // A daemon that cannot work in these places or with these settings would only fail more obscurely.
    let is_sound = findings
        .iter()
        .all(|finding| finding.verdict != Verdict::Fail || !finding.stops_the_daemon());
    let status = if is_sound {
        let (status, of_daemon) = daemon::check(&home, printer, interrupt).await?;
        findings.extend(of_daemon);
        status
    } else {
        findings.push(Finding::warn(
            "daemon",
            "not tried",
            "mend the failures above first",
        ));
        None
    };
    if let Some(settings) = &settings {
        findings.push(settings::check_embedder(&settings.embedder, status.as_ref()));
    }
    findings.extend(status.as_ref().and_then(settings::check_vector_server));
    if status.is_some() {
        findings.extend(kept::check(printer, interrupt).await?);
        findings.extend(keys::check(printer, interrupt).await?);
    }
    if let Some(status) = &status {
        findings.extend(repositories::check(status));
    }
    Ok(findings)
}

impl Finding {
    fn stops_the_daemon(&self) -> bool {
        matches!(
            self.check,
            "home" | "state" | "cache" | "socket" | "disk" | "settings"
        )
    }
}

fn render(findings: &[Finding], palette: Palette) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Ok => palette.good("ok  "),
            Verdict::Warn => palette.warning("warn"),
            Verdict::Fail => palette.bad("fail"),
        };
        let check = palette.strong(format!("{:<10}", finding.check));
        let _ = writeln!(text, "{mark}  {check}  {}", displayable(&finding.detail));
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "{:18}{} {}", "", palette.dim("hint:"), displayable(hint));
        }
    }
    let number = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count() as u64
    };
    let (warnings, failures) = (number(Verdict::Warn), number(Verdict::Fail));
    let _ = match (failures, warnings) {
        (0, 0) => writeln!(text, "\n{}", palette.good("all is well")),
        (0, _) => writeln!(text, "\nit works, with {}", counted(warnings, "warning")),
        _ => writeln!(
            text,
            "\n{} and {}",
            counted(failures, "failure"),
            counted(warnings, "warning")
        ),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_well() {
        let findings = [
            Finding::ok("state", "/s"),
            Finding::warn("inotify", "few watches", "raise the limit"),
            Finding::fail("daemon", "does not start", "look at the log"),
        ];
        insta::assert_snapshot!(render(&findings, Palette::new(false)), @r"
        ok    state       /s
        warn  inotify     few watches
                          hint: raise the limit
        fail  daemon      does not start
                          hint: look at the log

        1 failure and 1 warning
        ");
    }
}
