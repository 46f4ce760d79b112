//! Fetching a model's files from a hub into a cache folder, once.
//!
//! A file appears under its name only when it is whole; what is there is not asked for again.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::{MAX_MODEL_FILE, MAX_SMALL_FILE, MODEL_FILES, POOLING_FILE, TOKENIZER_FILES};
use crate::EmbedError;

/// A model of a hub and where its files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubModel {
    /// `owner/name`.
    pub id: String,
    /// A branch, tag or commit; a commit never changes under the same name.
    pub revision: String,
    /// The hub's address.
    pub hub: String,
    /// The cache folder; the model gets one below it.
    pub cache: PathBuf,
}

impl HubModel {
    /// A model of the Hugging Face hub, as its main branch is.
    pub fn new(id: impl Into<String>, cache: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            revision: "main".into(),
            hub: "https://huggingface.co".into(),
            cache: cache.into(),
        }
    }

    fn folder(&self) -> Result<PathBuf, EmbedError> {
        // The parts become file names, so nothing may lead out of the cache.
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let wrong = |setting, what: &str| EmbedError::Setting {
            setting,
            what: what.into(),
        };
        match self.id.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => {}
            _ => return Err(wrong("model", "it is not of the form owner/name")),
        }
        if !plain(&self.revision) {
            return Err(wrong("revision", "it is no branch, tag or commit"));
        }
        Ok(self.cache.join(self.id.replace('/', "--")).join(&self.revision))
    }
}

const CONNECT: Duration = Duration::from_secs(10);
/// For one file; a model of 2 GB at 10 Mbit/s takes under half an hour.
const TOTAL: Duration = Duration::from_secs(1800);
/// The hub answers with one redirect to its storage.
const REDIRECTS: usize = 5;

/// Downloads what is missing and gives the model's folder.
pub fn fetch(model: &HubModel, cancelled: &dyn Fn() -> bool) -> Result<PathBuf, EmbedError> {
    let folder = model.folder()?;
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .redirect(Policy::limited(REDIRECTS))
        .build()
        .map_err(|error| EmbedError::Download {
            url: model.hub.clone(),
            what: error.to_string(),
        })?;
    let get = |name: &str, limit| {
        let url = format!(
            "{}/{}/resolve/{}/{name}",
            model.hub.trim_end_matches('/'),
            model.id,
            model.revision
        );
        download(&client, &url, &folder.join(name), limit, cancelled)
    };
    for name in TOKENIZER_FILES {
        if !get(name, MAX_SMALL_FILE)? {
            let url = format!("{}/{}", model.hub, model.id);
            return Err(EmbedError::Download {
                url,
                what: format!("the model has no {name}"),
            });
        }
    }
    // Without it token vectors are averaged, which is what models without this file do.
    get(POOLING_FILE, MAX_SMALL_FILE)?;
    if MODEL_FILES.iter().any(|name| folder.join(name).is_file()) {
        return Ok(folder);
    }
    for name in MODEL_FILES
        .iter()
        .filter(|name| name.starts_with("onnx/"))
        .chain(&MODEL_FILES)
    {
        if get(name, MAX_MODEL_FILE)? {
            return Ok(folder);
        }
    }
    let url = format!("{}/{}", model.hub, model.id);
    Err(EmbedError::Download {
        url,
        what: "the model has no ONNX file".into(),
    })
}

/// Downloads one file; false when the hub does not have it.
fn download(
    client: &Client,
    url: &str,
    path: &Path,
    limit: u64,
    cancelled: &dyn Fn() -> bool,
) -> Result<bool, EmbedError> {
    if path.is_file() {
        return Ok(true);
    }
    let failed = |what: String| EmbedError::Download {
        url: url.into(),
        what,
    };
    let unwritten = |source| EmbedError::File {
        action: "write",
        path: path.into(),
        source,
    };
    let mut response = client
        .get(url)
        .send()
        .map_err(|error| failed(error.without_url().to_string()))?;
    match response.status().as_u16() {
        200 => {}
        404 => return Ok(false),
        401 | 403 => return Err(failed("there is no such public model".into())),
        status => return Err(failed(format!("the hub answered {status}"))),
    }
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit) {
        return Err(failed(format!("it is larger than {limit} bytes")));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(unwritten)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritten)?;
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        if cancelled() {
            return Err(EmbedError::Cancelled);
        }
        let read = response
            .read(&mut buffer)
            .map_err(|error| failed(format!("it broke off: {error}")))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > limit {
            return Err(failed(format!("it is larger than {limit} bytes")));
        }
        file.write_all(&buffer[..read]).map_err(unwritten)?;
    }
    if announced.is_some_and(|length| length != size) {
        return Err(failed("it ended early".into()));
    }
    file.as_file().sync_all().map_err(unwritten)?;
    file.persist(path).map_err(|error| unwritten(error.error))?;
    tracing::info!(url, size, "downloaded");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_cache() {
        for id in ["../../etc", "a/../b", "a", "a/b/c", "/a/b", "a/.hidden", ""] {
            assert!(HubModel::new(id, "cache").folder().is_err(), "{id}");
        }
        let mut model = HubModel::new("owner/some-model_v1.5", "cache");
        assert!(model.folder().unwrap().ends_with("owner--some-model_v1.5/main"));
        model.revision = "../x".into();
        assert!(model.folder().is_err());
    }
}
