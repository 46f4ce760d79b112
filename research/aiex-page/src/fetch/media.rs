//! What kind of text an answer is, from its content type and its first bytes.

use std::fmt;

/// A kind of text that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// HTML and XHTML.
    Html,
    /// XML other than XHTML: feeds, mostly.
    Xml,
    /// JSON.
    Json,
    /// Markdown.
    Markdown,
    /// Any other text, program code included.
    Plain,
    /// PDF.
    Pdf,
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Html => "HTML",
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::Markdown => "Markdown",
            Self::Plain => "text",
            Self::Pdf => "PDF",
        })
    }
}

/// What a content type says before anything of the content is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It is this.
    Known(Media),
    /// Nothing: the bytes have to tell.
    Unknown,
    /// Something without text in it.
    Other,
}

/// Content types that servers send when they do not know either.
const UNKNOWING: &[&str] = &[
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/unknown",
];

/// `application/…` types that are text all the same.
const APPLICATION_TEXT: &[&str] = &[
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/sql",
    "application/toml",
    "application/typescript",
    "application/x-httpd-php",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-tex",
    "application/x-yaml",
    "application/yaml",
];

pub(crate) fn declared(content_type: &str) -> Declared {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let media = match essence.as_str() {
        unknowing if UNKNOWING.contains(&unknowing) => return Declared::Unknown,
        "text/html" | "application/xhtml+xml" => Media::Html,
        "text/markdown" | "text/x-markdown" => Media::Markdown,
        "application/pdf" | "application/x-pdf" => Media::Pdf,
        "application/json" | "text/json" => Media::Json,
        "text/xml" | "application/xml" => Media::Xml,
        other if other.ends_with("+json") => Media::Json,
        "image/svg+xml" => return Declared::Other,
        other if other.ends_with("+xml") => Media::Xml,
        "text/css" | "text/event-stream" => return Declared::Other,
        other if other.starts_with("text/") || APPLICATION_TEXT.contains(&other) => Media::Plain,
        _ => return Declared::Other,
    };
    Declared::Known(media)
}

/// The `charset` parameter of a content type.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// How many bytes are looked at.
const SNIFFED: usize = 1024;

/// What the bytes are, given what was declared; `None` if there is no text in them.
pub(crate) fn settled(declared: Declared, bytes: &[u8]) -> Option<Media> {
    let start = &bytes[..bytes.len().min(SNIFFED)];
    if start.starts_with(b"%PDF-") {
        return Some(Media::Pdf);
    }
    let wide = start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
    if start.contains(&0) && !wide {
        return None;
    }
    match declared {
        Declared::Known(Media::Pdf) | Declared::Other => None,
        Declared::Known(media) => Some(media),
        Declared::Unknown => {
            let text = String::from_utf8_lossy(start).to_ascii_lowercase();
            let html = ["<!doctype html", "<html", "<head", "<body"]
                .iter()
                .any(|tag| text.contains(tag));
            Some(if html { Media::Html } else { Media::Plain })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_recognised() {
        for (content_type, expected) in [
            ("text/html; charset=utf-8", Declared::Known(Media::Html)),
            ("Application/XHTML+XML", Declared::Known(Media::Html)),
            ("application/vnd.github+json", Declared::Known(Media::Json)),
            ("application/atom+xml", Declared::Known(Media::Xml)),
            ("text/x-rust", Declared::Known(Media::Plain)),
            ("application/octet-stream", Declared::Unknown),
            ("", Declared::Unknown),
            ("image/png", Declared::Other),
            ("image/svg+xml", Declared::Other),
            ("application/zip", Declared::Other),
            ("video/mp4", Declared::Other),
        ] {
            assert_eq!(declared(content_type), expected, "{content_type}");
        }
        assert_eq!(
            charset("text/html; x=1; Charset=\"Shift_JIS\""),
            Some("Shift_JIS")
        );
        assert_eq!(charset("text/html; charset="), None);
        assert_eq!(charset("text/html"), None);
    }

    #[test]
    fn bytes_have_the_last_word() {
        let plain = Declared::Known(Media::Plain);
        assert_eq!(settled(Declared::Unknown, b"%PDF-1.7"), Some(Media::Pdf));
        assert_eq!(
            settled(Declared::Unknown, b"\n<!DOCTYPE html><p>"),
            Some(Media::Html)
        );
        assert_eq!(settled(Declared::Unknown, b"fn main() {}"), Some(Media::Plain));
        assert_eq!(settled(plain, b"\x7fELF\x00\x01"), None);
        assert_eq!(settled(plain, b"\xff\xfea\x00b\x00"), Some(Media::Plain));
        assert_eq!(
            settled(Declared::Known(Media::Pdf), b"<html>not found</html>"),
            None
        );
    }
}
