//! A file of keys, encrypted with XChaCha20-Poly1305 under a key that Argon2id makes of a passphrase.
//!
//! The file: the mark, the parameters of Argon2id (memory in KiB, passes, lanes; four bytes each, little-endian), 16
//! bytes of salt, 24 bytes of nonce, the length of the names (four bytes), the names as a JSON list, and the encrypted
//! JSON. All that stands before the encrypted part is authenticated with it. The names are in the clear, as they are in
//! the settings: they tell whether a locked file is worth a passphrase.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aiex_remote::Secret;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize as _, Zeroizing};

use super::KeyError;
use super::exchange::{self, Turn};

const MARK: &[u8; 8] = b"aiexkey1";
const COSTS: usize = 12;
const SALT: usize = 16;
const NONCE: usize = 24;
/// Up to the length of the names.
const HEAD: usize = MARK.len() + COSTS + SALT + NONCE;

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

/// Tells one writing of the file from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing([u8; SALT + NONCE]);

/// What is seen of a file without its passphrase. It is authenticated only once the file is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The names under which keys are kept, in order.
    pub names: Vec<String>,
    /// Which writing of the file this is.
    pub writing: Writing,
}

/// A file that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its keys.
    pub keys: Keys,
    /// The writing that held them.
    pub writing: Writing,
}

#[derive(Debug, Clone, Copy)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// A file in its parts.
struct Parts<'a> {
    cost: Cost,
    salt: &'a [u8],
    nonce: XNonce,
    outside: Outside,
    /// Everything before the encrypted part.
    head: &'a [u8],
    sealed: &'a [u8],
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

    /// The names that it keeps keys for; `None` when there is no file.
    pub fn look(&self) -> Result<Option<Outside>, KeyError> {
        let Some(bytes) = self.bytes()? else {
            return Ok(None);
        };
        self.parts(&bytes).map(|parts| Some(parts.outside))
    }

    /// All keys; `None` when there is no file.
    pub fn open(&self, passphrase: &Secret) -> Result<Option<Opened>, KeyError> {
        let Some(bytes) = self.bytes()? else {
            return Ok(None);
        };
        let parts = self.parts(&bytes)?;
        let payload = Payload {
            msg: parts.sealed,
            aad: parts.head,
        };
        let cipher = cipher(passphrase, parts.salt, parts.cost).ok_or_else(|| self.damaged())?;
        let plain = cipher
            .decrypt(&parts.nonce, payload)
            .map_err(|_| KeyError::WrongPassphrase {
                path: self.path.clone(),
            })?;
        let plain = Zeroizing::new(plain);
        let keys: BTreeMap<String, Vec<String>> =
            serde_json::from_slice(&plain).map_err(|_| self.damaged())?;
        let secrets = |keys: Vec<String>| {
            let keys = keys.into_iter().map(Zeroizing::new);
            keys.map(|key| Secret::new(key.as_str())).collect()
        };
        Ok(Some(Opened {
            keys: keys
                .into_iter()
                .map(|(name, keys)| (name, secrets(keys)))
                .collect(),
            writing: parts.outside.writing,
        }))
    }

    /// Changes the keys; a file is made if there is none. Several processes may do so at once: each sees what the one
    /// before it wrote. The file is exchanged as a whole and can be read by its owner alone.
    pub fn change(&self, passphrase: &Secret, change: impl FnOnce(&mut Keys)) -> Result<Opened, KeyError> {
        let turn = Turn::take(&self.path).map_err(|source| self.failed("written", source))?;
        let turn = turn.ok_or_else(|| KeyError::Busy {
            path: self.path.clone(),
        })?;
        let mut keys = self
            .open(passphrase)?
            .map(|opened| opened.keys)
            .unwrap_or_default();
        change(&mut keys);
        let (bytes, writing) = self.sealed(passphrase, &keys)?;
        turn.exchange(&bytes)
            .map_err(|source| self.failed("written", source))?;
        Ok(Opened { keys, writing })
    }

    fn sealed(&self, passphrase: &Secret, keys: &Keys) -> Result<(Vec<u8>, Writing), KeyError> {
        let mut random = [0; SALT + NONCE];
        getrandom::fill(&mut random).map_err(|_| KeyError::NoRandomBytes)?;
        let names: Vec<&String> = keys.keys().collect();
        let names = serde_json::to_vec(&names).map_err(|_| self.damaged())?;
        let length = u32::try_from(names.len()).map_err(|_| self.damaged())?;
        let mut bytes = MARK.to_vec();
        bytes.extend(self.cost.written());
        bytes.extend(random);
        bytes.extend(length.to_le_bytes());
        bytes.extend(names);
        let cipher = cipher(passphrase, &random[..SALT], self.cost).ok_or_else(|| self.damaged())?;
        let plain: BTreeMap<&str, Vec<&str>> = keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.iter().map(Secret::expose).collect()))
            .collect();
        let plain = Zeroizing::new(serde_json::to_vec(&plain).map_err(|_| self.damaged())?);
        let nonce = XNonce::try_from(&random[SALT..]).map_err(|_| self.damaged())?;
        let payload = Payload {
            msg: &plain,
            aad: &bytes,
        };
        let sealed = cipher.encrypt(&nonce, payload).map_err(|_| self.damaged())?;
        bytes.extend(sealed);
        Ok((bytes, Writing(random)))
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, KeyError> {
        exchange::read(&self.path).map_err(|source| match source.kind() {
            ErrorKind::InvalidData => self.damaged(),
            _ => self.failed("read", source),
        })
    }

    fn parts<'a>(&self, bytes: &'a [u8]) -> Result<Parts<'a>, KeyError> {
        self.taken_apart(bytes).ok_or_else(|| self.damaged())
    }

    fn taken_apart<'a>(&self, bytes: &'a [u8]) -> Option<Parts<'a>> {
        let rest = bytes.strip_prefix(MARK)?;
        let (cost, rest) = rest.split_at_checked(COSTS)?;
        let (random, rest) = rest.split_at_checked(SALT + NONCE)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (names, sealed) = rest.split_at_checked(length)?;
        let (salt, nonce) = random.split_at(SALT);
        Some(Parts {
            cost: Cost::read(cost)?,
            salt,
            nonce: XNonce::try_from(nonce).ok()?,
            outside: Outside {
                names: serde_json::from_slice(names).ok()?,
                writing: Writing(random.try_into().ok()?),
            },
            head: &bytes[..HEAD + 4 + length],
            sealed,
        })
    }

    fn damaged(&self) -> KeyError {
        KeyError::Damaged {
            path: self.path.clone(),
        }
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
    let cipher = XChaCha20Poly1305::new_from_slice(&key).ok();
    key.zeroize();
    cipher
}

