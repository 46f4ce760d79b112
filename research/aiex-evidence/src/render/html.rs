//! A report as one HTML page: no script, nothing loaded from elsewhere, everything escaped.

use std::fmt::Write as _;

use crate::draft::fenced;
use crate::inline::{self, Piece};
use crate::{Evidence, QuoteId, Report, Sentence, date};

use super::footer::{footer, ledger};
use super::{BESIDE, UNREADY, cited, is_cited, mark, name, one_line};

/// Plain and readable, dark where the reader's system is.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5f6670;--page:#fff;--line:#dde1e6;--code:#f3f4f6;--link:#0b57c2;--warn:#9a5b00}\
@media(prefers-color-scheme:dark){:root{--ink:#e4e6ea;--soft:#9aa3ad;--page:#16181b;--line:#33383f;--code:#22262b;--link:#7fb2ff;--warn:#e0a44a}}\
body{background:var(--page);color:var(--ink);font:17px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.25rem;margin-top:2.2rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}\
code{background:var(--code);padding:.1em .3em;border-radius:4px;font-size:.88em;overflow-wrap:anywhere}\
pre{background:var(--code);padding:.8rem;border-radius:6px;overflow-x:auto}pre code{padding:0;overflow-wrap:normal}\
a{color:var(--link)}.cite{font-size:.82em;color:var(--soft);white-space:nowrap}.cite code{white-space:normal}\
.mark{color:var(--warn);font-size:.85em}blockquote{margin:.3rem 0 .3rem 1rem;color:var(--soft);border-left:3px solid var(--line);padding-left:.7rem}\
footer{margin-top:2.5rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9em}";

/// The report as a page.
pub fn html(report: &Report) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut out, report, report.evidence());
    out
}

