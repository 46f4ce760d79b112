//! The way to a server: deadlines, attempts, waits between them, and a rest for a server that says nothing.
//!
//! Calls come from threads that may block; the client's futures run on a runtime of their own, of one thread. A call
//! waits for its answer no longer than its patience says, whatever the network does.

use std::fmt;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use qdrant_client::{Qdrant, QdrantError};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::key::ServerKeySource;
use super::trouble::Trouble;
use crate::error::VectorError;

/// Calls that are under way at once; more wait, within their own deadlines.
const MAX_CALLS: usize = 8;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// What an answer that came at the last moment may take from the runtime to the caller.
const HANDOVER: Duration = Duration::from_secs(1);
/// How long a server that said nothing is left alone at first, and at most.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The header that carries the key.
const KEY_HEADER: &str = "api-key";

/// Where a server is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The address of its gRPC interface, such as `http://127.0.0.1:6334`; empty when nobody gave one.
    pub url: String,
    /// Its key.
    pub key: ServerKeySource,
}

/// How patient a call is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For one attempt.
    attempt: Duration,
    /// For all of them, with the waits between them.
    total: Duration,
    attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    back_off: Duration,
    /// Whether the call is not even made while the server is left alone.
    heeds_rest: bool,
}

impl Patience {
    /// Somebody waits for the answer, and has one without it.
    pub(super) const BRIEF: Self = Self {
        attempt: Duration::from_millis(1_500),
        total: Duration::from_secs(2),
        attempts: 2,
        back_off: Duration::from_millis(50),
        heeds_rest: true,
    };
    /// Nobody waits. Still short enough for a saved file, which may have to wait for it.
    pub(super) const PATIENT: Self = Self {
        attempt: Duration::from_secs(5),
        total: Duration::from_secs(10),
        attempts: 4,
        back_off: Duration::from_millis(200),
        heeds_rest: false,
    };
    /// A look whether it is there at all.
    const LOOK: Self = Self {
        attempt: Duration::from_secs(1),
        total: Duration::from_secs(1),
        attempts: 1,
        back_off: Duration::ZERO,
        heeds_rest: false,
    };

    /// Up to the doubled back-off, or what the server asked for; a random part of it, so that not all come back at once.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.back_off.saturating_mul(1 << (attempt - 1).min(10));
        asked.unwrap_or_else(|| doubled.mul_f32(0.5 + 0.5 * fastrand::f32()))
    }
}

/// A server that was silent is left alone for a while.
#[derive(Debug, Default)]
struct Health {
    /// The last trouble since the last answer.
    trouble: Option<Trouble>,
    rests_until: Option<Instant>,
    silences: u32,
}

/// A Qdrant server. Stores share it.
pub struct Server {
    settings: ServerSettings,
    /// The address without credentials.
    shown: String,
    way: Result<Way, Trouble>,
    calls: Arc<Semaphore>,
    health: Mutex<Health>,
}

