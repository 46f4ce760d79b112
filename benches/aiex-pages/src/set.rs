//! Saved pages and their truth, in the two layouts that public sets have.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use url::Url;

/// A saved page whose content is known.
#[derive(Debug)]
pub(crate) struct SavedPage {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) url: Url,
    pub(crate) html: Vec<u8>,
    pub(crate) truth: String,
}

/// A set that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetError {
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not what it should be: {source}", path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{} names a page without a URL: {source}", path.display())]
    NoUrl { path: PathBuf, source: url::ParseError },
    #[error("{} has no pages", path.display())]
    Nothing { path: PathBuf },
}

/// Reads the layout of the web content extraction benchmark.
pub(crate) fn wcxb(path: &Path) -> Result<Vec<SavedPage>, SetError> {
    let folder = path.join("ground-truth");
    let entries = fs::read_dir(&folder).map_err(|source| SetError::Unreadable {
        path: folder.clone(),
        source,
    })?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut pages = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let value = json(&file)?;
        let text = |pointer: &str| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        pages.push(SavedPage {
            kind: text("/_internal/page_type/primary"),
            url: url_of(&text("/url"), &file)?,
            html: page(path, &name)?,
            truth: text("/ground_truth/main_content"),
            name,
        });
    }
    some(pages, path)
}

/// Reads the layout of the article extraction benchmark.
pub(crate) fn articles(path: &Path) -> Result<Vec<SavedPage>, SetError> {
    let value = json(&path.join("ground-truth.json"))?;
    let mut pages = Vec::new();
    for (name, entry) in value.as_object().into_iter().flatten() {
        let text = |name: &str| {
            entry
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        pages.push(SavedPage {
            kind: "article".to_owned(),
            url: url_of(&text("url"), path)?,
            html: page(path, name)?,
            truth: text("articleBody"),
            name: name.clone(),
        });
    }
    some(pages, path)
}

fn some(pages: Vec<SavedPage>, path: &Path) -> Result<Vec<SavedPage>, SetError> {
    if pages.is_empty() {
        return Err(SetError::Nothing {
            path: path.to_owned(),
        });
    }
    Ok(pages)
}

fn json(path: &Path) -> Result<Value, SetError> {
    let bytes = fs::read(path).map_err(|source| SetError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| SetError::NotJson {
        path: path.to_owned(),
        source,
    })
}

fn page(set: &Path, name: &str) -> Result<Vec<u8>, SetError> {
    let path = set.join("html").join(format!("{name}.html.gz"));
    let mut html = Vec::new();
    let read = File::open(&path).and_then(|file| MultiGzDecoder::new(file).read_to_end(&mut html));
    read.map_err(|source| SetError::Unreadable { path, source })?;
    Ok(html)
}

/// Some pages were saved without an address; they get one that says nothing.
fn url_of(text: &str, path: &Path) -> Result<Url, SetError> {
    const NOWHERE: &str = "https://page.example/";
    Url::parse(text)
        .or_else(|_| Url::parse(NOWHERE))
        .map_err(|source| SetError::NoUrl {
            path: path.to_owned(),
            source,
        })
}
