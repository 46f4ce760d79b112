//! `aiex graph`: what research has found out, as a graph of names, claims and sources.

mod words;

use std::fmt::Write;
use std::path::PathBuf;

use aiex_protocol::research::{GraphArgs, GraphFormat, GraphNeighbour, GraphNode, GraphRelation, GraphView};
use aiex_protocol::{Call, Event};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output_file;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::{count, counted};
use crate::run_name;
use crate::session::Session;
use crate::snippet::{fit, one_line};

use words::{KindWord, RelationWord};

/// Columns of a claim.
const NAME_WIDTH: usize = 100;

const EXAMPLES: &str = "\
Examples:
  aiex graph                                   the names with the most connections
  aiex graph JoinSet                           what is known of a name, and what it is connected with
  aiex graph JoinSet --to tokio                how the one is connected with the other
  aiex graph --relation contradicts            the claims that contradict each other
  aiex graph retry --kind claim,path           only claims and files
  aiex graph --run latest --format dot | dot -Tsvg > graph.svg
  aiex graph --format graphml --out graph.graphml
";

/// Look into what research has found out: names, claims, sources and what joins them
///
/// Every finished run leaves a graph: the names that its report speaks of, the claims that mention them, the sources
/// that the claims cite. Without --run the graphs of all runs are looked at as one. Without a name what has the most
/// connections comes first, sources last.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct GraphVerb {
    /// A name, or a part of one
    #[arg(value_name = "NAME", conflicts_with = "format")]
    name: Option<String>,

    /// Only what this run has found (its name, the beginning of it, or `latest`)
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    /// The shortest way from NAME to this other name
    #[arg(long, value_name = "OTHER", requires = "name", conflicts_with_all = ["format", "kind", "limit"])]
    to: Option<String>,

    /// Only names of these kinds; what they are connected with may be of any
    #[arg(
        long,
        value_name = "KINDS",
        value_enum,
        value_delimiter = ',',
        conflicts_with = "format"
    )]
    kind: Vec<KindWord>,

    /// Only these connections, and only names that have one
    #[arg(
        long,
        value_name = "RELATIONS",
        value_enum,
        value_delimiter = ',',
        conflicts_with = "format"
    )]
    relation: Vec<RelationWord>,

    /// Print the whole graph
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,

    /// The file to write the whole graph to [default: standard output]
    #[arg(long, short, value_name = "FILE", requires = "format", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,

    /// Replace the file if it is there already
    #[arg(long, requires = "out")]
    force: bool,

    /// How many names, and how many connections of each, at most
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Print JSON, one object a line
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lists of nodes and edges
    Json,
    /// For Graphviz
    Dot,
    /// For graph programs
    Graphml,
}

impl From<Format> for GraphFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Dot => Self::Dot,
            Format::Graphml => Self::Graphml,
        }
    }
}

/// What the daemon has answered.
enum Answer {
    Whole(String),
    Look(GraphView),
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: GraphVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let session = Session::open(false, printer, interrupt).await?;
    let answer = ask(&session, &verb, printer, interrupt).await;
    session.close().await;
    match answer? {
        Answer::Whole(text) => match &verb.out {
            None => printer.document(&text)?,
            Some(path) => {
                output_file::write(path, &text, verb.force)?;
                printer.notice(&format!("wrote {}", path.display()));
            }
        },
        Answer::Look(view) => return show(&view, &verb, printer),
    }
    Ok(ExitCode::Ok)
}

async fn ask(
    session: &Session,
    verb: &GraphVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Answer, Failure> {
    let run = match &verb.run {
        Some(name) => Some(run_name::find(name, session, printer, interrupt).await?.id),
        None => None,
    };
    let call = Call::ResearchGraph(GraphArgs {
        run,
        format: verb.format.map(GraphFormat::from),
        name: verb.name.clone(),
        limit: verb.limit.unwrap_or_default(),
        to: verb.to.clone(),
        kinds: verb.kind.iter().flat_map(|word| word.kinds()).copied().collect(),
        relations: verb.relation.iter().copied().map(GraphRelation::from).collect(),
    });
    let answer = session.fetch(call, printer, interrupt, |event| match event {
        Event::Document(document) => Some(Answer::Whole(document.text)),
        Event::Graph(view) => Some(Answer::Look(view)),
        _ => None,
    });
    answer.await
}

fn show(view: &GraphView, verb: &GraphVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    if verb.json {
        for found in &view.matches {
            printer.json(found)?;
        }
    } else if verb.to.is_some() {
        printer.data(&render_way(view, printer.palette))?;
    } else {
        printer.data(&render(view, printer.palette))?;
    }
    if view.matches.is_empty() {
        if view.nodes == 0 {
            printer.notice("nothing is known yet; a run of `aiex research` that ends leaves a graph");
        } else if verb.to.is_none() {
            // Why there is no way, the daemon has told.
            printer.notice("nothing found");
        }
        return Ok(ExitCode::NoHits);
    }
    let hidden = view.total.saturating_sub(view.matches.len() as u64);
    let is_choice = verb.name.is_some() || !verb.kind.is_empty() || !verb.relation.is_empty();
    if hidden > 0 && is_choice {
        printer.notice(&format!("{} more; --limit shows more", count(hidden)));
    }
    printer.notice(&format!(
        "{}, {} in all",
        counted(view.nodes, "node"),
        counted(view.edges, "edge")
    ));
    Ok(ExitCode::Ok)
}

fn render(view: &GraphView, palette: Palette) -> String {
    let mut text = String::new();
    for (place, found) in view.matches.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", palette.strong(named(&found.node)));
        for neighbour in &found.neighbours {
            text.push_str(&connection(neighbour, palette));
        }
        let hidden = found.total.saturating_sub(found.neighbours.len() as u64);
        if hidden > 0 {
            let _ = writeln!(text, "  {}", palette.dim(format!("{} more", count(hidden))));
        }
    }
    text
}

