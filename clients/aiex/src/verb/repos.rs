//! `aiex repos`: which repositories are indexed.

use std::fmt::Write;
use std::path::PathBuf;

use aiex_protocol::repos::{AddRepo, MoveVectors, ReindexRepo, RemoveRepo, RepoStatus, VectorPlace};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand, ValueEnum};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::{bytes, count, counted, now_ms};
use crate::repository;
use crate::session::Session;
use crate::snippet::displayable;
use crate::verb::status::state_of;

/// Add, list, remove or reindex repositories, and choose where their vectors are kept
#[derive(Debug, Args)]
pub(crate) struct ReposVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Index a repository and keep it fresh
    Add {
        /// A folder in it [default: the one you stand in]
        #[arg(value_hint = clap::ValueHint::DirPath)]
        path: Option<PathBuf>,
        /// Index the folder even if it is not a repository, or is refused by default
        #[arg(long, short)]
        yes: bool,
        /// Do not wait for the first index
        #[arg(long)]
        no_wait: bool,
    },
    /// List the repositories
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Forget a repository and delete its index (never its files)
    Remove {
        /// A folder in it, or its root as `list` shows it
        #[arg(value_hint = clap::ValueHint::DirPath)]
        path: PathBuf,
    },
    /// Build the index of a repository anew
    Reindex {
        /// A folder in it [default: the one you stand in]
        #[arg(value_hint = clap::ValueHint::DirPath)]
        path: Option<PathBuf>,
        /// Wait until it is complete
        #[arg(long)]
        wait: bool,
    },
    /// Move the vectors of a repository to the server that the setting vector.url names, or back to this machine
    ///
    /// Nothing is embedded again. Searches go on with the old copy until the new one is whole and counted; then the old
    /// one is deleted. A move that is cut short, by whatever, is taken up again.
    MoveVectors {
        /// A folder in it [default: the one you stand in]
        #[arg(value_hint = clap::ValueHint::DirPath, conflicts_with = "all")]
        path: Option<PathBuf>,
        /// Where to
        #[arg(long, value_name = "PLACE")]
        to: Place,
        /// Move those of all repositories
        #[arg(long, short)]
        all: bool,
        /// Do not wait until they are there
        #[arg(long)]
        no_wait: bool,
    },
}

/// Where vectors are kept.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Place {
    /// On the server
    Server,
    /// On this machine
    Local,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: ReposVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let (call, done) = match &verb.action {
        Action::Add { path, yes, no_wait } => {
            let path = repository::absolute(path.as_deref())?;
            (
                Call::AddRepo(AddRepo {
                    path: path.clone(),
                    yes: *yes,
                    wait: !*no_wait,
                }),
                Done::Show { path },
            )
        }
        Action::List { json } => (Call::ListRepos {}, Done::List { json: *json }),
        Action::Remove { path } => {
            let path = repository::absolute_or_gone(path)?;
            let done = Done::Say(format!("forgot {path} and deleted its index"));
            (Call::RemoveRepo(RemoveRepo { path }), done)
        }
        Action::Reindex { path, wait } => {
            let path = repository::absolute(path.as_deref())?;
            let done = if *wait {
                Done::Show { path: path.clone() }
            } else {
                Done::Say(format!(
                    "the index of {path} is being built anew; `aiex status` shows how far it is"
                ))
            };
            (Call::ReindexRepo(ReindexRepo { path, wait: *wait }), done)
        }
        Action::MoveVectors {
            path,
            to,
            all,
            no_wait,
        } => {
            let path = (!*all)
                .then(|| repository::absolute(path.as_deref()))
                .transpose()?;
            return move_vectors(path, *to, !*no_wait, printer, interrupt).await;
        }
    };
    let session = Session::open(false, printer, interrupt).await?;
    match done {
        Done::List { json } => {
            let repos = list(&session, printer, interrupt).await?;
            if json {
                for repo in &repos {
                    printer.json(repo)?;
                }
            } else if repos.is_empty() {
                printer.notice("no repository is indexed yet; `aiex repos add` adds the one you stand in");
            } else {
                printer.data(&render(&repos, now_ms(), printer.palette))?;
            }
        }
        Done::Say(sentence) => {
            session.complete(call, printer, interrupt).await?;
            printer.notice(&displayable(&sentence));
        }
        Done::Show { path } => {
            session.complete(call, printer, interrupt).await?;
            let repos = list(&session, printer, interrupt).await?;
            // The innermost repository that holds the folder is the one that was meant.
            let innermost = repos
                .iter()
                .filter(|repo| std::path::Path::new(&path).starts_with(&repo.root))
                .max_by_key(|repo| repo.root.len());
            if let Some(repo) = innermost {
                printer.data(&render(std::slice::from_ref(repo), now_ms(), printer.palette))?;
            }
        }
    }
    Ok(ExitCode::Ok)
}

/// One repository after the other: each copies as fast as the server takes it.
async fn move_vectors(
    path: Option<String>,
    to: Place,
    wait: bool,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let session = Session::open(false, printer, interrupt).await?;
    let paths = match path {
        Some(path) => vec![path],
        None => {
            let repos = list(&session, printer, interrupt).await?;
            repos.into_iter().map(|repo| repo.root).collect()
        }
    };
    let (to, where_to) = match to {
        Place::Server => (VectorPlace::Server, "on the server"),
        Place::Local => (VectorPlace::Local, "on this machine"),
    };
    for path in paths {
        let call = Call::MoveVectors(MoveVectors {
            path: path.clone(),
            to,
            wait,
        });
        session.complete(call, printer, interrupt).await?;
        printer.notice(&displayable(&if wait {
            format!("the vectors of {path} are {where_to}")
        } else {
            format!("the vectors of {path} will be {where_to}; `aiex status` shows how far it is")
        }));
    }
    Ok(ExitCode::Ok)
}

/// What to show when the daemon has done its part.
enum Done {
    Say(String),
    Show { path: String },
    List { json: bool },
}

/// The registered repositories.
pub(crate) async fn list(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Vec<RepoStatus>, Failure> {
    let repos = session.fetch(Call::ListRepos {}, printer, interrupt, |event| match event {
        Event::Repos { repos } => Some(repos),
        _ => None,
    });
    repos.await
}

fn render(repos: &[RepoStatus], now: u64, palette: Palette) -> String {
    let mut text = String::new();
    for repo in repos {
        let _ = writeln!(text, "{}", palette.path(displayable(&repo.root)));
        let _ = writeln!(
            text,
            "  {} · {} · {} chunks · {} of source",
            state_of(repo, now, palette),
            counted(repo.files_indexed, "file"),
            count(repo.chunks),
            bytes(repo.source_bytes)
        );
        if let Some(problem) = &repo.problem {
            let _ = writeln!(text, "  {}", palette.bad(displayable(problem)));
        }
    }
    text
}
