//! Filling a token budget with spans. Pure.

use std::collections::HashSet;

use aiex_chunk::tokens;

use super::PackedSpan;
use crate::search::request::Hit;

/// In the first round a span takes at most this part of the budget, so that one long span does not keep files out.
const FIRST_SHARE: u32 = 6;

/// A span cut to fewer lines than this tells too little to be worth its heading.
const MIN_LINES: usize = 3;

/// Symbols named in a heading at most.
const MAX_SYMBOLS: usize = 3;

/// A span in the running: whole lines of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    path: String,
    first: u32,
    last: u32,
    focus: u32,
    symbols: Vec<String>,
    language: Option<&'static str>,
    lines: Vec<String>,
    /// The lines that were found, when some of them are cut off.
    whole: Option<Box<Piece>>,
}

impl From<Hit> for Piece {
    fn from(hit: Hit) -> Self {
        let lines: Vec<String> = hit.snippet.lines().map(str::to_owned).collect();
        Self {
            path: hit.path,
            first: hit.start_line,
            last: hit.start_line + (lines.len().max(1) as u32 - 1),
            focus: hit.focus_line,
            symbols: hit.symbol.into_iter().collect(),
            language: hit.language,
            lines,
            whole: None,
        }
    }
}

impl Piece {
    /// `path:start-end`.
    pub(super) fn place(&self) -> String {
        if self.first == self.last {
            format!("{}:{}", self.path, self.first)
        } else {
            format!("{}:{}-{}", self.path, self.first, self.last)
        }
    }

    fn heading(&self) -> String {
        if self.symbols.is_empty() {
            return self.place();
        }
        format!("{} ({})", self.place(), self.symbols.join(", "))
    }

    fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Tokens of the span as Markdown.
    pub(super) fn cost(&self) -> u32 {
        let text = self.text();
        let fence = fence(&text);
        let language = self.language.unwrap_or_default();
        let around = format!("### {}\n\n{fence}{language}\n\n{fence}\n", self.heading());
        tokens(&around) + tokens(&text)
    }

    pub(super) fn packed(self) -> PackedSpan {
        let text = self.text();
        PackedSpan {
            heading: self.heading(),
            start_line: self.first,
            end_line: self.last,
            symbol: (!self.symbols.is_empty()).then(|| self.symbols.join(", ")),
            language: self.language,
            tokens: tokens(&text),
            text,
            is_cut: self.whole.is_some(),
            path: self.path,
        }
    }

    /// The whole lines around the focus that fit into so many tokens; none when that are too few to be of use.
    fn cut(&self, room: u32, min_lines: usize) -> Option<Piece> {
        let focus = (self.focus.saturating_sub(self.first) as usize).min(self.lines.len().checked_sub(1)?);
        let with = |from: usize, to: usize| Piece {
            first: self.first + from as u32,
            last: self.first + to as u32,
            lines: self.lines[from..=to].to_vec(),
            whole: Some(Box::new(self.clone())),
            ..self.clone()
        };
        // The heading's numbers and the fence may grow with the lines: room is counted for the whole's.
        let frame = self.cost().saturating_sub(tokens(&self.text()));
        let mut left = room.checked_sub(frame + tokens(&self.lines[focus]))?;
        let (mut from, mut to) = (focus, focus);
        let mut is_open = (true, true);
        // Downwards first: what follows the line that matters mostly tells more than what comes before it.
        while is_open != (false, false) {
            if is_open.1 {
                let cost = self.lines.get(to + 1).map(|line| tokens(line));
                match cost.and_then(|cost| left.checked_sub(cost)) {
                    Some(rest) => (left, to) = (rest, to + 1),
                    None => is_open.1 = false,
                }
            }
            if is_open.0 {
                let above = from.checked_sub(1).and_then(|at| self.lines.get(at));
                match above.and_then(|line| left.checked_sub(tokens(line))) {
                    Some(rest) => (left, from) = (rest, from - 1),
                    None => is_open.0 = false,
                }
            }
        }
        while from < focus && self.lines[from].trim().is_empty() {
            from += 1;
        }
        while to > focus && self.lines[to].trim().is_empty() {
            to -= 1;
        }
        if to + 1 - from < min_lines.min(self.lines.len()) {
            return None;
        }
        let cut = with(from, to);
        (cut.cost() <= room).then_some(cut)
    }
}

