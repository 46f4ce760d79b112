//! Keeps key material and credentials out of the index: whole files by their name or contents, and single values
//! inside a text, which are blotted out in place. It knows shapes, not owners: nothing is ever tried out.

mod assignment;
mod entropy;
mod file;
mod pem;
mod scan;
mod token;
mod typed;

pub use file::{whole_file, whole_text};

/// Of the rules for secrets. It is part of what names a stored text, so that new rules reach texts stored before.
pub const VERSION: u32 = 1;

/// A value that was blotted out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redaction {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The rule that told.
    pub rule: &'static str,
}

/// Blots out every secret in `text` with `*`. Lengths, lines and everything else stay as they are, so that places in
/// the text remain places in the file. Takes time in proportion to the text.
pub fn redact(text: &mut String) -> Vec<Redaction> {
    let spans = scan::find(text.as_bytes(), scan::Origin::File);
    blot(text, spans)
}

/// The same for what somebody typed, where a password that is assigned need be neither strong nor the end of its line.
pub fn redact_typed(text: &mut String) -> Vec<Redaction> {
    let spans = scan::find(text.as_bytes(), scan::Origin::Person);
    blot(text, spans)
}

fn blot(text: &mut String, spans: Vec<scan::Span>) -> Vec<Redaction> {
    if spans.is_empty() {
        return Vec::new();
    }
    let mut bytes = std::mem::take(text).into_bytes();
    let mut redactions = Vec::with_capacity(spans.len());
    let (mut line, mut counted) = (1_u32, 0);
    for span in spans {
        let newlines = memchr::memchr_iter(b'\n', bytes.get(counted..span.start).unwrap_or_default()).count();
        line = line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        counted = span.start;
        redactions.push(Redaction {
            line,
            rule: span.rule,
        });
        for byte in bytes.get_mut(span.start..span.end).unwrap_or_default() {
            let kept = match span.keep {
                scan::Keep::Lines => matches!(byte, b'\n' | b'\r'),
                scan::Keep::Frame => {
                    !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=')
                }
            };
            if !kept {
                *byte = b'*';
            }
        }
    }
    // Spans begin and end between characters, so this never finds anything to mend.
    *text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    redactions
}
