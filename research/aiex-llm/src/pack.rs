//! Fits pieces of evidence into a context: the most important first, each as a whole or in the shorter form it
//! allows. What is left out is always told, to the caller and, inside the text, to the model.

mod shrink;

use std::fmt;

use crate::tokens::Counter;

/// How a piece may be made shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shorten {
    /// Not at all: the whole or nothing.
    Whole,
    /// To the lines with words of the question, verbatim.
    Quote,
    /// To the lines that say what is where: headings, definitions, first lines of paragraphs.
    Outline,
    /// To its beginning.
    Truncate,
    /// To lines taken evenly from all of it.
    Sample,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is called, for people and in the list of what was left out.
    pub label: String,
    /// The line or lines before it in the text, never shortened: an id, a place.
    pub head: String,
    /// The piece itself.
    pub text: String,
    /// The line or lines behind it, never shortened.
    pub tail: String,
    /// Lower goes first; the order of the pieces decides among equals.
    pub rank: u32,
    /// How it may be made shorter.
    pub shorten: Shorten,
}

impl Piece {
    /// A piece without head and tail.
    pub fn new(label: impl Into<String>, text: impl Into<String>, rank: u32, shorten: Shorten) -> Self {
        Self {
            label: label.into(),
            head: String::new(),
            text: text.into(),
            tail: String::new(),
            rank,
            shorten,
        }
    }
}

/// What fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The pieces that fit, in their original order, each ended by a line end.
    pub text: String,
    /// The places of those pieces in the input.
    pub kept: Vec<usize>,
    /// What does not fit, in the original order.
    pub left_out: Vec<LeftOut>,
    /// The tokens of `text`; at most the budget.
    pub tokens: usize,
}

/// A piece that is not in the text, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The piece's place in the input.
    pub piece: usize,
    /// Its label.
    pub label: String,
    /// How many of its tokens are missing.
    pub tokens: usize,
    /// A part of it is there.
    pub shortened: bool,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.shortened {
            "shortened by"
        } else {
            "left out,"
        };
        write!(f, "{}: {how} about {} tokens", self.label, self.tokens)
    }
}

/// A shortened piece of less than this many tokens says nothing; better to leave it out.
const LEAST: usize = 24;

/// Packs `pieces` into at most `budget` tokens. The words of `question` decide what [`Shorten::Quote`] keeps.
pub fn pack(pieces: &[Piece], question: &str, budget: usize, counter: &Counter) -> Packed {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|at| pieces[*at].rank);
    let mut room = budget;
    let mut texts: Vec<Option<String>> = vec![None; pieces.len()];
    for at in order {
        let piece = &pieces[at];
        let whole = framed(piece, &piece.text);
        let cost = counter.count(&whole);
        let (text, cost) = if cost <= room {
            (whole, cost)
        } else {
            let frame = counter.count(&framed(piece, ""));
            let Some(inner) = room.checked_sub(frame).filter(|inner| *inner >= LEAST) else {
                continue;
            };
            let fits = |part: &str| counter.count(&framed(piece, part)) <= room && !part.is_empty();
            let Some(part) = shrink::shrunk(&piece.text, piece.shorten, question, inner, counter, fits)
            else {
                continue;
            };
            let text = framed(piece, &part);
            let cost = counter.count(&text);
            (text, cost)
        };
        room -= cost;
        texts[at] = Some(text);
    }
    settle(pieces, texts, budget, counter)
}

/// Puts the pieces together. Counts of parts need not add up to the count of the whole, so the whole is counted.
fn settle(pieces: &[Piece], mut texts: Vec<Option<String>>, budget: usize, counter: &Counter) -> Packed {
    loop {
        let text: String = texts.iter().flatten().map(String::as_str).collect();
        let tokens = counter.count(&text);
        if tokens > budget {
            // The least important goes, whole.
            let least = (0..pieces.len())
                .filter(|at| texts[*at].is_some())
                .max_by_key(|at| (pieces[*at].rank, *at));
            if let Some(least) = least {
                texts[least] = None;
                continue;
            }
        }
        let left_out = pieces.iter().zip(&texts).enumerate();
        let left_out = left_out.filter_map(|(at, (piece, text))| {
            let whole = counter.count(&framed(piece, &piece.text));
            let there = text.as_deref().map_or(0, |text| counter.count(text));
            let complete = text.as_deref() == Some(framed(piece, &piece.text).as_str());
            (!complete).then(|| LeftOut {
                piece: at,
                label: piece.label.clone(),
                tokens: whole.saturating_sub(there),
                shortened: text.is_some(),
            })
        });
        return Packed {
            left_out: left_out.collect(),
            kept: (0..pieces.len()).filter(|at| texts[*at].is_some()).collect(),
            text,
            tokens,
        };
    }
}

