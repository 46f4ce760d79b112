//! Citations in streamed text: known ids pass, others are taken out, whatever the pieces look like in
//! which the text comes.

use std::collections::BTreeSet;

/// The longest run that is held back to see whether it is a citation: `[12, 13, 14, …]`.
const MAX_HELD: usize = 64;

/// Lets text through and checks its citations.
///
/// `[3]`, `[1, 2]` and `[1][2]` are citations; what stands in backticks is code and passes as it is.
#[derive(Debug)]
pub(super) struct Scrubber {
    known: BTreeSet<u32>,
    /// A `[` and what followed it, while it may become a citation.
    held: String,
    /// Backticks in a row just seen, and how many opened the code that we are in.
    ticks: usize,
    open_ticks: usize,
    cited: BTreeSet<u32>,
    rejected: BTreeSet<u32>,
}

impl Scrubber {
    /// For evidence with these numbers.
    pub(super) fn new(known: impl IntoIterator<Item = u32>) -> Self {
        Self {
            known: known.into_iter().collect(),
            held: String::new(),
            ticks: 0,
            open_ticks: 0,
            cited: BTreeSet::new(),
            rejected: BTreeSet::new(),
        }
    }

    /// The part of the text that is settled after this piece.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars() {
            self.take(c, &mut out);
        }
        out
    }

    /// What was held back at the end of the text.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The ids that the text cites.
    pub(super) fn cited(&self) -> impl Iterator<Item = u32> + '_ {
        self.cited.iter().copied()
    }

    /// The ids that were made up.
    pub(super) fn rejected(&self) -> Vec<u32> {
        self.rejected.iter().copied().collect()
    }

    fn take(&mut self, c: char, out: &mut String) {
        if !self.held.is_empty() {
            match c {
                ']' => {
                    self.held.push(c);
                    let held = std::mem::take(&mut self.held);
                    self.judge(&held, out);
                    return;
                }
                '0'..='9' | ',' | ' ' if self.held.len() < MAX_HELD => {
                    self.held.push(c);
                    return;
                }
                _ => out.push_str(&std::mem::take(&mut self.held)),
            }
        }
        if c == '`' {
            self.ticks += 1;
        } else if self.ticks > 0 {
            // A run of backticks ends: it opens code, or closes code opened by as many.
            if self.open_ticks == 0 {
                self.open_ticks = self.ticks;
            } else if self.open_ticks == self.ticks {
                self.open_ticks = 0;
            }
            self.ticks = 0;
        }
        let is_code = self.open_ticks > 0 || self.ticks > 0;
        if c == '[' && !is_code {
            self.held.push(c);
        } else {
            out.push(c);
        }
    }

    /// Decides about `[…]`.
    fn judge(&mut self, held: &str, out: &mut String) {
        let inner = held.trim_start_matches('[').trim_end_matches(']');
        let is_number = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        let ids: Vec<&str> = inner.split(',').map(str::trim).collect();
        if !ids.iter().all(is_number) {
            out.push_str(held);
            return;
        }
        // A number too large for an id is as made up as any.
        for id in ids.into_iter().map(|id| id.parse().unwrap_or(u32::MAX)) {
            if self.known.contains(&id) {
                self.cited.insert(id);
                out.push_str(&format!("[{id}]"));
            } else {
                self.rejected.insert(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(known: u32, text: &str, expected: &str, cited: &[u32], rejected: &[u32]) {
        // However the text is cut, the result is the same.
        for size in 1..=text.len() {
            let mut scrubber = Scrubber::new(1..=known);
            let chars: Vec<char> = text.chars().collect();
            let mut out = String::new();
            for piece in chars.chunks(size) {
                out.push_str(&scrubber.push(&piece.iter().collect::<String>()));
            }
            out.push_str(&scrubber.finish());
            assert_eq!(out, expected, "in pieces of {size}");
            assert_eq!(scrubber.cited().collect::<Vec<_>>(), cited);
            assert_eq!(scrubber.rejected(), rejected);
        }
    }

    #[test]
    fn known_ids_pass_and_made_up_ones_go() {
        check(
            3,
            "Retries back off [1][3].",
            "Retries back off [1][3].",
            &[1, 3],
            &[],
        );
        check(3, "It does [7] and [2, 9].", "It does  and [2].", &[2], &[7, 9]);
        check(
            2,
            "Nothing [0] here [4294967296].",
            "Nothing  here .",
            &[],
            &[0, u32::MAX],
        );
    }

    #[test]
    fn what_is_no_citation_stays() {
        check(
            2,
            "see [the docs](x) and [ ]",
            "see [the docs](x) and [ ]",
            &[],
            &[],
        );
        check(2, "`list[9]` holds [1]", "`list[9]` holds [1]", &[1], &[]);
        check(
            2,
            "```\na[5] = `b[6]`\n``` then [5]",
            "```\na[5] = `b[6]`\n``` then ",
            &[],
            &[5],
        );
        check(2, "cut off [1", "cut off [1", &[], &[]);
        check(2, "[[1]]", "[[1]]", &[1], &[]);
    }
}
