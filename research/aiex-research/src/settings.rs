//! How the machine works, apart from what a user asks.

use std::path::PathBuf;
use std::time::Duration;

/// How the machine works. The parallel limits hold over all runs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A folder with the user's templates (`*.toml`); they come before built-in ones of the same name.
    pub templates: Option<PathBuf>,
    /// Searches at the same time.
    pub parallel_searches: usize,
    /// Reads at the same time.
    pub parallel_reads: usize,
    /// Model calls at the same time; 1 or 2 for a model on this machine.
    pub parallel_model_calls: usize,
    /// A search is given up after this long.
    pub search_deadline: Duration,
    /// While the first search of the web has gone unanswered for this long, no other is sent there: it waits for what
    /// becomes of the first.
    pub search_overdue: Duration,
    /// Once a search of a round has found something, the others are waited for this long before what there is is read;
    /// they go on meanwhile, and what they find is read beside it.
    pub search_patience: Duration,
    /// A read is given up after this long, also while its host takes other reads first: the time that a page itself may
    /// take is the reader's to watch.
    pub read_deadline: Duration,
    /// A model call is given up after this long.
    pub model_deadline: Duration,
    /// The pause before a failed search is tried again; doubled each time.
    pub retry_pause: Duration,
    /// How long calls in flight are waited for when a run is paused, before they are dropped.
    pub pause_grace: Duration,
    /// The store falls dead after so many commits, as if the process had been killed.
    #[cfg(feature = "faults")]
    pub dies_after_commits: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            templates: None,
            parallel_searches: 16,
            parallel_reads: 8,
            parallel_model_calls: 16,
            search_deadline: Duration::from_secs(10),
            // Most of what an engine may take for its first byte; a healthy one has answered by then.
            search_overdue: Duration::from_secs(3),
            // Longer than a search engine takes as a rule: what is read at once is picked from more.
            search_patience: Duration::from_millis(1500),
            // A page's own twenty seconds behind thirty of others at its host.
            read_deadline: Duration::from_secs(50),
            model_deadline: Duration::from_secs(120),
            retry_pause: Duration::from_millis(200),
            pause_grace: Duration::from_secs(5),
            #[cfg(feature = "faults")]
            dies_after_commits: None,
        }
    }
}

impl Settings {
    pub(crate) fn dies_after(&self) -> Option<u64> {
        #[cfg(feature = "faults")]
        return self.dies_after_commits;
        #[cfg(not(feature = "faults"))]
        None
    }
}
