//! What was verified, in one line, and what it cost, in another.

use std::collections::HashSet;

use crate::{Hindrance, QuoteId, Report, date};

/// `42 claims: 37 supported, 3 partial, 1 unverified, 1 unchecked; 0 fabricated links; 18 sources read 2026-11-21; 2 dead, 1 refused`.
pub fn footer(report: &Report) -> String {
    let tally = report.tally();
    let supported = match tally.judged {
        0 => format!("{} supported", tally.supported),
        judged => format!("{} supported ({judged} by the model's word)", tally.supported),
    };
    let mut parts = vec![supported, format!("{} partial", tally.partial)];
    parts.push(format!("{} unverified", tally.unsupported));
    if tally.contradicted > 0 {
        parts.push(format!("{} contradicted", tally.contradicted));
    }
    parts.push(format!("{} unchecked", tally.unchecked));
    // Quotes bear themselves out; that says nothing of the question.
    let is_quoted = report.model.is_none() && tally.supported == tally.claims;
    let claims = if is_quoted {
        // One may stand in several places: in short, and where it belongs.
        let cited: HashSet<QuoteId> = report
            .sentences()
            .flat_map(|sentence| sentence.cites.iter().copied())
            .collect();
        let quotes = count(of(cited.len()), "quote");
        format!("{quotes}, word for word; whether they answer the question nobody judged")
    } else {
        format!("{}: {}", count(tally.claims, "claim"), parts.join(", "))
    };
    let mut line = format!("{claims}; 0 fabricated links");
    let removed = report.removed;
    let taken_out = [
        (removed.links, "link"),
        (removed.citations, "citation"),
        (removed.sections, "source list"),
    ];
    let taken_out: Vec<String> = taken_out
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
    if !taken_out.is_empty() {
        line.push_str(&format!(" ({} of the model removed)", taken_out.join(", ")));
    }
    let read = report.sources.iter().map(|source| source.read_at);
    line.push_str(&format!("; {} read", count(of(report.sources.len()), "source")));
    if let (Some(first), Some(last)) = (read.clone().min(), read.max()) {
        let (first, last) = (date::day(first), date::day(last));
        line.push_str(&if first == last {
            format!(" {first}")
        } else {
            format!(" {first} to {last}")
        });
    }
    line.push_str(&format!("; {} dead", missed(report, Hindrance::Dead)));
    for (hindrance, what) in [(Hindrance::Refused, "refused"), (Hindrance::Passing, "not read")] {
        let number = missed(report, hindrance);
        if number > 0 {
            line.push_str(&format!(", {number} {what}"));
        }
    }
    line
}

/// How many sources were found and not read for a reason of this kind.
fn missed(report: &Report, hindrance: Hindrance) -> usize {
    let unread = report.unread.iter();
    unread.filter(|unread| unread.hindrance == hindrance).count()
}

/// What the run spent.
pub(super) fn ledger(report: &Report) -> String {
    let ledger = &report.ledger;
    let seconds = ledger.wall_ms / 1000;
    let time = if seconds >= 60 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{}.{} s", seconds, ledger.wall_ms % 1000 / 100)
    };
    let writer = match &report.model {
        Some(model) => format!("written by {}", super::one_line(model)),
        None => "no model: made of quotes".to_owned(),
    };
    let lost = match ledger.lost_calls {
        0 => String::new(),
        1 => "; 1 call was lost in a restart and is counted at its most".to_owned(),
        lost => format!("; {lost} calls were lost in restarts and are counted at their most"),
    };
    format!(
        "{writer}; {}, {}, {}; {} tokens in, {} out; ${}.{:04}; {time}{lost}",
        count(ledger.searches, "search"),
        count(ledger.fetches, "fetch"),
        count(ledger.model_calls, "model call"),
        ledger.input_tokens,
        ledger.output_tokens,
        ledger.micro_dollars / 1_000_000,
        ledger.micro_dollars % 1_000_000 / 100,
    )
}

/// `1 claim`, `2 claims`, `3 searches`.
pub(super) fn count(number: u32, what: &str) -> String {
    let plural = match what {
        _ if number == 1 => "",
        _ if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{number} {what}{plural}")
}

pub(super) fn of(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
