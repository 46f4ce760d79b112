//! What came back: vectors, or which kind of error. Some services say 200 and mean an error, so the body is read first.

use std::error::Error;
use std::io::Read;

use reqwest::blocking::Response;
use serde_json::Value;

use super::Protocol;
use crate::EmbedError;

/// Room for an answer: a vector of 4,096 numbers of 24 characters a text, and what surrounds them.
const BYTES_PER_TEXT: u64 = 4096 * 24;
const BYTES_AROUND: u64 = 1 << 20;
/// A message longer than this is a page, not a message.
const MAX_MESSAGE: usize = 300;

/// The request an answer belongs to.
pub(super) struct Asked<'a> {
    pub(super) protocol: Protocol,
    pub(super) url: &'a str,
    pub(super) model: &'a str,
    pub(super) id: &'a str,
    pub(super) texts: usize,
    pub(super) dimensions: Option<usize>,
}

/// Why a body was not read to its end.
pub(super) enum Unread {
    Broken(String),
    Huge(u64),
}

/// A transport error with the cause at its root, which is the part that says something.
pub(super) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".into();
    }
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// The start of a text, at most `bytes` long and ending at a character.
pub(super) fn head(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// Reads a body up to the size that `texts` vectors can have.
pub(super) fn read(response: Response, texts: usize) -> Result<Vec<u8>, Unread> {
    let limit = BYTES_AROUND + BYTES_PER_TEXT * texts as u64;
    let mut body = Vec::new();
    response
        .take(limit + 1)
        .read_to_end(&mut body)
        .map_err(|error| Unread::Broken(format!("the answer broke off: {error}")))?;
    if body.len() as u64 > limit {
        Err(Unread::Huge(limit))
    } else {
        Ok(body)
    }
}

/// The vectors of an answer, in the order of the texts.
pub(super) fn vectors(asked: &Asked<'_>, status: u16, body: &[u8]) -> Result<Vec<Vec<f32>>, EmbedError> {
    let malformed = |what: &str| EmbedError::Malformed {
        url: asked.url.into(),
        what: what.into(),
    };
    let value = serde_json::from_slice::<Value>(body);
    let fault = value
        .as_ref()
        .ok()
        .and_then(|value| value.get("error"))
        .filter(|error| !error.is_null());
    if fault.is_some() || !(200..300).contains(&status) {
        return Err(fault_of(asked, status, fault, body));
    }
    let value = value.map_err(|_| malformed("it is not JSON"))?;
    let vectors = match asked.protocol {
        Protocol::OpenAi => by_index(&value, asked.texts).map_err(malformed)?,
        Protocol::Ollama => {
            let list = value.get("embeddings").and_then(Value::as_array);
            list.ok_or_else(|| malformed("embeddings are missing"))?
                .iter()
                .map(numbers)
                .collect()
        }
    };
    if vectors.len() != asked.texts {
        return Err(malformed(&format!(
            "{} vectors for {} texts",
            vectors.len(),
            asked.texts
        )));
    }
    let vectors: Vec<Vec<f32>> = vectors
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("a vector has something else than numbers"))?;
    let expected = asked
        .dimensions
        .unwrap_or_else(|| vectors.first().map_or(0, Vec::len));
    if expected == 0 {
        return Err(malformed("a vector is empty"));
    }
    match vectors.iter().find(|vector| vector.len() != expected) {
        None => Ok(vectors),
        Some(vector) => Err(EmbedError::Dimensions {
            id: asked.id.into(),
            expected,
            found: vector.len(),
        }),
    }
}

/// OpenAI's items say which text they belong to; each index must come once.
fn by_index(value: &Value, texts: usize) -> Result<Vec<Option<Vec<f32>>>, &'static str> {
    let data = value
        .get("data")
        .and_then(Value::as_array)
        .ok_or("data is missing")?;
    if data.len() != texts {
        return Err("it has another number of vectors than texts");
    }
    let mut vectors = vec![None; texts];
    for (place, item) in data.iter().enumerate() {
        let index = match item.get("index") {
            None => place,
            Some(index) => index.as_u64().ok_or("an index is not a number")? as usize,
        };
        let slot = vectors.get_mut(index).ok_or("an index is out of range")?;
        let vector = item.get("embedding").ok_or("an embedding is missing")?;
        if slot
            .replace(numbers(vector).ok_or("a vector has something else than numbers")?)
            .is_some()
        {
            return Err("an index comes twice");
        }
    }
    Ok(vectors)
}

fn numbers(value: &Value) -> Option<Vec<f32>> {
    let number = |value: &Value| value.as_f64().map(|x| x as f32).filter(|x| x.is_finite());
    value.as_array()?.iter().map(number).collect()
}

/// Which error an answer means: what the body says goes before the status.
fn fault_of(asked: &Asked<'_>, status: u16, fault: Option<&Value>, body: &[u8]) -> EmbedError {
    let url = asked.url.to_owned();
    let member = |name: &str| {
        fault
            .and_then(|f| f.get(name))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let message = match fault {
        Some(Value::String(text)) => text.clone(),
        Some(_) if !member("message").is_empty() => member("message").to_owned(),
        Some(other) => other.to_string(),
        None => String::from_utf8_lossy(body).trim().to_owned(),
    };
    let message = match message.as_str() {
        "" => "no message".to_owned(),
        page if page.starts_with('<') => "a web page instead of an answer".to_owned(),
        text => head(text, MAX_MESSAGE).to_owned(),
    };
    let said = message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    if says(&[
        "context length",
        "context size",
        "too large",
        "too long",
        "maximum input",
    ]) || status == 413
    {
        return EmbedError::TooLong { url, message };
    }
    if member("code") == "insufficient_quota" || member("type") == "insufficient_quota" || status == 402 {
        return EmbedError::QuotaExhausted { url, message };
    }
    if member("code") == "invalid_api_key" || matches!(status, 401 | 403) {
        return EmbedError::KeyRejected { url, status };
    }
    if member("code") == "model_not_found" || status == 404 && says(&["model"]) {
        return EmbedError::ModelMissing {
            url,
            model: asked.model.into(),
            message,
        };
    }
    match status {
        408 | 409 | 429 | 500.. => EmbedError::Busy { url, status, message },
        _ => EmbedError::Refused { url, status, message },
    }
}
