//! The keys of providers and search engines: where each is kept. No answer of the daemon holds a key or a part of one.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// A key or a passphrase on its way to the daemon, the only direction in which it travels. `Debug` shows `***`, and
/// its memory is overwritten when it goes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a key can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The system's own store; on Linux the kernel's keyring, which forgets when the machine is started anew.
    System,
    /// The encrypted file.
    File,
}

/// Arguments of `keys.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetKey {
    /// The name of the provider or search engine; `embedder` for that.
    pub name: String,
    /// The key; several, with commas between them, take turns.
    pub key: Hidden,
    /// Where to keep it; where it is kept already, or else the daemon's usual place, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<KeyPlace>,
}

/// Arguments of `keys.forget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForgetKey {
    /// The name under which it is kept.
    pub name: String,
}

/// Arguments of `keys.unlock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnlockKeys {
    /// What opens the encrypted file.
    pub passphrase: Hidden,
    /// Whether to make the file when there is none; without, that is an error, because a passphrase that was
    /// mistyped would be the file's from then on.
    #[serde(default)]
    pub create: bool,
}

/// The keys. Comes back from every `keys.*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyReport {
    /// What the settings name, in their order, then what is kept besides.
    pub keys: Vec<KeyStatus>,
    /// How the encrypted file stands.
    pub file: KeyFileState,
    /// Where it lies.
    pub path: String,
    /// Where a key is kept when nobody says where.
    pub usual_place: KeyPlace,
}

/// How the encrypted file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyFileState {
    /// There is none yet, and no passphrase for it.
    Absent,
    /// The daemon has no passphrase for it.
    Locked,
    /// The daemon can read and write it.
    Unlocked,
    /// It cannot be read; the daemon's log and `keys.unlock` say why.
    Unreadable,
}

/// One name and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyStatus {
    /// The name.
    pub name: String,
    /// What uses it, in words: `provider`, `web engine`, `embedder`; empty for what no setting names.
    pub used_by: Vec<String>,
    /// The variables that the settings name for it.
    pub variables: Vec<String>,
    /// Where a key is kept under this name.
    pub kept_in: Vec<KeyPlace>,
    /// Where it would be taken from now.
    pub state: KeyState,
    /// What to do when it cannot be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Where a key would be taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// From a variable that the settings name.
    Variable,
    /// From the system's store.
    System,
    /// From the encrypted file.
    File,
    /// It is in the encrypted file, which is locked.
    Locked,
    /// It should be somewhere and is not, or its place cannot be read.
    Missing,
    /// None is named and none is kept: the service is asked without one.
    None,
}
