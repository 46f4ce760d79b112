//! What was read, and where it lies.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A source's number within a run, from 1. Shown as `S3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}", self.0)
    }
}

/// Where a source lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A page of the web, by its canonical address.
    Web {
        /// `http` or `https`.
        url: String,
    },
    /// A span of a file of a repository on this machine.
    Code {
        /// The repository's name as the user knows it.
        repo: String,
        /// The repository's folder.
        root: String,
        /// The commit at which the lines say what was read. `None` for what is not committed, or not in git.
        commit: Option<String>,
        /// The file's path inside the repository.
        path: String,
        /// The first line, from 1.
        first_line: u32,
        /// The last line.
        last_line: u32,
    },
    /// A span of a file of a dependency as it lies on this machine.
    Docs {
        /// The package's name.
        package: String,
        /// The locked version.
        version: String,
        /// The folder the package lies in.
        root: String,
        /// The file's path inside the package.
        path: String,
        /// The first line, from 1.
        first_line: u32,
        /// The last line.
        last_line: u32,
    },
    /// A commit of a repository on this machine.
    Commit {
        /// The repository's name as the user knows it.
        repo: String,
        /// The repository's folder.
        root: String,
        /// The full id.
        commit: String,
    },
    /// An earlier report.
    Report {
        /// The run's id.
        run: String,
    },
}

/// A document that was read. Only a [`Catalogue`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// Its number within the run.
    pub id: SourceId,
    /// Where it lies.
    pub origin: Origin,
    /// What it calls itself.
    pub title: String,
    /// When it was written, as the source says it; free text.
    pub date: Option<String>,
    /// The licence under which it may be quoted and whose it is, where the source says so: `CC BY-SA 4.0, Ada on …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// When it was read, in seconds since 1970 (UTC).
    pub read_at: u64,
    /// The text as it was read: every quote is a piece of it.
    pub text: String,
    /// Whether it tries to instruct a model.
    pub instructs: bool,
}

/// The sources of a run, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalogue {
    sources: Vec<Source>,
}

/// A document as it was read, before it has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Where it lies.
    pub origin: Origin,
    /// What it calls itself.
    pub title: String,
    /// When it was written, as the source says it; free text.
    pub date: Option<String>,
    /// The licence under which it may be quoted and whose it is, where the source says so: `CC BY-SA 4.0, Ada on …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// When it was read, in seconds since 1970 (UTC).
    pub read_at: u64,
    /// The text as it was read.
    pub text: String,
    /// Whether it tries to instruct a model.
    pub instructs: bool,
}

impl Catalogue {
    /// An empty catalogue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document. One that is there already keeps its number and the text first read: quotes point into it.
    pub fn add(&mut self, document: Document) -> SourceId {
        if let Some(known) = self.find(&document.origin) {
            return known.id;
        }
        let id = SourceId(
            u32::try_from(self.sources.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
        );
        let Document {
            origin,
            title,
            date,
            licence,
            read_at,
            text,
            instructs,
        } = document;
        self.sources.push(Source {
            id,
            origin,
            title,
            date,
            licence,
            read_at,
            text,
            instructs,
        });
        id
    }

    /// The source of a number.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        let place = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.sources.get(place).filter(|source| source.id == id)
    }

    /// The source that lies there.
    pub fn find(&self, origin: &Origin) -> Option<&Source> {
        self.sources.iter().find(|source| source.origin == *origin)
    }

    /// The web source of an address.
    pub fn find_url(&self, address: &str) -> Option<&Source> {
        let bare = |url: &str| {
            url.split('#')
                .next()
                .unwrap_or(url)
                .trim_end_matches('/')
                .to_owned()
        };
        let wanted = bare(address);
        self.sources
            .iter()
            .find(|source| matches!(&source.origin, Origin::Web { url } if bare(url) == wanted))
    }

    /// Every source, by number.
    pub fn iter(&self) -> std::slice::Iter<'_, Source> {
        self.sources.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

impl<'a> IntoIterator for &'a Catalogue {
    type Item = &'a Source;
    type IntoIter = std::slice::Iter<'a, Source>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How the names of files end that are written for readers.
pub const PROSE: [&str; 8] = [
    ".md",
    ".mdx",
    ".markdown",
    ".rst",
    ".adoc",
    ".txt",
    ".org",
    ".tex",
];

impl Origin {
    /// `web`, `code`, `docs`, `commit` or `report`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Web { .. } => "web",
            Self::Code { .. } => "code",
            Self::Docs { .. } => "docs",
            Self::Commit { .. } => "commit",
            Self::Report { .. } => "report",
        }
    }

