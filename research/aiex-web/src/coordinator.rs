//! Asks every engine at once and tells what comes back as it comes. It does not know wire formats.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiex_remote::{Failure, ParkedKey, Resting};
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::Ask;
use crate::service::Service;
use crate::summary::RunFailure;
use crate::weight::weight;
use crate::{
    Answered, Canonical, ConfigError, Configured, EngineConfig, EngineKind, Found, Hit, NotAsked, Pool,
    Query, Ranking, Reach, Run, Summary, Wording,
};

/// Events that wait for a slow reader. Searches go on meanwhile; only their telling waits.
const WAITING_EVENTS: usize = 64;

/// What happens in a search.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An engine answered.
    EngineAnswered {
        /// Its name.
        engine: String,
        /// What it was asked.
        query: String,
        /// What it returned, best first, without hosts that are not wanted. May be nothing.
        found: Vec<Hit>,
        /// How long it took.
        took: Duration,
    },
    /// An engine failed.
    EngineFailed {
        /// Its name.
        engine: String,
        /// What it was asked.
        query: String,
        /// Why.
        failure: Failure,
        /// What to do about it.
        hint: String,
    },
    /// The ranking of all that came so far. The last one before [`Event::Done`] is final; earlier ones may be left out
    /// when the reader is slow.
    Ranked(Vec<Found>),
    /// The end; nothing follows.
    Done(Summary),
}

/// The engines of one user. Cheap to clone; clones share keys, rates, breakers and connections.
#[derive(Debug, Clone)]
pub struct Coordinator {
    engines: Arc<Vec<Engine>>,
    ranking: Arc<Ranking>,
}

#[derive(Debug)]
struct Engine {
    service: Arc<Service>,
    /// Whether the user set it up.
    configured: bool,
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineHealth {
    /// Its name.
    pub engine: String,
    /// Whether the user set it up; the others are asked when the whole web may be.
    pub configured: bool,
    /// Whether it has a key, or needs none.
    pub ready: bool,
    /// Keys that rest.
    pub parked: Vec<ParkedKey>,
    /// Why and for how long the engine is left alone, if it is.
    pub resting: Option<Resting>,
}

impl Coordinator {
    /// Checks the settings; opens no connection.
    pub fn new(configured: &Configured) -> Result<Self, ConfigError> {
        let mut engines: Vec<Engine> = Vec::new();
        let keyless = EngineKind::KEYLESS
            .into_iter()
            .filter(|kind| !configured.engines.iter().any(|engine| engine.kind == *kind))
            .map(EngineConfig::new)
            .collect::<Vec<_>>();
        let given = configured.engines.iter().map(|engine| (engine, true));
        for (engine, configured_by_user) in given.chain(keyless.iter().map(|engine| (engine, false))) {
            if engines.iter().any(|known| known.service.name == engine.name) {
                return Err(ConfigError::new(&engine.name, "another engine has the same name"));
            }
            let service = Arc::new(Service::new(engine, configured)?);
            engines.push(Engine {
                service,
                configured: configured_by_user,
            });
        }
        let usual = Ranking::default();
        Ok(Self {
            engines: Arc::new(engines),
            ranking: Arc::new(Ranking {
                trust: configured.trust.clone(),
                per_host: configured.per_host.unwrap_or(usual.per_host),
                ..usual
            }),
        })
    }

    /// Begins a search. It runs as tasks of the current tokio runtime; cancelling `cancel` or dropping what is returned
    /// closes every request at once.
    pub fn search(&self, query: &Query, cancel: &CancellationToken) -> Searching {
        let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
        let cancel = cancel.child_token();
        let search = Search::new(self, query);
        tokio::spawn(search.run(sender, cancel.clone()));
        Searching {
            events: receiver,
            _guard: cancel.drop_guard(),
        }
    }

    /// The ranking of a query's answers, for callers that keep answers and rank them again.
    pub fn ranking(&self, query: &Query) -> Ranking {
        let engines = self.engines.iter().map(|engine| {
            let service = &engine.service;
            // An engine asked for by name although it does not suit counts for little, not for nothing.
            let by_kind = weight(&service.kind, query.kind).max(0.2);
            (service.name.clone(), service.weight * by_kind)
        });
        Ranking {
            engines: engines.collect::<BTreeMap<_, _>>(),
            ..(*self.ranking).clone()
        }
    }

