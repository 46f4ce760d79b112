//! One engine with its keys, rate, breaker and connections: asks it as often as it takes and as long as it may. It does
//! not know other engines.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiex_remote::{Backoff, Breaker, Failure, KeyRing, Lease, Phase};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};
use url::Url;

use crate::engine::{Ask, Reading, Wire, wire};
use crate::http::Http;
use crate::{ConfigError, Configured, EngineConfig, EngineKind, Hit};

/// An engine that can be asked.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) kind: EngineKind,
    pub(crate) weight: f64,
    pub(crate) wire: Box<dyn Wire>,
    pub(crate) total: Duration,
    pub(crate) keys: KeyRing,
    pub(crate) breaker: Breaker,
    pub(crate) has_key: bool,
    base: Url,
    http: Http,
    parallel: Semaphore,
    backoff: Backoff,
}

impl Service {
    pub(crate) fn new(config: &EngineConfig, all: &Configured) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::new(&config.name, reason);
        let base = base(config).map_err(wrong)?;
        let has_key = config.keys.iter().any(|key| !key.is_empty());
        let rate = config.rate.unwrap_or_else(|| config.kind.rate(has_key));
        let keys = if has_key || config.kind.needs_key() {
            KeyRing::new(config.keys.iter().cloned(), rate)
        } else {
            KeyRing::anonymous(rate)
        };
        let usual = if config.kind == EngineKind::SearxNg { 2 } else { 4 };
        if has_key && base.scheme() == "http" && !is_loopback(&base) {
            warn!(engine = %config.name, "the key is sent without encryption");
        }
        // A proxy elsewhere would take this machine's address for its own.
        let proxy = all.proxy.as_deref().filter(|_| !is_loopback(&base));
        Ok(Self {
            name: config.name.clone(),
            kind: config.kind.clone(),
            weight: config.weight,
            wire: wire(&config.kind),
            total: config.deadlines.total,
            keys,
            breaker: Breaker::new(all.rests),
            has_key,
            http: Http::new(config.deadlines, proxy, base.scheme() == "https").map_err(wrong)?,
            base,
            parallel: Semaphore::new(config.parallel.unwrap_or(usual).max(1)),
            backoff: all.backoff,
        })
    }

    /// Asks until there is an answer, or a failure that asking again does not mend, or its time is over. That begins when
    /// there is a place for it; waiting for one ends with `stage`, and so does all else. Counts in `requests` what it
    /// sends, so that the number is known also when the future is dropped.
    pub(crate) async fn search(
        &self,
        ask: &Ask,
        stage: Instant,
        requests: &AtomicU32,
    ) -> Result<Vec<Hit>, Failure> {
        let result = self.persist(ask, stage, requests).await;
        if let Err(failure) = &result {
            debug!(engine = %self.name, class = failure.class(), "no answer");
        }
        result
    }

    async fn persist(&self, ask: &Ask, stage: Instant, requests: &AtomicU32) -> Result<Vec<Hit>, Failure> {
        if self.keys.is_empty() {
            return Err(Failure::KeyMissing);
        }
        // What stopped the last try tells more than that there is no further one.
        let mut last: Option<Failure> = None;
        let mut tries = 0;
        let mut own = Instant::now() + self.total;
        loop {
            if let Some(resting) = self.breaker.resting() {
                return Err(last.unwrap_or_else(|| Failure::Resting {
                    after: Some(resting.left),
                    message: resting.to_string(),
                }));
            }
            // The place before the key: a key's turn is over when it is lent, whether or not the request can go.
            let begun = Instant::now();
            let Ok(place) = timeout_at(stage, self.parallel.acquire()).await else {
                return Err(last.unwrap_or(Failure::Timeout {
                    phase: Phase::Total,
                    after: begun.elapsed(),
                }));
            };
            // Others had the places: that is no time of its own.
            own += begun.elapsed();
            let deadline = own.min(stage);
            let lease = match self.keys.lease(self.cost(ask), deadline).await {
                Ok(lease) => lease,
                Err(none) => {
                    return Err(last.unwrap_or_else(|| Failure::Resting {
                        after: none.free_in,
                        message: none.to_string(),
                    }));
                }
            };
            let failure = match self.once(ask, &lease, deadline, requests).await {
                Ok(reading) => {
                    if let Some(rest) = reading.rest {
                        self.keys.rest(&lease, rest);
                    }
                    return Ok(reading.hits);
                }
                Err(failure) => failure,
            };
            // Others may go while this one waits for its next try.
            drop(place);
            match failure {
                // Another key may do; the ring knows whether there is one, and each is parked but once.
                Failure::KeyRejected { .. } | Failure::KeyExhausted { .. } => {}
                // The ring knows when; another key may do at once.
                Failure::RateLimited { .. } if tries < self.backoff.attempts => tries += 1,
                ref failure if failure.is_passing() => {
                    let Some(pause) = self.backoff.pause_before(tries, failure.after()) else {
                        return Err(failure.clone());
                    };
                    if Instant::now() + pause >= deadline {
                        return Err(failure.clone());
                    }
                    tries += 1;
                    sleep(pause).await;
                }
                failure => return Err(failure),
            }
            last = Some(failure);
        }
    }

    /// One request.
    async fn once(
        &self,
        ask: &Ask,
        lease: &Lease,
        deadline: Instant,
        requests: &AtomicU32,
    ) -> Result<Reading, Failure> {
        let request = self.wire.request(&self.base, ask, lease.secret.as_ref())?;
        let pass = match self.breaker.enter() {
            Ok(pass) => pass,
            Err(resting) => {
                return Err(Failure::Resting {
                    after: Some(resting.left),
                    message: resting.to_string(),
                });
            }
        };
        requests.fetch_add(1, Ordering::Relaxed);
        let answer = self.http.send(&request, deadline).await;
        match answer.and_then(|answer| self.wire.read(ask, &answer)) {
            Ok(reading) => {
                pass.answered();
                Ok(reading)
            }
            Err(mut failure) => {
                if let (Some(key), Some(words)) = (&lease.secret, failure.words_mut()) {
                    *words = key.scrub(words);
                }
                if matches!(failure, Failure::Timeout { .. }) {
                    pass.silent(&failure);
                } else {
                    pass.failed(&failure);
                }
                self.keys.report(lease, &failure);
                if matches!(failure, Failure::KeyExhausted { .. }) && self.keys.is_spent() {
                    self.breaker.open_long(&failure.to_string());
                }
                Err(failure)
            }
        }
    }

    fn cost(&self, ask: &Ask) -> u32 {
        // The weight of a request does not depend on the key; a request that cannot be built costs nothing.
        self.wire
            .request(&self.base, ask, None)
            .map_or(1, |request| request.cost)
    }
}

fn base(config: &EngineConfig) -> Result<Url, String> {
    if let EngineKind::Json(endpoint) = &config.kind {
        if !endpoint.template.contains("{query}") {
            return Err("the template has no `{query}`".to_owned());
        }
        let pointers = [
            Some(&endpoint.results),
            Some(&endpoint.title),
            Some(&endpoint.url),
            endpoint.snippet.as_ref(),
            endpoint.date.as_ref(),
        ];
        if let Some(pointer) = pointers
            .into_iter()
            .flatten()
            .find(|at| !at.is_empty() && !at.starts_with('/'))
        {
            return Err(format!("`{pointer}` is no JSON pointer: it begins with `/`"));
        }
        let url = crate::engine::address(&endpoint.template, "x", 1)
            .map_err(|error| format!("the template is no address: {error}"))?;
        return web(url);
    }
    let given = config
        .base_url
        .as_deref()
        .or(config.kind.home())
        .ok_or("`url` is missing")?;
    web(Url::parse(given.trim()).map_err(|error| format!("`url` is no address: {error}"))?)
}

fn web(url: Url) -> Result<Url, String> {
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(format!("`{}` is neither http nor https", url.scheme()))
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| match host {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
    })
}
