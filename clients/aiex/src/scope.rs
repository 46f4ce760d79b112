//! The flags that `ask` and `search` share: where to look, how much, how long.

use std::path::PathBuf;
use std::time::Duration;

use aiex_protocol::search::{Filters, SearchArgs};
use clap::Args;

use crate::failure::Failure;
use crate::language::LanguageParser;
use crate::quantity::parse_span;
use crate::repository;

/// Where to look, how much, how long.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// The repository to look in [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) repo: Option<PathBuf>,

    /// Only paths that match this glob; `!GLOB` excludes; may be repeated
    #[arg(long = "path", short = 'p', value_name = "GLOB")]
    paths: Vec<String>,

    /// Only files in this language; may be repeated
    #[arg(long = "lang", short = 'l', value_name = "LANGUAGE", value_parser = LanguageParser)]
    #[arg(hide_possible_values = true)]
    languages: Vec<String>,

    /// How many hits at most
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

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
    /// The part of a request that these flags decide.
    pub(crate) fn request(&self, words: &[String]) -> Result<SearchArgs, Failure> {
        Ok(SearchArgs {
            query: words.join(" "),
            repo: repository::absolute(self.repo.as_deref())?,
            limit: self.limit.unwrap_or_default(),
            filters: Filters {
                paths: self.paths.clone(),
                languages: self.languages.clone(),
                kinds: Vec::new(),
            },
            wait_fresh_ms: self.wait_fresh.map(|wait| wait.as_millis() as u64),
            // A private daemon has no index yet, and nobody comes back for a better answer.
            wait_complete: self.no_daemon,
            yes: self.yes,
            ..SearchArgs::default()
        })
    }
}
