//! The `aiex` program: reads the command line, does the verb, renders the outcome.
//!
//! Every verb but `daemon run` is a client of the daemon. How they find and start it is `aiex-client`'s
//! business; how anything is found in code is the daemon's. Only `printer` writes to the terminal.

mod allocator;
mod answer_view;
mod cli;
mod exit_code;
mod failure;
mod found_list;
mod freshness;
mod hidden_input;
mod hit_list;
mod interrupt;
mod language;
mod output_file;
mod palette;
mod place;
mod plan_file;
mod printer;
mod private_daemon;
mod progress;
mod quantity;
mod repository;
mod run_name;
mod run_story;
mod run_words;
mod scope;
mod session;
mod snippet;
mod sources;
mod symbol_list;
mod verb;

use clap::FromArgMatches;

use crate::cli::{Cli, Verb};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;

/// Sending one message to a process on the same machine.
const PARTING_TIME: std::time::Duration = std::time::Duration::from_millis(10);

fn main() -> std::process::ExitCode {
    let parsed = cli::command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            Printer::usage(&error);
            let exit = if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Ok
            };
            return exit.into();
        }
    };
    let printer = Printer::new(cli.color, cli.quiet);
    let exit = carry_out(cli.verb, &printer).unwrap_or_else(|failure| {
        printer.failure(&failure);
        failure.exit()
    });
    exit.into()
}

/// Verbs that talk to the daemon run on one thread; `daemon run` brings its own runtime.
fn carry_out(verb: Verb, printer: &Printer) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Util(verb) => verb::util::run(verb, printer),
        Verb::Backup(verb) => verb::backup::backup(&verb, printer),
        Verb::Restore(verb) => verb::backup::restore(&verb, printer),
        Verb::Verify(verb) => verb::backup::verify(&verb, printer),
        Verb::Help(verb) => verb::help::run(&verb, printer),
        Verb::Daemon(verb) => match verb.into_run() {
            Ok(flags) => verb::daemon_run::run(&flags),
            Err(verb) => on_one_thread(async |interrupt| verb::daemon::run(verb, printer, interrupt).await),
        },
        Verb::Ask(verb) => on_one_thread(async |interrupt| verb::ask::run(verb, printer, interrupt).await),
        Verb::Search(verb) => {
            on_one_thread(async |interrupt| verb::search::run(verb, printer, interrupt).await)
        }
        Verb::Symbols(verb) => {
            on_one_thread(async |interrupt| verb::symbols::run(verb, printer, interrupt).await)
        }
        Verb::Refs(verb) => on_one_thread(async |interrupt| verb::refs::run(verb, printer, interrupt).await),
        Verb::Outline(verb) => {
            on_one_thread(async |interrupt| verb::outline::run(verb, printer, interrupt).await)
        }
        Verb::Pack(verb) => on_one_thread(async |interrupt| verb::pack::run(verb, printer, interrupt).await),
        Verb::Status(verb) => {
            on_one_thread(async |interrupt| verb::status::run(verb, printer, interrupt).await)
        }
        Verb::Repos(verb) => {
            on_one_thread(async |interrupt| verb::repos::run(verb, printer, interrupt).await)
        }
        Verb::Research(verb) => {
            on_one_thread(async |interrupt| verb::research::run(*verb, printer, interrupt).await)
        }
        Verb::Graph(verb) => {
            on_one_thread(async |interrupt| verb::graph::run(verb, printer, interrupt).await)
        }
        Verb::Cache(verb) => {
            on_one_thread(async |interrupt| verb::cache::run(verb, printer, interrupt).await)
        }
        Verb::History(verb) => {
            on_one_thread(async |interrupt| verb::history::run(verb, printer, interrupt).await)
        }
        Verb::Bookmark(verb) => {
            on_one_thread(async |interrupt| verb::bookmark::run(verb, printer, interrupt).await)
        }
        Verb::Keys(verb) => on_one_thread(async |interrupt| verb::keys::run(verb, printer, interrupt).await),
        Verb::Doctor(verb) => {
            on_one_thread(async |interrupt| verb::doctor::run(verb, printer, interrupt).await)
        }
        Verb::Eval(verb) => on_one_thread(async |interrupt| verb::eval::run(verb, printer, interrupt).await),
    }
}

fn on_one_thread(
    work: impl AsyncFnOnce(&mut Interrupt) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::from_error(ExitCode::RequestFailed, &error))?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::watch()?;
        let outcome = work(&mut interrupt).await;
        if outcome.is_err() {
            // The task of the connection may still have to say that the work is cancelled.
            tokio::time::sleep(PARTING_TIME).await;
        }
        outcome
    })
}
