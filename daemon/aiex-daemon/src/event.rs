//! The closed list of what can happen inside the daemon, as facts, and the bus on which they travel.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::broadcast;

/// Facts that a slow listener may fall behind by before it misses some. Listeners look at the state
/// after missing facts, so a miss costs a look.
const BUS_CAPACITY: usize = 256;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A client was welcomed.
    ClientConnected {
        /// What kind of client it said it is.
        client: String,
    },
    /// A client went.
    ClientGone,
    /// A request began.
    RequestStarted {
        /// Its verb.
        verb: &'static str,
    },
    /// A request ended.
    RequestEnded {
        /// Its verb.
        verb: &'static str,
        /// How long it took.
        took: Duration,
        /// Whether it ended in `done`.
        is_ok: bool,
    },
    /// A repository was opened for the first time since the start.
    RepoAdded {
        /// Its root.
        root: PathBuf,
    },
    /// A repository was forgotten.
    RepoRemoved {
        /// Its root.
        root: PathBuf,
    },
    /// Queries see a new generation.
    GenerationPublished {
        /// The repository.
        root: PathBuf,
        /// The generation.
        generation: u64,
    },
    /// An index agrees with the disk, vectors included.
    IndexSettled {
        /// The repository.
        root: PathBuf,
    },
    /// Changes are no longer reported by the system.
    WatchDegraded {
        /// The repository.
        root: PathBuf,
        /// Why.
        reason: String,
    },
    /// A component failed and will be started again.
    ComponentFailed {
        /// Its name.
        name: String,
        /// Why.
        error: String,
    },
    /// A component failed too often and stays down until somebody asks for it.
    ComponentGivenUp {
        /// Its name.
        name: String,
    },
    /// Somebody asked the daemon to finish and exit.
    DrainRequested {
        /// Why.
        reason: String,
    },
}

/// Carries facts to whoever listens. Cheap to clone; telling never waits.
#[derive(Debug, Clone)]
pub struct Bus(broadcast::Sender<Event>);

impl Default for Bus {
    fn default() -> Self {
        Self(broadcast::channel(BUS_CAPACITY).0)
    }
}

impl Bus {
    /// Tells a fact and logs it.
    pub fn tell(&self, event: Event) {
        match &event {
            Event::ComponentFailed { name, error } => tracing::warn!(%name, %error, "component failed"),
            Event::ComponentGivenUp { name } => tracing::error!(%name, "component given up"),
            Event::WatchDegraded { root, reason } => {
                tracing::warn!(root = %root.display(), %reason, "watching degraded");
            }
            Event::RequestStarted { .. }
            | Event::RequestEnded { .. }
            | Event::GenerationPublished { .. }
            | Event::IndexSettled { .. } => tracing::debug!(?event),
            _ => tracing::info!(?event),
        }
        // No listener is no failure.
        let _ = self.0.send(event);
    }

    /// Hears everything told from here on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}
