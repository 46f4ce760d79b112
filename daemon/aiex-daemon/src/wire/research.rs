//! Between the machine's types and the protocol's. The protocol mirrors the machine field by field, so that what has
//! the same shape is carried over by its shape; what differs is told here. A test carries every shape over.

use aiex_config::{ResearchDepth, ResearchSettings};
use aiex_evidence::graph::{Look, Neighbourhood, Way};
use aiex_evidence::{KnowledgeGraph, Report};
use aiex_protocol::journal::RunEntry;
use aiex_protocol::research::{
    Depth, Document, GraphArgs, GraphFormat, GraphMatch, GraphNeighbour, GraphNode, GraphView, ReportFormat,
    ResearchArgs, RunSummary, RunView,
};
use aiex_protocol::{ErrorCode, WireError};
use aiex_research::Entry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Nodes of a look at a graph, and neighbours of each, when the request does not say how many.
const GRAPH_LIMIT: usize = 10;
/// …and at most.
const GRAPH_MOST: u32 = 1000;

/// Carries a value over to a type of the same shape.
pub(crate) fn same<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, WireError> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .map_err(|error| unlike(&error))
}

fn unlike(error: &serde_json::Error) -> WireError {
    WireError::new(
        ErrorCode::Internal,
        format!("a message of research has another shape: {error}"),
    )
    .with_hint("`aiex daemon logs` shows more; please report it")
}

/// An entry of a run's journal.
pub(crate) fn entry(entry: &Entry) -> Result<RunEntry, WireError> {
    let carry = || -> Result<RunEntry, serde_json::Error> {
        let mut event = serde_json::to_value(&entry.event)?;
        if let Value::Object(fields) = &mut event {
            // `event` is the envelope's word.
            if let Some(kind) = fields.remove("event") {
                if kind == "read"
                    && let Some(number) = fields.remove("source")
                {
                    fields.insert("number".to_owned(), number);
                }
                fields.insert("kind".to_owned(), kind);
            }
        }
        Ok(RunEntry {
            seq: entry.seq,
            at_ms: entry.at_ms,
            event: serde_json::from_value(event)?,
        })
    };
    carry().map_err(|error| unlike(&error))
}

/// What a run is asked for; where the request says nothing, the settings do. Its context is the daemon's to add.
pub(crate) fn request(
    args: &ResearchArgs,
    settings: &ResearchSettings,
    context: String,
) -> Result<aiex_research::Request, WireError> {
    let depth = args.depth.unwrap_or(match settings.depth {
        ResearchDepth::Quick => Depth::Quick,
        ResearchDepth::Standard => Depth::Standard,
        ResearchDepth::Deep => Depth::Deep,
    });
    let args = ResearchArgs {
        depth: Some(depth),
        ..args.clone()
    };
    let mut request: aiex_research::Request = same(&args)?;
    // In the settings, nothing means that the depth decides.
    let some = |limit: u64| (limit > 0).then_some(limit);
    let few = |limit: u32| (limit > 0).then_some(limit);
    let budget = &mut request.budget;
    budget.wall_seconds = budget.wall_seconds.or(some(settings.wall_time.as_secs()));
    budget.tokens = budget.tokens.or(some(settings.tokens));
    budget.micro_dollars = budget.micro_dollars.or(some(settings.micro_dollars));
    budget.fetches = budget.fetches.or(few(settings.fetches));
    budget.searches = budget.searches.or(few(settings.searches));
    request.context = context;
    Ok(request)
}

/// A line of the list of runs.
pub(crate) fn summary(summary: &aiex_research::RunSummary) -> Result<RunSummary, WireError> {
    same(summary)
}

/// Everything about a run.
pub(crate) fn view(view: &aiex_research::RunView) -> Result<RunView, WireError> {
    same(view)
}

/// What a run would come to.
pub(crate) fn estimate(
    estimate: &aiex_research::Estimate,
) -> Result<aiex_protocol::research::Estimate, WireError> {
    let (low, high) = estimate.wall_seconds;
    Ok(aiex_protocol::research::Estimate {
        searches: estimate.searches,
        fetches: estimate.fetches,
        model_calls: estimate.model_calls,
        tokens: estimate.tokens,
        micro_dollars: estimate.micro_dollars,
        wall_seconds_low: low,
        wall_seconds_high: high,
        limits: same(&estimate.limits)?,
    })
}

