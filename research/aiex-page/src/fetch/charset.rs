//! From bytes to text: which encoding they are in, as browsers decide it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that have become text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// The encoding's name in the Encoding Standard, such as `UTF-8`.
    pub encoding: &'static str,
    /// Some bytes meant nothing in this encoding and became U+FFFD.
    pub has_errors: bool,
}

/// How far into a page its own word on its encoding is looked for. The standard says 1024 bytes; pages that
/// place it later are common.
const PRESCAN: usize = 4096;

/// Decodes by the first that is known: byte-order mark, the `charset` of the content type, the page's own word
/// (`<meta>`, XML declaration), valid UTF-8, a guess from the bytes. The mark comes first, as the Encoding
/// Standard has it: it is part of what was written, while headers are often set for a whole server.
pub fn decode(bytes: &[u8], charset: Option<&str>) -> Decoded {
    let encoding = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or_else(|| charset.and_then(|label| Encoding::for_label(label.as_bytes())))
        .or_else(|| own_word(bytes))
        .unwrap_or_else(|| guess(bytes));
    let (text, encoding, has_errors) = encoding.decode(bytes);
    Decoded {
        text: text.into_owned(),
        encoding: encoding.name(),
        has_errors,
    }
}

/// The value of the first `charset=` or `encoding=` inside of a tag at the start of the page.
fn own_word(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(PRESCAN)];
    let text = start.to_ascii_lowercase();
    let mut rest = text.as_slice();
    while let Some(open) = rest.iter().position(|&byte| byte == b'<') {
        rest = &rest[open + 1..];
        let close = rest.iter().position(|&byte| byte == b'>').unwrap_or(rest.len());
        let tag = &rest[..close];
        let label = if tag.starts_with(b"meta") {
            value_after(tag, b"charset")
        } else if tag.starts_with(b"?xml") {
            value_after(tag, b"encoding")
        } else {
            None
        };
        if let Some(encoding) = label.and_then(Encoding::for_label) {
            // The tag was readable byte by byte, so it is not UTF-16 whatever it says.
            let wide = encoding == UTF_16BE || encoding == UTF_16LE;
            return Some(if wide { UTF_8 } else { encoding });
        }
    }
    None
}

fn value_after<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = tag.windows(name.len()).position(|window| window == name)?;
    let rest = tag[at + name.len()..].trim_ascii_start().strip_prefix(b"=")?;
    let rest = rest.trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or(rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\'' | b';' | b' ' | b'/' | b'?'))
        .unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

/// How many bytes a guess looks at.
const GUESSED: usize = 64 << 10;

fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let seen = &bytes[..bytes.len().min(GUESSED)];
    if !detector.feed(seen, true) {
        return WINDOWS_1252;
    }
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{EUC_KR, GBK, SHIFT_JIS, WINDOWS_1251};

    use super::*;

    #[test]
    fn the_header_decides() {
        let decoded = decode(b"caf\xe9", Some("ISO-8859-1"));
        assert_eq!(
            (decoded.text.as_str(), decoded.encoding),
            ("café", "windows-1252")
        );
    }

    #[test]
    fn a_mark_beats_the_header_and_is_removed() {
        let decoded = decode("\u{feff}naïve".as_bytes(), Some("latin1"));
        assert_eq!((decoded.text.as_str(), decoded.encoding), ("naïve", "UTF-8"));
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("Grüße".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(decode(&wide, None).text, "Grüße");
    }

    #[test]
    fn the_page_knows_when_the_header_is_silent() {
        for page in [
            "<html><head><meta charset=windows-1251><p>",
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">",
            "<META CHARSET = 'windows-1251' />",
            "<?xml version=\"1.0\" encoding=\"windows-1251\"?><p>",
        ] {
            let (body, _, _) = WINDOWS_1251.encode("Привет");
            let bytes = [page.as_bytes(), &body].concat();
            assert!(decode(&bytes, None).text.ends_with("Привет"), "{page}");
            assert!(
                decode(&bytes, Some("no-such-charset")).text.ends_with("Привет"),
                "{page}"
            );
        }
        assert_eq!(decode(b"<meta charset=utf-16>abc", None).encoding, "UTF-8");
    }

    #[test]
    fn without_any_word_the_bytes_are_guessed_from() {
        for (encoding, text) in [
            (
                SHIFT_JIS,
                "この文書は日本語で書かれています。検索エンジンの設定について説明します。",
            ),
            (
                GBK,
                "本文档说明如何配置搜索引擎以及如何建立索引。请先阅读安装指南。",
            ),
            (
                EUC_KR,
                "이 문서는 검색 엔진의 설정 방법을 설명합니다. 먼저 설치 안내서를 읽으십시오.",
            ),
            (
                WINDOWS_1251,
                "Этот документ объясняет, как настроить поисковую систему и построить индекс.",
            ),
        ] {
            let (bytes, _, unmappable) = encoding.encode(text);
            assert!(!unmappable);
            assert_eq!(decode(&bytes, None).text, text, "{}", encoding.name());
        }
        assert_eq!(decode("schön".as_bytes(), None).encoding, "UTF-8");
    }

    #[test]
    fn broken_bytes_are_reported() {
        let decoded = decode(b"a\xff\xfeb", Some("utf-8"));
        assert!(decoded.has_errors && decoded.text.contains('\u{fffd}'));
    }
}
