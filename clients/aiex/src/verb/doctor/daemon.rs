//! The daemon: what the last one left behind, whether one can be reached, whether it is this build.

use aiex_config::{Home, StartFailure, build, exits, info, is_daemon_alive};
use aiex_protocol::cache::{CacheProblem, CacheReport};
use aiex_protocol::status::{ComponentState, DaemonStatus, RestingKey, RestingKeyState};

use super::Finding;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::quantity::{ago, counted, now_ms};
use crate::session::Session;
use crate::verb::{cache, status};

const DAEMON: &str = "daemon";

pub(super) async fn check(
    home: &Home,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(Option<DaemonStatus>, Vec<Finding>), Failure> {
    let mut findings = left_behind(home);
    let was_alive = is_daemon_alive(home);
    let outcome = match Session::open(false, printer, interrupt).await {
        Ok(session) => look(&session, printer, interrupt).await,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok((status, caches)) => {
            let how = if was_alive { "runs" } else { "was started" };
            let detail = format!("{how}, version {}, pid {}", status.build.version, status.pid);
            findings.push(if status.build == build::current() {
                Finding::ok(DAEMON, detail)
            } else {
                Finding::warn(
                    DAEMON,
                    format!("{detail}, another build than this program"),
                    "run `aiex daemon restart`",
                )
            });
            findings.extend(components(&status));
            findings.extend(services(&status));
            findings.extend(caches.problem.as_ref().map(cache_finding));
            Ok((Some(status), findings))
        }
        Err(Failure::Diagnostic(diagnostic)) => {
            let mut detail = diagnostic.message;
            for cause in diagnostic.causes {
                detail.push_str(&format!(": {cause}"));
            }
            let hint = diagnostic
                .hint
                .unwrap_or_else(|| "look at `aiex daemon logs`".to_owned());
            findings.push(Finding::fail(DAEMON, detail, hint));
            Ok((None, findings))
        }
        Err(failure) => Err(failure),
    }
}

/// The daemon's state and that of its caches, which are opened by being asked for.
async fn look(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(DaemonStatus, CacheReport), Failure> {
    let status = status::fetch(session, printer, interrupt).await?;
    let caches = cache::fetch(session, printer, interrupt).await?;
    Ok((status, caches))
}

fn cache_finding(problem: &CacheProblem) -> Finding {
    let what = if problem.is_off {
        "nothing is kept on disk"
    } else {
        "they were set aside and begun anew"
    };
    Finding::warn(
        "caches",
        format!("{what}: {}", problem.message),
        problem.hint.clone(),
    )
}

/// Traces of daemons that ended badly. None of them stops a new one, so they are warnings at most.
fn left_behind(home: &Home) -> Vec<Finding> {
    let mut findings = Vec::new();
    let now = now_ms();
    let is_alive = is_daemon_alive(home);
    match info::read_info(home) {
        Ok(Some(info)) if !is_alive => {
            let detail = format!("pid {} did not end cleanly", info.pid);
            findings.push(Finding::warn(
                "info file",
                detail,
                "nothing to do: the next start repairs it",
            ));
        }
        Ok(_) => {}
        Err(error) => {
            let hint = format!(
                "remove {}; the daemon writes it anew when it is restarted",
                home.info_file().display()
            );
            findings.push(Finding::warn("info file", error.to_string(), hint));
        }
    }
    if let Some(failure) = StartFailure::read(home).filter(|_| !is_alive) {
        let detail = format!(
            "the last start failed {}: {}",
            ago(failure.at_ms, now),
            failure.message
        );
        findings.push(Finding::warn(
            "last start",
            detail,
            failure
                .hint
                .unwrap_or_else(|| "look at `aiex daemon logs`".to_owned()),
        ));
    }
    let recent = exits::read(home);
    if let Some(pause) = exits::pause(&recent, now) {
        let detail = format!(
            "{} in a row; starts are held back",
            counted(recent.len() as u64, "bad exit")
        );
        let hint = format!(
            "look at `aiex daemon logs`; it is tried again in {} s",
            pause.as_secs().max(1)
        );
        findings.push(Finding::warn("crashes", detail, hint));
    }
    findings
}

/// Services that the daemon leaves alone, and keys that it does not use.
fn services(status: &DaemonStatus) -> impl Iterator<Item = Finding> {
    status.services.iter().filter_map(|service| {
        let trouble = status::service_trouble(service)?;
        let is_rejected = |key: &RestingKey| key.state == RestingKeyState::Rejected;
        let hint = if service.keys.iter().any(is_rejected) {
            format!("`aiex keys set {}` keeps another key", service.name)
        } else {
            "nothing to do: it is asked again by then".to_owned()
        };
        Some(Finding::warn(
            "services",
            format!("{}: {trouble}", service.name),
            hint,
        ))
    })
}

fn components(status: &DaemonStatus) -> Vec<Finding> {
    status
        .components
        .iter()
        .filter(|component| {
            matches!(
                component.state,
                ComponentState::BackingOff | ComponentState::GivenUp
            )
        })
        .map(|component| {
            let why = component.last_error.as_deref().unwrap_or("no reason given");
            let detail = format!(
                "{} is down after {}: {why}",
                component.name,
                counted(u64::from(component.restarts), "restart")
            );
            if component.state == ComponentState::GivenUp {
                Finding::fail(
                    "component",
                    detail,
                    "look at `aiex daemon logs`, then `aiex daemon restart`",
                )
            } else {
                Finding::warn("component", detail, "it is started again by itself")
            }
        })
        .collect()
}
