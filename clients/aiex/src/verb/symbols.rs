//! `aiex symbols`: definitions by name.

use std::fmt::Write;

use aiex_protocol::code::{Symbol, SymbolsArgs};
use aiex_protocol::{Call, Event};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::interrupt::Interrupt;
use crate::language::kind_parser;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::counted;
use crate::scope::{Limit, Scope, Where};
use crate::session::Session;
use crate::snippet::displayable;
use crate::symbol_list::SymbolRow;

const EXAMPLES: &str = "\
Examples:
  aiex symbols load_config             this name; then in another case, longer names, names with its words
  aiex symbols Policy::next            a name inside another
  aiex symbols config load             names that hold these words
  aiex symbols --kind struct -l rust   every struct in Rust, by path
";

/// Find definitions by name
///
/// Names that are just so come first, then those in another case, those that begin so, those that hold the words, and,
/// when there are none of these, those a letter or two apart. Without a name, every definition is listed by path.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SymbolsVerb {
    /// The name, a part of it, or its words
    #[arg(value_name = "QUERY")]
    query: Vec<String>,

    /// Only definitions of this kind (function, method, struct, …); may be repeated
    #[arg(long = "kind", short = 'k', value_name = "KIND", value_parser = kind_parser(), hide_possible_values = true)]
    kinds: Vec<String>,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    limit: Limit,

    #[command(flatten)]
    at: Where,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: SymbolsVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let call = Call::Symbols(SymbolsArgs {
        place: verb.at.place(None)?,
        query: verb.query.join(" "),
        limit: verb.limit.get(),
        filters: verb.scope.filters(&verb.kinds),
    });
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let answer = session.answer(call, verb.at.timeout, printer, interrupt, |event| match event {
        Event::Symbols(report) => Some(report),
        _ => None,
    });
    let answer = answer.await;
    session.close().await;
    let (report, summary) = answer?;
    if verb.at.json {
        for symbol in &report.symbols {
            printer.json(&SymbolRow::from(symbol))?;
        }
    } else {
        printer.data(&render(&report.symbols, printer.palette))?;
    }
    let shown = report.symbols.len() as u64;
    if report.symbols.is_empty() {
        printer.notice("nothing found");
    } else if shown < report.total {
        printer.notice(&format!(
            "{shown} of {} shown; --limit raises how many are",
            counted(report.total, "definition")
        ));
    }
    if let Some(shortfall) = freshness::shortfall_of_texts(&summary) {
        printer.notice(&shortfall);
    }
    Ok(if report.symbols.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

/// `path:line  container > name  kind`, one a line.
fn render(symbols: &[Symbol], palette: Palette) -> String {
    let mut text = String::new();
    for symbol in symbols {
        let place = format!("{}:{}", displayable(&symbol.path), symbol.line);
        let name = if symbol.container.is_empty() {
            symbol.name.clone()
        } else {
            format!("{} > {}", symbol.container, symbol.name)
        };
        let _ = writeln!(
            text,
            "{}  {}  {}",
            palette.path(place),
            palette.symbol(displayable(&name)),
            palette.dim(&symbol.kind)
        );
    }
    text
}
