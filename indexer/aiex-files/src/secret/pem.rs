//! Private keys in PEM form inside a text, whether on lines of their own or as a string in code.

use super::scan::{Keep, Span};

/// The longest private key: RSA of 16,384 bits takes 13 kB.
const LONGEST: usize = 32 * 1024;

/// Fewer letters than this are no key; code that merely looks for the header has none.
const SHORTEST_BODY: usize = 40;

/// The body of the private key whose header begins at `start`.
pub(super) fn at(text: &[u8], start: usize) -> Option<Span> {
    let header = text.get(start..)?;
    let header = header.get(..header.len().min(80))?;
    let begin = b"-----BEGIN".len();
    let close = memchr::memmem::find(header.get(begin..)?, b"-----")? + begin;
    memchr::memmem::find(header.get(..close)?, b"PRIVATE KEY")?;
    let body = start + close + b"-----".len();
    let rest = text.get(body..)?;
    let rest = rest.get(..rest.len().min(LONGEST))?;
    let mut end = 0;
    let mut letters = 0;
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            b'-' if rest.get(index..).is_some_and(|tail| tail.starts_with(b"-----")) => {
                end = index;
                break;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => letters += 1,
            // Frames of strings, comments and the headers of encrypted keys.
            b' ' | b'\t' | b'\n' | b'\r' | b'\\' | b'"' | b'\'' | b'`' | b',' | b':' | b'-' | b'.' | b'#'
            | b'*' => {}
            _ => break,
        }
        end = index + 1;
    }
    (SHORTEST_BODY <= letters).then(|| Span {
        start: body,
        end: body + end,
        rule: "private_key",
        keep: Keep::Frame,
    })
}
