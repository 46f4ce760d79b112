//! Citations as models write them.

use std::sync::LazyLock;

use regex::Regex;

use crate::{QuoteId, SourceId};

/// What a citation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cite {
    Quote(QuoteId),
    Source(SourceId),
}

/// What stood between brackets, if it was a citation: what it names, and how many ids could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) cites: Vec<Cite>,
    pub(super) unreadable: u32,
}

/// The longest range of ids that is taken at its word.
const LONGEST_RANGE: u32 = 20;

#[expect(
    clippy::unwrap_used,
    reason = "the patterns are constants and the tests compile them"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

static ID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)s(\d{1,6})(?:[.:#_](\d{1,6}))?(?:(?:-|\.\.+)(?:s(\d{1,6})[.:#_])?s?(\d{1,6})(?:[.:#_](\d{1,6}))?)?",
    )
});
static BARE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^S(\d{1,6})\.(\d{1,6})"));

/// Words that may stand beside ids without making the brackets prose.
const BESIDE: &[&str] = &[
    "see", "also", "source", "sources", "quote", "quotes", "cf", "cf.", "ref", "refs", "and", "from", "to",
];

/// What stands between brackets, read as a citation. `None` when it is something else.
pub(super) fn group(inside: &str) -> Option<Group> {
    let mut text: String = inside
        .chars()
        .map(|c| match c {
            '‐'..='―' | '−' => '-',
            '[' | ']' | '(' | ')' | '【' | '】' | ',' | ';' | '&' | '|' | '/' | '，' | '、' | '†' | '^'
            | '*' | '`' | '\\' => ' ',
            _ => c,
        })
        .collect();
    for (from, to) in [(" - ", "-"), ("- ", "-"), (" -", "-"), (" to ", "-")] {
        text = text.replace(from, to);
    }
    let mut group = Group::default();
    let mut found = false;
    for token in text.split_whitespace() {
        if BESIDE.contains(&token.to_lowercase().trim_end_matches(':')) {
            continue;
        }
        if !ids(token, &mut group) {
            let is_like_an_id = token
                .strip_prefix(['S', 's'])
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            if !is_like_an_id {
                return None;
            }
            group.unreadable += 1;
        }
        found = true;
    }
    found.then_some(group)
}

/// Reads a token that is nothing but ids: one, a range, several glued together.
fn ids(token: &str, group: &mut Group) -> bool {
    let mut at = 0;
    let mut cites = Vec::new();
    for found in ID.captures_iter(token) {
        let Some(all) = found.get(0) else { return false };
        if all.start() != at {
            return false;
        }
        at = all.end();
        let number = |place: usize| {
            found
                .get(place)
                .and_then(|digits| digits.as_str().parse::<u32>().ok())
        };
        let Some(source) = number(1) else { return false };
        match (number(2), number(4)) {
            (None, None) => cites.push(Cite::Source(SourceId(source))),
            (Some(first), None) => cites.push(quote(source, first)),
            // `S3.1-4`, `S3.1-S3.4`
            (Some(first), Some(last)) => {
                let last = match number(5) {
                    Some(inner) if last == source => inner,
                    Some(inner) => {
                        cites.push(quote(source, first));
                        cites.push(quote(last, inner));
                        continue;
                    }
                    None => last,
                };
                let last = last.min(first.saturating_add(LONGEST_RANGE));
                cites.extend((first..=last.max(first)).map(|number| quote(source, number)));
            }
            // `S1-S3`
            (None, Some(last)) => {
                let last = last.min(source.saturating_add(LONGEST_RANGE));
                cites.extend((source..=last.max(source)).map(|source| Cite::Source(SourceId(source))));
            }
        }
    }
    if at == token.len() && !cites.is_empty() {
        group.cites.extend(cites);
        true
    } else {
        false
    }
}

fn quote(source: u32, number: u32) -> Cite {
    Cite::Quote(QuoteId {
        source: SourceId(source),
        number,
    })
}

/// An id without brackets at the beginning of a text: only `S3.2` counts, since `S3` is also a storage service.
pub(super) fn bare(text: &str) -> Option<(usize, Cite)> {
    let found = BARE.captures(text)?;
    let all = found.get(0)?;
    let after = text.get(all.end()..)?.chars().next();
    if after.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let number = |place: usize| {
        found
            .get(place)
            .and_then(|digits| digits.as_str().parse::<u32>().ok())
    };
    Some((all.end(), quote(number(1)?, number(2)?)))
}

/// Whether brackets hold a footnote's number, the way other systems cite: `1`, `^1`, `1, 2`, `1-3`, `1†source`.
pub(super) fn is_footnote(inside: &str) -> bool {
    let bare = inside.trim_start_matches('^');
    let numbers = bare
        .split([',', '-', '–', ' '])
        .all(|part| part.is_empty() || part.len() <= 3 && part.chars().all(|c| c.is_ascii_digit()));
    !bare.trim().is_empty()
        && (numbers || (inside.starts_with('^') && !inside.contains(' ')) || bare.contains('†'))
}
