//! `skipped`: what is not in the index, and why.

use std::sync::Arc;

use aiex_protocol::status::SkippedArgs;
use aiex_protocol::{Event, WireError};

use super::Running;
use super::search::absolute;
use crate::repository::index_error;
use crate::wire;

/// Files listed when the request does not say how many.
const DEFAULT_LIMIT: u32 = 200;
/// Files listed at most: one frame holds them all.
const MAX_LIMIT: u32 = 100_000;

pub(super) async fn skipped(running: &Arc<Running>, args: SkippedArgs) -> Result<(), WireError> {
    running.enter("listing skipped files");
    let place = absolute(&args.repo)?;
    let limit = if args.limit == 0 {
        DEFAULT_LIMIT
    } else {
        args.limit.min(MAX_LIMIT)
    };
    let repositories = running.handle.repositories.clone();
    let skipped = running
        .blocking(move |_| {
            let repository = repositories.find(&place)?;
            repository
                .skipped(args.reason.as_deref(), limit as usize)
                .map_err(|error| index_error(&error))
        })
        .await??;
    running.stream.tell(Event::Skipped(wire::skipped(skipped)));
    Ok(())
}
