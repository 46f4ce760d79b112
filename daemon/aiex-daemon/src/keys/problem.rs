//! Why a key cannot be had, and what to do about it. No key and no passphrase stands in it.

use std::path::PathBuf;

use aiex_llm::keys::KeyError;
use aiex_protocol::{ErrorCode, WireError};

/// A key that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyProblem {
    /// A variable is named, is not set, and nothing is kept instead.
    #[error("the variable {variable} is not set")]
    Variable { variable: String, name: String },
    /// It is in the file, which nobody has opened.
    #[error("the key of `{name}` is in the key file, which is locked")]
    Locked { name: String },
    /// The file is locked and should be changed.
    #[error("the key file is locked")]
    LockedFile,
    /// There is no file to open or to write.
    #[error("there is no key file yet")]
    NoFile,
    /// The system's store no longer has what was put there.
    #[error("the system's store no longer has the key of `{name}`")]
    Lost { name: String },
    /// The passphrase cannot be taken from where the environment says.
    #[error("the passphrase of the key file cannot be taken from {}: {reason}", path.display())]
    PassphraseFile { path: PathBuf, reason: String },
    /// A place cannot be read or written.
    #[error("{message}")]
    Place {
        message: String,
        hint: String,
        kind: PlaceKind,
    },
    /// The place of keys said nothing for too long, or the look was dropped.
    #[error("the place of the keys does not answer")]
    NoAnswer,
}

/// What kind of failure of a place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    /// The passphrase is wrong.
    Passphrase,
    /// The system has no store that works.
    System,
    /// A file cannot be read or written, or is damaged.
    File,
}

impl KeyProblem {
    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Variable { variable, name } => format!(
                "the daemon has the environment of the command that started it: set {variable} and run \
                 `aiex daemon restart`; or keep a key with `aiex keys set {name}`"
            ),
            Self::Locked { .. } | Self::LockedFile => {
                "run `aiex keys unlock`; it stays open for as long as the daemon lives".to_owned()
            }
            Self::NoFile => {
                "run `aiex keys unlock` to choose a passphrase for it, or keep the key with `--in system`"
                    .to_owned()
            }
            Self::Lost { name } => format!(
                "run `aiex keys set {name}`; on Linux the system forgets keys when the machine is started anew, and \
                 `--in file` keeps them"
            ),
            Self::PassphraseFile { .. } => {
                "put the passphrase there and nothing else, or run `aiex keys unlock`".to_owned()
            }
            Self::Place { hint, .. } => hint.clone(),
            Self::NoAnswer => {
                "answer the system, if it asks whether aiex may use a key, and ask again".to_owned()
            }
        }
    }

    /// As an answer to a request about keys.
    pub(crate) fn told(&self) -> WireError {
        let code = match self {
            Self::Place {
                kind: PlaceKind::File,
                ..
            } => ErrorCode::Storage,
            Self::NoAnswer => ErrorCode::DeadlineExceeded,
            _ => ErrorCode::InvalidRequest,
        };
        WireError::new(code, self.to_string()).with_hint(self.hint())
    }

    /// Whether unlocking the file would help.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}

impl From<KeyError> for KeyProblem {
    fn from(error: KeyError) -> Self {
        let kind = match &error {
            KeyError::WrongPassphrase { .. } => PlaceKind::Passphrase,
            KeyError::System { .. } => PlaceKind::System,
            KeyError::File { .. }
            | KeyError::Busy { .. }
            | KeyError::Damaged { .. }
            | KeyError::NoRandomBytes => PlaceKind::File,
        };
        Self::Place {
            message: error.to_string(),
            hint: error.hint(),
            kind,
        }
    }
}
