//! Notices a model that only repeats itself: endless white space, or the same words again and again. Small
//! models do both under a schema, up to their limit.

use std::collections::VecDeque;

/// More white space in a row than any text or indented JSON has, in bytes.
const BLANKS: usize = 200;

/// The longest repeated part that is looked for, in bytes: a sentence or two.
const LONGEST_PERIOD: usize = 256;

/// So often must a part be repeated, and …
const TIMES: usize = 6;

/// … so long must the repetition be, in bytes: tables have rules and rows that are alike.
const LENGTH: usize = 600;

/// The end of the answer that is kept.
const KEPT: usize = LONGEST_PERIOD * TIMES;

/// How many new bytes there are between two looks.
const EVERY: usize = 64;

/// A watch over one answer.
#[derive(Debug, Default)]
pub(crate) struct Repetition {
    /// The end of the answer, newest first.
    tail: VecDeque<u8>,
    blanks: usize,
    new: usize,
}

impl Repetition {
    /// Takes in more of the answer; `true` once it only repeats itself.
    pub(crate) fn push(&mut self, text: &str) -> bool {
        let mut looping = false;
        for &byte in text.as_bytes() {
            self.blanks = if byte.is_ascii_whitespace() {
                self.blanks + 1
            } else {
                0
            };
            if self.tail.len() == KEPT {
                self.tail.pop_back();
            }
            self.tail.push_front(byte);
            self.new += 1;
            if self.new == EVERY {
                self.new = 0;
                looping = looping || self.repeats();
            }
            looping = looping || self.blanks > BLANKS;
        }
        looping
    }

    /// Whether the end of the answer is the same part again and again.
    fn repeats(&mut self) -> bool {
        let tail = self.tail.make_contiguous();
        if tail.len() < LENGTH {
            return false;
        }
        // The Z function: how far the tail agrees with itself moved by `period`.
        let agrees = |period: usize| {
            tail.iter()
                .zip(&tail[period..])
                .take_while(|(a, b)| a == b)
                .count()
        };
        (1..=LONGEST_PERIOD.min(tail.len() / TIMES))
            .any(|period| agrees(period) + period >= LENGTH.max(TIMES * period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noticed_after(text: &str) -> Option<usize> {
        let mut watch = Repetition::default();
        let chars: Vec<char> = text.chars().collect();
        chars
            .chunks(7)
            .position(|piece| watch.push(&piece.iter().collect::<String>()))
            .map(|pieces| pieces * 7)
    }

    #[test]
    fn loops_are_noticed_early() {
        let long = "The answer depends on what the question means by it, as is said above. ";
        for looping in ["\n  ", "ab", "{\"a\": 1}, ", "日本", long] {
            let text = format!("It begins well. {}", looping.repeat(4000 / looping.len()));
            let after = noticed_after(&text).unwrap_or_else(|| panic!("{looping:?} was not noticed"));
            assert!(after < 900, "{looping:?} was noticed after {after}");
        }
    }

    #[test]
    fn tables_lists_and_code_are_no_loops() {
        let rows: String = (0..200).map(|n| format!("| {n} | yes | no |\n")).collect();
        let zeros = format!("[{}]", "0, ".repeat(150));
        let rule = format!("|{}|\n", "---|".repeat(100));
        let code: String = (0..100).map(|n| format!("        field_{n}: None,\n")).collect();
        for text in [rows, zeros, rule, code, " ".repeat(200)] {
            assert_eq!(noticed_after(&text), None, "{text}");
        }
    }
}
