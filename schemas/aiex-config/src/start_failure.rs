//! Why the daemon could not start, left by the daemon for the client that waits for it.

use std::io;

use serde::{Deserialize, Serialize};

use crate::paths::Home;
use crate::private_file;

/// What a daemon that gives up during its start writes to [`Home::last_error_file`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartFailure {
    /// The daemon's process id, by which the client knows that the file speaks of its child.
    pub pid: u32,
    /// What happened, causes included: a lower-case fragment without a full stop.
    pub message: String,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl StartFailure {
    /// Leaves it for the client.
    pub fn write(&self, home: &Home) -> io::Result<()> {
        private_file::replace(&home.last_error_file(), &serde_json::to_vec_pretty(self)?)
    }

    /// What was left, if it is there and readable: it only serves to explain.
    pub fn read(home: &Home) -> Option<Self> {
        let bytes = private_file::read(&home.last_error_file()).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Forgets it, once a daemon has started.
    pub fn clear(home: &Home) -> io::Result<()> {
        private_file::remove(&home.last_error_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_written() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        assert_eq!(StartFailure::read(&home), None);
        let failure = StartFailure {
            pid: 3,
            message: "the disk is full".into(),
            hint: None,
            at_ms: 9,
        };
        failure.write(&home).unwrap();
        assert_eq!(StartFailure::read(&home), Some(failure));
        StartFailure::clear(&home).unwrap();
        assert_eq!(StartFailure::read(&home), None);
    }
}
