//! `aiex refs`: every use of a name.

use std::fmt::Write;

use aiex_protocol::code::{Reference, RefsArgs, RefsReport};
use aiex_protocol::{Call, Event};
use clap::Args;
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::counted;
use crate::scope::{Limit, Scope, Where};
use crate::session::Session;
use crate::snippet::{displayable, fit};

const EXAMPLES: &str = "\
Examples:
  aiex refs next_delay                 where it is defined, then every use by file
  aiex refs Config -l rust -p 'src/**' only in Rust files below src
  aiex refs next_delay --json          one line of code an object a line; is_definition tells which
";

/// Find every use of a name: whole words, in its case
///
/// Definitions come first. Every indexed text is read, so none is missed; comments and strings count as uses.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct RefsVerb {
    /// The name, in its case
    #[arg(value_name = "NAME")]
    name: String,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    limit: Limit,

    #[command(flatten)]
    at: Where,
}

/// A line as programs read it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    is_definition: bool,
    path: &'a str,
    line: u32,
    columns: &'a [u32],
    text: &'a str,
    symbol: Option<&'a str>,
    kind: Option<&'a str>,
    language: Option<&'a str>,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: RefsVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let call = Call::Refs(RefsArgs {
        place: verb.at.place(None)?,
        name: verb.name.clone(),
        limit: verb.limit.get(),
        filters: verb.scope.filters(&[]),
    });
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let answer = session.answer(call, verb.at.timeout, printer, interrupt, |event| match event {
        Event::Refs(report) => Some(report),
        _ => None,
    });
    let answer = answer.await;
    session.close().await;
    let (report, summary) = answer?;
    if verb.at.json {
        for (is_definition, list) in [(true, &report.definitions), (false, &report.uses)] {
            for found in list {
                printer.json(&row(found, is_definition))?;
            }
        }
    } else {
        // Only a person's lines are cut: another program may want the whole of them.
        let width = if printer.is_terminal {
            printer.width
        } else {
            usize::MAX
        };
        printer.data(&render(&report, printer.palette, width))?;
    }
    printer.notice(&closing(&report));
    if let Some(shortfall) = freshness::shortfall_of_texts(&summary) {
        printer.notice(&shortfall);
    }
    Ok(if report.definitions.is_empty() && report.uses.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

fn row(found: &Reference, is_definition: bool) -> Row<'_> {
    Row {
        is_definition,
        path: &found.path,
        line: found.line,
        columns: &found.columns,
        text: &found.text,
        symbol: found.symbol.as_deref(),
        kind: found.kind.as_deref(),
        language: found.language.as_deref(),
    }
}

/// Definitions, then uses beneath their files.
fn render(report: &RefsReport, palette: Palette, width: usize) -> String {
    let mut text = String::new();
    for found in &report.definitions {
        let place = format!("{}:{}", displayable(&found.path), found.line);
        let _ = write!(text, "{}", palette.path(place));
        if let Some(symbol) = &found.symbol {
            let _ = write!(text, "  {}", palette.symbol(displayable(symbol)));
        }
        let kind = found.kind.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {}", palette.dim(format!("{kind} defined here")));
        let code = displayable(found.text.trim());
        let _ = writeln!(
            text,
            "      {}",
            palette.strong(fit(&code, width.saturating_sub(6)))
        );
    }
    let mut file = "";
    for found in &report.uses {
        if found.path != file {
            if !text.is_empty() {
                text.push('\n');
            }
            file = &found.path;
            let _ = writeln!(text, "{}", palette.path(displayable(file)));
        }
        let code = displayable(found.text.trim());
        let around = found.symbol.as_deref().map(displayable).unwrap_or_default();
        let around = fit(&around, width / 3);
        let room = width.saturating_sub(12 + around.chars().count());
        let number = palette.handle(format!("{:>5}", found.line));
        let _ = write!(text, " {number} {}", fit(&code, room));
        if !around.is_empty() {
            let _ = write!(text, "  {}", palette.dim(format!("in {around}")));
        }
        text.push('\n');
    }
    text
}

/// How many there are, and whether all of them are shown.
fn closing(report: &RefsReport) -> String {
    if report.total_definitions + report.total_uses == 0 {
        return "nothing found; names are compared in their case".to_owned();
    }
    let total = format!(
        "{}, {}",
        counted(report.total_definitions, "definition"),
        counted(report.total_uses, "use")
    );
    if report.is_whole {
        format!("{total}, all of them shown")
    } else {
        format!("{total}, not all of them shown; --limit raises how many are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_come_before_uses_by_file() {
        let reference = |path: &str, line, kind: Option<&str>| Reference {
            path: path.to_owned(),
            line,
            columns: vec![1],
            text: "    next_delay(1);".to_owned(),
            symbol: Some("Policy > main".to_owned()),
            kind: kind.map(str::to_owned),
            language: None,
        };
        let report = RefsReport {
            definitions: vec![reference("a.rs", 3, Some("method"))],
            uses: vec![
                reference("a.rs", 9, None),
                reference("b.rs", 1, None),
                reference("b.rs", 20, None),
            ],
            total_definitions: 1,
            total_uses: 3,
            is_whole: true,
        };
        insta::assert_snapshot!(render(&report, Palette::new(false), 80), @r"
        a.rs:3  Policy > main  method defined here
              next_delay(1);

        a.rs
             9 next_delay(1);  in Policy > main

        b.rs
             1 next_delay(1);  in Policy > main
            20 next_delay(1);  in Policy > main
        ");
        assert_eq!(closing(&report), "1 definition, 3 uses, all of them shown");
    }
}
