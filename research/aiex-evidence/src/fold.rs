//! Text folded for comparison, with the way back to the bytes it came from.
//!
//! Folding evens out what copying changes and reading does not see: runs of white space, curly quotes, the many
//! dashes, compatibility forms (Unicode NFKD, so that composed and decomposed letters meet) and invisible characters.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

/// Folded text and, for each of its bytes, the bytes of the original it came from.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub(crate) text: String,
    origin: Vec<Range<usize>>,
}

impl Folded {
    pub(crate) fn new(original: &str) -> Self {
        let mut folded = Self {
            text: String::with_capacity(original.len()),
            origin: Vec::with_capacity(original.len()),
        };
        for (at, c) in original.char_indices() {
            let from = at..at + c.len_utf8();
            match c {
                _ if c.is_whitespace() => {
                    if !folded.text.ends_with(' ') && !folded.text.is_empty() {
                        folded.push(' ', from);
                    }
                }
                '!'..='~' => folded.push(c, from),
                _ if is_invisible(c) => {}
                '‘' | '’' | '‚' | '‛' | '′' | '´' => folded.push('\'', from),
                '“' | '”' | '„' | '‟' | '″' | '«' | '»' => folded.push('"', from),
                '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => folded.push('-', from),
                _ => decompose_compatible(c, |part| {
                    if !part.is_whitespace() {
                        folded.push(part, from.clone());
                    } else if !folded.text.ends_with(' ') && !folded.text.is_empty() {
                        folded.push(' ', from.clone());
                    }
                }),
            }
        }
        folded
    }

    /// A text with its digits of other scripts and widths as `0` to `9`, and nothing else changed; `None` when it has none.
    pub(crate) fn digits(original: &str) -> Option<Self> {
        original.chars().any(|c| digit(c).is_some()).then(|| {
            let mut folded = Self::default();
            for (at, c) in original.char_indices() {
                folded.push(digit(c).unwrap_or(c), at..at + c.len_utf8());
            }
            folded
        })
    }

    fn push(&mut self, c: char, from: Range<usize>) {
        self.text.push(c);
        self.origin.extend(std::iter::repeat_n(from, c.len_utf8()));
    }

    /// The bytes of the original that a range of the folded text came from.
    pub(crate) fn original(&self, range: Range<usize>) -> Option<Range<usize>> {
        let first = self.origin.get(range.start)?;
        let last = self.origin.get(range.end.checked_sub(1)?)?;
        Some(first.start..last.end)
    }
}

/// The zeros of digits that are not ASCII: Arabic, Persian, Devanagari, Bengali, Thai, full-width, and the five sets of
/// mathematics, which follow each other.
const ZEROS: [char; 11] = ['٠', '۰', '०', '০', '๐', '０', '𝟎', '𝟘', '𝟢', '𝟬', '𝟶'];

/// The ASCII digit that another digit is.
fn digit(c: char) -> Option<char> {
    ZEROS.iter().find_map(|zero| {
        let count = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(count, 10)
    })
}

/// The folded text alone.
pub(crate) fn fold(original: &str) -> String {
    Folded::new(original).text
}

/// The text without characters that are not seen.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Characters that are not seen: soft hyphen, zero-width and bidirectional marks, variation selectors, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_evens_out_what_copying_changes() {
        assert_eq!(fold("a\u{a0}\n b"), "a b");
        assert_eq!(fold("“it’s” 1–2"), "\"it's\" 1-2");
        assert_eq!(fold("ﬁle \u{200b}x"), "file x");
        assert_eq!(fold("caf\u{e9}"), fold("cafe\u{301}"));
    }

    #[test]
    fn digits_of_every_width_and_script_are_ascii_digits() {
        let text = |original: &str| Folded::digits(original).map(|folded| folded.text);
        assert_eq!(text("２５１ ms, ٣ and 𝟗"), Some("251 ms, 3 and 9".to_owned()));
        assert_eq!(
            text("10² and “7”"),
            None,
            "a power is no digit, and nothing else changes"
        );
    }

    #[test]
    fn a_folded_range_leads_back_to_whole_characters() {
        let original = "x  “ﬁle”  y";
        let folded = Folded::new(original);
        let at = folded.text.find("file").unwrap();
        assert_eq!(&original[folded.original(at..at + 4).unwrap()], "ﬁle");
    }
}
