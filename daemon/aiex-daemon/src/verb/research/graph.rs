//! `research.graph`: what runs have found out, whole as text, looked at, or as the way between two names.

use std::sync::Arc;

use aiex_evidence::graph::Way;
use aiex_protocol::research::GraphArgs;
use aiex_protocol::{ErrorCode, Event, WireError};

use super::machine;
use crate::research::{run_id, wire_error};
use crate::verb::Running;
use crate::wire::research as shape;

pub(in crate::verb) async fn graph(running: &Arc<Running>, args: GraphArgs) -> Result<(), WireError> {
    refuse_what_contradicts_itself(&args)?;
    let look = shape::look_for(&args)?;
    let research = &machine(running).await?.research;
    let run = args.run.as_deref().map(run_id);
    if args.format.is_none() && args.to.is_none() {
        let near = research.neighbourhood(run.as_ref(), &look).await;
        let near = near.map_err(|error| wire_error(&error))?;
        let view = running
            .blocking(move |_| shape::look(&near, look.limit))
            .await??;
        running.stream.tell(Event::Graph(view));
        return Ok(());
    }
    let graph = match &run {
        Some(run) => research.graph(run).await,
        None => research.whole_graph().await,
    };
    let graph = graph.map_err(|error| wire_error(&error))?;
    if let (Some(from), Some(to)) = (args.name, args.to) {
        let (view, reason) = running
            .blocking(move |_| {
                let way = graph.way(&from, &to, &look.relations);
                shape::way(&way).map(|view| (view, why_not(&way, &from, &to)))
            })
            .await??;
        if let Some(message) = reason {
            running.stream.tell(Event::Notice { message });
        }
        running.stream.tell(Event::Graph(view));
        return Ok(());
    }
    let format = args.format.unwrap_or_default();
    let document = running
        .blocking(move |_| shape::graph(args.run, &graph, format))
        .await??;
    running.stream.tell(Event::Document(document));
    Ok(())
}

/// # Errors
/// `invalid_request` when what is asked for does not go together.
fn refuse_what_contradicts_itself(args: &GraphArgs) -> Result<(), WireError> {
    let is_filtered = !args.kinds.is_empty() || !args.relations.is_empty();
    let (message, hint) = if args.format.is_some() && args.to.is_some() {
        (
            "a graph as text is whole, so no way through it can be asked for with a format",
            "leave one of the two out",
        )
    } else if args.format.is_some() && args.name.is_some() {
        (
            "a graph as text is whole, so a name cannot be given with a format",
            "leave one of the two out",
        )
    } else if args.format.is_some() && is_filtered {
        (
            "a graph as text is whole, so kinds and relations cannot be chosen with a format",
            "leave the format out, or what is chosen",
        )
    } else if args.to.is_some() && args.name.is_none() {
        (
            "a way has two ends, and only one is given",
            "give the other name too",
        )
    } else if args.to.is_some() && !args.kinds.is_empty() {
        (
            "a way leads through nodes of every kind, so none can be chosen",
            "choose relations instead, or leave the kinds out",
        )
    } else {
        return Ok(());
    };
    Err(WireError::new(ErrorCode::InvalidRequest, message).with_hint(hint))
}

/// Why there is no way, if there is none; nothing of a graph that is empty, for that is plain to see.
fn why_not(way: &Way, from: &str, to: &str) -> Option<String> {
    if !way.steps.is_empty() || way.nodes == 0 {
        return None;
    }
    let unknown = |name: &str| format!("no name that is known holds `{name}`");
    Some(match (&way.from, &way.to) {
        (None, _) => unknown(from),
        (_, None) => unknown(to),
        _ => format!("no way leads from `{from}` to `{to}`"),
    })
}

#[cfg(test)]
mod tests {
    use aiex_protocol::research::{GraphFormat, GraphKind, GraphRelation};

    use super::*;

    #[test]
    fn what_does_not_go_together_is_refused() {
        let whole = || GraphArgs {
            format: Some(GraphFormat::Dot),
            ..GraphArgs::default()
        };
        let way = || GraphArgs {
            name: Some("JoinSet".to_owned()),
            to: Some("tokio".to_owned()),
            ..GraphArgs::default()
        };
        let (kinds, relations) = (vec![GraphKind::Claim], vec![GraphRelation::Cites]);
        let filtered = |args: GraphArgs| GraphArgs {
            relations: relations.clone(),
            ..args
        };
        for fine in [GraphArgs::default(), whole(), way(), filtered(way())] {
            assert!(refuse_what_contradicts_itself(&fine).is_ok(), "{fine:?}");
        }
        let wrong = [
            GraphArgs {
                name: Some("JoinSet".to_owned()),
                ..whole()
            },
            GraphArgs {
                format: Some(GraphFormat::Dot),
                ..way()
            },
            filtered(whole()),
            GraphArgs { name: None, ..way() },
            GraphArgs { kinds, ..way() },
        ];
        for args in wrong {
            let error = refuse_what_contradicts_itself(&args).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{args:?}");
        }
    }

    #[test]
    fn that_there_is_no_way_is_told_by_the_names_that_were_given() {
        let way = Way {
            nodes: 3,
            ..Way::default()
        };
        assert_eq!(
            why_not(&way, "a", "b").as_deref(),
            Some("no name that is known holds `a`")
        );
        assert_eq!(why_not(&Way::default(), "a", "b"), None);
    }
}
