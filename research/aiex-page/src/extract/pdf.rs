//! The text of PDF files. The library is made for honest files, so it is given little: few bytes, few pages,
//! streams that may not grow beyond a limit, and its panics are caught.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Document, LoadOptions};

use super::sites::Reading;
use super::{PageKind, markdown::collapse};

/// Bytes of a file.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// Bytes that one stream of a file, or the streams of one page, may decompress to.
const MAX_STREAM: usize = 32 << 20;

/// Pages that are read.
const MAX_PAGES: usize = 200;

/// Characters that are read.
const MAX_TEXT: usize = 2 << 20;

/// Reads a file; the error says why it cannot be read. `true`: something of it was left out.
pub(super) fn read(bytes: &[u8]) -> Result<(Reading, bool), String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    catch_unwind(AssertUnwindSafe(|| text(bytes)))
        .unwrap_or_else(|_| Err("the reader failed on it".to_owned()))
}

fn text(bytes: &[u8]) -> Result<(Reading, bool), String> {
    let options = LoadOptions {
        max_decompressed_size: Some(MAX_STREAM),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| error.to_string())?;
    if document.is_encrypted() {
        return Err("it is encrypted".to_owned());
    }
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let mut out = String::new();
    let mut cut = pages.len() > MAX_PAGES;
    let mut failed = None;
    for page in pages.iter().take(MAX_PAGES) {
        match document.extract_text_with_limit(&[*page], MAX_STREAM) {
            Ok(text) => out.push_str(&paragraphs(&text)),
            Err(error) => failed = Some(error.to_string()),
        }
        if out.len() > MAX_TEXT {
            cut = true;
            break;
        }
        out.push_str("\n\n");
    }
    let markdown = out.trim().to_owned();
    match failed {
        Some(error) if markdown.is_empty() => Err(error),
        _ if markdown.is_empty() => Err("there is no text in it, only pictures perhaps".to_owned()),
        failed => Ok((
            Reading {
                kind: PageKind::Pdf,
                title: title(&document),
                date: None,
                markdown,
            },
            cut || failed.is_some(),
        )),
    }
}

fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let info = document.dereference(info).ok()?.1.as_dict().ok()?;
    let title = lopdf::decode_text_string(info.get(b"Title").ok()?).ok()?;
    let title = collapse(&title);
    (!title.is_empty()).then_some(title)
}

/// Lines of a page as paragraphs: lines that follow each other belong together, and a word divided at the end
/// of a line is one word.
fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = collapse(line);
        if line.is_empty() {
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push_str("\n\n");
            }
            continue;
        }
        let divided = out.ends_with('-') && line.starts_with(char::is_lowercase);
        if divided {
            out.pop();
        } else if !out.is_empty() && !out.ends_with('\n') {
            out.push(' ');
        }
        out.push_str(&line);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;

    use super::*;

    /// A file of one page with the given content stream.
    fn file(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut out = b"%PDF-1.5\n".to_vec();
        let mut offsets = Vec::new();
        let stream = [
            format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len()).as_bytes(),
            &packed,
            b"\nendstream",
        ]
        .concat();
        let objects: [&[u8]; 6] = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
            &stream,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Title (On  retries) >>",
        ];
        for (index, object) in objects.iter().enumerate() {
            offsets.push(out.len());
            out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
            out.extend_from_slice(object);
            out.extend_from_slice(b"\nendobj\n");
        }
        let xref = out.len();
        out.extend_from_slice(b"xref\n0 7\n0000000000 65535 f \n");
        for offset in offsets {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        out.extend_from_slice(
            format!("trailer\n<< /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n{xref}\n%%EOF").as_bytes(),
        );
        out
    }

    #[test]
    fn text_and_title_are_read() {
        let bytes =
            file(b"BT /F1 12 Tf 72 700 Td (Retries need jit-) Tj ET BT 72 686 Td (ter and a cap.) Tj ET");
        let (reading, cut) = read(&bytes).unwrap();
        assert_eq!(reading.title.as_deref(), Some("On retries"));
        assert_eq!(reading.markdown, "Retries need jitter and a cap.");
        assert!(!cut);
    }

    #[test]
    fn a_bomb_and_nonsense_are_refused() {
        assert!(read(&file(&vec![b' '; MAX_STREAM + 1])).is_err());
        assert!(read(b"%PDF-1.7 nonsense").is_err());
        assert!(read(b"").is_err());
        assert!(read(&vec![b'%'; MAX_BYTES + 1]).unwrap_err().contains("larger"));
        assert!(read(&file(b"")).unwrap_err().contains("no text"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Files with broken places are read or refused.
        #[test]
        fn broken_files_do_no_harm(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
            let mut bytes = file(b"BT /F1 12 Tf (Text) Tj ET");
            for (place, byte) in places {
                let at = place.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = read(&bytes);
        }
    }
}
