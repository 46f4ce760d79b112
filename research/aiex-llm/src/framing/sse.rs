//! Server-sent events, as the HTML standard parses them, except that a last event without its blank line
//! counts.

use super::lines::Lines;
use super::{Frame, LONGEST_MESSAGE, TooLong};

/// The event being read.
#[derive(Debug, Default)]
pub(crate) struct Events {
    lines: Lines,
    event: Pending,
}

#[derive(Debug, Default)]
struct Pending {
    name: Option<String>,
    /// The data lines so far; `None` before the first, because an event without data is no event.
    data: Option<String>,
}

impl Events {
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), TooLong> {
        let event = &mut self.event;
        self.lines.push(bytes, |line| event.line(&line, out))
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), TooLong> {
        if let Some(line) = self.lines.finish() {
            self.event.line(&line, out)?;
        }
        self.event.line("", out)
    }
}

impl Pending {
    fn line(&mut self, line: &str, out: &mut Vec<Frame>) -> Result<(), TooLong> {
        if line.is_empty() {
            let name = self.name.take();
            if let Some(data) = self.data.take() {
                out.push(Frame { event: name, data });
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) if data.len() + value.len() > LONGEST_MESSAGE => return Err(TooLong),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => self.name = Some(value.to_owned()),
            // A comment (empty field) is a heartbeat; `id` and `retry` are for reconnecting, which a paid
            // answer must not do by itself; anything else is to be ignored.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(Option<String>, String)> {
        let mut events = Events::default();
        let mut out = Vec::new();
        events.push(text.as_bytes(), &mut out).unwrap();
        events.finish(&mut out).unwrap();
        out.into_iter().map(|frame| (frame.event, frame.data)).collect()
    }

    fn unnamed(data: &[&str]) -> Vec<(Option<String>, String)> {
        data.iter().map(|data| (None, (*data).to_owned())).collect()
    }

    #[test]
    fn all_line_ends_mean_the_same() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["data: a", "", "data: b", "", ""].join(end);
            assert_eq!(parse(&text), unnamed(&["a", "b"]), "{end:?}");
        }
    }

    #[test]
    fn comments_missing_spaces_and_unknown_fields_are_fine() {
        assert_eq!(
            parse(": ping\n\n:\ndata:a\nid: 7\nwhat: ever\n\n"),
            unnamed(&["a"])
        );
    }

    #[test]
    fn several_data_lines_are_joined() {
        assert_eq!(
            parse("data: {\ndata: \"a\":1\ndata\ndata: }\n\n"),
            unnamed(&["{\n\"a\":1\n\n}"])
        );
    }

    #[test]
    fn names_belong_to_one_event_and_a_name_alone_is_none() {
        let got = parse("event: ping\n\nevent: error\ndata: x\n\ndata: y\n\n");
        assert_eq!(
            got,
            [(Some("error".to_owned()), "x".to_owned()), (None, "y".to_owned())]
        );
    }

    #[test]
    fn a_byte_order_mark_and_a_missing_end_are_forgiven() {
        assert_eq!(parse("\u{feff}data: a\n\ndata: b"), unnamed(&["a", "b"]));
    }
}