fn write(out: &mut String, report: &Report, evidence: Evidence<'_>) -> std::fmt::Result {
    let title = if report.title.trim().is_empty() {
        &report.question
    } else {
        &report.title
    };
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    )?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    )?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(
        out,
        "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        text(title)
    )?;
    writeln!(out, "<h1>{}</h1>", text(title))?;
    if report.question.trim() != title.trim() {
        writeln!(
            out,
            "<p><strong>Question:</strong> {}</p>",
            text(&report.question)
        )?;
    }
    if let Some(why) = &report.partial {
        writeln!(
            out,
            "<p class=\"mark\"><strong>Partial report:</strong> {}</p>",
            text(why)
        )?;
    }
    let unready = report.unready().join(", ");
    if !unready.is_empty() {
        writeln!(
            out,
            "<p><strong>Not indexed whole yet:</strong> {}; {UNREADY}</p>",
            text(&unready)
        )?;
    }
    if !report.nowhere.is_empty() {
        writeln!(
            out,
            "<p class=\"mark\"><strong>Nowhere in the repository:</strong> {}. {BESIDE}</p>",
            text(&report.nowhere.join(", "))
        )?;
    }
    for section in &report.sections {
        if !section.heading.trim().is_empty() {
            writeln!(out, "<h2>{}</h2>", text(&section.heading))?;
        }
        let mut in_list = false;
        for paragraph in &section.paragraphs {
            if paragraph.item != in_list {
                writeln!(out, "{}", if paragraph.item { "<ul>" } else { "</ul>" })?;
            }
            in_list = paragraph.item;
            let said: Vec<String> = paragraph
                .sentences
                .iter()
                .map(|said| sentence(said, evidence))
                .collect();
            let is_block = paragraph
                .sentences
                .iter()
                .any(|said| fenced(&said.text).is_some());
            let (open, close) = match (paragraph.item, is_block) {
                (true, _) => ("<li>", "</li>"),
                (false, true) => ("<div>", "</div>"),
                (false, false) => ("<p>", "</p>"),
            };
            writeln!(out, "{open}{}{close}", said.join(" "))?;
        }
        if in_list {
            writeln!(out, "</ul>")?;
        }
    }
    if !report.disagreements.is_empty() {
        writeln!(out, "<h2>Where sources disagree</h2>\n<ul>")?;
        for found in &report.disagreements {
            writeln!(out, "<li>{}", text(&found.about))?;
            for (quote, _) in cited(&found.quotes, evidence) {
                writeln!(
                    out,
                    "<blockquote>{}{}</blockquote>",
                    text(&quote.text),
                    citations(&[quote.id], evidence)
                )?;
            }
            writeln!(out, "</li>")?;
        }
        writeln!(out, "</ul>")?;
    }
    sources(out, report, evidence)?;
    writeln!(
        out,
        "<footer>\n<p>{}.</p>\n<p>{}.</p>",
        text(&footer(report)),
        text(&ledger(report))
    )?;
    if !report.searches.is_empty() {
        writeln!(out, "<p>Searched:</p>\n<ul>")?;
        for search in &report.searches {
            let outcome = text(&search.outcome());
            writeln!(
                out,
                "<li>{}: <code>{}</code> ({outcome})</li>",
                text(&search.source),
                text(&search.query)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    if !report.unread.is_empty() {
        writeln!(out, "<p>Could not be read:</p>\n<ul>")?;
        for unread in &report.unread {
            writeln!(
                out,
                "<li><code>{}</code> ({})</li>",
                text(&unread.origin.label()),
                text(&unread.why)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</footer>\n</body>\n</html>")
}

fn sources(out: &mut String, report: &Report, evidence: Evidence<'_>) -> std::fmt::Result {
    writeln!(out, "<h2>Sources</h2>\n<ul>")?;
    for source in report.sources.iter().filter(|source| is_cited(report, source)) {
        let title = text(&name(source));
        let place = match source.origin.link() {
            Some(link) => format!(
                "<a href=\"{}\" rel=\"noreferrer nofollow\">{title}</a>",
                text(&link)
            ),
            None => format!("{title} <code>{}</code>", text(&source.origin.label())),
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
            " <span class=\"mark\">tries to instruct a model</span>"
        } else {
            ""
        };
        writeln!(
            out,
            "<li><strong>{}</strong> {place}{date}{licence}, read {}{warning}",
            source.id,
            date::day(source.read_at)
        )?;
        for quote in evidence.quotes_of(source.id).filter(|quote| {
            report
                .sentences()
                .any(|sentence| sentence.cites.contains(&quote.id))
                || report
                    .disagreements
                    .iter()
                    .any(|found| found.quotes.contains(&quote.id))
        }) {
            writeln!(
                out,
                "<blockquote id=\"{0}\">{0}: {1}</blockquote>",
                quote.id,
                text(&quote.text)
            )?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")
}

fn sentence(sentence: &Sentence, evidence: Evidence<'_>) -> String {
    let words = match fenced(&sentence.text) {
        Some((_, code)) => format!("<pre><code>{}</code></pre>", escaped(code)),
        None => line(&sentence.text),
    };
    let mark = mark(sentence).map(|(mark, why)| match why {
        "" => format!(" <span class=\"mark\">[{mark}]</span>"),
        why => format!(" <span class=\"mark\" title=\"{}\">[{mark}]</span>", text(why)),
    });
    format!(
        "{words}{}{}",
        citations(&sentence.cites, evidence),
        mark.unwrap_or_default()
    )
}

fn citations(ids: &[QuoteId], evidence: Evidence<'_>) -> String {
    let shown: Vec<String> = cited(ids, evidence)
        .map(|(quote, source)| match source.origin.link() {
            Some(link) => format!(
                "<a href=\"{}\" rel=\"noreferrer nofollow\">{}</a>",
                text(&link),
                quote.id
            ),
            // Its words stand below.
            None => format!(
                "<a href=\"#{0}\">{0}</a> <code>{1}</code>",
                quote.id,
                text(&quote.label(source))
            ),
        })
        .collect();
    if shown.is_empty() {
        String::new()
    } else {
        format!(" <span class=\"cite\">[{}]</span>", shown.join(", "))
    }
}

fn line(written: &str) -> String {
    inline::pieces(&one_line(written))
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(words) => escaped(words),
            Piece::Code(words) => format!("<code>{}</code>", escaped(words)),
            Piece::Strong(words) => format!("<strong>{}</strong>", escaped(words)),
        })
        .collect()
}

fn text(written: &str) -> String {
    escaped(&one_line(written))
}

/// Text that stays text, in elements and in attributes.
fn escaped(written: &str) -> String {
    let mut out = String::with_capacity(written.len() + 8);
    for c in written.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    out
}
