//! `aiex util`: what belongs around the program: completions, manual pages, references.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aiex_chunk::{Language, Limits};
use aiex_daemon::Trial;
use clap::{Args, Command, Subcommand};
use clap_complete::Shell;

use crate::cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer::Printer;

const COMPLETION_EXAMPLES: &str = "\
Examples:
  aiex util completions bash > ~/.local/share/bash-completion/completions/aiex
  aiex util completions zsh > ~/.zfunc/_aiex
  aiex util completions fish > ~/.config/fish/completions/aiex.fish
";

/// Completions, manual pages, environment variables, schemas
#[derive(Debug, Args)]
pub(crate) struct UtilVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the completions for a shell
    #[command(after_long_help = COMPLETION_EXAMPLES)]
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, or write one for every verb
    Man {
        /// The folder to write the pages to
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
    /// List the environment variables that aiex reads
    Env,
    /// Print the JSON Schemas of what travels between aiex and its daemon
    Schema,
    /// Parse the standard input as the daemon would, for a daemon that fears to die of it
    #[command(hide = true)]
    Parse {
        /// The language by its name
        language: String,
    },
}

/// Carries the verb out.
pub(crate) fn run(verb: UtilVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    match verb.action {
        Action::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::command(), "aiex", &mut script);
            printer.data(&String::from_utf8_lossy(&script))?;
        }
        Action::Man { out: None } => printer.data(&page(&cli::command())?)?,
        Action::Man { out: Some(folder) } => {
            let pages = pages()?;
            fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
            for (name, text) in &pages {
                let path = folder.join(format!("{name}.1"));
                fs::write(&path, text).map_err(|error| cannot_write(&path, &error))?;
            }
            printer.notice(&format!("wrote {} pages to {}", pages.len(), folder.display()));
        }
        Action::Env => printer.data(&environment())?,
        Action::Schema => printer.json_pretty(&schemas())?,
        Action::Parse { language } => parse(&language)?,
    }
    Ok(ExitCode::Ok)
}

/// This program, to parse a text that may crash whoever parses it.
pub(crate) fn parse_trial() -> Option<Trial> {
    let program = std::env::current_exe().ok()?;
    Some(Trial {
        program,
        arguments: ["util", "parse"].map(Into::into).to_vec(),
    })
}

fn parse(language: &str) -> Result<(), Failure> {
    let known = Language::from_name(language)
        .ok_or_else(|| Failure::new(ExitCode::Usage, format!("no language is called {language}")))?;
    let text = io::read_to_string(io::stdin().lock())
        .map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    aiex_chunk::chunk(&text, Some(known), &Limits::default());
    Ok(())
}

/// Every page: `aiex`, `aiex-search`, `aiex-repos-add`, …
fn pages() -> Result<Vec<(String, String)>, Failure> {
    let mut root = cli::command();
    // Gives every verb its full name.
    root.build();
    let mut pages = Vec::new();
    let mut waiting = vec![&root];
    while let Some(command) = waiting.pop() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        pages.push((name.to_owned(), page(command)?));
        waiting.extend(
            command
                .get_subcommands()
                .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help"),
        );
    }
    pages.sort();
    Ok(pages)
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        ExitCode::RequestFailed,
        format!("cannot write {}", path.display()),
    )
    .because(error)
}

fn environment() -> String {
    let known = aiex_config::env_vars::ENV_VARS
        .iter()
        .map(|var| var.name.len())
        .max()
        .unwrap_or_default();
    let mut text = aiex_config::env_vars::render();
    text.push_str(&format!(
        "{:known$}  Output with colours even into a pipe, unless 0.\n",
        "CLICOLOR_FORCE"
    ));
    text
}

/// Every schema by its file name.
fn schemas() -> serde_json::Map<String, serde_json::Value> {
    aiex_protocol::schema::all()
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema.to_value()))
        .collect()
}
