//! Templates: the sections that reports of a kind have, and what is asked for each.
//!
//! A template is a TOML file. Six are built in; a user's folder adds to them or takes their names. In patterns,
//! `{question}` stands for the whole question and `{terms}` for its words that carry meaning.

use std::path::{Path, PathBuf};

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
    /// Its file.
    pub text: String,
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
    /// Its file.
    text: String,
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

/// The templates that there are, and the files of the user's that are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Library {
    /// The user's first, then the built-in ones that they do not replace.
    pub(crate) templates: Vec<Template>,
    /// By the names they would have. A file that is wrong costs nobody the others.
    broken: Vec<(String, TemplateError)>,
}

impl Library {
    /// Reads the user's folder. Blocking.
    pub(crate) fn read(folder: Option<&Path>) -> Self {
        let mut library = Self::default();
        for path in folder.map(files).unwrap_or_default() {
            let read = path.and_then(|path| {
                let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let name = name.unwrap_or_default();
                match of_file(&name, &path) {
                    Ok(template) => Ok(template),
                    Err(error) => Err((name, error)),
                }
            });
            match read {
                Ok(template) => library.templates.push(template),
                Err(broken) => library.broken.push(broken),
            }
        }
        for (name, text) in BUILT_IN {
            if library.templates.iter().all(|template| template.name != name) {
                match parse(name, name, text) {
                    Ok(template) => library.templates.push(template),
                    Err(error) => library.broken.push((name.to_owned(), error)),
                }
            }
        }
        library
    }

    /// What is wrong with the files that are no templates.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &TemplateError> {
        self.broken.iter().map(|(_, error)| error)
    }

    /// The template of a name. A user's file that is wrong is not made good by a built-in one of its name.
    pub(crate) fn named(&self, name: &str) -> Result<Template, TemplateError> {
        if let Some((_, error)) = self.broken.iter().find(|(broken, _)| broken == name) {
            return Err(error.clone());
        }
        let named = self.templates.iter().find(|template| template.name == name);
        named.cloned().ok_or_else(|| TemplateError::Unknown {
            name: name.to_owned(),
            known: self
                .templates
                .iter()
                .map(|template| template.name.clone())
                .collect(),
        })
    }
}

fn of_file(name: &str, path: &Path) -> Result<Template, TemplateError> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(name, &file, &text),
        Err(error) => Err(TemplateError::Unreadable {
            file,
            message: error.to_string(),
        }),
    }
}

/// The TOML files of a folder by name; of a folder that cannot be read, why.
fn files(folder: &Path) -> Vec<Result<PathBuf, (String, TemplateError)>> {
    let unreadable = |error: std::io::Error| {
        let error = TemplateError::Unreadable {
            file: folder.display().to_string(),
            message: error.to_string(),
        };
        (String::new(), error)
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return vec![Err(unreadable(error))],
    };
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    let mut files: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
        .filter(|path| path.as_ref().map_or(true, is_toml))
        .collect();
    files.sort_by(|one, other| one.as_ref().ok().cmp(&other.as_ref().ok()));
    files
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
        text: text.to_owned(),
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
            text: self.text.clone(),
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
mod tests;
