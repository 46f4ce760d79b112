//! What the parts of the daemon share. Cheap to clone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aiex_config::{Home, Settings};
use aiex_protocol::hello::Build;
use aiex_protocol::{DaemonInfo, ErrorCode, WireError};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::daemon::Exit;
use crate::event::{Bus, Event};
use crate::keys::Keys;
use crate::models::Models;
use crate::notebook::Notebook;
use crate::repository::Repositories;
use crate::research::ResearchService;
use crate::streams::Streams;
use crate::supervise::Supervisor;

/// Requests that may wait for their turn, for each that runs.
const WAITING_PER_SLOT: usize = 8;

/// Counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) request_us: AtomicU64,
}

/// What [`Handle`] points to.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) home: Home,
    pub(crate) build: Build,
    pub(crate) info: DaemonInfo,
    pub(crate) bus: Bus,
    pub(crate) supervisor: Supervisor,
    pub(crate) streams: Streams,
    pub(crate) repositories: Arc<dyn Repositories>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) models: Arc<Models>,
    pub(crate) research: ResearchService,
    pub(crate) notebook: Arc<Notebook>,
    pub(crate) counters: Counters,
    slots: Semaphore,
    waiting: AtomicUsize,
    clients: AtomicUsize,
    exit: watch::Sender<Option<Exit>>,
}

/// What the parts of the daemon share.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Shared>);

impl std::ops::Deref for Handle {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What [`Handle::new`] puts together.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) home: Home,
    pub(crate) build: Build,
    pub(crate) info: DaemonInfo,
    pub(crate) bus: Bus,
    pub(crate) supervisor: Supervisor,
    pub(crate) streams: Streams,
    pub(crate) repositories: Arc<dyn Repositories>,
    pub(crate) keys: Arc<Keys>,
}

impl Handle {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            home,
            build,
            info,
            bus,
            supervisor,
            streams,
            repositories,
            keys,
        } = parts;
        let models = Arc::new(Models::new(&settings, keys.clone()));
        let research = ResearchService::new(
            &home,
            &settings,
            repositories.clone(),
            keys.clone(),
            models.clone(),
        );
        let notebook = Arc::new(Notebook::new(&home, &settings, repositories.clone()));
        Self(Arc::new(Shared {
            slots: Semaphore::new(settings.daemon.max_running),
            settings,
            home,
            build,
            info,
            bus,
            supervisor,
            streams,
            repositories,
            keys,
            models,
            research,
            notebook,
            counters: Counters::default(),
            waiting: AtomicUsize::new(0),
            clients: AtomicUsize::new(0),
            exit: watch::Sender::new(None),
        }))
    }

    /// Connected clients.
    pub(crate) fn num_clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Counts a client in, unless there are too many.
    pub(crate) fn admit(&self, client: &str) -> Option<Presence> {
        let limit = self.settings.daemon.max_connections;
        self.clients
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |clients| {
                (clients < limit).then_some(clients + 1)
            })
            .ok()?;
        // From here on it is counted out again, whatever happens.
        let presence = Presence(self.clone());
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.bus.tell(Event::ClientConnected {
            client: client.to_owned(),
        });
        Some(presence)
    }

    /// A turn to compute. Waits, but not in a queue without end.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, WireError> {
        if let Ok(permit) = self.slots.try_acquire() {
            return Ok(permit);
        }
        let limit = self.settings.daemon.max_running.saturating_mul(WAITING_PER_SLOT);
        let waiting = Waiting::join(&self.waiting);
        if waiting.place > limit {
            return Err(overloaded(format!("{limit} requests wait already")));
        }
        let permit = self.slots.acquire().await;
        permit.map_err(|_| WireError::new(ErrorCode::Internal, "the daemon takes no more work"))
    }

    /// Asks the daemon to finish what runs and exit. The first reason counts.
    pub(crate) fn request_exit(&self, exit: Exit) {
        let is_first = self.exit.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(exit.clone());
            }
            is_first
        });
        if is_first {
            self.bus.tell(Event::DrainRequested {
                reason: exit.to_string(),
            });
        }
    }

    /// Whether the daemon is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Returns once the daemon was asked to exit, with the reason.
    pub(crate) async fn exit_requested(&self) -> Exit {
        let mut exit = self.exit.subscribe();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or(Exit::Superseded),
            // The sender lives in `self`.
            Err(_) => Exit::Superseded,
        }
    }
}

/// Too much at once, and what to do.
pub(crate) fn overloaded(message: impl Into<String>) -> WireError {
    WireError::new(ErrorCode::Overloaded, message).with_hint("try again in a moment")
}

/// A connected client. Dropping it counts the client out.
pub(crate) struct Presence(Handle);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::AcqRel);
        self.0.bus.tell(Event::ClientGone);
    }
}

struct Waiting<'a> {
    count: &'a AtomicUsize,
    place: usize,
}

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize) -> Self {
        Self {
            count,
            place: count.fetch_add(1, Ordering::AcqRel) + 1,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}
