//! The key of a server: one that cannot be printed, and where it comes from.

use std::fmt;
use std::sync::Arc;

/// A key. `Debug` and `Display` show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKey(String);

impl ServerKey {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key, for the one place that sends it; nothing if it cannot be sent. The client would quote such a key in its
    /// complaint about it.
    pub(super) fn sendable(&self) -> Option<&str> {
        let is_sendable = !self.0.is_empty() && self.0.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        is_sendable.then_some(self.0.as_str())
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A key that cannot be had now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTrouble {
    /// Why.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Asked anew for every call, since a key may be kept, changed or locked away at any time. It may block.
#[derive(Clone)]
pub struct ServerKeySource(Arc<dyn Fn() -> Result<Option<ServerKey>, KeyTrouble> + Send + Sync>);

impl ServerKeySource {
    /// A source that is asked for every call. `Ok(None)` makes the call without a key.
    pub fn new(look: impl Fn() -> Result<Option<ServerKey>, KeyTrouble> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// No key at all.
    pub fn none() -> Self {
        Self::new(|| Ok(None))
    }

    pub(super) fn look(&self) -> Result<Option<ServerKey>, KeyTrouble> {
        (self.0)()
    }
}

impl From<ServerKey> for ServerKeySource {
    fn from(key: ServerKey) -> Self {
        Self::new(move || Ok(Some(key.clone())))
    }
}

impl fmt::Debug for ServerKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKeySource")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows() {
        let key = ServerKey::new("qd-12345");
        assert_eq!(format!("{key} {key:?}"), "*** ***");
        assert_eq!(key.sendable(), Some("qd-12345"));
        let source = ServerKeySource::from(key);
        assert!(!format!("{source:?}").contains("12345"));
    }

    #[test]
    fn a_key_that_no_header_can_hold_is_never_handed_over() {
        for key in ["", "two\nlines", "schlüssel"] {
            assert_eq!(ServerKey::new(key).sendable(), None, "{key:?}");
        }
    }
}
