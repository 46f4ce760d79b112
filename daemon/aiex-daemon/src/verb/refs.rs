//! `refs`: every use of a name.

use std::sync::Arc;

use aiex_index::RefsRequest;
use aiex_protocol::code::{RefsArgs, RefsReport};
use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Event, WireError};

use super::Running;
use super::search::{catch_up, in_turn, prepared, summary_of, tell_notices};
use crate::wire;

/// Lines listed when the request does not say how many: more than anybody reads.
const DEFAULT_LIMIT: u32 = 10_000;
/// Lines listed at most: one frame holds them all.
const MAX_LIMIT: u32 = 50_000;

pub(super) async fn refs(running: &Arc<Running>, args: RefsArgs) -> Result<SearchSummary, WireError> {
    let repository = prepared(running, &args.place).await?;
    catch_up(running, &repository, &args.place).await?;
    let limit = match args.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let request = RefsRequest {
        name: args.name,
        limit: limit as usize,
        paths: args.filters.paths,
        languages: args.filters.languages,
    };
    let outcome = in_turn(running, &repository, move |repository, is_cancelled| {
        repository.refs(&request, is_cancelled)
    })
    .await?;
    tell_notices(running, &outcome.notices);
    running.stream.tell(Event::Refs(RefsReport {
        definitions: outcome.definitions.into_iter().map(wire::reference).collect(),
        uses: outcome.uses.into_iter().map(wire::reference).collect(),
        total_definitions: outcome.num_definitions,
        total_uses: outcome.num_uses,
        is_whole: outcome.is_whole,
    }));
    Ok(summary_of(
        running,
        &repository,
        "refs",
        outcome.generation,
        outcome.is_whole,
    ))
}
