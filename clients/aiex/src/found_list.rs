//! How results of several sources look: one ranked list, whatever a result is.

use std::fmt::Write;

use aiex_protocol::search::Hit;
use aiex_protocol::source::{Found, Origin, SourceKind};
use serde::Serialize;

use crate::hit_list::{self, HitRow, HitStyle};
use crate::palette::Palette;
use crate::snippet::{Extent, displayable, fit, one_line};
use crate::sources::place;

/// Lines of a snippet that is not code, unless all of it is asked for.
const SNIPPET_LINES: usize = 5;

/// A result at its place among all.
#[derive(Debug)]
pub(crate) struct Merged<'a> {
    rank: u32,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    /// With the rank that it has among all, not among code.
    Code(Box<Hit>),
    Other(&'a Found),
}

/// All results in the order of their rank. Results other than code have a rank among all; code fills the places that
/// are left, in its own order.
pub(crate) fn merged<'a>(hits: &[Hit], found: &'a [Found]) -> Vec<Merged<'a>> {
    let mut others: Vec<&Found> = found.iter().collect();
    others.sort_by_key(|found| found.rank);
    let mut others = others.into_iter().peekable();
    let mut hits = hits.iter().peekable();
    let mut merged = Vec::with_capacity(hits.len() + others.len());
    let mut rank = 0;
    loop {
        rank += 1;
        // Places that nobody takes are closed up.
        let is_others_turn = hits.peek().is_none() || others.peek().is_some_and(|found| found.rank <= rank);
        let next = if is_others_turn {
            others.next().map(What::Other)
        } else {
            hits.next()
                .map(|hit| What::Code(Box::new(Hit { rank, ..hit.clone() })))
        };
        match next {
            Some(what) => merged.push(Merged { rank, what }),
            None => return merged,
        }
    }
}

/// A result as programs read it: `source` says which keys follow.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Row<'a> {
    Code {
        source: SourceKind,
        #[serde(flatten)]
        hit: HitRow<'a>,
    },
    Other {
        source: SourceKind,
        rank: u32,
        score: f32,
        title: &'a str,
        place: String,
        origin: &'a Origin,
        snippet: &'a str,
        date: Option<&'a str>,
        also: &'a [SourceKind],
    },
}

/// A result as programs read it.
pub(crate) fn row<'a>(merged: &'a Merged<'a>) -> Row<'a> {
    match &merged.what {
        What::Code(hit) => Row::Code {
            source: SourceKind::Code,
            hit: HitRow::from(&**hit),
        },
        What::Other(found) => Row::Other {
            source: found.source,
            rank: merged.rank,
            score: found.score,
            title: &found.title,
            place: place(&found.origin),
            origin: &found.origin,
            snippet: &found.snippet,
            date: found.date.as_deref(),
            also: &found.also,
        },
    }
}

/// For a person: each result beneath its place.
pub(crate) fn for_people(all: &[Merged<'_>], style: HitStyle) -> String {
    let palette = style.palette;
    let mut text = String::new();
    for (position, one) in all.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        match &one.what {
            What::Code(hit) => text.push_str(&hit_list::grouped(std::slice::from_ref(&**hit), style)),
            What::Other(found) => {
                let _ = writeln!(text, "{}", palette.path(place(&found.origin)));
                let _ = writeln!(
                    text,
                    " {} {}  {}",
                    palette.handle(format!("{:>2}", one.rank)),
                    palette.symbol(one_line(&found.title)),
                    palette.dim(rest(found))
                );
                for line in snippet(found, style.extent) {
                    let line = fit(&line, style.width.saturating_sub(7).max(20));
                    let _ = writeln!(text, "{}", format!("     {} {line}", palette.dim("│")).trim_end());
                }
            }
        }
    }
    text
}

/// For a pipe: `place  source  title  score`, then the snippet, indented.
pub(crate) fn plain(all: &[Merged<'_>], style: HitStyle) -> String {
    let palette = style.palette;
    let mut text = String::new();
    for one in all {
        match &one.what {
            What::Code(hit) => {
                text.push_str(&hit_list::plain(
                    std::slice::from_ref(&**hit),
                    style.extent,
                    palette,
                ));
            }
            What::Other(found) => {
                let _ = writeln!(
                    text,
                    "{}  {}  {}",
                    palette.path(place(&found.origin)),
                    palette.symbol(one_line(&found.title)),
                    rest(found)
                );
                for line in snippet(found, style.extent) {
                    let _ = writeln!(text, "{}", format!("    {line}").trim_end());
                }
            }
        }
    }
    text
}

/// One line a result.
pub(crate) fn compact(all: &[Merged<'_>], palette: Palette, width: usize) -> String {
    let mut text = String::new();
    for one in all {
        match &one.what {
            What::Code(hit) => {
                text.push_str(&hit_list::compact(std::slice::from_ref(&**hit), palette, width));
            }
            What::Other(found) => {
                let handle = format!("[{}]", one.rank);
                let place = fit(&place(&found.origin), width.saturating_sub(6));
                let _ = writeln!(
                    text,
                    "{} {}",
                    palette.handle(format!("{handle:>4}")),
                    palette.path(place)
                );
            }
        }
    }
    text
}

/// `docs, web  0.500  2026-01-05`.
fn rest(found: &Found) -> String {
    let mut sources = vec![found.source.as_str()];
    sources.extend(found.also.iter().map(|source| source.as_str()));
    let mut rest = format!("{}  {:.3}", sources.join(", "), found.score);
    if let Some(date) = &found.date {
        let _ = write!(rest, "  {}", one_line(date));
    }
    rest
}

/// The lines of a snippet that are worth showing; empty ones are not.
fn snippet(found: &Found, extent: Extent) -> Vec<String> {
    let most = match extent {
        Extent::Focused => SNIPPET_LINES,
        Extent::Full => usize::MAX,
    };
    let lines = found.snippet.lines().map(displayable);
    lines.filter(|line| !line.trim().is_empty()).take(most).collect()
}

#[cfg(test)]
mod tests;
