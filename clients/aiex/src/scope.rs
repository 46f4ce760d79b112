//! The flags that verbs share: where to look, how much, how long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aiex_protocol::code::Place;
use aiex_protocol::search::{Filters, SearchArgs};
use clap::Args;

use crate::failure::Failure;
use crate::language::LanguageParser;
use crate::quantity::parse_span;
use crate::repository;

/// Which part of a repository to look at.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// Only paths that match this glob; `!GLOB` excludes; may be repeated
    #[arg(long = "path", short = 'p', value_name = "GLOB")]
    paths: Vec<String>,

    /// Only files in this language; may be repeated
    #[arg(long = "lang", short = 'l', value_name = "LANGUAGE", value_parser = LanguageParser)]
    #[arg(hide_possible_values = true)]
    languages: Vec<String>,
}

/// How much to list.
#[derive(Debug, Args)]
pub(crate) struct Limit {
    /// How many hits at most
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// What was asked before, and what belongs together.
#[derive(Debug, Args)]
pub(crate) struct Thread {
    /// Let what was asked last here count too, for less, and what that followed up on, up to four steps back
    #[arg(long, short = 'f', conflicts_with = "no_daemon")]
    follow_up: bool,

    /// A name for searches and questions that belong together: the last one is then the last of that name
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

impl Thread {
    /// The request with what these flags say.
    pub(crate) fn of(&self, request: SearchArgs) -> SearchArgs {
        SearchArgs {
            follow_up: self.follow_up,
            session: self.session.clone().unwrap_or_default(),
            ..request
        }
    }
}

/// Which repository, how fresh, how long, how to print.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The repository to look in [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    repo: Option<PathBuf>,

    /// Wait until the first index is complete instead of answering from what is there
    #[arg(long)]
    complete: bool,

    /// Wait until the index has seen everything on disk now, 60 s at most unless told
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "60s", value_parser = parse_span)]
    wait_fresh: Option<Duration>,

    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Index the folder even if it is not a repository, or is refused by default
    #[arg(long, short)]
    yes: bool,

    /// Use a private daemon that ends with this command
    #[arg(long, long_help = NO_DAEMON_HELP)]
    pub(crate) no_daemon: bool,

    /// Give up after this long (`500ms`, `60s`, `5m`)
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(crate) timeout: Option<Duration>,
}

const NO_DAEMON_HELP: &str = "Use a private daemon that ends with this command and leaves nothing behind. \
It indexes the repository from nothing every time, which takes seconds to minutes, and uses as much memory \
and disk as the real one while it runs. For sandboxes and one-off scripts";

impl Scope {
    /// The filters that these flags are, and kinds.
    pub(crate) fn filters(&self, kinds: &[String]) -> Filters {
        Filters {
            paths: self.paths.clone(),
            languages: self.languages.clone(),
            kinds: kinds.to_vec(),
        }
    }
}

impl Limit {
    /// The limit; 0 when the daemon's is to be taken.
    pub(crate) fn get(&self) -> u32 {
        self.limit.unwrap_or_default()
    }
}

impl Where {
    /// The repository and what to wait for. A file named from the root of the file system says where its repository
    /// is.
    pub(crate) fn place(&self, file: Option<&str>) -> Result<Place, Failure> {
        let folder = file.map(Path::new).filter(|file| file.is_absolute());
        let folder = folder.and_then(|file| if file.is_dir() { Some(file) } else { file.parent() });
        Ok(Place {
            repo: repository::absolute(self.repo.as_deref().or(folder))?,
            wait_fresh_ms: self.wait_fresh.map(|wait| wait.as_millis() as u64),
            // A private daemon has no index yet, and nobody comes back for a better answer.
            wait_complete: self.no_daemon || self.complete,
            yes: self.yes,
        })
    }
}

/// A search request from what its flags say.
pub(crate) fn search_request(query: &[String], place: Place, limit: u32, filters: Filters) -> SearchArgs {
    SearchArgs {
        query: query.join(" "),
        repo: place.repo,
        limit,
        filters,
        wait_fresh_ms: place.wait_fresh_ms,
        wait_complete: place.wait_complete,
        yes: place.yes,
        ..SearchArgs::default()
    }
}
