//! `ask`: evidence first, then an answer from it.

use std::sync::Arc;

use aiex_protocol::search::{AskArgs, SearchSummary};
use aiex_protocol::{Event, WireError};

use super::{Running, search};
use crate::answer::{self, Writer};

pub(super) async fn ask(running: &Arc<Running>, args: AskArgs) -> Result<SearchSummary, WireError> {
    // Before the search, so that a wrong name is told at once.
    let writer = running
        .handle
        .providers
        .choose(args.provider.as_deref(), args.extractive)?;
    let question = args.search.query.clone();
    let found = search::evidence(running, args.search).await?;
    let answer = match writer {
        Writer::Model(provider) if !found.hits.hits.is_empty() => {
            running.enter("waiting for the model");
            answer::model::write(running, &provider, &question, &found.hits.hits).await?
        }
        _ => answer::extractive::write(&question, &found.hits.hits),
    };
    running.stream.tell(Event::Answer(answer));
    Ok(found.summary)
}
