//! Bytes of an HTTP body in, whole messages out, however the network cut them. It does not know what the
//! messages mean.

mod lines;
mod sse;

use lines::Lines;
use sse::Events;

/// The longest message that is kept in memory. Real deltas are hundreds of bytes; a server that sends a whole
/// answer at once stays far below this.
pub(crate) const LONGEST_MESSAGE: usize = 8 << 20;

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The name of a server-sent event, if it had one.
    pub(crate) event: Option<String>,
    /// Its data.
    pub(crate) data: String,
}

impl Frame {
    fn unnamed(data: String) -> Self {
        Self { event: None, data }
    }
}

/// A message grew beyond [`LONGEST_MESSAGE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// How a body is cut into messages.
#[derive(Debug)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events(Events),
    /// A JSON value per line.
    JsonLines(Lines),
    /// One JSON value, maybe over many lines.
    Whole(Vec<u8>),
}

impl Framing {
    pub(crate) fn events() -> Self {
        Self::Events(Events::default())
    }

    pub(crate) fn json_lines() -> Self {
        Self::JsonLines(Lines::default())
    }

    pub(crate) fn whole() -> Self {
        Self::Whole(Vec::new())
    }

    /// Takes in more bytes and appends the messages that they complete to `out`.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), TooLong> {
        match self {
            Self::Events(events) => events.push(bytes, out),
            Self::JsonLines(lines) => lines.push(bytes, |line| {
                if !line.trim().is_empty() {
                    out.push(Frame::unnamed(line));
                }
                Ok(())
            }),
            Self::Whole(body) => {
                if body.len() + bytes.len() > LONGEST_MESSAGE {
                    return Err(TooLong);
                }
                body.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The body is over: a last message without its line end or blank line counts, as several servers leave
    /// them out.
    pub(crate) fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), TooLong> {
        match self {
            Self::Events(events) => events.finish(out),
            Self::JsonLines(lines) => {
                if let Some(line) = lines.finish().filter(|line| !line.trim().is_empty()) {
                    out.push(Frame::unnamed(line));
                }
                Ok(())
            }
            Self::Whole(body) => {
                let text = String::from_utf8_lossy(body);
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                if !text.trim().is_empty() {
                    out.push(Frame::unnamed(text.to_owned()));
                }
                body.clear();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(mut framing: Framing, pieces: &[&[u8]]) -> Vec<Frame> {
        let mut out = Vec::new();
        for piece in pieces {
            framing.push(piece, &mut out).unwrap();
        }
        framing.finish(&mut out).unwrap();
        out
    }

    fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut at: Vec<usize> = cuts.iter().map(|c| c % (bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
    }

    #[test]
    fn json_lines_skip_blank_ones_and_keep_an_unended_last() {
        let got = frames(
            Framing::json_lines(),
            &[b"{\"a\":1}\r\n\n  \n{\"b\":", b"\"\xc3", b"\xa9\"}"],
        );
        let data: Vec<&str> = got.iter().map(|frame| frame.data.as_str()).collect();
        assert_eq!(data, ["{\"a\":1}", "{\"b\":\"é\"}"]);
    }

    #[test]
    fn a_message_without_end_is_refused() {
        for mut framing in [Framing::events(), Framing::json_lines(), Framing::whole()] {
            let mut out = Vec::new();
            let piece = vec![b'x'; LONGEST_MESSAGE / 2 + 1];
            assert_eq!(framing.push(&piece, &mut out), Ok(()));
            assert_eq!(framing.push(&piece, &mut out), Err(TooLong));
        }
    }

    #[test]
    fn data_lines_without_end_are_refused() {
        let mut framing = Framing::events();
        let line = format!("data: {}\n", "x".repeat(1 << 20));
        let mut out = Vec::new();
        let refused = (0..20).find(|_| framing.push(line.as_bytes(), &mut out).is_err());
        // The line ends between them count too, so the eighth mebibyte does not fit.
        assert_eq!(refused, Some(7));
    }

    proptest! {
        #[test]
        fn any_split_of_an_event_stream_gives_the_same_messages(
            lines in prop::collection::vec(
                "(data: ?|data|event: ?|: ping|id: ?|retry: 3|\u{feff}|)[a-zé😀{}\": ]{0,8}(\r\n|\n|\r)", 0..20),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let bytes = lines.concat().into_bytes();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = frames(Framing::events(), &[&bytes]);
            prop_assert_eq!(&frames(Framing::events(), &cut(&bytes, &cuts)), &whole);
            prop_assert_eq!(&frames(Framing::events(), &single), &whole);
        }

        #[test]
        fn any_split_of_json_lines_gives_the_same_messages(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r')], 0..80),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            for framing in [Framing::json_lines as fn() -> Framing, Framing::whole] {
                prop_assert_eq!(frames(framing(), &cut(&bytes, &cuts)), frames(framing(), &[&bytes]));
            }
        }
    }
}