/// A fence that the text does not close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// A filled budget.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) pieces: Vec<Piece>,
    /// For want of room, best first.
    pub(super) left_out: Vec<Piece>,
    pub(super) num_repeats: u64,
}

/// Takes pieces, given best first, while there is room: first the best of each file, then the others.
pub(super) fn fill(pieces: Vec<Piece>, budget: u32) -> Filled {
    let mut filled = Filled::default();
    let mut texts: HashSet<String> = HashSet::new();
    let mut files: HashSet<String> = HashSet::new();
    let (mut firsts, mut others) = (Vec::new(), Vec::new());
    for piece in pieces {
        if piece.text().trim().is_empty() || !texts.insert(piece.text().trim().to_owned()) {
            filled.num_repeats += 1;
        } else if files.insert(piece.path.clone()) {
            firsts.push(piece);
        } else {
            others.push(piece);
        }
    }
    let mut left = budget;
    let share = (budget / FIRST_SHARE).max(1);
    let mut missed = Vec::new();
    for piece in firsts {
        let room = left.min(share);
        // The very best is taken however little of it fits.
        let min_lines = if filled.pieces.is_empty() { 1 } else { MIN_LINES };
        let taken = if piece.cost() <= room {
            Some(piece.clone())
        } else {
            piece.cut(room, min_lines).or_else(|| piece.cut(left, min_lines))
        };
        match taken {
            Some(taken) => {
                left -= taken.cost();
                filled.pieces.push(taken);
            }
            None => missed.push(piece),
        }
    }
    // What is left after the first round gives cut spans their lines back before it goes to further spans.
    for piece in &mut filled.pieces {
        let Some(whole) = piece.whole.clone() else {
            continue;
        };
        let room = left + piece.cost();
        let wider = if whole.cost() <= room {
            Some(*whole)
        } else {
            whole.cut(room, 1)
        };
        if let Some(wider) = wider.filter(|wider| wider.lines.len() > piece.lines.len()) {
            left = room - wider.cost();
            *piece = wider;
        }
    }
    for piece in others {
        let taken = if piece.cost() <= left {
            Some(piece.clone())
        } else {
            piece.cut(left, MIN_LINES)
        };
        match taken.filter(|taken| filled.pieces.iter().all(|other| !overlap(taken, other))) {
            Some(taken) => {
                left -= taken.cost();
                filled.pieces.push(taken);
            }
            None => missed.push(piece),
        }
    }
    filled.left_out = missed;
    filled
}

fn overlap(a: &Piece, b: &Piece) -> bool {
    a.path == b.path && a.first <= b.last && b.first <= a.last
}

impl Filled {
    /// Puts spans of a file together that touch: nothing but blank lines lies between them, which `is_blank` tells of
    /// the lines from one to another.
    pub(super) fn merge(&mut self, is_blank: &dyn Fn(&str, u32, u32) -> bool) {
        let mut files: Vec<Vec<Piece>> = Vec::new();
        for piece in self.pieces.drain(..) {
            match files.iter_mut().find(|file| file[0].path == piece.path) {
                Some(file) => file.push(piece),
                None => files.push(vec![piece]),
            }
        }
        for mut file in files {
            file.sort_by_key(|piece| piece.first);
            for piece in file {
                let Some(last) = self.pieces.last_mut().filter(|last| last.path == piece.path) else {
                    self.pieces.push(piece);
                    continue;
                };
                let touches = piece.first == last.last + 1
                    || (piece.first > last.last && is_blank(&piece.path, last.last + 1, piece.first - 1));
                if touches {
                    last.join(piece);
                } else {
                    self.pieces.push(piece);
                }
            }
        }
    }
}

