//! A file of keys, encrypted with XChaCha20-Poly1305 under a key that Argon2id makes of a passphrase.
//!
//! The file: the mark, the parameters of Argon2id (memory in KiB, passes, lanes; four bytes each, little-endian), 16
//! bytes of salt, 24 bytes of nonce, and the encrypted JSON. All that stands before the JSON is authenticated with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use aiex_remote::Secret;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use super::KeyError;

const MARK: &[u8; 8] = b"aiexkey1";
const SALT: usize = 16;
const NONCE: usize = 24;
const HEAD: usize = MARK.len() + 12 + SALT + NONCE;

/// The second choice of RFC 9106, section 4: 64 MiB of memory, three passes, four lanes.
const COST: Cost = Cost {
    memory: 64 * 1024,
    passes: 3,
    lanes: 4,
};

/// More memory than any file of ours asks for, in KiB: a file that asks for more is not to be obeyed.
const MOST_MEMORY: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;

/// Keys by the name of their provider; several take turns.
pub type Keys = BTreeMap<String, Vec<Secret>>;

/// A file of keys. Opening it takes tens of milliseconds of work by design: not on the threads of a runtime.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
    /// What the next writing costs; reading costs what the file says.
    cost: Cost,
}

#[derive(Debug, Clone, Copy)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl KeyFile {
    /// The file at `path`, which need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            cost: COST,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All keys; none when there is no file.
    pub fn read(&self, passphrase: &Secret) -> Result<Keys, KeyError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keys::new()),
            Err(source) => return Err(self.failed("read", source)),
        };
        let damaged = || KeyError::Damaged {
            path: self.path.clone(),
        };
        let (head, sealed) = bytes.split_at_checked(HEAD).ok_or_else(damaged)?;
        let cost = head.strip_prefix(MARK).and_then(Cost::read).ok_or_else(damaged)?;
        let salt = &head[HEAD - NONCE - SALT..HEAD - NONCE];
        let nonce = XNonce::try_from(&head[HEAD - NONCE..]).map_err(|_| damaged())?;
        let payload = Payload {
            msg: sealed,
            aad: head,
        };
        let cipher = cipher(passphrase, salt, cost).ok_or_else(damaged)?;
        let plain = cipher
            .decrypt(&nonce, payload)
            .map_err(|_| KeyError::WrongPassphrase {
                path: self.path.clone(),
            })?;
        let keys: BTreeMap<String, Vec<String>> = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        let secrets = |keys: Vec<String>| keys.iter().map(Secret::new).collect();
        Ok(keys
            .into_iter()
            .map(|(name, keys)| (name, secrets(keys)))
            .collect())
    }

    /// Replaces all keys. The file is exchanged as a whole and can be read by its owner alone.
    pub fn write(&self, passphrase: &Secret, keys: &Keys) -> Result<(), KeyError> {
        let mut random = [0; SALT + NONCE];
        getrandom::fill(&mut random).map_err(|_| KeyError::NoRandomBytes)?;
        let mut bytes = MARK.to_vec();
        bytes.extend(self.cost.written());
        bytes.extend(random);
        let damaged = || KeyError::Damaged {
            path: self.path.clone(),
        };
        let cipher = cipher(passphrase, &random[..SALT], self.cost).ok_or_else(damaged)?;
        let plain: BTreeMap<&str, Vec<&str>> = keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.iter().map(Secret::expose).collect()))
            .collect();
        let plain = serde_json::to_vec(&plain).map_err(|_| damaged())?;
        let nonce = XNonce::try_from(&random[SALT..]).map_err(|_| damaged())?;
        let payload = Payload {
            msg: &plain,
            aad: &bytes,
        };
        let sealed = cipher.encrypt(&nonce, payload).map_err(|_| damaged())?;
        bytes.extend(sealed);
        self.exchange(&bytes)
            .map_err(|source| self.failed("written", source))
    }

    fn exchange(&self, bytes: &[u8]) -> std::io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Made for its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> KeyError {
        KeyError::File {
            path: self.path.clone(),
            doing,
            source,
        }
    }
}

impl Cost {
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        let cost = Self {
            memory: number(0)?,
            passes: number(4)?,
            lanes: number(8)?,
        };
        (cost.memory <= MOST_MEMORY && cost.passes <= MOST_PASSES).then_some(cost)
    }

    fn written(self) -> impl Iterator<Item = u8> {
        [self.memory, self.passes, self.lanes]
            .into_iter()
            .flat_map(u32::to_le_bytes)
    }
}

/// `None` for parameters that Argon2id does not know.
fn cipher(passphrase: &Secret, salt: &[u8], cost: Cost) -> Option<XChaCha20Poly1305> {
    let mut key = [0; 32];
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(key.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, &mut key)
        .ok()?;
    XChaCha20Poly1305::new_from_slice(&key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that is cheap to open: unoptimised, the real cost is seconds.
    fn cheap(folder: &tempfile::TempDir) -> KeyFile {
        let cost = Cost {
            memory: 64,
            passes: 1,
            lanes: 4,
        };
        KeyFile {
            cost,
            ..KeyFile::at(folder.path().join("keys"))
        }
    }

    fn keys() -> Keys {
        let secrets = |keys: &[&str]| keys.iter().map(Secret::new).collect();
        Keys::from([
            ("openai".to_owned(), secrets(&["sk-one", "sk-two"])),
            ("anthropic".to_owned(), secrets(&["sk-ant"])),
        ])
    }

    #[test]
    fn keys_come_back_with_the_passphrase_and_only_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        let passphrase = Secret::new("correct horse");
        assert_eq!(file.read(&passphrase).unwrap(), Keys::new());
        file.write(&passphrase, &keys()).unwrap();
        assert_eq!(file.read(&passphrase).unwrap(), keys());

        let error = file.read(&Secret::new("battery staple")).unwrap_err();
        assert!(matches!(error, KeyError::WrongPassphrase { .. }), "{error}");
        assert!(error.hint().contains("Enter the passphrase again"));

        let bytes = fs::read(file.path()).unwrap();
        for secret in [&b"sk-one"[..], b"openai", b"correct horse"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret));
        }
        // Written again, nothing is the same: neither salt nor nonce is used twice.
        file.write(&passphrase, &keys()).unwrap();
        let again = fs::read(file.path()).unwrap();
        assert_ne!(bytes[20..HEAD], again[20..HEAD]);
    }

    #[test]
    fn the_real_cost_is_one_that_argon2_takes() {
        assert!(cipher(&Secret::new("p"), &[0; SALT], Cost { memory: 64, ..COST }).is_some());
        let written: Vec<u8> = COST.written().collect();
        assert_eq!(
            Cost::read(&written).map(|cost| (cost.memory, cost.passes, cost.lanes)),
            Some((65_536, 3, 4))
        );
    }

    #[test]
    fn a_changed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        let passphrase = Secret::new("p");
        file.write(&passphrase, &keys()).unwrap();
        let good = fs::read(file.path()).unwrap();
        for at in [0, 21, HEAD - 1, HEAD, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(file.path(), bad).unwrap();
            assert!(file.read(&passphrase).is_err(), "byte {at}");
        }
        let mut greedy = good.clone();
        greedy[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        for bad in [&b""[..], b"aiexkey1", &good[..HEAD - 1], &greedy] {
            fs::write(file.path(), bad).unwrap();
            let error = file.read(&passphrase).unwrap_err();
            assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        file.write(&Secret::new("p"), &keys()).unwrap();
        assert_eq!(
            fs::metadata(file.path()).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
