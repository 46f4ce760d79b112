//! `aiex outline`: the definitions of files.

use std::fmt::Write;

use aiex_protocol::code::{FileOutline, OutlineArgs, OutlineReport};
use aiex_protocol::{Call, Event};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::hit_list::line_range;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::place;
use crate::printer::Printer;
use crate::scope::{Limit, Where};
use crate::session::Session;
use crate::snippet::displayable;
use crate::symbol_list::SymbolRow;

const EXAMPLES: &str = "\
Examples:
  aiex outline src/retry.rs            every definition of a file, as a tree
  aiex outline src tests/common.rs     the outermost definitions of each file in src, and all of one
  aiex outline src/retry.rs --json     one definition a line
";

/// Show the definitions of files, as a tree
///
/// Of a file that is named, all definitions are shown; of the files in a folder, the outermost ones. Paths start from
/// this folder or from the repository's root.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct OutlineVerb {
    /// Files and folders
    #[arg(required = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<String>,

    #[command(flatten)]
    limit: Limit,

    #[command(flatten)]
    at: Where,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: OutlineVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let paths: Vec<String> = verb.paths.iter().map(|path| place::real(path)).collect();
    let call = Call::Outline(OutlineArgs {
        place: verb.at.place(paths.first().map(String::as_str))?,
        from: place::here()?,
        paths,
        limit: verb.limit.get(),
    });
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let answer = session.answer(call, verb.at.timeout, printer, interrupt, |event| match event {
        Event::Outline(report) => Some(report),
        _ => None,
    });
    let answer = answer.await;
    session.close().await;
    let (report, summary) = answer?;
    if verb.at.json {
        for symbol in report.files.iter().flat_map(|file| &file.symbols) {
            printer.json(&SymbolRow::from(symbol))?;
        }
    } else {
        printer.data(&render(&report, printer.palette))?;
    }
    let is_empty = report.files.iter().all(|file| file.symbols.is_empty());
    if is_empty {
        printer.notice("nothing is defined there");
    }
    if !report.is_whole {
        printer.warning("not every definition is shown; --limit raises how many are");
    }
    if let Some(shortfall) = freshness::shortfall_of_texts(&summary) {
        printer.notice(&shortfall);
    }
    Ok(if is_empty { ExitCode::NoHits } else { ExitCode::Ok })
}

fn render(report: &OutlineReport, palette: Palette) -> String {
    let mut text = String::new();
    for (position, file) in report.files.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", palette.path(displayable(&file.path)));
        tree(&mut text, file, palette);
    }
    text
}

/// Each definition beneath what it lies in. What is not a definition itself but holds some, as a block that adds to a
/// type defined elsewhere, gets a line of its own without a kind.
fn tree(text: &mut String, file: &FileOutline, palette: Palette) {
    let mut open: Vec<&str> = Vec::new();
    for symbol in &file.symbols {
        let around: Vec<&str> = if symbol.container.is_empty() {
            Vec::new()
        } else {
            symbol.container.split(" > ").collect()
        };
        let shared = open.iter().zip(&around).take_while(|(a, b)| a == b).count();
        open.truncate(shared);
        for name in around.iter().skip(shared) {
            let _ = writeln!(text, "{}{}", indent(open.len()), palette.dim(displayable(name)));
            open.push(name);
        }
        let _ = writeln!(
            text,
            "{}{} {}  {}",
            indent(open.len()),
            palette.dim(&symbol.kind),
            palette.symbol(displayable(&symbol.name)),
            palette.dim(line_range(symbol.start_line, symbol.end_line))
        );
        open.push(&symbol.name);
    }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth + 1)
}

#[cfg(test)]
mod tests {
    use aiex_protocol::code::Symbol;

    use super::*;

    #[test]
    fn definitions_stand_beneath_what_holds_them() {
        let symbol = |container: &str, kind: &str, name: &str, start, end| Symbol {
            path: "a.rs".to_owned(),
            name: name.to_owned(),
            container: container.to_owned(),
            kind: kind.to_owned(),
            line: start,
            start_line: start,
            end_line: end,
            ..Symbol::default()
        };
        let report = OutlineReport {
            files: vec![FileOutline {
                path: "a.rs".to_owned(),
                language: None,
                symbols: vec![
                    symbol("", "struct", "Policy", 1, 3),
                    symbol("Policy", "field", "base", 2, 2),
                    symbol("", "function", "main", 5, 9),
                    symbol("Policy", "method", "next", 12, 14),
                    symbol("Policy", "method", "last", 15, 15),
                    symbol("tests", "function", "it_works", 20, 22),
                ],
            }],
            is_whole: true,
        };
        insta::assert_snapshot!(render(&report, Palette::new(false)), @r"
        a.rs
          struct Policy  1-3
            field base  2
          function main  5-9
          Policy
            method next  12-14
            method last  15
          tests
            function it_works  20-22
        ");
    }
}
