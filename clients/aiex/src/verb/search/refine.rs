//! A search that goes on while its user types: each line takes the place of the search before, done or not.

use std::io::{self, IsTerminal};
use std::thread;

use aiex_protocol::Call;
use aiex_protocol::search::SearchArgs;
use tokio::sync::mpsc;

use super::SearchVerb;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::session::Session;

/// Lines that wait to be read; who pipes in more waits.
const WAITING: usize = 16;

/// Searches, and again for every line, until the input ends. The exit code is that of the last search.
pub(super) async fn run(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let mut lines = lines()?;
    let mut asked = session.last_request();
    let mut call = call;
    loop {
        let line = tokio::select! {
            outcome = super::one(session, call, verb, printer, interrupt) => {
                let code = outcome?;
                if printer.is_interactive() && io::stdin().is_terminal() {
                    printer.notice("more words narrow it down, Ctrl-D ends:");
                }
                let next = interrupt.or(async { Ok(lines.recv().await) }).await?;
                let Some(line) = next else { return Ok(code) };
                line
            }
            // The work is dropped with its request, which cancels it; at the end of the input it is waited for.
            Some(line) = async {
                // A search that was never asked could not be refined.
                asked.changed().await.ok()?;
                lines.recv().await
            } => line,
        };
        let last = *asked.borrow_and_update();
        call = Call::Search(SearchArgs {
            refines: last.map(|id| id.0),
            query: line,
            ..verb.request()?
        });
    }
}

/// The lines of the standard input that say something, read on a thread of their own: nothing can end a read from a
/// terminal, and the program must not wait for it.
fn lines() -> Result<mpsc::Receiver<String>, Failure> {
    let (sender, lines) = mpsc::channel(WAITING);
    let read = move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { break };
            let line = line.trim();
            if !line.is_empty() && sender.blocking_send(line.to_owned()).is_err() {
                break;
            }
        }
    };
    thread::Builder::new()
        .name("typed".to_owned())
        .spawn(read)
        .map_err(|error| Failure::from_error(ExitCode::RequestFailed, &error))?;
    Ok(lines)
}
