//! What the user made: history and bookmarks in one store, runs of research in the other. Neither is ever begun anew by
//! itself, so one that cannot be used stays that way until somebody is told.

use aiex_protocol::research::RunSummary;
use aiex_protocol::sessions::ListHistory;
use aiex_protocol::{Call, Event};

use super::Finding;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::run_name;
use crate::session::Session;

pub(super) async fn check(printer: &Printer, interrupt: &mut Interrupt) -> Result<Vec<Finding>, Failure> {
    let session = match Session::open(false, printer, interrupt).await {
        Ok(session) => session,
        Err(failure) => return finding("history", Err(failure)).map(|finding| vec![finding]),
    };
    let newest = Call::HistoryList(ListHistory {
        repo: String::new(),
        text: String::new(),
        limit: 1,
    });
    let history = session.fetch(newest, printer, interrupt, |event| match event {
        Event::History(_) => Some("searches and bookmarks can be kept".to_owned()),
        _ => None,
    });
    let history = history.await;
    let runs = run_name::runs(&session, printer, interrupt).await;
    session.close().await;
    Ok(vec![
        finding("history", history)?,
        finding("research", runs.map(|runs: Vec<RunSummary>| told(&runs)))?,
    ])
}

fn told(runs: &[RunSummary]) -> String {
    match runs.len() {
        0 => "no run yet".to_owned(),
        number => crate::quantity::counted(number as u64, "run"),
    }
}

/// What an answer says of a store.
fn finding(store: &'static str, answer: Result<String, Failure>) -> Result<Finding, Failure> {
    match answer {
        Ok(detail) => Ok(Finding::ok(store, detail)),
        Err(Failure::Diagnostic(diagnostic)) => {
            let hint = diagnostic.hint;
            let hint = hint.unwrap_or_else(|| "look at `aiex daemon logs`".to_owned());
            Ok(Finding::fail(store, diagnostic.message, hint))
        }
        Err(failure) => Err(failure),
    }
}
