//! Keeps components alive: one that fails or panics is started again after a pause that doubles,
//! and given up when it keeps failing. Nothing that happens here ends the daemon.

use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiex_protocol::status::{ComponentState, ComponentStatus};
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::component::{Component, Failure};
use crate::event::{Bus, Event};
use crate::panics;

/// How patient the supervisor is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The pause before the first restart.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// More failures than this within [`Self::window`] and the component is given up.
    pub failures: usize,
    /// How far back failures count. A life as long as this starts the count anew.
    pub window: Duration,
}

impl Default for Patience {
    /// Eight doublings from a quarter of a second make about a minute: what is not mended by then
    /// needs a person.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(60),
            failures: 8,
            window: Duration::from_secs(300),
        }
    }
}

struct Entry {
    status: ComponentStatus,
    stop: CancellationToken,
    retry: Arc<Notify>,
    ended: CancellationToken,
}

struct Inner {
    patience: Patience,
    bus: Bus,
    stopping: CancellationToken,
    tasks: TaskTracker,
    entries: Mutex<BTreeMap<String, Entry>>,
}

/// The components and how they are. Cheap to clone.
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

impl Supervisor {
    /// A supervisor without components. Cancelling `stopping` stops all of them.
    pub fn new(patience: Patience, bus: Bus, stopping: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            patience,
            bus,
            stopping,
            tasks: TaskTracker::new(),
            entries: Mutex::default(),
        }))
    }

    /// Starts a component on the runtime, unless one of its name lives.
    pub fn start(&self, runtime: &tokio::runtime::Handle, component: Arc<dyn Component>) {
        let name = component.name();
        let stop = self.0.stopping.child_token();
        let (retry, ended) = (Arc::new(Notify::new()), CancellationToken::new());
        {
            let mut entries = self.entries();
            if entries
                .get(&name)
                .is_some_and(|entry| !entry.ended.is_cancelled())
            {
                return;
            }
            let status = ComponentStatus {
                name: name.clone(),
                state: ComponentState::Running,
                restarts: 0,
                last_error: None,
            };
            let entry = Entry {
                status,
                stop: stop.clone(),
                retry: retry.clone(),
                ended: ended.clone(),
            };
            entries.insert(name.clone(), entry);
        }
        let this = self.clone();
        self.0.tasks.spawn_on(
            async move {
                let ended = ended.drop_guard();
                this.keep_alive(&name, component.as_ref(), &stop, &retry).await;
                this.note(&name, |status| status.state = ComponentState::Stopped);
                drop(ended);
            },
            runtime,
        );
    }

    /// Stops one component, waits for its end and forgets it.
    pub async fn remove(&self, name: &str) {
        let ended = self.entries().get(name).map(|entry| {
            entry.stop.cancel();
            entry.ended.clone()
        });
        if let Some(ended) = ended {
            ended.cancelled().await;
            self.entries().remove(name);
        }
    }

    /// Starts a component again that waits or was given up.
    pub fn retry(&self, name: &str) {
        if let Some(entry) = self.entries().get(name) {
            entry.retry.notify_one();
        }
    }

    /// All components, by name.
    pub fn statuses(&self) -> Vec<ComponentStatus> {
        self.entries()
            .values()
            .map(|entry| entry.status.clone())
            .collect()
    }

    /// Stops all components and waits for them, but not for ever. Whether all ended.
    pub async fn stop_all(&self, patience: Duration) -> bool {
        self.0.stopping.cancel();
        self.0.tasks.close();
        tokio::time::timeout(patience, self.0.tasks.wait()).await.is_ok()
    }

    async fn keep_alive(
        &self,
        name: &str,
        component: &dyn Component,
        stop: &CancellationToken,
        retry: &Notify,
    ) {
        let patience = self.0.patience;
        let mut failures: VecDeque<Instant> = VecDeque::new();
        let mut pause = patience.first_pause;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let life = AssertUnwindSafe(async { component.live(stop.clone()).await })
                .catch_unwind()
                .await;
            let failure = match life {
                Ok(Ok(())) => return,
                Ok(Err(failure)) => failure,
                Err(panic) => Failure::inside(panics::message(panic.as_ref())),
            };
            if stop.is_cancelled() {
                return;
            }
            component.failed(&failure);
            self.0.bus.tell(Event::ComponentFailed {
                name: name.to_owned(),
                error: failure.message.clone(),
            });

            let now = Instant::now();
            if now.duration_since(began) >= patience.window {
                failures.clear();
                pause = patience.first_pause;
            }
            failures.push_back(now);
            while failures
                .front()
                .is_some_and(|at| now.duration_since(*at) > patience.window)
            {
                failures.pop_front();
            }
            let is_given_up = failures.len() > patience.failures && !failure.is_outside;
            self.note(name, |status| {
                status.last_error = Some(failure.message.clone());
                status.state = if is_given_up {
                    ComponentState::GivenUp
                } else {
                    ComponentState::BackingOff
                };
            });
            if is_given_up {
                self.0.bus.tell(Event::ComponentGivenUp {
                    name: name.to_owned(),
                });
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = retry.notified() => failures.clear(),
                }
                pause = patience.first_pause;
            } else {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = retry.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(patience.longest_pause);
            }
            self.note(name, |status| {
                status.state = ComponentState::Running;
                status.restarts = status.restarts.saturating_add(1);
            });
        }
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut ComponentStatus)) {
        if let Some(entry) = self.entries().get_mut(name) {
            change(&mut entry.status);
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::BoxFuture;

    use super::*;

    struct Flaky {
        lives: Arc<AtomicUsize>,
        bad: usize,
        is_outside: bool,
    }

    impl Component for Flaky {
        fn name(&self) -> String {
            "flaky".to_owned()
        }

        fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
            let life = self.lives.fetch_add(1, Ordering::SeqCst);
            let (bad, is_outside) = (self.bad, self.is_outside);
            Box::pin(async move {
                match life {
                    0 if bad > 0 => panic!("the first life panics"),
                    life if life < bad => Err(Failure {
                        message: format!("life {life}"),
                        is_outside,
                    }),
                    _ => {
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            })
        }
    }

    fn quick() -> Patience {
        let tick = Duration::from_millis(1);
        Patience {
            first_pause: tick,
            longest_pause: tick,
            failures: 3,
            window: Duration::from_secs(60),
        }
    }

    async fn settle(
        supervisor: &Supervisor,
        is_settled: impl Fn(&ComponentStatus) -> bool,
    ) -> ComponentStatus {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let status = supervisor.statuses().remove(0);
                if is_settled(&status) {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn a_component_that_panics_is_started_again_and_shows_why() {
        let supervisor = Supervisor::new(quick(), Bus::default(), CancellationToken::new());
        let lives = Arc::new(AtomicUsize::new(0));
        let flaky = Flaky {
            lives: lives.clone(),
            bad: 1,
            is_outside: false,
        };
        supervisor.start(&tokio::runtime::Handle::current(), Arc::new(flaky));
        let status = settle(&supervisor, |status| status.restarts == 1).await;
        assert_eq!(status.state, ComponentState::Running);
        assert_eq!(
            status.last_error.as_deref(),
            Some("panicked: the first life panics")
        );
        assert!(supervisor.stop_all(Duration::from_secs(20)).await);
        assert_eq!(supervisor.statuses()[0].state, ComponentState::Stopped);
    }

    #[tokio::test]
    async fn one_that_keeps_failing_is_given_up_until_asked_for() {
        let supervisor = Supervisor::new(quick(), Bus::default(), CancellationToken::new());
        let lives = Arc::new(AtomicUsize::new(0));
        let flaky = Flaky {
            lives: lives.clone(),
            bad: 5,
            is_outside: false,
        };
        supervisor.start(&tokio::runtime::Handle::current(), Arc::new(flaky));
        settle(&supervisor, |status| status.state == ComponentState::GivenUp).await;
        assert_eq!(lives.load(Ordering::SeqCst), 4);
        supervisor.retry("flaky");
        settle(&supervisor, |_| lives.load(Ordering::SeqCst) == 6).await;
        supervisor.remove("flaky").await;
        assert!(supervisor.statuses().is_empty());
    }

    #[tokio::test]
    async fn what_fails_for_an_outside_cause_is_never_given_up() {
        let supervisor = Supervisor::new(quick(), Bus::default(), CancellationToken::new());
        let lives = Arc::new(AtomicUsize::new(1));
        let flaky = Flaky {
            lives: lives.clone(),
            bad: 20,
            is_outside: true,
        };
        supervisor.start(&tokio::runtime::Handle::current(), Arc::new(flaky));
        settle(&supervisor, |_| lives.load(Ordering::SeqCst) == 21).await;
        assert!(supervisor.stop_all(Duration::from_secs(20)).await);
    }
}
