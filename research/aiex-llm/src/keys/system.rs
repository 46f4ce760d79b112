//! The system's own store of keys: the keychain of macOS, the credential manager of Windows, and on Linux the keyring
//! of the kernel, which needs no service and forgets when the machine is started anew.

use aiex_remote::Secret;
use keyring::{Entry, Error};

use super::KeyError;

/// The system's store. Every call may wait for the system, or for the user whom it asks: not on the threads of a
/// runtime.
#[derive(Debug, Clone)]
pub struct SystemStore {
    service: String,
}

impl SystemStore {
    /// The keys that are kept under the name of this service.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
        }
    }

    /// The key of a provider, if one is kept.
    pub fn read(&self, provider: &str) -> Result<Option<Secret>, KeyError> {
        match self.entry(provider)?.get_password() {
            Ok(key) => Ok(Some(Secret::new(key))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Keeps a key for a provider, instead of the one kept before.
    pub fn write(&self, provider: &str, key: &Secret) -> Result<(), KeyError> {
        self.entry(provider)?
            .set_password(key.expose())
            .map_err(|error| refused(&error))
    }

    /// Forgets the key of a provider; whether there was one.
    pub fn forget(&self, provider: &str) -> Result<bool, KeyError> {
        match self.entry(provider)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(refused(&error)),
        }
    }

    fn entry(&self, provider: &str) -> Result<Entry, KeyError> {
        Entry::new(&self.service, provider).map_err(|error| refused(&error))
    }
}

fn refused(error: &Error) -> KeyError {
    let reason = match error {
        // Its text may quote what was stored.
        Error::BadEncoding(_) => "what is kept is not text".to_owned(),
        other => other.to_string(),
    };
    KeyError::System { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the system has a store decides which half is tested; each way a key is either kept or refused with advice.
    #[test]
    fn a_key_is_kept_until_it_is_forgotten_or_refused_with_advice() {
        let store = SystemStore::new(format!("aiex-test-{}", std::process::id()));
        let key = Secret::new("sk-system");
        if let Err(error) = store.write("p", &key) {
            assert!(error.hint().contains("encrypted key file"), "{error}");
            assert!(!error.to_string().contains("sk-system"));
            return;
        }
        assert_eq!(store.read("p").unwrap(), Some(key));
        assert!(store.forget("p").unwrap());
        assert_eq!(store.read("p").unwrap(), None);
        assert!(!store.forget("p").unwrap());
    }
}