/// An old report as it stands today.
pub(crate) fn verification(
    run: &str,
    verification: &aiex_research::Verification,
) -> Result<aiex_protocol::research::Verification, WireError> {
    Ok(aiex_protocol::research::Verification {
        run: run.to_owned(),
        ..same(verification)?
    })
}

/// A report as text.
pub(crate) fn report(run: &str, report: &Report, format: ReportFormat) -> Result<Document, WireError> {
    use aiex_evidence::render;
    let (name, text) = match format {
        ReportFormat::Markdown => ("markdown", render::markdown(report)),
        ReportFormat::Html => ("html", render::html(report)),
        ReportFormat::Json => ("json", render::json(report).map_err(|error| unlike(&error))?),
        ReportFormat::Bibtex => ("bibtex", render::bibtex(report)),
    };
    Ok(Document {
        run: Some(run.to_owned()),
        format: name.to_owned(),
        text,
    })
}

/// A graph as text.
pub(crate) fn graph(
    run: Option<String>,
    graph: &KnowledgeGraph,
    format: GraphFormat,
) -> Result<Document, WireError> {
    let (name, text) = match format {
        GraphFormat::Json => ("json", graph.to_json().map_err(|error| unlike(&error))?),
        GraphFormat::Dot => ("dot", graph.to_dot()),
        GraphFormat::Graphml => ("graphml", graph.to_graphml()),
    };
    Ok(Document {
        run,
        format: name.to_owned(),
        text,
    })
}

/// What a look at a graph is for.
pub(crate) fn look_for(args: &GraphArgs) -> Result<Look, WireError> {
    let limit = match args.limit {
        0 => GRAPH_LIMIT,
        limit => limit.min(GRAPH_MOST) as usize,
    };
    Ok(Look {
        name: args.name.clone(),
        kinds: same(&args.kinds)?,
        relations: same(&args.relations)?,
        limit,
    })
}

/// A look at a graph: the nodes that were asked for, with what is beside them; at most `limit` for each.
pub(crate) fn look(near: &Neighbourhood, limit: usize) -> Result<GraphView, WireError> {
    let node = |place: usize| -> Result<GraphNode, WireError> {
        match near.graph.node(place) {
            Some(node) => same(node),
            None => Ok(GraphNode::default()),
        }
    };
    let matches = near.centres.iter().map(|centre| {
        let beside = near.graph.neighbours(centre.place);
        let neighbours = beside.iter().take(limit).map(|(relation, weight, place)| {
            Ok(GraphNeighbour {
                relation: same(relation)?,
                weight: *weight,
                node: node(*place)?,
            })
        });
        Ok(GraphMatch {
            node: node(centre.place)?,
            total: centre.degree,
            neighbours: neighbours.collect::<Result<_, WireError>>()?,
        })
    });
    Ok(GraphView {
        nodes: near.nodes,
        edges: near.edges,
        total: near.fitting,
        matches: matches.collect::<Result<_, WireError>>()?,
    })
}

/// The way between two names: the nodes on it, each with the next one beside it.
pub(crate) fn way(way: &Way) -> Result<GraphView, WireError> {
    let matches = way.steps.iter().enumerate().map(|(at, step)| {
        let next = step.next.zip(way.steps.get(at + 1));
        let neighbours = next.into_iter().map(|((relation, weight), next)| {
            Ok(GraphNeighbour {
                relation: same(&relation)?,
                weight,
                node: same(&next.node)?,
            })
        });
        Ok(GraphMatch {
            node: same(&step.node)?,
            neighbours: neighbours.collect::<Result<_, WireError>>()?,
            total: step.degree,
        })
    });
    Ok(GraphView {
        nodes: way.nodes,
        edges: way.edges,
        total: way.steps.len() as u64,
        matches: matches.collect::<Result<_, WireError>>()?,
    })
}

#[cfg(test)]
mod tests;
