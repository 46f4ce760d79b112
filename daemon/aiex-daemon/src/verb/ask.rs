//! `ask`: evidence first, then an answer from it.

use std::sync::Arc;

use aiex_protocol::search::{AskArgs, SearchSummary};
use aiex_protocol::{Event, WireError};

use super::{Running, history, search};
use crate::answer::kept::Kept;
use crate::answer::{self, Question, Writer};

pub(super) async fn ask(running: &Arc<Running>, args: AskArgs) -> Result<SearchSummary, WireError> {
    // Before the search, so that a wrong name is told at once.
    let writer = running
        .handle
        .providers
        .choose(args.provider.as_deref(), args.extractive)
        .await?;
    let (found, earlier) = search::evidence(running, &args.search).await?;
    let question = Question {
        text: args.search.query.clone(),
        with_words: earlier.widened(&args.search.query),
        before: earlier.asked,
    };
    let answer = match writer {
        Writer::Model(provider) if !found.hits.hits.is_empty() => {
            let kept = Kept::of(running, &provider, &question, &found.hits.hits).await;
            match kept.answer().await {
                Some(answer) => answer,
                None => {
                    running.enter("waiting for the model");
                    let answer =
                        answer::model::write(running, &provider, &question, &found.hits.hits).await?;
                    kept.keep(&answer).await;
                    answer
                }
            }
        }
        _ => answer::extractive::write(&question.with_words, &found.hits.hits),
    };
    running.stream.tell(Event::Answer(answer));
    let hits = &found.hits.hits;
    history::note(
        running,
        "ask",
        &args.search,
        &found.summary.repo,
        (hits, hits.len()),
    );
    Ok(found.summary)
}
