//! `aiex daemon`: start, stop and look at the daemon.

mod logs;

use std::time::Duration;

use aiex_client::{ConnectOptions, Stopped};
use aiex_config::{Home, ProcessEnvironment, Settings, is_daemon_alive};
use aiex_protocol::status::DaemonStatus;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::quantity::now_ms;
use crate::session::{Session, locate_home};
use crate::verb::daemon_run::RunFlags;
use crate::verb::status;

/// On top of the daemon's own time to drain: it must also close and seal the stores of every repository in use.
const CLOSING_TIME: Duration = Duration::from_secs(50);

/// Start, stop and look at the daemon
///
/// There is seldom a need: every verb starts it, and it exits by itself when it has not been used for a while.
#[derive(Debug, Args)]
pub(crate) struct DaemonVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the daemon in the foreground
    Run(RunFlags),
    /// Start the daemon if it does not run
    Start,
    /// Let the daemon finish what runs, and stop it
    Stop,
    /// Stop the daemon and start it again
    Restart,
    /// Show what the daemon is and uses; never starts it
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the daemon's log
    Logs {
        /// Show new lines as they come
        #[arg(long, short)]
        follow: bool,
        /// How many of the last lines
        #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
        lines: usize,
    },
}

impl DaemonVerb {
    /// The flags of `daemon run`, or the verb back if it is another action.
    pub(crate) fn into_run(self) -> Result<RunFlags, Self> {
        match self.action {
            Action::Run(flags) => Ok(flags),
            action => Err(Self { action }),
        }
    }
}

/// Carries the verb out, except `run`, which brings its own runtime.
pub(crate) async fn run(
    verb: DaemonVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let home = locate_home(&ProcessEnvironment)?;
    match verb.action {
        Action::Run(_) => Ok(ExitCode::Ok),
        Action::Start => start(&home, printer, interrupt).await,
        Action::Stop => {
            let was_running = stop(&home, interrupt).await?;
            printer.notice(if was_running {
                "the daemon stopped"
            } else {
                "the daemon does not run"
            });
            Ok(ExitCode::Ok)
        }
        Action::Restart => {
            stop(&home, interrupt).await?;
            start(&home, printer, interrupt).await
        }
        Action::Status { json } => show_status(&home, json, printer, interrupt).await,
        Action::Logs { follow, lines } => {
            logs::show(&home.log_file(), lines, follow, printer, interrupt).await
        }
    }
}

async fn start(home: &Home, printer: &Printer, interrupt: &mut Interrupt) -> Result<ExitCode, Failure> {
    let was_alive = is_daemon_alive(home);
    let session = Session::open(false, printer, interrupt).await?;
    let how = if was_alive { "already runs" } else { "started" };
    printer.notice(&format!("the daemon {how}, pid {}", session.daemon_pid()));
    Ok(ExitCode::Ok)
}

/// Whether there was a daemon to stop.
async fn stop(home: &Home, interrupt: &mut Interrupt) -> Result<bool, Failure> {
    let mut options = ConnectOptions::new(home.clone(), "cli");
    // Settings that cannot be read are no reason to leave a daemon running.
    let patience =
        Settings::load(&ProcessEnvironment, &[]).map(|(settings, _)| settings.daemon.drain_timeout);
    options.deadline = patience.unwrap_or_default() + CLOSING_TIME;
    let stopped = interrupt
        .or(async { Ok(aiex_client::stop(&options, "aiex daemon stop").await) })
        .await?;
    match stopped {
        Ok(Stopped::Exited) => Ok(true),
        Ok(Stopped::WasNotRunning) => Ok(false),
        Err(error) => Err(Failure::from_error(ExitCode::DaemonUnavailable, &error).hint(stuck_hint(home))),
    }
}

/// The lock names the process for people.
fn stuck_hint(home: &Home) -> String {
    let owner = std::fs::read_to_string(home.lock_file()).unwrap_or_default();
    let pid = owner.split_whitespace().next().unwrap_or("PID").to_owned();
    format!("if it hangs, end it with `kill {pid}`; nothing is lost")
}

/// The daemon's state as programs read it.
#[derive(Debug, Serialize)]
struct StatusRow<'a> {
    running: bool,
    #[serde(flatten)]
    status: Option<&'a DaemonStatus>,
}

async fn show_status(
    home: &Home,
    json: bool,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let session = if is_daemon_alive(home) {
        Session::join(home, printer, interrupt).await?
    } else {
        None
    };
    let Some(session) = session else {
        if json {
            printer.json_pretty(&StatusRow {
                running: false,
                status: None,
            })?;
        } else {
            printer.notice("the daemon does not run; the next verb that needs it starts it");
        }
        return Ok(ExitCode::DaemonUnavailable);
    };
    let status = status::fetch(&session, printer, interrupt).await?;
    if json {
        printer.json_pretty(&StatusRow {
            running: true,
            status: Some(&status),
        })?;
    } else {
        printer.data(&status::render(&status, &[], now_ms(), printer.palette))?;
    }
    Ok(ExitCode::Ok)
}
