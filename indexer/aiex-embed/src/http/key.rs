//! Where the key of a service comes from.

use std::fmt;
use std::sync::Arc;

use crate::{EmbedError, Secret};

/// Asked anew for every request, since a key may be kept, changed or locked away at any time. It may block.
#[derive(Clone)]
pub struct KeySource(Arc<dyn Fn() -> Result<Option<Secret>, EmbedError> + Send + Sync>);

impl KeySource {
    /// A source that is asked for every request. `Ok(None)` sends the request without a key.
    pub fn new(look: impl Fn() -> Result<Option<Secret>, EmbedError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// No key at all.
    pub fn none() -> Self {
        Self::new(|| Ok(None))
    }

    pub(super) fn look(&self) -> Result<Option<Secret>, EmbedError> {
        (self.0)()
    }
}

impl From<Secret> for KeySource {
    fn from(key: Secret) -> Self {
        Self::new(move || Ok(Some(key.clone())))
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource")
    }
}
