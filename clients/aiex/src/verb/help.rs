//! `aiex help`: help about a verb or a topic.

use clap::Args;

use crate::cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer::Printer;

/// Show help about a verb or a topic (exit-codes)
#[derive(Debug, Args)]
pub(crate) struct HelpVerb {
    /// A verb (`repos add`), or `exit-codes`
    #[arg(value_name = "VERB")]
    topic: Vec<String>,
}

/// Carries the verb out.
pub(crate) fn run(verb: &HelpVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    if verb.topic == ["exit-codes"] {
        printer.data(&ExitCode::table())?;
        return Ok(ExitCode::Ok);
    }
    // Asking the verb itself for its help also gets a suggestion for one that is misspelt.
    let words = std::iter::once("aiex")
        .chain(verb.topic.iter().map(String::as_str))
        .chain(["--help"]);
    let Err(answer) = cli::command().try_get_matches_from(words) else {
        return Ok(ExitCode::Ok);
    };
    Printer::usage(&answer);
    Ok(if answer.use_stderr() {
        ExitCode::Usage
    } else {
        ExitCode::Ok
    })
}