/// What requests go through.
struct Way {
    client: RwLock<Qdrant>,
    /// Taken only when the way is dropped.
    runtime: Option<Runtime>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.shown)
            .finish_non_exhaustive()
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // Waiting for the thread is not allowed on threads of other runtimes, and nothing is left to wait for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Way {
    fn to(url: &str) -> Result<Self, Trouble> {
        let client = connect(url).map_err(|error| Trouble::of(&error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("aiex-vector")
            .enable_all()
            .build()
            .map_err(|error| Trouble::Refused {
                what: format!("no thread can be started: {error}"),
            })?;
        Ok(Self {
            client: RwLock::new(client),
            runtime: Some(runtime),
        })
    }

    fn connect_anew(&self, url: &str) {
        // The address was accepted before.
        if let Ok(client) = connect(url) {
            *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }
}

impl Server {
    /// A way to the server. Connects to nothing yet; that the address makes no sense is told by every call.
    pub fn new(settings: ServerSettings) -> Self {
        let (shown, way) = if settings.url.is_empty() {
            ("(unknown)".to_owned(), Err(Trouble::Unset))
        } else {
            (without_credentials(&settings.url), Way::to(&settings.url))
        };
        Self {
            settings,
            shown,
            way,
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            health: Mutex::default(),
        }
    }

    /// Whether there is an address.
    pub fn is_set(&self) -> bool {
        !matches!(self.way, Err(Trouble::Unset))
    }

    /// The address, without credentials.
    pub fn url(&self) -> &str {
        &self.shown
    }

    /// The trouble of the last call, unless one went well since.
    pub fn trouble(&self) -> Option<VectorError> {
        let trouble = self.health().trouble.clone()?;
        Some(self.error("be reached", trouble))
    }

    /// Asks whether it is there and takes the key. Takes a second at most.
    ///
    /// # Errors
    /// When it is not, or does not.
    pub fn look(&self) -> Result<(), VectorError> {
        // Whether there is a collection of this name does not matter, but only who has the key is told.
        self.call("be reached", Patience::LOOK, |client| async move {
            client.collection_exists("aiex").await.map(drop)
        })
    }

    pub(super) fn error(&self, doing: &'static str, trouble: Trouble) -> VectorError {
        VectorError::Server {
            url: self.shown.clone(),
            doing,
            trouble,
        }
    }

    /// Makes a request, again while that may help and there is time.
    pub(super) fn call<T, F>(
        &self,
        doing: &'static str,
        patience: Patience,
        request: impl Fn(Qdrant) -> F,
    ) -> Result<T, VectorError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QdrantError>> + Send + 'static,
    {
        if patience.heeds_rest
            && let Some(trouble) = self.rest()
        {
            return Err(self.error(doing, trouble));
        }
        let deadline = Instant::now() + patience.total;
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let trouble = match self.attempt(&request, left.min(patience.attempt)) {
                Ok(answer) => {
                    *self.health() = Health::default();
                    return Ok(answer);
                }
                Err(trouble) => trouble,
            };
            let asked = match &trouble {
                Trouble::Busy { after, .. } => *after,
                _ => None,
            };
            let wait = patience.wait(attempt, asked);
            let is_late = Instant::now() + wait >= deadline;
            if !trouble.is_passing() || attempt >= patience.attempts || is_late {
                self.note(&trouble);
                return Err(self.error(doing, trouble));
            }
            tracing::debug!(%trouble, attempt, ?wait, doing, "asking the vector server again");
            pause(wait);
            attempt += 1;
        }
    }

    fn attempt<T, F>(&self, request: &impl Fn(Qdrant) -> F, limit: Duration) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QdrantError>> + Send + 'static,
    {
        let silent = |what: &str| Trouble::Silent {
            what: what.to_owned(),
        };
        let way = self.way.as_ref().map_err(Trouble::clone)?;
        let Some(runtime) = &way.runtime else {
            return Err(silent("the program ends"));
        };
        let work = request(self.client(way)?);
        let calls = self.calls.clone();
        let (sender, answer) = sync_channel(1);
        let task = runtime.spawn(async move {
            let work = async {
                let _place = calls.acquire().await;
                work.await
            };
            // Who gave up waiting needs no answer.
            let _ = sender.try_send(tokio::time::timeout(limit, work).await);
        });
        match answer.recv_timeout(limit + HANDOVER) {
            Ok(Ok(result)) => result.map_err(|error| Trouble::of(&error)),
            Ok(Err(_)) => {
                // A connection whose other end is gone without a word would swallow every later call too.
                way.connect_anew(&self.settings.url);
                Err(silent("no answer in time"))
            }
            Err(_) => {
                task.abort();
                Err(silent("no answer in time"))
            }
        }
    }

    /// The client with the key of now.
    fn client(&self, way: &Way) -> Result<Qdrant, Trouble> {
        let key = self.settings.key.look().map_err(|trouble| Trouble::Key {
            what: trouble.what,
            hint: trouble.hint,
        })?;
        let client = way.client.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = key else {
            return Ok(client.clone());
        };
        let key = key.sendable().ok_or_else(|| Trouble::Key {
            what: "the key has characters that no key has".to_owned(),
            hint: "keep it anew with `aiex keys set qdrant`".to_owned(),
        })?;
        Ok(client.with_header(KEY_HEADER, key))
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the server is left alone now, if it is.
    fn rest(&self) -> Option<Trouble> {
        let health = self.health();
        let is_resting = health.rests_until.is_some_and(|until| Instant::now() < until);
        health.trouble.clone().filter(|_| is_resting)
    }

    fn note(&self, trouble: &Trouble) {
        let mut health = self.health();
        if matches!(trouble, Trouble::Silent { .. }) {
            let rest = REST.0.saturating_mul(1 << health.silences.min(10)).min(REST.1);
            health.rests_until = Some(Instant::now() + rest.mul_f32(0.75 + 0.25 * fastrand::f32()));
            health.silences += 1;
        }
        // A collection that is missing is no trouble with the server.
        health.trouble = Some(trouble.clone()).filter(|trouble| *trouble != Trouble::Missing);
    }
}

fn connect(url: &str) -> Result<Qdrant, QdrantError> {
    Qdrant::from_url(url)
        .connect_timeout(CONNECT)
        // Every attempt has a shorter deadline of its own.
        .timeout(Patience::PATIENT.total)
        .skip_compatibility_check()
        .build()
}

/// `http://user:password@host` without what comes before the host, which is not sent either.
fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority_end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..authority_end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => url.to_owned(),
    }
}

/// Blocks the thread until the time is over.
fn pause(wait: Duration) {
    let end = Instant::now() + wait;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_an_address_are_not_shown() {
        assert_eq!(without_credentials("http://u:p@h:6334/x@y"), "http://h:6334/x@y");
        assert_eq!(without_credentials("http://h:6334"), "http://h:6334");
    }

    #[test]
    fn waits_grow_vary_and_heed_what_the_server_asks_for() {
        let patience = Patience::PATIENT;
        for _ in 0..100 {
            let wait = patience.wait(3, None);
            assert!(
                wait >= patience.back_off * 2 && wait <= patience.back_off * 4,
                "{wait:?}"
            );
        }
        let asked = Duration::from_secs(7);
        assert_eq!(patience.wait(1, Some(asked)), asked);
    }
}
