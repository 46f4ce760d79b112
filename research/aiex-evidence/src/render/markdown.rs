//! A report as Markdown (CommonMark, and safe under GitHub's autolinks).

use std::fmt::Write as _;
use std::ops::Range;

use crate::draft::fenced;
use crate::inline::{self, Piece};
use crate::{Evidence, QuoteId, Report, Sentence, date};

use super::footer::{footer, ledger};
use super::{BESIDE, UNREADY, cited, is_cited, listed, mark, name, one_line};

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let evidence = report.evidence();
    // Writing into a string cannot fail.
    let _ = write(&mut out, report, evidence);
    out
}

fn write(out: &mut String, report: &Report, evidence: Evidence<'_>) -> std::fmt::Result {
    let title = if report.title.trim().is_empty() {
        &report.question
    } else {
        &report.title
    };
    writeln!(out, "# {}\n", text(title))?;
    if report.question.trim() != title.trim() {
        writeln!(out, "**Question:** {}\n", text(&report.question))?;
    }
    if let Some(why) = &report.partial {
        writeln!(out, "**Partial report:** {}\n", text(why))?;
    }
    let unready = report.unready().join(", ");
    if !unready.is_empty() {
        writeln!(out, "**Not indexed whole yet:** {}; {UNREADY}\n", text(&unready))?;
    }
    if !report.nowhere.is_empty() {
        let words = text(&report.nowhere.join(", "));
        writeln!(out, "**Nowhere in the repository:** {words}. {BESIDE}\n")?;
    }
    for section in &report.sections {
        if !section.heading.trim().is_empty() {
            writeln!(out, "## {}\n", text(&section.heading))?;
        }
        let mut in_list = false;
        for paragraph in &section.paragraphs {
            if in_list && !paragraph.item {
                writeln!(out)?;
            }
            in_list = paragraph.item;
            let mut lines = String::new();
            for said in &paragraph.sentences {
                // A block of code stands on lines of its own.
                let gap = if fenced(&said.text).is_some() { "\n\n" } else { " " };
                if !lines.is_empty() {
                    lines.push_str(gap);
                }
                lines.push_str(&sentence(said, evidence));
            }
            if paragraph.item {
                writeln!(out, "- {}", lines.replace('\n', "\n  "))?;
            } else {
                writeln!(out, "{lines}\n")?;
            }
        }
        if in_list {
            writeln!(out)?;
        }
    }
    if !report.disagreements.is_empty() {
        writeln!(out, "## Where sources disagree\n")?;
        for found in &report.disagreements {
            writeln!(out, "- {}", text(&found.about))?;
            for (quote, _) in cited(&found.quotes, evidence) {
                writeln!(
                    out,
                    "  - “{}”{}",
                    text(&quote.text),
                    citations(&[quote.id], evidence)
                )?;
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "## Sources\n")?;
    if !report.sources.iter().any(|source| is_cited(report, source)) {
        writeln!(out, "None is cited.\n")?;
    }
    for source in report.sources.iter().filter(|source| is_cited(report, source)) {
        let title = text(&name(source));
        let place = match source.origin.link() {
            Some(link) => format!("[{title}]({})", destination(&link)),
            None => format!("{title} {}", code(&source.origin.label())),
        };
        let date = source
            .date
            .as_deref()
            .map(|date| format!(", {}", text(date)))
            .unwrap_or_default();
        let licence = source
            .licence
            .as_deref()
            .map(|licence| format!(" ({})", text(licence)))
            .unwrap_or_default();
        let warning = if source.instructs {
            " (tries to instruct a model)"
        } else {
            ""
        };
        writeln!(
            out,
            "- **{}** {place}{date}{licence}, read {}{warning}",
            source.id,
            date::day(source.read_at)
        )?;
        for quote in listed(report, source, evidence) {
            writeln!(out, "  - {}: “{}”", quote.id, text(&quote.text))?;
        }
    }
    writeln!(out, "\n## How this was checked\n")?;
    writeln!(out, "{}.\n\n{}.\n", footer(report), text(&ledger(report)))?;
    if !report.searches.is_empty() {
        writeln!(out, "Searched:\n")?;
        for search in &report.searches {
            let outcome = text(&search.outcome());
            writeln!(
                out,
                "- {}: {} ({outcome})",
                text(&search.source),
                code(&search.query)
            )?;
        }
        writeln!(out)?;
    }
    if !report.unread.is_empty() {
        writeln!(out, "Could not be read:\n")?;
        for unread in &report.unread {
            writeln!(out, "- {} ({})", code(&unread.origin.label()), text(&unread.why))?;
        }
        writeln!(out)?;
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    Ok(())
}

fn sentence(sentence: &Sentence, evidence: Evidence<'_>) -> String {
    let words = match fenced(&sentence.text) {
        Some((language, code)) => block(language, code),
        None => line(&sentence.text),
    };
    let mark = mark(sentence).map(|(mark, why)| match why {
        "" => format!(" *[{mark}]*"),
        why => format!(" *[{mark}: {}]*", text(why)),
    });
    let notes = format!(
        "{}{}",
        citations(&sentence.cites, evidence),
        mark.unwrap_or_default()
    );
    match fenced(&sentence.text) {
        Some(_) => format!("{words}{}", notes.trim_start()).trim_end().to_owned(),
        None => words + &notes,
    }
}

/// A block of code that nothing in it can end.
fn block(language: &str, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'))
        .collect();
    format!("{fence}{language}\n{code}\n{fence}\n\n")
}

/// ` [S3.2], [S4.1]`: web sources link to where they lie, spans of files are named.
fn citations(ids: &[QuoteId], evidence: Evidence<'_>) -> String {
    let shown: Vec<String> = cited(ids, evidence)
        .map(|(quote, source)| match source.origin.link() {
            Some(link) => format!("[{}]({})", quote.id, destination(&link)),
            None => format!("{} {}", quote.id, code(&quote.label(source))),
        })
        .collect();
    if shown.is_empty() {
        String::new()
    } else {
        // Nothing here defines a link by its name, and no text ends with an opening bracket that is not escaped.
        format!(" [{}]", shown.join(", "))
    }
}

/// Where a link leads. Entities are read in destinations too, so `&` is one.
fn destination(link: &str) -> String {
    format!("<{}>", link.replace('&', "&amp;"))
}

/// A line of prose: code spans and strong words stay, everything else is text.
fn line(written: &str) -> String {
    let written = one_line(written);
    inline::pieces(&written)
        .into_iter()
        .enumerate()
        .map(|(place, piece)| match piece {
            Piece::Text(words) => escaped(words, place == 0),
            Piece::Code(words) => code(words),
            Piece::Strong(words) => format!("**{}**", escaped(words, false)),
        })
        .collect()
}

/// Text of any origin on one line.
fn text(written: &str) -> String {
    escaped(&one_line(written), true)
}

/// A code span that nothing in it can end.
fn code(written: &str) -> String {
    let written = one_line(written).replace('`', "'");
    if written.is_empty() {
        String::new()
    } else {
        format!("`{written}`")
    }
}

/// Text that stays text: addresses are set as code, so that no renderer makes links of them.
fn escaped(words: &str, starts_line: bool) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    let mut at = 0;
    let leads = |range: &Range<usize>| words.get(range.clone()).is_some_and(leads_somewhere);
    for range in inline::addresses(words).into_iter().filter(leads) {
        escape_into(
            &mut out,
            words.get(at..range.start).unwrap_or_default(),
            starts_line && at == 0,
        );
        out.push_str(&code(words.get(range.clone()).unwrap_or_default()));
        at = range.end;
    }
    escape_into(
        &mut out,
        words.get(at..).unwrap_or_default(),
        starts_line && at == 0,
    );
    out
}

/// Whether an address has something behind its scheme: `data::NAME` is a name out of code.
fn leads_somewhere(address: &str) -> bool {
    match address.split_once(':') {
        Some((_, place)) => !place.starts_with(':'),
        None => address.contains(['@', '.']),
    }
}

fn escape_into(out: &mut String, words: &str, starts_line: bool) {
    let mut before = ' ';
    let mut chars = words.char_indices().peekable();
    // At the beginning of a line also what would begin a heading, a list, a rule or a quotation.
    let opening = if starts_line {
        let digits = words.len() - words.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        Some(digits)
    } else {
        None
    };
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '&' | '^' | '$' => true,
            '>' => opening.is_some() && at == 0,
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '#' | '+' | '-' | '=' => opening == Some(0) && at == 0,
            '.' | ')' => opening.is_some_and(|digits| digits > 0 && at == digits),
            ':' => next == '/',
            '@' => true,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_somewhere_is_set_as_an_address() {
        assert_eq!(line(".. py:data:: LIMIT"), ".. py:data:: LIMIT");
        assert_eq!(line("scale::file::open of data:"), "scale::file::open of data:");
        assert_eq!(line("See www.example.org."), "See `www.example.org`.");
        assert_eq!(line("Not javascript:weigh()"), "Not `javascript:weigh()`");
    }
}
