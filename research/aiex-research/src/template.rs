//! Templates: the sections that reports of a kind have, and what is asked for each.
//!
//! A template is a TOML file. Six are built in; a user's folder adds to them or takes their names. In patterns,
//! `{question}` stands for the whole question and `{terms}` for its words that carry meaning.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::SourceKind;
use crate::error::TemplateError;
use crate::plan::{Plan, QuestionKind, SubQuestion};
use crate::terms;

/// Sections a template may have: more is a book.
const MOST_SECTIONS: usize = 12;

const BUILT_IN: [(&str, &str); 6] = [
    (
        "compare-libraries",
        include_str!("../templates/compare-libraries.toml"),
    ),
    ("find-bug-cause", include_str!("../templates/find-bug-cause.toml")),
    ("migration-plan", include_str!("../templates/migration-plan.toml")),
    (
        "architecture-tour",
        include_str!("../templates/architecture-tour.toml"),
    ),
    (
        "security-review",
        include_str!("../templates/security-review.toml"),
    ),
    (
        "dependency-upgrade",
        include_str!("../templates/dependency-upgrade.toml"),
    ),
];

/// A template as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateInfo {
    /// What it is called by.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// The headings of its sections.
    pub sections: Vec<String>,
}

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) title: String,
    about: String,
    /// The kind of question that it answers when none is named.
    kind: Option<QuestionKind>,
    /// Words that lead searches of a source to the right sort of document.
    words: Vec<(SourceKind, Vec<String>)>,
    pub(crate) sections: Vec<TemplateSection>,
}

/// A section of a template, and the sub-question that it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TemplateSection {
    pub(crate) heading: String,
    ask: String,
    sources: Vec<SourceKind>,
    queries: Vec<String>,
}

/// A template's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    about: String,
    kind: Option<QuestionKind>,
    #[serde(default)]
    words: std::collections::BTreeMap<SourceKind, Vec<String>>,
    section: Spanned<Vec<Spanned<FileSection>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSection {
    heading: String,
    ask: String,
    #[serde(default)]
    sources: Vec<SourceKind>,
    #[serde(default)]
    queries: Vec<String>,
}

/// Every template: the user's folder first, then the built-in ones that it does not replace. Blocking.
pub(crate) fn all(folder: Option<&Path>) -> Result<Vec<Template>, TemplateError> {
    let mut templates = Vec::new();
    for path in folder.map(files).transpose()?.unwrap_or_default() {
        let file = path.display().to_string();
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let text = std::fs::read_to_string(&path).map_err(|error| TemplateError::Unreadable {
            file: file.clone(),
            message: error.to_string(),
        })?;
        templates.push(parse(&name, &file, &text)?);
    }
    for (name, text) in BUILT_IN {
        if templates.iter().all(|template| template.name != name) {
            templates.push(parse(name, name, text)?);
        }
    }
    Ok(templates)
}

