//! `similar`: the code that is most like that at a place.

use std::sync::Arc;

use aiex_index::SimilarRequest;
use aiex_protocol::code::SimilarArgs;
use aiex_protocol::search::{SearchSummary, Stage};
use aiex_protocol::{Event, WireError};

use super::Running;
use super::search::{in_turn, limit_of, place_of, prepared, tell_notices, took_us};
use crate::wire;

pub(super) async fn similar(running: &Arc<Running>, args: SimilarArgs) -> Result<SearchSummary, WireError> {
    let repository = prepared(running, &place_of(&args.search)).await?;
    let request = SimilarRequest {
        from: wire::from(&args.from, &args.search.repo),
        path: args.path,
        line: args.line,
        search: wire::from_wire(&args.search, limit_of(running, args.search.limit)),
    };
    let outcome = in_turn(running, &repository, move |repository, is_cancelled| {
        repository.similar(&request, is_cancelled)
    })
    .await?;
    tell_notices(running, &outcome.notices);
    let summary = wire::summary(&outcome, &repository.status(), took_us(running));
    let hits = wire::hits(Stage::Final, outcome.hits, repository.root());
    running.stream.tell(Event::Hits(hits));
    Ok(summary)
}
