//! `outline`: the definitions of files.

use std::sync::Arc;

use aiex_index::OutlineRequest;
use aiex_protocol::code::{FileOutline, OutlineArgs, OutlineReport};
use aiex_protocol::search::SearchSummary;
use aiex_protocol::{ErrorCode, Event, WireError};

use super::Running;
use super::search::{in_turn, prepared, summary_of};
use crate::wire;

/// Files and definitions listed when the request does not say how many.
const DEFAULT_LIMIT: u32 = 10_000;
/// Files and definitions listed at most: one frame holds them all.
const MAX_LIMIT: u32 = 100_000;
/// Paths named at once, at most.
const MAX_PATHS: usize = 1_000;

pub(super) async fn outline(running: &Arc<Running>, args: OutlineArgs) -> Result<SearchSummary, WireError> {
    if args.paths.is_empty() || args.paths.len() > MAX_PATHS {
        return Err(WireError::new(
            ErrorCode::InvalidRequest,
            "one path or more is needed, and fewer than 1,000",
        )
        .with_hint("name files or folders; a folder stands for all files in it"));
    }
    let repository = prepared(running, &args.place).await?;
    let request = OutlineRequest {
        from: wire::from(&args.from, &args.place.repo),
        paths: args.paths,
        limit: match args.limit {
            0 => DEFAULT_LIMIT,
            limit => limit.min(MAX_LIMIT),
        } as usize,
    };
    let outcome = in_turn(running, &repository, move |repository, _| {
        repository.outline(&request)
    })
    .await?;
    let files = outcome.files.into_iter().map(|file| FileOutline {
        path: file.path,
        language: file.language.map(str::to_owned),
        symbols: file
            .definitions
            .into_iter()
            .map(|defined| wire::symbol(defined, None))
            .collect(),
    });
    running.stream.tell(Event::Outline(OutlineReport {
        files: files.collect(),
        is_whole: outcome.is_whole,
    }));
    Ok(summary_of(
        running,
        &repository,
        "outline",
        outcome.generation,
        outcome.is_whole,
    ))
}
