//! What aiex processes agree on: frames, requests, events, ids and error codes.
//!
//! The first frame each way ([`Hello`], [`Welcome`] or [`Refusal`]) is frozen for ever; everything
//! behind it may grow by the rules of [`CONTRACT`]. This crate does no IO and knows no runtime.
//!
//! ```text
//! client                              daemon
//!   hello {contract, build, …}   ──►
//!                                ◄──  welcome {…}  or  refused {reason, message, hint}
//!   request {id, verb, args, …}  ──►
//!                                ◄──  {id, seq: 0, event: "accepted", data: {stream}}
//!                                ◄──  {id, seq: 1, event: "hits", …}  …
//!   cancel {id}                  ──►
//!                                ◄──  {id, seq: n, event: "done" | "error", …}
//! ```

pub mod cache;
pub mod capability;
pub mod code;
pub mod error_code;
pub mod event;
pub mod frame;
pub mod hello;
pub mod info;
pub mod journal;
pub mod keys;
pub mod repos;
pub mod request;
pub mod research;
pub mod schema;
pub mod search;
pub mod sessions;
pub mod source;
pub mod status;

pub use error_code::{ErrorCode, WireError};
pub use event::{Envelope, Event};
pub use frame::{ClientFrame, ServerFrame};
pub use hello::{Hello, Refusal, RefusalReason, Welcome};
pub use info::DaemonInfo;
pub use request::{Call, Request, RequestId, StreamId};

/// The wire contract this build speaks.
///
/// Within one contract number, fields and variants are only ever added, and an unknown event or
/// field is ignored by the reader. A change that an older peer would misread takes a new number.
pub const CONTRACT: u32 = 1;
