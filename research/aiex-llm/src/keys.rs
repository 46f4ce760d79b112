//! Where keys are kept: the system's own store, or an encrypted file. Keys in environment variables need no
//! keeping; their values come in as they are.
//!
//! Neither place prints or logs a key, and no error holds one. Both tell the names that they keep without being
//! opened, so that nobody is asked for a passphrase, or by the system, on behalf of a service that needs no key.

mod exchange;
mod file;
mod system;

use std::path::PathBuf;

pub use file::{KeyFile, Keys, Opened, Outside, Writing};
pub use system::SystemStore;

/// Keys that cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be {doing}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Another process was writing it for too long.
    #[error("the key file {path} stayed locked by another process")]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// The file is none of ours, or a part of it is missing.
    #[error("{path} is not a key file of this program, or is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The passphrase does not open the file, or somebody changed the file.
    #[error("the passphrase does not open {path}")]
    WrongPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The system has no random bytes, which no key may be encrypted without.
    #[error("the system gives no random bytes")]
    NoRandomBytes,
    /// The system's store refused.
    #[error("the system's key store cannot be used: {reason}")]
    System {
        /// Why, as the system says it.
        reason: String,
    },
}

impl KeyError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::File { path, .. } => format!("Check that {} and its folder belong to you.", path.display()),
            Self::Busy { .. } => "Try again in a moment.".to_owned(),
            Self::Damaged { path } => {
                format!(
                    "Remove {} and enter the keys again, or put a copy of it back.",
                    path.display()
                )
            }
            Self::WrongPassphrase { path } => format!(
                "Enter the passphrase again; if it is lost, remove {} and enter the keys again.",
                path.display()
            ),
            Self::NoRandomBytes => "Keep the key in an environment variable instead.".to_owned(),
            Self::System { .. } => {
                "Keep the key in an environment variable or in the encrypted key file instead.".to_owned()
            }
        }
    }
}