/// The first name, and below it each further one behind what connects it with the one before.
fn render_way(view: &GraphView, palette: Palette) -> String {
    let mut text = String::new();
    if let Some(start) = view.matches.first() {
        let _ = writeln!(text, "{}", palette.strong(named(&start.node)));
    }
    for next in view.matches.iter().filter_map(|step| step.neighbours.first()) {
        text.push_str(&connection(next, palette));
    }
    text
}

/// A line: `  co occurs ×3  package tokio`.
fn connection(neighbour: &GraphNeighbour, palette: Palette) -> String {
    let times = if neighbour.weight > 1 {
        format!(" ×{}", neighbour.weight)
    } else {
        String::new()
    };
    let relation = format!("{}{times}", neighbour.relation.replace('_', " "));
    format!(
        "  {}  {}\n",
        palette.dim(one_line(&relation)),
        named(&neighbour.node)
    )
}

/// `identifier JoinSet`, `claim (supported) A JoinSet aborts …`.
fn named(node: &GraphNode) -> String {
    let verdict = node
        .verdict
        .as_ref()
        .map(|verdict| format!(" ({})", one_line(verdict)))
        .unwrap_or_default();
    let name = fit(&one_line(&node.name), NAME_WIDTH);
    format!("{}{verdict} {name}", one_line(&node.kind))
}

#[cfg(test)]
mod tests {
    use aiex_protocol::research::GraphMatch;

    use super::*;

    fn node(kind: &str, name: &str, verdict: Option<&str>) -> GraphNode {
        GraphNode {
            kind: kind.into(),
            name: name.into(),
            verdict: verdict.map(str::to_owned),
            runs: vec!["20260131-0af3c9".into()],
        }
    }

    #[test]
    fn a_way_is_a_chain_from_one_name_to_the_other() {
        let step = |from: GraphNode, next: Option<(&str, u32, GraphNode)>| GraphMatch {
            node: from,
            neighbours: next
                .into_iter()
                .map(|(relation, weight, node)| GraphNeighbour {
                    relation: relation.into(),
                    weight,
                    node,
                })
                .collect(),
            total: 4,
        };
        let claim = || node("claim", "A JoinSet aborts\nits tasks.", Some("supported"));
        let page = || node("source", "https://example.org/x", None);
        let view = GraphView {
            nodes: 42,
            edges: 60,
            matches: vec![
                step(
                    node("identifier", "JoinSet", None),
                    Some(("mentions", 2, claim())),
                ),
                step(claim(), Some(("cites", 1, page()))),
                step(page(), None),
            ],
            total: 3,
        };
        insta::assert_snapshot!(render_way(&view, Palette::new(false)), @r"
        identifier JoinSet
          mentions ×2  claim (supported) A JoinSet aborts its tasks.
          cites  source https://example.org/x
        ");
    }

    #[test]
    fn a_node_stands_above_what_it_is_connected_with() {
        let view = GraphView {
            nodes: 42,
            edges: 60,
            matches: vec![
                GraphMatch {
                    node: node("identifier", "JoinSet", None),
                    neighbours: vec![
                        GraphNeighbour {
                            relation: "co_occurs".into(),
                            weight: 3,
                            node: node("package", "tokio", None),
                        },
                        GraphNeighbour {
                            relation: "mentions".into(),
                            weight: 1,
                            node: node("claim", "A JoinSet aborts\nits tasks.", Some("supported")),
                        },
                    ],
                    total: 9,
                },
                GraphMatch {
                    node: node("path", "src/join_set.rs", None),
                    ..GraphMatch::default()
                },
            ],
            total: 2,
        };
        insta::assert_snapshot!(render(&view, Palette::new(false)), @r"
        identifier JoinSet
          co occurs ×3  package tokio
          mentions  claim (supported) A JoinSet aborts its tasks.
          7 more

        path src/join_set.rs
        ");
    }
}
