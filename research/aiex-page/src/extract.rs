//! From bytes to what a page says, as Markdown.
//!
//! [`read`] does the work and is pure; an [`Extractor`] runs it beside the runtime, with a bound on how many
//! pages are read at a time and how long each may take. Markdown of this module can be quoted: it is written as
//! a reader sees it, without escapes and without the targets of links, and without what a reader does not see.

mod depth;
mod hidden;
mod html;
mod listing;
mod markdown;
mod meta;
mod pdf;
mod plain;
mod sites;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fetch::{Fetched, Media, decode};
use crate::untrusted::{instructs, visible};
use meta::Meta;
use sites::Reading;

/// Bytes of a page and where they came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where the page is, after redirects.
    pub url: Url,
    /// The kind of text.
    pub media: Media,
    /// The charset that its sender named.
    pub charset: Option<String>,
    /// The bytes, decompressed.
    pub bytes: Vec<u8>,
}

impl From<Fetched> for Source {
    fn from(page: Fetched) -> Self {
        Self {
            url: page.url,
            media: page.media,
            charset: page.charset,
            bytes: page.bytes,
        }
    }
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its title.
    pub title: Option<String>,
    /// Where it is.
    pub url: String,
    /// Where it says that it is. A claim: a page of one host may name another.
    pub canonical: Option<String>,
    /// The day it was published or changed by its own word, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Its language by its own word: a tag such as `en` or `pt-br`.
    pub language: Option<String>,
    /// Its content.
    pub markdown: String,
    /// What kind of page it is.
    pub kind: PageKind,
    /// Words of the content; two characters of Chinese, Japanese or Korean count as one.
    pub words: usize,
    /// What is remarkable about it, each at most once.
    pub flags: Vec<Flag>,
}

impl Page {
    /// Whether something is remarkable about it.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }
}

/// What kind of page it is, as far as its address and structure tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PageKind {
    /// An article, or anything not recognised.
    Article,
    /// A conversation in a forum.
    Discussion,
    /// A list of other pages.
    Listing,
    /// A question with its answers.
    Question,
    /// An issue or pull request with its comments.
    Issue,
    /// Documentation of an item of a programming language.
    Reference,
    /// A paper, by its abstract.
    Paper,
    /// A text or Markdown file.
    Document,
    /// Program code.
    Code,
    /// JSON or XML.
    Data,
    /// A PDF file.
    Pdf,
}

/// What is remarkable about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flag {
    /// It speaks to a model instead of a reader, see [`instructs`].
    InstructsModel,
    /// Text that its reader does not see was in it, and was taken out.
    HiddenText,
    /// Characters that its reader does not see were in it, and were taken out.
    InvisibleCharacters,
    /// There is little in it without running its scripts.
    NeedsScript,
    /// It was too large, and its end is missing.
    Truncated,
    /// It was nested too deeply to be read by its structure.
    TooDeep,
    /// Some of its bytes mean nothing in its encoding.
    BrokenText,
}

/// A page that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no text in it.
    #[error("there is no text in {url}")]
    Empty {
        /// The page.
        url: String,
    },
    /// A PDF file that cannot be read.
    #[error("the PDF file {url} cannot be read: {reason}")]
    Pdf {
        /// The file.
        url: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("reading {url} took longer than {after:?}")]
    Late {
        /// The page.
        url: String,
        /// The time allowed.
        after: Duration,
    },
    /// Other pages took all workers for too long.
    #[error("{url} was not read: other pages took all workers for {after:?}")]
    Busy {
        /// The page.
        url: String,
        /// How long it waited.
        after: Duration,
    },
    /// A library failed on it.
    #[error("{url} cannot be read: a reader failed on it")]
    Failed {
        /// The page.
        url: String,
    },
    /// The caller did not want it any more.
    #[error("the reading was cancelled")]
    Cancelled,
}

impl ExtractError {
    /// What to do next, in a whole sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "Open it in a browser; it may need scripts, or be a picture.",
            Self::Pdf { .. } => "Look for an HTML version of the same text.",
            Self::Late { .. } | Self::Failed { .. } => "Look for another page on the same subject.",
            Self::Busy { .. } => "Try again; if it stays so, allow more workers.",
            Self::Cancelled => "Start it again if it was not meant to be cancelled.",
        }
    }
}

/// Limits of an [`Extractor`].
#[derive(Debug, Clone, Copy)]
pub struct ExtractSettings {
    /// How long a page may take.
    pub deadline: Duration,
    /// How long a page may wait for a worker.
    pub patience: Duration,
    /// Pages that are read at a time. A page past its deadline keeps its worker until it is done.
    pub workers: usize,
    /// Bytes of text that are read; the rest is left out. PDF has its own limit.
    pub max_text: usize,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2),
            patience: Duration::from_secs(30),
            workers: 2,
            max_text: 2 << 20,
        }
    }
}

/// Reads pages beside the runtime. Cheap to clone; clones share the workers.
#[derive(Debug, Clone)]
pub struct Extractor {
    settings: ExtractSettings,
    workers: Arc<Semaphore>,
}

