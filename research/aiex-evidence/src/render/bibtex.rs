//! The cited sources of a report as BibTeX.

use crate::{Origin, Report, Source, date};

use super::{is_cited, name};

/// One entry per cited source, with keys that no other report has: `20260131-0af3c9-S1`.
pub fn bibtex(report: &Report) -> String {
    let cited = report.sources.iter().filter(|source| is_cited(report, source));
    cited
        .map(|source| entry(&report.run, source))
        .collect::<Vec<_>>()
        .join("\n")
}

fn entry(run: &str, source: &Source) -> String {
    let mut fields = vec![("title", format!("{{{}}}", escaped(&name(source))))];
    let kind = match &source.origin {
        Origin::Web { .. } => "online",
        Origin::Code { .. } | Origin::Docs { .. } | Origin::Commit { .. } => "software",
        Origin::Report { .. } => "misc",
    };
    match &source.origin {
        Origin::Web { .. } => {
            if let Some(link) = source.origin.link() {
                // Brackets and backslashes are percent-encoded in it, so that nothing in it ends the field.
                fields.push((
                    "url",
                    link.replace('%', "\\%").replace('#', "\\#").replace('&', "\\&"),
                ));
            }
            fields.push(("urldate", date::day(source.read_at)));
        }
        Origin::Docs { package, version, .. } => {
            fields.push(("howpublished", escaped(&source.origin.label())));
            fields.push(("note", escaped(&format!("package {package}"))));
            fields.push(("version", escaped(version)));
        }
        Origin::Code { repo, .. } => {
            fields.push(("howpublished", escaped(&source.origin.label())));
            fields.push(("note", escaped(&format!("repository {repo}"))));
        }
        Origin::Commit { .. } | Origin::Report { .. } => {
            fields.push(("howpublished", escaped(&source.origin.label())));
        }
    }
    if let Some(licence) = &source.licence {
        fields.push(("copyright", escaped(licence)));
    }
    if let Some(date) = &source.date {
        fields.push(("date", escaped(date)));
    }
    let lines: String = fields
        .into_iter()
        .map(|(name, value)| format!("  {name} = {{{value}}},\n"))
        .collect();
    format!("@{kind}{{{run}-{},\n{lines}}}\n", source.id)
}

/// Text that TeX shows as it is and that cannot end a field.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in super::one_line(text).chars() {
        match c {
            '{' | '}' | '$' | '&' | '%' | '#' | '_' => {
                // A lone brace would unbalance the field even when it is escaped, so it becomes a command.
                match c {
                    '{' => out.push_str("\\textbraceleft "),
                    '}' => out.push_str("\\textbraceright "),
                    _ => {
                        out.push('\\');
                        out.push(c);
                    }
                }
            }
            '\\' => out.push_str("\\textbackslash "),
            '~' => out.push_str("\\textasciitilde "),
            '^' => out.push_str("\\textasciicircum "),
            _ => out.push(c),
        }
    }
    out
}
