//! Frames to and from text. What a newer daemon says and this client does not know is told from what is broken.

use aiex_protocol::{ClientFrame, Envelope, Refusal, RequestId, ServerFrame, Welcome};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;

/// A frame from the daemon.
#[derive(Debug)]
pub(crate) enum Incoming {
    Welcome(Welcome),
    Refused(Refusal),
    Event(Envelope),
    /// A kind of frame or event that this build does not know: skipped.
    Unknown {
        what: String,
    },
    /// The end of a stream, in a form that cannot be read.
    BrokenEnd {
        id: RequestId,
        detail: String,
    },
    /// Not a frame at all.
    Broken {
        detail: String,
    },
}

/// What every frame has, and what an event has besides.
#[derive(Deserialize)]
struct Header {
    r#type: String,
    id: Option<RequestId>,
    event: Option<String>,
}

pub(crate) fn decode(text: &str) -> Incoming {
    let error = match serde_json::from_str(text) {
        Ok(ServerFrame::Welcome(welcome)) => return Incoming::Welcome(welcome),
        Ok(ServerFrame::Refused(refusal)) => return Incoming::Refused(refusal),
        Ok(ServerFrame::Event(envelope)) => return Incoming::Event(envelope),
        Err(error) => error,
    };
    match serde_json::from_str::<Header>(text) {
        Ok(Header {
            event: Some(event),
            id: Some(id),
            ..
        }) if event == "done" || event == "error" => Incoming::BrokenEnd {
            id,
            detail: error.to_string(),
        },
        Ok(Header {
            event: Some(event), ..
        }) => Incoming::Unknown {
            what: format!("event {event}: {error}"),
        },
        Ok(Header { r#type, .. }) if r#type != "welcome" && r#type != "refused" => Incoming::Unknown {
            what: format!("frame {type}"),
        },
        _ => Incoming::Broken {
            detail: error.to_string(),
        },
    }
}

/// The text of a frame.
pub(crate) fn encode(frame: &ClientFrame) -> Message {
    #[expect(
        clippy::expect_used,
        reason = "frames are structs and enums of plain data with text keys"
    )]
    let text = serde_json::to_string(frame).expect("a frame is always JSON");
    Message::text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_skipped_and_what_is_broken_is_not() {
        let unknown = [
            r#"{"type":"event","id":1,"seq":3,"event":"confetti","data":{"colour":"red"}}"#,
            r#"{"type":"event","id":1,"seq":3,"event":"notice","data":{"text":"renamed"}}"#,
            r#"{"type":"weather","sun":true}"#,
        ];
        for text in unknown {
            assert!(matches!(decode(text), Incoming::Unknown { .. }), "{text}");
        }
        let end =
            r#"{"type":"event","id":4,"seq":3,"event":"error","data":{"code":"brand_new","message":"m"}}"#;
        assert!(matches!(
            decode(end),
            Incoming::BrokenEnd { id: RequestId(4), .. }
        ));
        for text in ["", "[]", "{", r#"{"type":"welcome"}"#, r#"{"no":"type"}"#] {
            assert!(matches!(decode(text), Incoming::Broken { .. }), "{text}");
        }
    }
}
