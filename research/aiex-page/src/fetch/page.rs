//! What is asked for and what comes back.

use std::time::SystemTime;

use url::Url;

use super::charset::{Decoded, decode};
use super::media::Media;

/// Who wants the page, which decides whether robots.txt is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    /// The program does, on its own account: robots.txt is honoured.
    #[default]
    Automatically,
    /// The user named this URL: robots.txt is for programs, so it is not asked.
    ByUser,
}

/// A page that is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where it is.
    pub url: Url,
    /// Who wants it.
    pub asked: Asked,
    /// What is known of an earlier copy; then the answer may be [`Reply::NotModified`].
    pub validators: Option<Validators>,
}

/// What tells whether a copy is still good (RFC 9110, 8.8). Kept as the host sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// The URL that the copy came from, after redirects. They are sent to no other.
    pub url: Url,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
}

/// The answer to a [`PageRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The page.
    Page(Box<Fetched>),
    /// The copy with these validators is still good.
    NotModified(Validators),
}

/// A page as it came over the wire, decompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The URL that was asked for.
    pub requested: Url,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The kind of text.
    pub media: Media,
    /// The charset that the content type names.
    pub charset: Option<String>,
    /// The page's bytes.
    pub bytes: Vec<u8>,
    /// For asking again later.
    pub validators: Validators,
    /// When it was fetched.
    pub fetched_at: SystemTime,
}

impl Fetched {
    /// The bytes as text. Meaningless for PDF.
    pub fn decode(&self) -> Decoded {
        decode(&self.bytes, self.charset.as_deref())
    }
}