#[cfg(test)]
mod tests {
    use std::fs;

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

    fn written(file: &KeyFile, passphrase: &Secret) -> Opened {
        file.change(passphrase, |kept| *kept = keys()).unwrap()
    }

    #[test]
    fn keys_come_back_with_the_passphrase_and_only_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        let passphrase = Secret::new("correct horse");
        assert_eq!(file.open(&passphrase).unwrap(), None);
        let first = written(&file, &passphrase);
        assert_eq!(file.open(&passphrase).unwrap(), Some(first.clone()));
        assert_eq!(first.keys, keys());

        let wrong = Secret::new("battery staple");
        for error in [
            file.open(&wrong).unwrap_err(),
            file.change(&wrong, |_| ()).unwrap_err(),
        ] {
            assert!(matches!(error, KeyError::WrongPassphrase { .. }), "{error}");
            assert!(error.hint().contains("Enter the passphrase again"));
        }

        let bytes = fs::read(file.path()).unwrap();
        for secret in [&b"sk-one"[..], b"sk-ant", b"correct horse"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret));
        }
        // Written again, nothing is the same: neither salt nor nonce is used twice.
        let again = written(&file, &passphrase);
        assert_ne!(first.writing, again.writing);
        assert_ne!(bytes[20..HEAD], fs::read(file.path()).unwrap()[20..HEAD]);
    }

    #[test]
    fn names_are_seen_without_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        assert_eq!(file.look().unwrap(), None);
        let opened = written(&file, &Secret::new("p"));
        let outside = file.look().unwrap().unwrap();
        assert_eq!(outside.names, ["anthropic", "openai"]);
        assert_eq!(outside.writing, opened.writing);
    }

    #[test]
    fn what_several_change_at_once_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        let passphrase = Secret::new("p");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (file, passphrase) = (&file, &passphrase);
                scope.spawn(move || {
                    let key = vec![Secret::new(format!("sk-{number}"))];
                    file.change(passphrase, |keys| drop(keys.insert(format!("p{number}"), key)))
                        .unwrap();
                });
            }
        });
        assert_eq!(file.open(&passphrase).unwrap().unwrap().keys.len(), 8);
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
        written(&file, &passphrase);
        let good = fs::read(file.path()).unwrap();
        // A name that somebody changed is no better than a key: "anthropic" stands behind its length and `["`.
        for at in [0, 21, HEAD - 1, HEAD, HEAD + 6, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(file.path(), bad).unwrap();
            assert!(file.open(&passphrase).is_err(), "byte {at}");
        }
        let mut greedy = good.clone();
        greedy[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut long = good.clone();
        long[HEAD..HEAD + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let huge = vec![b'a'; 2 << 20];
        for bad in [&b""[..], b"aiexkey1", &good[..HEAD - 1], &greedy, &long, &huge] {
            fs::write(file.path(), bad).unwrap();
            let error = file.open(&passphrase).unwrap_err();
            assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
            let error = file.change(&passphrase, |_| ()).unwrap_err();
            assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
            assert_eq!(fs::read(file.path()).unwrap(), bad, "it is left as it was");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = cheap(&folder);
        written(&file, &Secret::new("p"));
        assert_eq!(
            fs::metadata(file.path()).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