    /// How it is shown: an address, `src/lib.rs:10-12@1a2b3c4`, `tokio 1.38.0 src/lib.rs:4`.
    pub fn label(&self) -> String {
        match self {
            Self::Web { url } => url.clone(),
            Self::Code {
                commit,
                path,
                first_line,
                last_line,
                ..
            } => {
                let at = commit
                    .as_deref()
                    .map(|commit| format!("@{}", short(commit)))
                    .unwrap_or_default();
                format!("{path}:{}{at}", lines(*first_line, *last_line))
            }
            Self::Docs {
                package,
                version,
                path,
                first_line,
                last_line,
                ..
            } => {
                format!("{package} {version} {path}:{}", lines(*first_line, *last_line))
            }
            Self::Commit { repo, commit, .. } => format!("{repo}@{}", short(commit)),
            Self::Report { run } => format!("report {run}"),
        }
    }

    /// The path of a span of a file.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Code { path, .. } | Self::Docs { path, .. } => Some(path),
            Self::Web { .. } | Self::Commit { .. } | Self::Report { .. } => None,
        }
    }

    /// Whether it is a span of a file that begins in its midst.
    pub(crate) fn is_cut(&self) -> bool {
        match self {
            Self::Code { first_line, .. } | Self::Docs { first_line, .. } => *first_line > 1,
            Self::Web { .. } | Self::Commit { .. } | Self::Report { .. } => false,
        }
    }

    /// Whether it is prose: a page, a report, a commit's message, a file of documentation.
    pub fn is_prose(&self) -> bool {
        match self {
            Self::Web { .. } | Self::Commit { .. } | Self::Report { .. } => true,
            Self::Code { path, .. } | Self::Docs { path, .. } => {
                let path = path.to_ascii_lowercase();
                PROSE.iter().any(|ending| path.ends_with(ending))
            }
        }
    }

    /// The same for a piece of its text: of a span of a file, the lines that the piece has.
    #[must_use]
    pub(crate) fn narrowed(&self, text: &str, piece: Range<usize>) -> Self {
        let breaks = |to: usize| {
            let lines = text.get(..to).unwrap_or(text).matches('\n').count();
            u32::try_from(lines).unwrap_or(u32::MAX)
        };
        let (above, inside) = (breaks(piece.start), breaks(piece.end));
        let mut narrowed = self.clone();
        if let Self::Code {
            first_line,
            last_line,
            ..
        }
        | Self::Docs {
            first_line,
            last_line,
            ..
        } = &mut narrowed
        {
            let (first, last) = (*first_line, *last_line);
            *first_line = first.saturating_add(above).min(last);
            *last_line = first.saturating_add(inside).min(last);
        }
        narrowed
    }

    /// The address a rendered report may link to: `http` or `https` only, with everything that could end an
    /// attribute or a Markdown destination percent-encoded.
    pub fn link(&self) -> Option<String> {
        let Self::Web { url } = self else { return None };
        let scheme = url
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            return None;
        }
        let mut link = String::with_capacity(url.len());
        for c in url.chars() {
            if c.is_ascii_graphic() && !"<>\"'`\\()[]{}|^*_~".contains(c) {
                link.push(c);
            } else {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    link.push_str(&format!("%{byte:02X}"));
                }
            }
        }
        Some(link)
    }

    /// The path and lines of a span of a file.
    pub(crate) fn span(&self) -> Option<FileSpan<'_>> {
        match self {
            Self::Code {
                path,
                first_line,
                last_line,
                ..
            } => Some(FileSpan {
                path,
                first: *first_line,
                last: *last_line,
            }),
            Self::Docs {
                path,
                first_line,
                last_line,
                ..
            } => Some(FileSpan {
                path,
                first: *first_line,
                last: *last_line,
            }),
            _ => None,
        }
    }
}

/// A span of a file, wherever the file comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSpan<'a> {
    pub(crate) path: &'a str,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// `7` or `7-9`.
fn lines(first: u32, last: u32) -> String {
    if last > first {
        format!("{first}-{last}")
    } else {
        first.to_string()
    }
}

/// The first seven characters of a commit's id, as git shortens it.
fn short(commit: &str) -> &str {
    commit
        .char_indices()
        .nth(7)
        .map_or(commit, |(end, _)| commit.get(..end).unwrap_or(commit))
}
