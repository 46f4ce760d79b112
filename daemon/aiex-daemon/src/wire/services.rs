//! How models and search engines do, as it travels.

use std::time::Duration;

use aiex_llm::models::Health;
use aiex_protocol::status::{RestingKey, RestingKeyState, ServiceKind, ServiceRest, ServiceStatus};
use aiex_remote::{Parked, ParkedKey, Resting};
use aiex_web::EngineHealth;
use tokio::time::Instant;

/// A model.
pub(crate) fn provider(health: Health) -> ServiceStatus {
    ServiceStatus {
        kind: ServiceKind::Provider,
        name: health.provider,
        model: Some(health.model),
        rest: health.resting.map(rest),
        keys: health.parked.into_iter().map(key).collect(),
    }
}

/// A search engine.
pub(crate) fn engine(health: EngineHealth) -> ServiceStatus {
    ServiceStatus {
        kind: ServiceKind::Engine,
        name: health.engine,
        model: None,
        rest: health.resting.map(rest),
        keys: health.parked.into_iter().map(key).collect(),
    }
}

fn rest(resting: Resting) -> ServiceRest {
    ServiceRest {
        reason: resting.reason,
        left_s: whole_seconds(resting.left),
    }
}

fn key(parked: ParkedKey) -> RestingKey {
    let left = |until: Instant| Some(whole_seconds(until.saturating_duration_since(Instant::now())));
    let (state, message, left_s) = match parked.why {
        Parked::Rejected { message } => (RestingKeyState::Rejected, message, None),
        Parked::Exhausted { message, until } => (RestingKeyState::Exhausted, message, left(until)),
        Parked::Limited { until } => (RestingKeyState::Limited, String::new(), left(until)),
    };
    RestingKey {
        number: u32::try_from(parked.number).unwrap_or(u32::MAX),
        state,
        message,
        left_s,
    }
}

/// Rounded up: what is left is never nothing.
fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