/// The TOML files of a folder by name.
fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, TemplateError> {
    let unreadable = |error: std::io::Error| TemplateError::Unreadable {
        file: folder.display().to_string(),
        message: error.to_string(),
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn parse(name: &str, file: &str, text: &str) -> Result<Template, TemplateError> {
    let invalid = |at: Option<usize>, message: String| TemplateError::Invalid {
        file: file.to_owned(),
        line: text.get(..at.unwrap_or(0)).unwrap_or(text).matches('\n').count() + 1,
        message,
    };
    let parsed: File = toml::from_str(text)
        .map_err(|error| invalid(error.span().map(|span| span.start), error.message().to_owned()))?;
    let whole = parsed.section.span();
    let sections = parsed.section.into_inner();
    if sections.is_empty() || sections.len() > MOST_SECTIONS {
        let message = format!(
            "a template has 1 to {MOST_SECTIONS} sections, this one has {}",
            sections.len()
        );
        return Err(invalid(Some(whole.start), message));
    }
    let mut kept: Vec<TemplateSection> = Vec::new();
    for section in sections {
        let at = section.span().start;
        let FileSection {
            heading,
            ask,
            sources,
            queries,
        } = section.into_inner();
        if heading.trim().is_empty() || ask.trim().is_empty() {
            return Err(invalid(
                Some(at),
                "a section needs a `heading` and an `ask`".to_owned(),
            ));
        }
        if kept.iter().any(|other| other.heading == heading) {
            return Err(invalid(Some(at), format!("there are two sections `{heading}`")));
        }
        for pattern in std::iter::once(&ask).chain(&queries) {
            if let Some(unknown) = unknown_place(pattern) {
                let message = format!("`{{{unknown}}}` is unknown; `{{question}}` and `{{terms}}` are there");
                return Err(invalid(Some(at), message));
            }
        }
        kept.push(TemplateSection {
            heading,
            ask,
            sources,
            queries,
        });
    }
    Ok(Template {
        name: name.to_owned(),
        title: parsed.title,
        about: parsed.about,
        kind: parsed.kind,
        words: parsed.words.into_iter().collect(),
        sections: kept,
    })
}

/// A name in braces that is none of ours.
fn unknown_place(pattern: &str) -> Option<&str> {
    pattern
        .split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or(rest))
        .find(|name| !matches!(*name, "question" | "terms"))
}

/// The template of a name.
pub(crate) fn named(templates: &[Template], name: &str) -> Result<Template, TemplateError> {
    templates
        .iter()
        .find(|template| template.name == name)
        .cloned()
        .ok_or_else(|| TemplateError::Unknown {
            name: name.to_owned(),
            known: templates.iter().map(|template| template.name.clone()).collect(),
        })
}

/// The template that answers a kind of question.
pub(crate) fn for_kind(templates: &[Template], kind: QuestionKind) -> Option<&Template> {
    templates.iter().find(|template| template.kind == Some(kind))
}

impl Template {
    pub(crate) fn info(&self) -> TemplateInfo {
        TemplateInfo {
            name: self.name.clone(),
            title: self.title.clone(),
            about: self.about.clone(),
            sections: self
                .sections
                .iter()
                .map(|section| section.heading.clone())
                .collect(),
        }
    }

    /// The plan for a question: one sub-question for each of the first `most` sections.
    pub(crate) fn plan(&self, question: &str, available: &[SourceKind], most: usize) -> Plan {
        let terms = terms::of(question).join(" ");
        let fill = |pattern: &str| pattern.replace("{question}", question).replace("{terms}", &terms);
        let sub_questions = self
            .sections
            .iter()
            .take(most)
            .map(|section| SubQuestion {
                question: fill(&section.ask),
                sources: chosen(&section.sources, available),
                queries: section.queries.iter().map(|query| fill(query)).collect(),
            })
            .collect();
        Plan { sub_questions }
    }

    /// Words to add to searches of a source.
    pub(crate) fn words(&self, source: SourceKind) -> &[String] {
        self.words
            .iter()
            .find(|(kind, _)| *kind == source)
            .map_or(&[], |(_, words)| words)
    }
}

/// The wanted sources that are there; all that are there when none of the wanted is.
pub(crate) fn chosen(wanted: &[SourceKind], available: &[SourceKind]) -> Vec<SourceKind> {
    let chosen: Vec<SourceKind> = wanted
        .iter()
        .copied()
        .filter(|kind| available.contains(kind))
        .collect();
    if chosen.is_empty() {
        available.to_vec()
    } else {
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> String {
        parse("mine", "mine.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_templates_are_whole() {
        let templates = all(None).unwrap();
        assert_eq!(templates.len(), BUILT_IN.len());
        for template in &templates {
            let plan = template.plan("replace foo by bar?", &SourceKind::ALL, 99);
            assert_eq!(
                plan.sub_questions.len(),
                template.sections.len(),
                "{}",
                template.name
            );
            assert!(plan.sub_questions.iter().all(|sub| !sub.question.contains('{')));
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_line() {
        insta::assert_snapshot!(broken("title = \"x\"\nabout = 3\n"), @"mine.toml:2: invalid type: integer `3`, expected a string");
        let doubled = "title = \"x\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"b\"\n\n[[section]]\nheading = \"A\"\nask = \"c\"\n";
        assert!(
            broken(doubled).ends_with("there are two sections `A`"),
            "{}",
            broken(doubled)
        );
        let unknown = "title = \"x\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"{topic}?\"\n";
        assert!(
            broken(unknown).starts_with("mine.toml:4: `{topic}` is unknown"),
            "{}",
            broken(unknown)
        );
    }

    #[test]
    fn a_users_template_takes_the_place_of_a_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = "title = \"Mine\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"{question}\"\n";
        std::fs::write(folder.path().join("migration-plan.toml"), text).unwrap();
        let templates = all(Some(folder.path())).unwrap();
        assert_eq!(templates.len(), BUILT_IN.len());
        assert_eq!(named(&templates, "migration-plan").unwrap().title, "Mine");
        assert!(
            named(&templates, "nonsense")
                .unwrap_err()
                .to_string()
                .contains("find-bug-cause")
        );
    }
}
