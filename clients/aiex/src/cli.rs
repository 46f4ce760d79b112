//! The command line: verbs and the flags that all of them share. What each verb takes stands with the verb.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Command, CommandFactory, Parser, Subcommand};

use crate::exit_code::ExitCode;
use crate::printer::ColorChoice;
use crate::verb::{
    ask, backup, bookmark, cache, daemon, doctor, eval, graph, help, history, keys, outline, pack, refs,
    repos, research, search, status, symbols, util,
};

const EXAMPLES: &str = "\
Examples:
  aiex ask where are retries with back-off decided
  aiex search parse_header --lang rust
  aiex search --regex 'unsafe\\s*\\{' --json | jq -r .path
  aiex refs parse_header
  aiex outline src/parser.rs
  aiex pack how are headers parsed --tokens 4000
  aiex research what would break if headers were parsed lazily
  aiex status
";

/// Search and ask about code, locally
///
/// The first verb that needs it starts a daemon, which indexes the repository you stand in, keeps the index
/// fresh as you edit, and exits when it has not been needed for a while. Nothing leaves this machine unless
/// you configure a provider.
#[derive(Debug, Parser)]
#[command(
    name = "aiex",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    subcommand_required = true
)]
#[command(arg_required_else_help = true, max_term_width = 110, styles = HELP_STYLES)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// When to colour the output
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    #[arg(hide_possible_values = true, help_heading = "Global options")]
    #[arg(help = "When to colour: auto, always or never")]
    #[arg(
        long_help = "When to colour: auto, always or never. Auto means on a terminal, unless NO_COLOR is set; \
                       CLICOLOR_FORCE colours pipes as well"
    )]
    pub(crate) color: ColorChoice,

    /// Show no progress and no notices, only data and errors
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
}

const HELP_STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// The verbs. What help says about each stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Ask(ask::AskVerb),
    Search(search::SearchVerb),
    Symbols(symbols::SymbolsVerb),
    Refs(refs::RefsVerb),
    Outline(outline::OutlineVerb),
    Pack(pack::PackVerb),
    Research(Box<research::ResearchVerb>),
    Graph(graph::GraphVerb),
    History(history::HistoryVerb),
    Bookmark(bookmark::BookmarkVerb),
    Status(status::StatusVerb),
    Repos(repos::ReposVerb),
    Cache(cache::CacheVerb),
    Keys(keys::KeysVerb),
    Backup(backup::BackupVerb),
    Restore(backup::RestoreVerb),
    Verify(backup::VerifyVerb),
    Daemon(daemon::DaemonVerb),
    Doctor(doctor::DoctorVerb),
    Eval(eval::EvalVerb),
    Util(util::UtilVerb),
    Help(help::HelpVerb),
}

/// The command line with the parts of its help that are made at run time.
pub(crate) fn command() -> Command {
    Cli::command()
        .after_help("`aiex VERB --help` tells more, with examples.")
        .after_long_help(format!("{EXAMPLES}\n{}", ExitCode::table()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }
}
