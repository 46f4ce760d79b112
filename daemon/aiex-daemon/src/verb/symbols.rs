//! `symbols`: definitions by name.

use std::sync::Arc;

use aiex_index::SymbolsRequest;
use aiex_protocol::code::{SymbolsArgs, SymbolsReport};
use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Event, WireError};

use super::Running;
use super::search::{in_turn, prepared, summary_of};
use crate::wire;

/// Definitions listed for a name when the request does not say how many.
const DEFAULT_LIMIT: u32 = 50;
/// Definitions listed when no name is asked for and the request does not say how many.
const DEFAULT_LIMIT_OF_ALL: u32 = 10_000;
/// Definitions listed at most: one frame holds them all.
const MAX_LIMIT: u32 = 100_000;

pub(super) async fn symbols(running: &Arc<Running>, args: SymbolsArgs) -> Result<SearchSummary, WireError> {
    let repository = prepared(running, &args.place).await?;
    let limit = match args.limit {
        0 if args.query.trim().is_empty() => DEFAULT_LIMIT_OF_ALL,
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let request = SymbolsRequest {
        query: args.query,
        limit: limit as usize,
        paths: args.filters.paths,
        languages: args.filters.languages,
        kinds: args.filters.kinds,
    };
    let outcome = in_turn(running, &repository, move |repository, _| {
        repository.symbols(&request)
    })
    .await?;
    let is_whole = outcome.symbols.len() as u64 == outcome.total;
    let symbols = outcome
        .symbols
        .into_iter()
        .map(|(defined, fit)| wire::symbol(defined, fit));
    running.stream.tell(Event::Symbols(SymbolsReport {
        symbols: symbols.collect(),
        total: outcome.total,
    }));
    Ok(summary_of(
        running,
        &repository,
        "symbols",
        outcome.generation,
        is_whole,
    ))
}
