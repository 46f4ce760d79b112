//! `ask`: evidence first, then an answer from it.

use std::sync::Arc;

use aiex_protocol::search::{AskArgs, SearchSummary};
use aiex_protocol::{ErrorCode, Event, WireError};

use super::{Running, history, search};
use crate::answer::kept::Kept;
use crate::answer::model::{Writer, Written};
use crate::answer::{self, Question};

pub(super) async fn ask(running: &Arc<Running>, args: AskArgs) -> Result<SearchSummary, WireError> {
    // Before the search, so that a wrong name is told at once.
    let writer = writer(running, &args).await?;
    let (found, earlier) = search::evidence(running, &args.search).await?;
    let question = Question {
        text: args.search.query.clone(),
        with_words: earlier.widened(&args.search.query),
        before: earlier.asked,
    };
    let hits = &found.hits.hits;
    let Written { answer, notices } = match writer {
        Some(writer) if !hits.is_empty() => {
            let kept = Kept::of(running, &writer, &question, hits).await;
            match kept.answer().await {
                Some(written) => written,
                None => {
                    running.enter("waiting for the model");
                    let written = writer.write(running, &question, hits).await?;
                    kept.keep(&written).await;
                    written
                }
            }
        }
        _ => Written {
            answer: answer::extractive::write(&question.with_words, hits),
            notices: Vec::new(),
        },
    };
    running.stream.tell(Event::Answer(answer));
    // Behind the answer: until then the last line that was streamed has no end.
    for message in notices {
        running.stream.tell(Event::Notice { message });
    }
    history::note(
        running,
        "ask",
        &args.search,
        &found.summary.repo,
        (hits, hits.len()),
    );
    Ok(found.summary)
}

/// Who writes the answer: the model named, the models of the settings, or nobody, and the evidence speaks.
async fn writer(running: &Running, args: &AskArgs) -> Result<Option<Writer>, WireError> {
    let configured = &running.handle.settings.providers;
    if let Some(name) = &args.provider
        && !configured.iter().any(|provider| provider.name == *name)
    {
        let known: Vec<&str> = configured.iter().map(|known| known.name.as_str()).collect();
        let hint = if known.is_empty() {
            "add a [[provider]] to the settings file".to_owned()
        } else {
            format!("configured are: {}", known.join(", "))
        };
        let error = WireError::new(
            ErrorCode::InvalidRequest,
            format!("no provider is named `{name}`"),
        );
        return Err(error.with_hint(hint));
    }
    if args.extractive || configured.is_empty() {
        return Ok(None);
    }
    let writer = Writer::of(&running.handle.models, args.provider.clone()).await?;
    Ok(Some(writer))
}
