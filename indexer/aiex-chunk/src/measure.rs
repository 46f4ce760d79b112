//! Sizes of ranges of a text in characters, lines and estimated tokens, each in time that does not grow with
//! the position. Knows nothing of syntax.

use std::ops::Range;

/// Bytes between two remembered character counts.
const STRIDE: usize = 256;

/// Answers how many characters a range has without decoding what comes before it.
pub(crate) struct Ruler<'a> {
    text: &'a str,
    /// Characters before each multiple of [`STRIDE`]; empty when every character is one byte.
    counts: Vec<u32>,
}

impl<'a> Ruler<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut counts = Vec::new();
        if !text.is_ascii() {
            let mut seen = 0;
            for block in text.as_bytes().chunks(STRIDE) {
                counts.push(seen);
                seen += char_starts(block);
            }
            counts.push(seen);
        }
        Self { text, counts }
    }

    pub(crate) fn chars(&self, range: Range<usize>) -> usize {
        if range.start >= range.end {
            return 0;
        }
        if self.counts.is_empty() {
            return range.end - range.start;
        }
        self.before(range.end) - self.before(range.start)
    }

    fn before(&self, position: usize) -> usize {
        let block = position / STRIDE;
        let rest = &self.text.as_bytes()[block * STRIDE..position];
        (self.counts[block] + char_starts(rest)) as usize
    }

    /// The byte position `count` characters after `start`, or `end` when the range is shorter.
    pub(crate) fn advance(&self, start: usize, count: usize, end: usize) -> usize {
        self.text[start..end]
            .char_indices()
            .nth(count)
            .map_or(end, |(offset, _)| start + offset)
    }
}

fn char_starts(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| u32::from((*byte as i8) >= -0x40)).sum()
}

/// The nearest character boundary at or before `position`.
pub(crate) fn floor_boundary(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}

/// Estimated tokens of a model's vocabulary: one for every six characters begun of a run of letters and
/// digits, one for each other visible character. Close to what byte-pair vocabularies give for code.
pub fn tokens(text: &str) -> u32 {
    let mut tokens = 0u32;
    let mut run = 0u32;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            tokens += u32::from(run.is_multiple_of(6));
            run += 1;
        } else {
            run = 0;
            let visible = if byte.is_ascii() {
                byte.is_ascii_graphic()
            } else {
                byte >= 0xC0
            };
            tokens += u32::from(visible);
        }
    }
    tokens
}

/// Counts lines while walking forwards through a text.
pub(crate) struct LineCounter<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u32,
}

impl<'a> LineCounter<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            position: 0,
            line: 1,
        }
    }

    /// The line of the byte at `position`, which is not before the last one asked for.
    pub(crate) fn line_of(&mut self, position: usize) -> u32 {
        let position = position.max(self.position);
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.position..position]).count() as u32;
        self.position = position;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_across_blocks() {
        let text = "aß漢🙂".repeat(200);
        let ruler = Ruler::new(&text);
        for (start, _) in text.char_indices().step_by(37) {
            for (length, _) in text[start..].char_indices().step_by(53) {
                assert_eq!(
                    ruler.chars(start..start + length),
                    text[start..start + length].chars().count()
                );
            }
        }
        assert_eq!(ruler.advance(1, 2, text.len()), 6);
    }

    #[test]
    fn tokens_follow_words_and_marks() {
        assert_eq!(tokens("fn open(key: u8)"), 7);
        assert_eq!(tokens("configuration"), 3);
        assert_eq!(tokens(" \n\t"), 0);
    }
}