impl Extractor {
    /// An extractor with these limits.
    pub fn new(settings: ExtractSettings) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(settings.workers.max(1))),
            settings,
        }
    }

    /// Reads a page.
    pub async fn extract(
        &self,
        source: impl Into<Source>,
        cancel: &CancellationToken,
    ) -> Result<Page, ExtractError> {
        let source = source.into();
        let url = source.url.to_string();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ExtractError::Cancelled),
            page = self.on_worker(source, url) => page,
        }
    }

    async fn on_worker(&self, source: Source, url: String) -> Result<Page, ExtractError> {
        let ExtractSettings {
            deadline,
            patience,
            max_text,
            ..
        } = self.settings;
        let worker = tokio::time::timeout(patience, Arc::clone(&self.workers).acquire_owned());
        let Ok(Ok(worker)) = worker.await else {
            return Err(ExtractError::Busy { url, after: patience });
        };
        let work = tokio::task::spawn_blocking(move || {
            let _worker = worker;
            read(&source, max_text)
        });
        match tokio::time::timeout(deadline, work).await {
            Ok(Ok(page)) => page,
            Ok(Err(_)) => Err(ExtractError::Failed { url }),
            Err(_) => Err(ExtractError::Late { url, after: deadline }),
        }
    }
}

impl Default for Extractor {
    fn default() -> Self {
        Self::new(ExtractSettings::default())
    }
}

/// Reads a page on this thread. Of text, `max_text` bytes are read.
pub fn read(source: &Source, max_text: usize) -> Result<Page, ExtractError> {
    let url = &source.url;
    let mut flags = Vec::new();
    let mut meta = Meta::default();
    let reading = if source.media == Media::Pdf {
        let (reading, cut) = pdf::read(&source.bytes).map_err(|reason| ExtractError::Pdf {
            url: url.to_string(),
            reason,
        })?;
        if cut {
            flags.push(Flag::Truncated);
        }
        reading
    } else {
        let text = text_of(source, max_text, &mut flags);
        match source.media {
            Media::Html => {
                let page = html::read(&text, url);
                meta = page.meta;
                flags.extend(page.flags);
                page.reading
            }
            Media::Json => plain::json(&text, url),
            Media::Xml => plain::xml(&text),
            Media::Markdown => plain::markdown(&text),
            Media::Plain | Media::Pdf => plain::text(&text, url),
        }
    };
    page(url, reading, meta, flags)
}

fn text_of(source: &Source, max_text: usize, flags: &mut Vec<Flag>) -> String {
    let bytes = &source.bytes[..source.bytes.len().min(max_text)];
    if bytes.len() < source.bytes.len() {
        flags.push(Flag::Truncated);
    }
    let decoded = decode(bytes, source.charset.as_deref());
    // A cut in the middle of a character is no fault of the page.
    if decoded.has_errors && bytes.len() == source.bytes.len() {
        flags.push(Flag::BrokenText);
    }
    decoded.text
}

fn page(url: &Url, reading: Reading, meta: Meta, mut flags: Vec<Flag>) -> Result<Page, ExtractError> {
    let markdown = visible(&reading.markdown);
    if markdown.len() < reading.markdown.len() && has_message(&reading.markdown) {
        flags.push(Flag::InvisibleCharacters);
    }
    let markdown = markdown.trim().to_owned();
    let words = count_words(&markdown);
    if words == 0 {
        return Err(ExtractError::Empty { url: url.to_string() });
    }
    let title = reading
        .title
        .or(meta.title)
        .map(|title| shortened(&visible(&title)));
    let speaks = |text: &str| instructs(text).is_some();
    if speaks(&markdown) || title.as_deref().is_some_and(speaks) {
        flags.push(Flag::InstructsModel);
    }
    Ok(Page {
        title: title.filter(|title| !title.is_empty()),
        url: url.to_string(),
        canonical: meta.canonical.map(String::from),
        date: reading.date.or(meta.date),
        language: meta.language,
        markdown,
        kind: reading.kind,
        words,
        flags,
    })
}

/// Characters of a title that are kept.
const MAX_TITLE: usize = 300;

fn shortened(title: &str) -> String {
    title.trim().chars().take(MAX_TITLE).collect()
}

/// Invisible characters that occur by themselves: marks of order at the start, soft hyphens, blanks of width zero
/// between words of a long name, carriage returns. Whatever else is invisible was put there.
fn has_message(text: &str) -> bool {
    text.chars().any(
        |char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e0fff}'),
    )
}

/// Words of a text; two characters of Chinese, Japanese or Korean count as one.
fn count_words(text: &str) -> usize {
    let mut words = 0;
    let mut wide = 0;
    let mut inside = false;
    for char in text.chars() {
        let is_wide = matches!(char, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
        let is_part = char.is_alphanumeric() && !is_wide;
        if is_wide {
            wide += 1;
        } else if is_part && !inside {
            words += 1;
        }
        inside = is_part || (inside && !char.is_whitespace() && !is_wide);
    }
    words + usize::div_ceil(wide, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_all_languages() {
        for (text, expected) in [
            ("", 0),
            ("one two-three, four", 3),
            ("- * # |", 0),
            ("日本語で書く", 3),
            ("Rust で書く x", 4),
        ] {
            assert_eq!(count_words(text), expected, "{text}");
        }
    }
}
