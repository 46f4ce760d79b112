//! Bytes to text, or the reason why they are none. It knows encodings, not languages.

/// A NUL in the first part of a file makes it binary, as in git (which looks at 8,000 bytes).
const NUL_WINDOW: usize = 64 * 1024;

/// One control character in this many bytes is too many for text.
const CONTROL_SHARE: usize = 50;

/// When more than one byte in this many is no UTF-8, it is not a text with a few Latin-1 letters.
const INVALID_SHARE: usize = 4;

pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) was_lossy: bool,
}

/// Decodes UTF-8 and, with a byte order mark, UTF-16. Bytes that are no UTF-8 become `?`, one for one, so that places
/// in the text remain places in the file.
pub(super) fn decode(mut bytes: Vec<u8>) -> Result<Decoded, &'static str> {
    match bytes.get(..3) {
        Some([0xFF, 0xFE, ..]) => return utf16(&bytes, u16::from_le_bytes),
        Some([0xFE, 0xFF, ..]) => return utf16(&bytes, u16::from_be_bytes),
        Some([0xEF, 0xBB, 0xBF]) => {
            bytes.drain(..3);
        }
        _ => {}
    }
    if memchr::memchr(0, bytes.get(..NUL_WINDOW).unwrap_or(&bytes)).is_some() {
        return Err("holds NUL bytes");
    }
    if bytes.starts_with(b"%PDF-") {
        return Err("a PDF document");
    }
    if too_many_controls(&bytes) {
        return Err("too many control characters");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Decoded {
            text,
            was_lossy: false,
        }),
        Err(error) => mend(error.as_bytes()),
    }
}

fn mend(bytes: &[u8]) -> Result<Decoded, &'static str> {
    let mut text = String::with_capacity(bytes.len());
    let mut invalid = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        invalid += chunk.invalid().len();
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    if bytes.len() / INVALID_SHARE < invalid {
        return Err("too many bytes that are not UTF-8");
    }
    Ok(Decoded {
        text,
        was_lossy: true,
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded, &'static str> {
    let units = bytes.get(2..).unwrap_or_default().chunks_exact(2);
    let odd = !units.remainder().is_empty();
    let units = units.filter_map(|pair| pair.try_into().ok().map(unit));
    let mut was_lossy = odd;
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units) {
        text.push(decoded.unwrap_or_else(|_| {
            was_lossy = true;
            '?'
        }));
    }
    if text.contains('\0') || too_many_controls(text.as_bytes()) {
        return Err("too many control characters");
    }
    Ok(Decoded { text, was_lossy })
}

fn too_many_controls(bytes: &[u8]) -> bool {
    // Tab, line feed, vertical tab, form feed, carriage return and escape belong to text.
    let controls = bytes
        .iter()
        .filter(|b| matches!(b, 0x00..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F))
        .count();
    bytes.len() / CONTROL_SHARE < controls
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn text(bytes: &[u8]) -> Option<(String, bool)> {
        decode(bytes.to_vec())
            .ok()
            .map(|decoded| (decoded.text, decoded.was_lossy))
    }

    #[test]
    fn marks_are_understood_and_removed() {
        assert_eq!(text(b"\xEF\xBB\xBFfn main"), Some(("fn main".into(), false)));
        let little: Vec<u8> = "\u{feff}hé\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}hé\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text(&little), Some(("hé\n".into(), false)));
        assert_eq!(text(&big), Some(("hé\n".into(), false)));
        assert_eq!(text(b"\xFF\xFEa\0b"), Some(("a".into(), true)));
    }

    #[test]
    fn a_few_odd_bytes_are_mended_in_place() {
        assert_eq!(
            text(b"// caf\xe9 au lait"),
            Some(("// caf? au lait".into(), true))
        );
    }

    #[test]
    fn what_is_no_text_is_told() {
        assert_eq!(text(b"MZ\0\0\x01\x02"), None);
        assert_eq!(text(&[0x01; 100]), None);
        assert_eq!(text(&[0xE9; 100]), None);
        assert_eq!(text(b"%PDF-1.7 text"), None);
        assert_eq!(text(&[0; 4096]), None);
    }
}
