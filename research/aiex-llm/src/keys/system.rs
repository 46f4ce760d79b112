//! The system's own store of keys: the keychain of macOS, the credential manager of Windows, and on Linux the keyring
//! of the kernel, which needs no service and forgets when the machine is started anew.
//!
//! Such stores cannot be asked what they keep, so the names, and nothing but the names, are noted in a file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aiex_remote::Secret;
use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::KeyError;
use super::exchange::{self, Turn};

/// The system's store. Every call may wait for the system, or for the user whom it asks: not on the threads of a
/// runtime.
#[derive(Debug, Clone)]
pub struct SystemStore {
    service: String,
    noted_in: PathBuf,
}

impl SystemStore {
    /// The keys that are kept under the name of this service, whose names are noted in a file.
    pub fn new(service: impl Into<String>, noted_in: impl Into<PathBuf>) -> Self {
        Self {
            service: service.into(),
            noted_in: noted_in.into(),
        }
    }

    /// The names under which keys were kept. The store is not asked; it may have forgotten some.
    pub fn names(&self) -> Result<BTreeSet<String>, KeyError> {
        let bytes = exchange::read(&self.noted_in).map_err(|source| self.failed("read", source))?;
        // The list is no secret and can be told again: a damaged one is as good as none.
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// The key of a provider, if one is kept.
    pub fn read(&self, provider: &str) -> Result<Option<Secret>, KeyError> {
        match self.entry(provider)?.get_password() {
            Ok(key) => Ok(Some(Secret::new(Zeroizing::new(key).as_str()))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Keeps a key for a provider, instead of the one kept before. It is read back before it counts as kept: some stores
    /// take what only the thread that brought it can see.
    pub fn write(&self, provider: &str, key: &Secret) -> Result<(), KeyError> {
        let entry = self.entry(provider)?;
        let kept = entry.set_password(key.expose()).map_err(|error| refused(&error));
        let seen = kept.and_then(|()| self.read_elsewhere(provider));
        if seen.as_ref().ok().and_then(Option::as_ref) != Some(key) {
            // A half of it may be there.
            let _ = entry.delete_credential();
            return Err(seen.err().unwrap_or_else(|| KeyError::System {
                reason: "what was put there cannot be read back".to_owned(),
            }));
        }
        // Whoever dies here has a key that nobody knows of, and keeps it again.
        self.note(|names| names.insert(provider.to_owned()))
    }

    /// Forgets the key of a provider; whether there was one.
    pub fn forget(&self, provider: &str) -> Result<bool, KeyError> {
        let was_there = match self.entry(provider)?.delete_credential() {
            Ok(()) => true,
            Err(Error::NoEntry) => false,
            Err(error) => return Err(refused(&error)),
        };
        self.note(|names| names.remove(provider))?;
        Ok(was_there)
    }

    fn read_elsewhere(&self, provider: &str) -> Result<Option<Secret>, KeyError> {
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| self.read(provider));
            reader.join().unwrap_or_else(|_| {
                let reason = "it broke down when it was read".to_owned();
                Err(KeyError::System { reason })
            })
        })
    }

    fn note(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) -> Result<(), KeyError> {
        let failed = |source| self.failed("written", source);
        let turn = Turn::take(&self.noted_in)
            .map_err(failed)?
            .ok_or_else(|| KeyError::Busy {
                path: self.noted_in.clone(),
            })?;
        let mut names = self.names()?;
        if !change(&mut names) {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&names).unwrap_or_default();
        turn.exchange(&bytes).map_err(failed)
    }

    fn entry(&self, provider: &str) -> Result<Entry, KeyError> {
        // Elsewhere the library has a store that forgets at the end of the process.
        if !cfg!(any(
            target_os = "linux",
            target_os = "macos",
            target_os = "windows"
        )) {
            return Err(KeyError::System {
                reason: "none is known on this system".to_owned(),
            });
        }
        let open = || Entry::new(&self.service, provider).map_err(|error| refused(&error));
        if cfg!(target_os = "linux") {
            // Where no log-in made a keyring for the session, the first look makes one for this thread, and links the
            // user's persistent one into it. Only what is opened after that sees what other threads put there.
            open()?;
        }
        open()
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> KeyError {
        KeyError::File {
            path: self.noted_in.clone(),
            doing,
            source,
        }
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
        let folder = tempfile::tempdir().unwrap();
        let service = format!("aiex-test-{}", std::process::id());
        let store = SystemStore::new(service, folder.path().join("names"));
        let key = Secret::new("sk-system");
        if let Err(error) = store.write("p", &key) {
            assert!(error.hint().contains("encrypted key file"), "{error}");
            assert!(!error.to_string().contains("sk-system"));
            assert!(store.names().unwrap().is_empty());
            return;
        }
        // By whichever thread it is asked for.
        let reader = std::thread::spawn({
            let store = store.clone();
            move || store.read("p").unwrap()
        });
        assert_eq!(reader.join().unwrap(), Some(key.clone()));
        assert_eq!(store.read("p").unwrap(), Some(key));
        assert_eq!(store.names().unwrap(), BTreeSet::from(["p".to_owned()]));
        assert!(store.forget("p").unwrap());
        assert_eq!(store.read("p").unwrap(), None);
        assert!(store.names().unwrap().is_empty());
        assert!(!store.forget("p").unwrap());
    }
}
