//! `aiex pack`: the best context for a token budget.

use std::fmt::Write;

use aiex_protocol::code::{PackArgs, PackReport, PackedSpan};
use aiex_protocol::{Call, Event};
use clap::Args;
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::interrupt::Interrupt;
use crate::language::kind_parser;
use crate::printer::Printer;
use crate::quantity::{count, counted};
use crate::scope::{Scope, Where, search_request};
use crate::session::Session;
use crate::snippet::displayable;

/// Of what was left out, so many places are told.
const MAX_TOLD: usize = 5;

const EXAMPLES: &str = "\
Examples:
  aiex pack where are retries decided              2,000 tokens of the code that matters, as Markdown
  aiex pack retries with back-off --tokens 8000    more of it
  aiex pack Config -l rust -p 'src/**' --json      one span a line
";

/// Print the code that matters for a question, within a budget of tokens
///
/// The best piece of each of the best files comes first, then further pieces, as long as they fit; nothing is there
/// twice. It is Markdown, made to be handed to a model. Tokens are estimated.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct PackVerb {
    /// The question, or what to look for
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,

    /// How many tokens it may take, headings included
    #[arg(long, short = 't', value_name = "N", default_value_t = 2000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    tokens: u32,

    /// Only definitions of this kind (function, method, struct, …); may be repeated
    #[arg(long = "kind", short = 'k', value_name = "KIND", value_parser = kind_parser(), hide_possible_values = true)]
    kinds: Vec<String>,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    at: Where,
}

/// A span as programs read it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    path: &'a str,
    start_line: u32,
    end_line: u32,
    tokens: u32,
    text: &'a str,
    symbol: Option<&'a str>,
    language: Option<&'a str>,
    is_cut: bool,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: PackVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let filters = verb.scope.filters(&verb.kinds);
    let call = Call::Pack(PackArgs {
        search: search_request(&verb.query, verb.at.place(None)?, 0, filters),
        tokens: verb.tokens,
    });
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let answer = session.answer(call, verb.at.timeout, printer, interrupt, |event| match event {
        Event::Pack(report) => Some(report),
        _ => None,
    });
    let answer = answer.await;
    session.close().await;
    let (report, summary) = answer?;
    if verb.at.json {
        for span in &report.spans {
            printer.json(&row(span))?;
        }
    } else {
        printer.data(&markdown(&report))?;
    }
    printer.notice(&closing(&report));
    if let Some(shortfall) = freshness::shortfall(&summary) {
        printer.notice(&shortfall);
    }
    Ok(if report.spans.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

fn row(span: &PackedSpan) -> Row<'_> {
    Row {
        path: &span.path,
        start_line: span.start_line,
        end_line: span.end_line,
        tokens: span.tokens,
        text: &span.text,
        symbol: span.symbol.as_deref(),
        language: span.language.as_deref(),
        is_cut: span.is_cut,
    }
}

/// For every span a heading and a fenced block; then, if the budget has room for it, what is missing.
fn markdown(report: &PackReport) -> String {
    let mut text = String::new();
    for span in &report.spans {
        let fence = fence(&span.text);
        let language = span.language.as_deref().unwrap_or_default();
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{separator}### {}\n", displayable(&span.heading));
        let _ = writeln!(text, "{fence}{language}");
        for line in span.text.lines() {
            // Only what could act on a terminal is replaced; tabs are the code's own.
            let clean: Vec<String> = line.split('\t').map(displayable).collect();
            let _ = writeln!(text, "{}", clean.join("\t"));
        }
        let _ = writeln!(text, "{fence}");
    }
    if let Some(missing) = missing(report) {
        let line = format!("\n{missing}\n");
        if report.tokens + aiex_chunk::tokens(&line) <= report.budget {
            text.push_str(&line);
        }
    }
    text
}

/// A fence that the text does not close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// What is not in the pack for want of room.
fn missing(report: &PackReport) -> Option<String> {
    let cut = report.spans.iter().filter(|span| span.is_cut).count() as u64;
    let mut parts = Vec::new();
    if report.total_left_out > 0 {
        parts.push(format!("{} left out", counted(report.total_left_out, "span")));
    }
    if cut > 0 {
        parts.push(format!("{} cut", counted(cut, "span")));
    }
    (!parts.is_empty()).then(|| format!("For want of room: {}.", parts.join(", ")))
}

/// What the pack is and is not, for whoever watches.
fn closing(report: &PackReport) -> String {
    if report.spans.is_empty() && report.total_left_out == 0 {
        return "nothing found".to_owned();
    }
    let mut text = format!(
        "{} of {} tokens, {}",
        count(u64::from(report.tokens)),
        count(u64::from(report.budget)),
        counted(report.spans.len() as u64, "span")
    );
    if report.repeats > 0 {
        let _ = write!(text, "; {} dropped", counted(report.repeats, "repeat"));
    }
    if let Some(missing) = missing(report) {
        let _ = write!(text, "; {}", missing.trim_end_matches('.').to_lowercase());
    }
    if !report.left_out.is_empty() {
        let told: Vec<&str> = report
            .left_out
            .iter()
            .take(MAX_TOLD)
            .map(String::as_str)
            .collect();
        let more = if report.total_left_out > told.len() as u64 {
            ", …"
        } else {
            ""
        };
        let _ = write!(text, " ({}{more})", displayable(&told.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_markdown_that_its_own_text_cannot_break() {
        let report = PackReport {
            spans: vec![PackedSpan {
                path: "a.md".to_owned(),
                start_line: 3,
                end_line: 5,
                heading: "a.md:3-5 (Use)".to_owned(),
                language: Some("markdown".to_owned()),
                text: "```sh\n\trun\u{1b}[31m\n```".to_owned(),
                tokens: 9,
                ..PackedSpan::default()
            }],
            tokens: 30,
            budget: 100,
            left_out: vec!["b.rs:1-9".to_owned()],
            total_left_out: 2,
            repeats: 1,
        };
        assert_eq!(
            markdown(&report),
            "### a.md:3-5 (Use)\n\n````markdown\n```sh\n\trun\u{fffd}[31m\n```\n````\n\n\
             For want of room: 2 spans left out.\n"
        );
        assert_eq!(
            closing(&report),
            "30 of 100 tokens, 1 span; 1 repeat dropped; for want of room: 2 spans left out (b.rs:1-9, …)"
        );
        let tight = PackReport { budget: 31, ..report };
        assert!(!markdown(&tight).contains("room"));
    }
}
