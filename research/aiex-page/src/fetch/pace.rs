//! Sparing hosts: few connections at a time, a pause between requests, and silence when a host asks for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::settings::Pace;

/// Hosts that are remembered; the idle ones are forgotten first.
const MAX_HOSTS: usize = 4096;

/// Whose turn it is, host by host.
#[derive(Debug)]
pub(crate) struct Turns {
    pace: Pace,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    connections: Arc<Semaphore>,
    /// When the next request may start.
    next: Mutex<Instant>,
}

/// The right to have one request under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// Why no turn came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// The host wants to be left alone past the deadline, for this long.
    Busy(Duration),
    /// All connections stayed taken, for this long.
    Taken(Duration),
}

impl Turns {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            hosts: Mutex::default(),
        }
    }

    /// Waits for the host's turn: for a connection until `longest`, and then not past the deadline, which begins when
    /// there is one and so is moved by the time that others had them. `crawl_delay` is what its robots.txt asks for.
    pub(crate) async fn take(
        &self,
        host: &str,
        crawl_delay: Option<Duration>,
        longest: Instant,
        deadline: &mut Instant,
    ) -> Result<Turn, NoTurn> {
        let state = self.host(host);
        let begun = Instant::now();
        let taken = tokio::time::timeout_at(longest, Arc::clone(&state.connections).acquire_owned());
        let Ok(Ok(permit)) = taken.await else {
            return Err(NoTurn::Taken(begun.elapsed()));
        };
        *deadline += begun.elapsed();
        let asked = crawl_delay.unwrap_or_default().min(self.pace.max_crawl_delay);
        let start = {
            let mut next = state.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let start = now.max(*next);
            if start > *deadline {
                return Err(NoTurn::Busy(start - now));
            }
            *next = start + self.pace.spacing.max(asked);
            start
        };
        sleep_until(start).await;
        Ok(Turn { _permit: permit })
    }

    /// The host asked to be left alone.
    pub(crate) fn silence(&self, host: &str, retry_after: Duration) {
        let until = Instant::now() + retry_after.min(self.pace.max_retry_after);
        let state = self.host(host);
        let mut next = state.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = until.max(*next);
    }

    fn host(&self, host: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
            let now = Instant::now();
            hosts.retain(|_, host| {
                let waits = *host.next.lock().unwrap_or_else(PoisonError::into_inner) > now;
                waits || Arc::strong_count(host) > 1
            });
        }
        let fresh = || {
            Arc::new(Host {
                connections: Arc::new(Semaphore::new(self.pace.connections.max(1))),
                next: Mutex::new(Instant::now()),
            })
        };
        Arc::clone(hosts.entry(host.to_owned()).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Turns {
        Turns::new(Pace {
            connections: 2,
            spacing: Duration::from_millis(500),
            max_crawl_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
        })
    }

    async fn take(
        turns: &Turns,
        host: &str,
        crawl_delay: Option<Duration>,
        within: u64,
    ) -> Result<Turn, NoTurn> {
        let until = Instant::now() + Duration::from_secs(within);
        turns.take(host, crawl_delay, until, &mut until.clone()).await
    }

    #[tokio::test(start_paused = true)]
    async fn requests_to_one_host_are_spaced_and_others_are_not() {
        let turns = turns();
        let begin = Instant::now();
        for expected in [0, 500, 1000] {
            let turn = take(&turns, "a.example", None, 30).await.unwrap();
            assert_eq!(begin.elapsed(), Duration::from_millis(expected));
            drop(turn);
        }
        take(&turns, "b.example", None, 30).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::from_millis(1000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_connection_waits_until_one_is_free() {
        let turns = turns();
        let first = take(&turns, "a.example", None, 30).await.unwrap();
        let _second = take(&turns, "a.example", None, 30).await.unwrap();
        assert_eq!(
            take(&turns, "a.example", None, 5).await.unwrap_err(),
            NoTurn::Taken(Duration::from_secs(5))
        );
        drop(first);
        take(&turns, "a.example", None, 5).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn crawl_delay_is_obeyed_up_to_its_cap() {
        let turns = turns();
        let begin = Instant::now();
        for (delay, expected) in [(3, 0), (1000, 3), (0, 13)] {
            let delay = Some(Duration::from_secs(delay));
            take(&turns, "a.example", delay, 60).await.unwrap();
            assert_eq!(begin.elapsed(), Duration::from_secs(expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asked_for_silence_is_left_alone() {
        let turns = turns();
        turns.silence("a.example", Duration::from_secs(20));
        let refused = take(&turns, "a.example", None, 10).await.unwrap_err();
        assert_eq!(refused, NoTurn::Busy(Duration::from_secs(20)));
        let begin = Instant::now();
        take(&turns, "a.example", None, 30).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::from_secs(20));
        turns.silence("a.example", Duration::from_secs(1_000_000));
        take(&turns, "a.example", None, 61).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn idle_hosts_are_forgotten() {
        let turns = turns();
        turns.silence("loud.example", Duration::from_secs(50));
        for number in 0..2 * MAX_HOSTS {
            turns.host(&format!("{number}.example"));
        }
        let hosts = turns.hosts.lock().unwrap();
        assert!(hosts.len() <= MAX_HOSTS && hosts.contains_key("loud.example"));
    }
}