    /// How the engines are, in the order of the settings.
    pub fn health(&self) -> Vec<EngineHealth> {
        let health = self.engines.iter().map(|engine| EngineHealth {
            engine: engine.service.name.clone(),
            configured: engine.configured,
            ready: !engine.service.keys.is_empty(),
            parked: engine.service.keys.parked(),
            resting: engine.service.breaker.resting(),
        });
        health.collect()
    }

    /// What to send to whom, whom not, and what was answered before.
    fn plan(&self, query: &Query, wording: &Wording) -> (Vec<Asked>, Vec<NotAsked>, Vec<Answered>) {
        let (mut asks, mut left_out, mut known) = (Vec::new(), Vec::new(), Vec::new());
        let mut leave = |engine: &Service, why: &str| {
            left_out.push(NotAsked {
                engine: engine.name.clone(),
                why: why.to_owned(),
            });
        };
        for Engine { service, configured } in self.engines.iter() {
            let by_name = query.engines.as_ref().map(|names| names.contains(&service.name));
            if by_name == Some(false) {
                continue;
            }
            if !configured && query.reach == Reach::Configured {
                leave(
                    service,
                    "it is not in the settings, and only those that are may be asked",
                );
            } else if wording.original.is_empty() {
                leave(service, "there is nothing left of the question to send");
            } else if by_name.is_none() && weight(&service.kind, query.kind) == 0.0 {
                leave(service, "it has nothing on questions of this kind");
            } else {
                let of_engine = service.wire.asks(query, wording, service.has_key);
                if of_engine.is_empty() {
                    leave(service, "the question names nothing that it knows");
                }
                for ask in of_engine {
                    match query.answer(&service.name, &ask.shown) {
                        Some(answered) => known.push(answered.clone()),
                        None => asks.push(Asked {
                            service: Arc::clone(service),
                            ask,
                            requests: Arc::default(),
                        }),
                    }
                }
            }
        }
        (asks, left_out, known)
    }
}

/// A search under way: its events, in order, ending with [`Event::Done`].
#[derive(Debug)]
pub struct Searching {
    events: mpsc::Receiver<Event>,
    _guard: DropGuard,
}

impl Searching {
    /// The next event; `None` after the end.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Waits for the end: the final ranking and the summary.
    pub async fn finish(mut self) -> (Vec<Found>, Summary) {
        let mut found = Vec::new();
        while let Some(event) = self.next().await {
            match event {
                Event::Ranked(ranked) => found = ranked,
                Event::Done(summary) => return (found, summary),
                Event::EngineAnswered { .. } | Event::EngineFailed { .. } => {}
            }
        }
        (found, Summary::default())
    }
}

impl Stream for Searching {
    type Item = Event;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        self.events.poll_recv(cx)
    }
}

/// The driver of one search.
struct Search {
    query: Query,
    asks: Vec<Asked>,
    pool: Pool,
    ranked: Vec<Found>,
    summary: Summary,
    begun: Instant,
}

type Outcome = Result<Vec<Hit>, Failure>;

/// One engine asked in one wording.
struct Asked {
    service: Arc<Service>,
    ask: Ask,
    /// What was sent so far.
    requests: Arc<AtomicU32>,
}

/// Nobody listens any more.
struct Gone;

impl Search {
    fn new(coordinator: &Coordinator, query: &Query) -> Self {
        let wording = Wording::of(query);
        let (asks, not_asked, known) = coordinator.plan(query, &wording);
        let mut pool = Pool::new(coordinator.ranking(query));
        for Answered { engine, query, found } in &known {
            pool.add(engine, query, found);
        }
        let runs = known.into_iter().map(|answered| Run {
            engine: answered.engine,
            query: answered.query,
            found: answered.found.len(),
            requests: 0,
            took_ms: 0,
            failure: None,
        });
        Self {
            query: query.clone(),
            asks,
            ranked: pool.ranked(query.limit),
            summary: Summary {
                runs: runs.collect(),
                pages: pool.pages(),
                not_asked,
                secrets: wording.secrets,
                ..Summary::default()
            },
            pool,
            begun: Instant::now(),
        }
    }

