//! What travels: one JSON text message a frame.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Envelope, Hello, Refusal, Request, RequestId, StreamId, Welcome};

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "a frame lives from the socket to the session, one at a time"
)]
pub enum ClientFrame {
    /// The first frame of a connection.
    Hello(Hello),
    /// Asks for work.
    Request(Request),
    /// Stops the work of a request of this connection. The stream ends in `error {cancelled}`.
    Cancel {
        /// The request to stop.
        id: RequestId,
    },
    /// Takes up a stream again after a dropped connection, or watches one that another client started.
    Resume {
        /// The id under which this connection wants the events.
        id: RequestId,
        /// The stream, from its `accepted` event.
        stream: StreamId,
        /// The last sequence number already seen; events behind it are sent again.
        after: u64,
    },
}

/// A frame from the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The daemon serves this connection.
    Welcome(Welcome),
    /// The daemon does not serve this connection and closes it.
    Refused(Refusal),
    /// Something happened to a request.
    Event(Envelope),
}
