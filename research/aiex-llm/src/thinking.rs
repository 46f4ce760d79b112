//! Tells the answer from the thinking that some models write into their answer as `<think>…</think>`. It looks only at the
//! beginning of an answer: later the words are part of the text.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A filter for one answer, fed piece by piece.
#[derive(Debug)]
pub(crate) struct ThinkFilter {
    state: State,
    /// What may be the beginning of a tag; shorter than the tag.
    held: String,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text of the answer itself; never empty.
    Text(String),
    /// What was between the tags.
    Thought(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space and closed thinking so far.
    Before,
    Thinking,
    Text,
}

impl ThinkFilter {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Before,
            held: String::new(),
        }
    }

    /// The parts of the answer that `piece` makes certain. White space before the answer is dropped.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let mut rest = text.as_str();
        loop {
            match self.state {
                State::Text => {
                    parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
                    return parts;
                }
                State::Before => {
                    rest = rest.trim_start();
                    if let Some(after) = rest.strip_prefix(OPEN) {
                        self.state = State::Thinking;
                        // Thoughts that are empty are thoughts too.
                        parts.push(Part::Thought(String::new()));
                        rest = after;
                    } else if OPEN.starts_with(rest) {
                        self.held = rest.to_owned();
                        return parts;
                    } else {
                        self.state = State::Text;
                    }
                }
                State::Thinking => {
                    let end = rest.find(CLOSE);
                    let certain = end.unwrap_or_else(|| {
                        let keep = (1..CLOSE.len()).rev().find(|n| rest.ends_with(&CLOSE[..*n]));
                        rest.len() - keep.unwrap_or(0)
                    });
                    if certain > 0 {
                        parts.push(Part::Thought(rest[..certain].to_owned()));
                    }
                    if end.is_none() {
                        self.held = rest[certain..].to_owned();
                        return parts;
                    }
                    self.state = State::Before;
                    rest = &rest[certain + CLOSE.len()..];
                }
            }
        }
    }

    /// The answer is over: what was held because it looked like a tag is what it looks like without one.
    pub(crate) fn finish(&mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        match self.state {
            _ if held.is_empty() => Vec::new(),
            State::Before | State::Text => vec![Part::Text(held)],
            State::Thinking => vec![Part::Thought(held)],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text and the thoughts.
    fn filtered<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let mut filter = ThinkFilter::new();
        let mut parts: Vec<Part> = pieces.into_iter().flat_map(|piece| filter.push(piece)).collect();
        parts.extend(filter.finish());
        let (mut text, mut thoughts) = (String::new(), String::new());
        for part in parts {
            match part {
                Part::Text(more) => text.push_str(&more),
                Part::Thought(more) => thoughts.push_str(&more),
            }
        }
        (text, thoughts)
    }

    #[test]
    fn thinking_at_the_beginning_is_told_apart() {
        for (given, text, thoughts) in [
            ("<think>hm</think>\n\nAnswer", "Answer", "hm"),
            ("\n<think>a</think> <think>b</think>Answer", "Answer", "ab"),
            ("<think>never closed", "", "never closed"),
            ("<think></think>", "", ""),
            ("plain <think>kept</think>", "plain <think>kept</think>", ""),
            ("<thi", "<thi", ""),
            ("<b>bold</b>", "<b>bold</b>", ""),
            ("  spaced  ", "spaced  ", ""),
            ("<think>a</thi</think>x", "x", "a</thi"),
            ("<think>a</think></b>", "</b>", "a"),
            ("<think>a</thi", "", "a</thi"),
        ] {
            assert_eq!(
                filtered([given]),
                (text.to_owned(), thoughts.to_owned()),
                "{given:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_text(
            parts in prop::collection::vec("(<think>|</think>|<th|ink>|</|[a-z \n<>/é]{0,3})", 0..12),
            every in 1usize..5,
        ) {
            let whole: String = parts.concat();
            let chars: Vec<char> = whole.chars().collect();
            let pieces: Vec<String> = chars.chunks(every).map(|c| c.iter().collect()).collect();
            prop_assert_eq!(filtered([whole.as_str()]), filtered(pieces.iter().map(String::as_str)));
        }
    }
}
