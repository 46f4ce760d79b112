//! Drops the thinking that some models write into their answer as `<think>…</think>`. It looks only at the
//! beginning of an answer: later the words are part of the text.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A filter for one answer, fed piece by piece.
#[derive(Debug)]
pub(crate) struct ThinkFilter {
    state: State,
    /// What may be the beginning of a tag; shorter than the tag.
    held: String,
    thought: bool,
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
            thought: false,
        }
    }

    /// Whether any thinking was dropped.
    pub(crate) fn thought(&self) -> bool {
        self.thought
    }

    /// The part of the answer that `piece` makes certain. White space before the answer is dropped too.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        if self.state == State::Text {
            return piece.to_owned();
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let mut rest = text.as_str();
        loop {
            match self.state {
                State::Text => return rest.to_owned(),
                State::Before => {
                    rest = rest.trim_start();
                    if let Some(after) = rest.strip_prefix(OPEN) {
                        self.state = State::Thinking;
                        self.thought = true;
                        rest = after;
                    } else if OPEN.starts_with(rest) {
                        self.held = rest.to_owned();
                        return String::new();
                    } else {
                        self.state = State::Text;
                    }
                }
                State::Thinking => match rest.find(CLOSE) {
                    Some(at) => {
                        self.state = State::Before;
                        rest = &rest[at + CLOSE.len()..];
                    }
                    None => {
                        let keep = (1..CLOSE.len())
                            .rev()
                            .find(|n| rest.ends_with(&CLOSE[..*n]))
                            .unwrap_or(0);
                        self.held = rest[rest.len() - keep..].to_owned();
                        return String::new();
                    }
                },
            }
        }
    }

    /// The answer is over: what was held because it looked like a tag was text after all. Thinking that
    /// was never closed stays dropped.
    pub(crate) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.state == State::Before {
            held
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filtered<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
        let mut filter = ThinkFilter::new();
        let mut out: String = pieces.into_iter().map(|piece| filter.push(piece)).collect();
        out.push_str(&filter.finish());
        out
    }

    #[test]
    fn thinking_at_the_beginning_is_dropped() {
        for (given, expected) in [
            ("<think>hm</think>\n\nAnswer", "Answer"),
            ("\n<think>a</think> <think>b</think>Answer", "Answer"),
            ("<think>never closed", ""),
            ("<think></think>", ""),
            ("plain <think>kept</think>", "plain <think>kept</think>"),
            ("<thi", "<thi"),
            ("<b>bold</b>", "<b>bold</b>"),
            ("  spaced  ", "spaced  "),
            ("<think>a</thi</think>x", "x"),
            ("<think>a</think></b>", "</b>"),
        ] {
            assert_eq!(filtered([given]), expected, "{given:?}");
        }
    }

    #[test]
    fn whether_anything_was_thought_is_known() {
        let mut filter = ThinkFilter::new();
        filter.push("<thi");
        assert!(!filter.thought());
        filter.push("nk>");
        assert!(filter.thought());
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
