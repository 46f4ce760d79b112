//! `pack`: the best context for a token budget.

use std::sync::Arc;

use aiex_index::PackRequest;
use aiex_protocol::code::PackArgs;
use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Event, WireError};

use super::Running;
use super::search::{check, in_turn, place_of, prepared, summary_of, tell_notices};
use crate::wire;

/// Tokens when the request does not say how many.
const DEFAULT_TOKENS: u32 = 2_000;
/// Tokens at most: more than the candidates hold.
const MAX_TOKENS: u32 = 1_000_000;

pub(super) async fn pack(running: &Arc<Running>, args: PackArgs) -> Result<SearchSummary, WireError> {
    check(&args.search)?;
    let repository = prepared(running, &place_of(&args.search)).await?;
    let budget = match args.tokens {
        0 => DEFAULT_TOKENS,
        tokens => tokens.min(MAX_TOKENS),
    };
    let request = PackRequest {
        search: wire::from_wire(&args.search, 0),
        tokens: budget,
    };
    let outcome = in_turn(running, &repository, move |repository, is_cancelled| {
        repository.pack(&request, is_cancelled)
    })
    .await?;
    tell_notices(running, &outcome.notices);
    let summary = summary_of(running, &repository, outcome.route, outcome.generation, false);
    running.stream.tell(Event::Pack(wire::pack(outcome, budget)));
    Ok(summary)
}
