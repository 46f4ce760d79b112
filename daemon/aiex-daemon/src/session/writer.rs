//! The sending half of a connection.

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;

/// Writes messages until there are no more senders or the socket breaks, then closes.
pub(super) async fn write(mut sink: SplitSink<WebSocket, Message>, mut messages: mpsc::Receiver<Message>) {
    while let Some(message) = messages.recv().await {
        if sink.feed(message).await.is_err() {
            return;
        }
        // Flushed when nothing else waits, so that a burst takes few system calls.
        if messages.is_empty() && sink.flush().await.is_err() {
            return;
        }
    }
    // The peer may have gone already.
    let _ = sink.close().await;
}
