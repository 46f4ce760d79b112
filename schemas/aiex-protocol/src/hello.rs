//! The first frame each way. Frozen for ever: fields may be added, none may change or go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The wire contract that the client speaks ([`crate::CONTRACT`]).
    pub contract: u32,
    /// The client's build, as [`Build`].
    pub build: Build,
    /// Names of optional abilities that the client understands.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// What kind of client it is: `cli`, `tui`, `lsp`, `mcp`, `web`, …
    pub client: String,
    /// The token of the info file. Needed on TCP, ignored on the unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A build that can be told from another and ordered by age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// The version, as in `0.1.0`.
    pub version: String,
    /// A digest that differs between any two builds.
    pub digest: String,
}

impl Build {
    /// Whether this build is older than `other` by version number. Two builds of one version are
    /// neither older nor newer than each other.
    pub fn is_older_than(&self, other: &Build) -> bool {
        version_parts(&self.version) < version_parts(&other.version)
    }
}

fn version_parts(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

/// What the daemon answers when it will serve the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// The contract that the connection uses from here on.
    pub contract: u32,
    /// The daemon's build.
    pub build: Build,
    /// Names of optional abilities that the daemon has.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// A digest of the settings in force; it differs when the daemon runs with others than the client would start it with.
    pub config_digest: String,
    /// The daemon's process id.
    pub pid: u32,
}

/// What the daemon answers when it will not serve the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Why, for programs.
    pub reason: RefusalReason,
    /// Why, for people.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// The daemon's build.
    pub build: Build,
}

/// Why a daemon does not serve a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The daemon speaks a newer contract: the client must be updated. It must not kill the daemon.
    ClientTooOld,
    /// The daemon speaks an older contract: the client may ask it to drain and start its own.
    DaemonTooOld,
    /// The daemon is on its way out: wait for its lock and start a new one.
    Draining,
    /// The token is missing or wrong.
    TokenRejected,
    /// The `Origin` or `Host` header is not one of ours.
    OriginRejected,
    /// Too many connections.
    Overloaded,
    /// The first frame was not a hello, or could not be read.
    BadHello,
}
