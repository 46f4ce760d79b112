//! From a call to a running stream: deadline, cancellation, panics, the last event. What a verb does
//! is not known here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Call, ErrorCode, Event, WireError};
use futures_util::FutureExt as _;

use crate::event;
use crate::handle::{Handle, overloaded};
use crate::panics;
use crate::stream::{Interest, Stream};
use crate::verb::{self, Running};

/// Starts a request. Its events are read from the stream. `refined` is the query that a search takes the place of.
pub(crate) fn start(
    handle: &Handle,
    call: Call,
    deadline: Option<Duration>,
    trace: Option<String>,
    refined: Option<String>,
) -> Result<Arc<Stream>, WireError> {
    let only_looks = matches!(call, Call::Status(_) | Call::ListRepos {} | Call::Drain { .. });
    if handle.is_draining() && !only_looks {
        return Err(WireError::new(ErrorCode::Draining, "the daemon is about to exit")
            .with_hint("ask again in a moment; a new daemon will answer"));
    }
    let interest = match call {
        Call::AddRepo(_)
        | Call::RemoveRepo(_)
        | Call::ReindexRepo(_)
        | Call::MoveVectors(_)
        | Call::Drain { .. }
        | Call::ResearchStart(_)
        | Call::ResearchPause(_)
        | Call::ResearchResume(_)
        | Call::ResearchCancel(_)
        | Call::ResearchRetry(_)
        | Call::ResearchFinish(_)
        | Call::ResearchApprove(_)
        | Call::ResearchRemove(_)
        | Call::CacheClear(_)
        | Call::HistoryClear(_)
        | Call::BookmarkAdd(_)
        | Call::BookmarkRemove(_)
        | Call::KeysSet(_)
        | Call::KeysForget(_)
        | Call::KeysUnlock(_)
        | Call::KeysLock {} => Interest::Lasting,
        _ => Interest::Interactive,
    };
    let stream = handle
        .streams
        .create(interest)
        .ok_or_else(|| overloaded("too many requests run at once"))?;
    stream.tell(Event::Accepted {
        stream: stream.id().clone(),
    });
    let verb = call.verb();
    handle.counters.requests.fetch_add(1, Ordering::Relaxed);
    handle.bus.tell(event::Event::RequestStarted { verb });
    tokio::spawn(carry_out(
        Running::new(handle.clone(), stream.clone(), refined),
        call,
        deadline,
        trace,
    ));
    Ok(stream)
}

async fn carry_out(running: Running, call: Call, deadline: Option<Duration>, trace: Option<String>) {
    let verb = call.verb();
    let running = Arc::new(running);
    let cancel = running.stream.cancel().clone();
    let due = async {
        match deadline {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(WireError::new(ErrorCode::Cancelled, "the request was cancelled")),
        result = AssertUnwindSafe(verb::carry_out(&running, call)).catch_unwind() => match result {
            Ok(result) => result,
            Err(panic) => Err(internal(&panics::message(panic.as_ref()))),
        },
        () = due => Err(overdue(deadline.unwrap_or_default(), running.step())),
    };
    finish(&running, verb, trace, result);
}

fn finish(
    running: &Running,
    verb: &'static str,
    trace: Option<String>,
    result: Result<Option<SearchSummary>, WireError>,
) {
    let took = running.began.elapsed();
    let counters = &running.handle.counters;
    counters.request_us.fetch_add(
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        Ordering::Relaxed,
    );
    let is_ok = result.is_ok();
    let trace = trace.unwrap_or_default();
    let last = match result {
        Ok(summary) => {
            tracing::debug!(verb, %trace, ?took, "done");
            Event::Done { summary }
        }
        Err(error) => {
            counters.failed.fetch_add(1, Ordering::Relaxed);
            match error.code {
                ErrorCode::Internal => tracing::error!(verb, %trace, ?took, %error, "failed"),
                code => tracing::info!(verb, %trace, ?took, ?code, %error, "failed"),
            }
            Event::Error(error)
        }
    };
    running.handle.streams.end(&running.stream, last);
    running
        .handle
        .bus
        .tell(event::Event::RequestEnded { verb, took, is_ok });
}

fn overdue(deadline: Duration, step: &'static str) -> WireError {
    WireError::new(
        ErrorCode::DeadlineExceeded,
        format!("the deadline of {deadline:?} passed while {step}"),
    )
    .with_hint("allow more time, or ask for less")
}

/// A bug, as it travels.
pub(crate) fn internal(what: &str) -> WireError {
    WireError::new(ErrorCode::Internal, what.to_owned())
        .with_hint("`aiex daemon logs` shows more; please report it")
}