    async fn run(mut self, sender: mpsc::Sender<Event>, cancel: CancellationToken) {
        // Dropped with the search: every request on its way is closed.
        let mut tasks: JoinSet<(Outcome, Duration)> = JoinSet::new();
        let mut waiting: HashMap<tokio::task::Id, usize> = HashMap::new();
        for (
            at,
            Asked {
                service,
                ask,
                requests,
            },
        ) in self.asks.iter().enumerate()
        {
            let (service, ask, requests) = (Arc::clone(service), ask.clone(), Arc::clone(requests));
            // Without an end to all waiting, as long for its turn as for the call.
            let stage = self.query.deadline.unwrap_or(2 * service.total);
            let begun = self.begun;
            let asking = tasks.spawn(async move {
                let outcome = service.search(&ask, begun + stage, &requests).await;
                (outcome, begun.elapsed())
            });
            waiting.insert(asking.id(), at);
        }
        if !self.summary.runs.is_empty() && sender.send(Event::Ranked(self.ranked.clone())).await.is_err() {
            return;
        }
        while !waiting.is_empty() {
            let joined = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = sender.closed() => return,
                joined = tasks.join_next_with_id() => joined,
            };
            let (id, outcome, took) = match joined {
                Some(Ok((id, (outcome, took)))) => (id, outcome, took),
                Some(Err(error)) => (error.id(), Err(crashed()), self.begun.elapsed()),
                None => break,
            };
            if let Some(at) = waiting.remove(&id)
                && self
                    .told(at, outcome, took, &sender, waiting.is_empty())
                    .await
                    .is_err()
            {
                return;
            }
        }
        tasks.abort_all();
        let mut unfinished: Vec<usize> = waiting.into_values().collect();
        unfinished.sort_unstable();
        for at in unfinished {
            let took = self.begun.elapsed();
            if self
                .told(at, Err(Failure::Cancelled), took, &sender, false)
                .await
                .is_err()
            {
                return;
            }
        }
        self.summary.took_ms = millis(self.begun.elapsed());
        // An error means that nobody listens.
        let _ = sender.send(Event::Done(self.summary)).await;
    }

    /// Takes an outcome in and tells it, and the new ranking if it changed.
    async fn told(
        &mut self,
        at: usize,
        outcome: Outcome,
        took: Duration,
        sender: &mpsc::Sender<Event>,
        last: bool,
    ) -> Result<(), Gone> {
        let Asked {
            service,
            ask,
            requests,
        } = &self.asks[at];
        let (engine, query) = (service.name.clone(), ask.shown.clone());
        let mut run = Run {
            engine: engine.clone(),
            query: query.clone(),
            found: 0,
            requests: requests.load(Ordering::Relaxed),
            took_ms: millis(took),
            failure: None,
        };
        let event = match outcome {
            Ok(hits) => {
                let found: Vec<Hit> = hits.into_iter().filter(|hit| self.is_wanted(hit)).collect();
                run.found = found.len();
                self.pool.add(&engine, &query, &found);
                Event::EngineAnswered {
                    engine,
                    query,
                    found,
                    took,
                }
            }
            Err(failure) => {
                let hint = failure.hint(&engine);
                run.failure = Some(RunFailure {
                    class: failure.class().to_owned(),
                    message: failure.to_string(),
                    hint: hint.clone(),
                });
                Event::EngineFailed {
                    engine,
                    query,
                    failure,
                    hint,
                }
            }
        };
        let answered = run.found > 0;
        self.summary.runs.push(run);
        sender.send(event).await.map_err(|_| Gone)?;
        if answered {
            self.summary.pages = self.pool.pages();
            self.ranked = self.pool.ranked(self.query.limit);
        }
        if last {
            // The final ranking is always told, also when nothing was found.
            sender
                .send(Event::Ranked(self.ranked.clone()))
                .await
                .map_err(|_| Gone)?;
        } else if answered && sender.capacity() > WAITING_EVENTS / 2 {
            sender
                .send(Event::Ranked(self.ranked.clone()))
                .await
                .map_err(|_| Gone)?;
        }
        Ok(())
    }

    fn is_wanted(&self, hit: &Hit) -> bool {
        Canonical::of(&hit.url).is_some_and(|name| self.query.hosts.permit(name.host()))
    }
}

/// What is told of a task that ended in a panic: the search goes on without it.
fn crashed() -> Failure {
    Failure::Broken {
        message: "reading the answer ended in a defect of this program".to_owned(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