impl Piece {
    /// Takes in the piece that touches its end.
    fn join(&mut self, next: Piece) {
        let between = (next.first - self.last - 1) as usize;
        self.lines.extend(std::iter::repeat_n(String::new(), between));
        self.lines.extend(next.lines);
        self.last = next.last;
        for symbol in next.symbols {
            if self.symbols.len() < MAX_SYMBOLS && !self.symbols.contains(&symbol) {
                self.symbols.push(symbol);
            }
        }
        self.whole = self.whole.take().or(next.whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(path: &str, first: u32, focus: u32, text: &str) -> Piece {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Piece {
            path: path.to_owned(),
            first,
            last: first + (lines.len().max(1) as u32 - 1),
            focus: first + focus,
            symbols: vec![format!("f{first}")],
            language: Some("rust"),
            lines,
            whole: None,
        }
    }

    fn total(filled: &Filled) -> u32 {
        filled.pieces.iter().map(Piece::cost).sum()
    }

    fn lines(count: usize, word: &str) -> String {
        (0..count)
            .map(|at| format!("let {word}_{at} = {at};\n"))
            .collect()
    }

    #[test]
    fn each_file_comes_before_further_spans_of_one() {
        let pieces = vec![
            piece("a.rs", 1, 0, &lines(8, "one")),
            piece("a.rs", 20, 0, &lines(8, "two")),
            piece("b.rs", 1, 0, &lines(8, "three")),
        ];
        let two = pieces[0].cost() + pieces[2].cost();
        let filled = fill(pieces, two);
        let paths: Vec<&str> = filled.pieces.iter().map(|piece| piece.path.as_str()).collect();
        assert_eq!(paths, ["a.rs", "b.rs"]);
        assert_eq!(filled.left_out[0].place(), "a.rs:20-27");
    }

    #[test]
    fn equal_texts_are_taken_once() {
        let filled = fill(
            vec![
                piece("a.rs", 1, 0, "fn a() {}"),
                piece("b.rs", 1, 0, "fn a() {}\n"),
            ],
            1_000,
        );
        assert_eq!((filled.pieces.len(), filled.num_repeats), (1, 1));
    }

    #[test]
    fn a_long_span_is_cut_around_its_focus() {
        let filled = fill(vec![piece("a.rs", 1, 50, &lines(100, "word"))], 120);
        let cut = &filled.pieces[0];
        assert!(
            cut.first <= 51 && cut.last >= 51 && cut.lines.len() > 3,
            "{cut:?}"
        );
        assert!(cut.clone().packed().is_cut);
        assert!(total(&filled) <= 120);
    }

    #[test]
    fn touching_spans_become_one() {
        let mut filled = fill(
            vec![
                piece("a.rs", 5, 0, "fn c() {}"),
                piece("a.rs", 1, 0, "fn a() {}\nfn b() {}"),
                piece("a.rs", 9, 0, "fn d() {}"),
            ],
            1_000,
        );
        let before = total(&filled);
        filled.merge(&|_, from, to| (from, to) == (3, 4));
        let places: Vec<String> = filled.pieces.iter().map(Piece::heading).collect();
        assert_eq!(places, ["a.rs:1-5 (f1, f5)", "a.rs:9 (f9)"]);
        assert_eq!(filled.pieces[0].text(), "fn a() {}\nfn b() {}\n\n\nfn c() {}");
        assert!(total(&filled) <= before);
    }

    proptest! {
        #[test]
        fn the_budget_is_never_exceeded(
            spans in proptest::collection::vec(
                ("[abc]\\.rs", 0_u32..40, 0_u32..12, "([a-z_(){}`;= é]{0,30}\n){1,12}"), 0..20),
            budget in 0_u32..400,
        ) {
            let pieces: Vec<Piece> = spans
                .iter()
                .map(|(path, at, focus, text)| piece(path, 1 + at * 20, *focus, text))
                .collect();
            let count = pieces.len();
            let mut filled = fill(pieces, budget);
            prop_assert!(total(&filled) <= budget);
            let taken = filled.pieces.len();
            prop_assert_eq!(taken + filled.left_out.len() + filled.num_repeats as usize, count);
            filled.merge(&|_, _, _| true);
            prop_assert!(total(&filled) <= budget);
            for (at, one) in filled.pieces.iter().enumerate() {
                for other in &filled.pieces[at + 1..] {
                    prop_assert!(!overlap(one, other));
                }
            }
        }
    }
}