/// All pieces, whole.
pub fn whole(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| framed(piece, &piece.text)).collect()
}

fn framed(piece: &Piece, part: &str) -> String {
    let mut out = String::with_capacity(piece.head.len() + part.len() + piece.tail.len() + 3);
    for text in [piece.head.as_str(), part, piece.tail.as_str()] {
        out.push_str(text);
        if !text.is_empty() && !text.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(count: usize) -> String {
        (0..count)
            .map(|n| format!("line number {n} of the text\n"))
            .collect()
    }

    fn packed(pieces: &[Piece], budget: usize) -> Packed {
        pack(pieces, "which number is seven?", budget, &Counter::ESTIMATE)
    }

    #[test]
    fn what_fits_is_kept_whole_and_in_order() {
        let pieces = [
            Piece::new("a", "first", 2, Shorten::Whole),
            Piece::new("b", "second\n", 1, Shorten::Truncate),
        ];
        let packed = packed(&pieces, 100);
        assert_eq!(packed.text, "first\nsecond\n");
        assert_eq!(
            (packed.kept.as_slice(), packed.left_out.len()),
            ([0, 1].as_slice(), 0)
        );
    }

    #[test]
    fn the_important_goes_first_and_the_rest_is_told() {
        let pieces = [
            Piece::new("minor", lines(40), 3, Shorten::Whole),
            Piece::new("major", lines(40), 1, Shorten::Whole),
            Piece::new("long", lines(400), 2, Shorten::Truncate),
        ];
        let whole = Counter::ESTIMATE.count(&lines(40));
        let packed = packed(&pieces, whole + 200);
        assert_eq!(packed.kept, [1, 2]);
        assert!(packed.tokens <= whole + 200);
        let told: Vec<(&str, bool)> = packed
            .left_out
            .iter()
            .map(|left| (left.label.as_str(), left.shortened))
            .collect();
        assert_eq!(told, [("minor", false), ("long", true)]);
        assert!(packed.text.contains("lines left out]"), "{}", packed.text);
        assert!(
            packed.left_out[0]
                .to_string()
                .starts_with("minor: left out, about")
        );
    }

    #[test]
    fn every_strategy_keeps_what_it_promises() {
        let text = "# Title\n\nSome prose that goes on.\nMore of it here.\n\n## Part\n\nfn seven() {\n    seven_is(7);\n}\n"
            .repeat(12);
        let kept = |strategy| {
            let pieces = [Piece::new("p", text.clone(), 1, strategy)];
            packed(&pieces, 120).text
        };
        assert_eq!(kept(Shorten::Whole), "");
        assert!(kept(Shorten::Truncate).starts_with("# Title\n\nSome prose"));
        let quote = kept(Shorten::Quote);
        assert!(
            quote.contains("seven_is(7)") && !quote.contains("More of it"),
            "{quote}"
        );
        let outline = kept(Shorten::Outline);
        assert!(
            outline.contains("fn seven() {") && !outline.contains("More of it"),
            "{outline}"
        );
        let sample = kept(Shorten::Sample);
        assert!(sample.matches("left out]").count() > 2, "{sample}");
    }

    #[test]
    fn heads_and_tails_are_never_cut() {
        let mut piece = Piece::new("p", lines(400), 1, Shorten::Sample);
        piece.head = "[S1] src/a.rs".to_owned();
        piece.tail = "end of S1".to_owned();
        let packed = packed(&[piece], 200);
        assert!(packed.text.starts_with("[S1] src/a.rs\n") && packed.text.ends_with("end of S1\n"));
    }

    proptest! {
        #[test]
        fn the_budget_holds_and_nothing_vanishes(
            sizes in prop::collection::vec((0usize..60, 0u8..5, 0u8..4), 0..8),
            budget in 0usize..600,
        ) {
            let strategies = [Shorten::Whole, Shorten::Quote, Shorten::Outline, Shorten::Truncate, Shorten::Sample];
            let pieces: Vec<Piece> = sizes
                .iter()
                .map(|(size, strategy, rank)| {
                    Piece::new("p", lines(*size), u32::from(*rank), strategies[usize::from(*strategy)])
                })
                .collect();
            let packed = packed(&pieces, budget);
            prop_assert!(packed.tokens <= budget);
            prop_assert_eq!(packed.tokens, Counter::ESTIMATE.count(&packed.text));
            for (at, piece) in pieces.iter().enumerate() {
                let kept = packed.kept.contains(&at);
                let told = packed.left_out.iter().any(|left| left.piece == at);
                prop_assert!(kept || told);
                prop_assert!(told || packed.text.contains(&piece.text));
            }
        }
    }
}
