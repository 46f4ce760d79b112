//! The info file: how a client finds the daemon of this user.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hello::Build;

/// What `aiexd.json` in the state directory says. Written by the daemon that holds the lock, by
/// temporary name, fsync and rename; a stale file is harmless because the lock is the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DaemonInfo {
    /// The wire contract that the daemon speaks.
    pub contract: u32,
    /// Process id, for people and for `status`; never used to decide whether the daemon lives.
    pub pid: u32,
    /// Absolute path of the unix socket.
    pub socket: String,
    /// `127.0.0.1:PORT` when the loopback listener is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// The daemon's build.
    pub build: Build,
    /// The secret that TCP clients must present.
    pub token: String,
    /// Start, in milliseconds since the Unix epoch.
    pub started_at_ms: u64,
}
