//! `aiex daemon run`: this process becomes the daemon. The only verb that touches the daemon's code.

use std::io::{self, IsTerminal, Read};

use aiex_config::{Home, ProcessEnvironment, Settings};
use aiex_daemon::{Logging, RunOptions};
use clap::Args;
use rustix::process::{Signal, getpid, kill_process};

use crate::allocator;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::private_daemon;
use crate::session::locate_home;
use crate::verb::util;

/// How to run the daemon.
#[derive(Debug, Args)]
pub(crate) struct RunFlags {
    /// End when the standard input closes, and remove the home folder
    #[arg(long, hide = true)]
    private: bool,
}

/// Runs until told to stop.
pub(crate) fn run(flags: &RunFlags) -> Result<ExitCode, Failure> {
    allocator::keep_together();
    let home = locate_home(&ProcessEnvironment)?;
    let (settings, _) = Settings::load(&ProcessEnvironment, &[]).map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error).hint("`aiex doctor` checks the settings")
    })?;
    let outcome = if flags.private {
        run_private(home, settings)
    } else {
        serve(home, settings)
    };
    outcome.map(|()| ExitCode::Ok)
}

fn serve(home: Home, settings: Settings) -> Result<(), Failure> {
    // Started by a client, standard error is the log itself.
    let is_watched = io::stderr().is_terminal();
    let logging = if is_watched {
        Logging::FileAndStderr
    } else {
        Logging::File
    };
    let options = RunOptions {
        foreground: is_watched,
        logging,
        parse_trial: util::parse_trial(),
        ..RunOptions::new(home, settings)
    };
    aiex_daemon::run(options).map(drop).map_err(|error| {
        let failure = Failure::from_error(ExitCode::DaemonUnavailable, &error);
        error.hint().into_iter().fold(failure, Failure::hint)
    })
}

fn run_private(home: Home, mut settings: Settings) -> Result<(), Failure> {
    // Its one client is gone when it is asked to end.
    settings.daemon.drain_timeout = std::time::Duration::ZERO;
    end_with_input().map_err(|error| Failure::from_error(ExitCode::DaemonUnavailable, &error))?;
    let root = home.root.clone();
    let outcome = serve(home, settings);
    // The client does the same, unless it was killed.
    if let Some(root) = root {
        private_daemon::remove_folder(&root);
    }
    outcome
}

/// Asks this process to end when nobody holds the other end of its standard input any more.
fn end_with_input() -> io::Result<()> {
    std::thread::Builder::new()
        .name("aiex-lifeline".to_owned())
        .spawn(|| {
            let mut input = io::stdin().lock();
            let mut buffer = [0; 64];
            while matches!(input.read(&mut buffer), Ok(1..)) {}
            // A process that cannot be signalled has ended already.
            let _ = kill_process(getpid(), Signal::TERM);
        })?;
    Ok(())
}
