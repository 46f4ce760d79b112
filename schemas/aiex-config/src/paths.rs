//! Where everything lies.
//!
//! ```text
//! without AIEX_HOME                       with AIEX_HOME=/elsewhere
//! ~/.config/aiex/config.toml              /elsewhere/config.toml
//! ~/.local/state/aiex/c1/aiexd.lock …     /elsewhere/state/c1/aiexd.lock …
//! ~/.cache/aiex/index/                    /elsewhere/cache/index/
//! ```

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aiex_protocol::CONTRACT;

use crate::digest::digest_of;
use crate::environment::Environment;
use crate::layers::Warning;

/// `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing NUL included; a little room is left.
const MAX_SOCKET_PATH: usize = 100;

/// What other programs look for to leave a folder out of backups (bford.info/cachedir).
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
# This folder holds what aiex can compute again. It may be deleted while no daemon runs.\n";

/// The folders of one user, or of one `AIEX_HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder that `AIEX_HOME` names, if it is in force. A child process must be given the same.
    pub root: Option<PathBuf>,
    /// Locks, info file, logs, what must not be lost.
    pub state: PathBuf,
    /// What can be computed again, the index above all.
    pub cache: PathBuf,
    /// The settings file; it need not exist.
    pub config_file: PathBuf,
}

/// Why the folders are not known or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Neither `AIEX_HOME` nor a home directory.
    #[error("no home directory: HOME is not set to an absolute path; set it, or set AIEX_HOME")]
    Unknown,
    /// A folder could not be made.
    #[error("cannot create {path}")]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Home {
    /// The folders that this environment means. An empty or relative `AIEX_HOME` counts as not set, with a
    /// warning: two processes in different folders would otherwise take it for two places.
    pub fn locate(environment: &dyn Environment) -> Result<(Self, Vec<Warning>), HomeError> {
        let mut warnings = Vec::new();
        if let Some(value) = environment.var("AIEX_HOME") {
            let root = PathBuf::from(value);
            if root.is_absolute() {
                return Ok((Self::at(&root), warnings));
            }
            warnings.push(Warning::HomeIgnored { value: root });
        }
        let home = environment
            .home_dir()
            .filter(|home| home.is_absolute())
            .ok_or(HomeError::Unknown)?;
        Ok((Self::of_user(&home), warnings))
    }

    /// Everything under one folder, as with `AIEX_HOME`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: Some(root.to_owned()),
            state: root.join("state"),
            cache: root.join("cache"),
            config_file: root.join("config.toml"),
        }
    }

    /// The usual places under a home directory.
    pub fn of_user(home: &Path) -> Self {
        Self {
            root: None,
            state: home.join(".local/state/aiex"),
            cache: home.join(".cache/aiex"),
            config_file: home.join(".config/aiex/config.toml"),
        }
    }

    /// Makes the state and cache folders, readable by the user only, and tags the cache as one.
    pub fn create(&self) -> Result<(), HomeError> {
        for path in [&self.contract_dir(), &self.cache] {
            create_private(path).map_err(|source| HomeError::Create {
                path: path.clone(),
                source,
            })?;
        }
        let tag = self.cache.join("CACHEDIR.TAG");
        if !tag.exists() {
            fs::write(&tag, CACHE_TAG).map_err(|source| HomeError::Create { path: tag, source })?;
        }
        Ok(())
    }

    /// The state of daemons that speak this build's contract.
    pub fn contract_dir(&self) -> PathBuf {
        self.state.join(contract_name())
    }

    /// Locked by the daemon for as long as it lives.
    pub fn lock_file(&self) -> PathBuf {
        self.contract_dir().join("aiexd.lock")
    }

    /// Locked by the client that starts a daemon.
    pub fn starting_lock(&self) -> PathBuf {
        self.contract_dir().join("starting.lock")
    }

    /// Where the daemon says how to reach it ([`crate::info`]).
    pub fn info_file(&self) -> PathBuf {
        self.contract_dir().join("aiexd.json")
    }

    /// What the daemon logs. The daemon keeps it bounded.
    pub fn log_file(&self) -> PathBuf {
        self.contract_dir().join("aiexd.log")
    }

    /// Why the last start failed ([`StartFailure`](crate::StartFailure)).
    pub fn last_error_file(&self) -> PathBuf {
        self.contract_dir().join("aiexd.error.json")
    }

    /// Recent failed starts and crashes ([`crate::exits`]).
    pub fn exits_file(&self) -> PathBuf {
        self.contract_dir().join("aiexd.exits.json")
    }

    /// The encrypted file of keys, and the names of those that the system keeps.
    pub fn keys_dir(&self) -> PathBuf {
        self.state.join("keys")
    }

    /// What can be computed again.
    pub fn cache_dir(&self) -> PathBuf {
        self.cache.clone()
    }

    /// The indexes.
    pub fn index_dir(&self) -> PathBuf {
        self.cache.join("index")
    }

    /// The folder of the daemon's socket: the contract's folder, or a short one under `/tmp` when the path
    /// would not fit. Clients never compute this; they read the info file.
    pub fn socket_dir(&self) -> PathBuf {
        let near = self.contract_dir();
        if near.join(SOCKET_NAME).as_os_str().len() <= MAX_SOCKET_PATH {
            return near;
        }
        let uid = rustix::process::getuid().as_raw();
        let short = &digest_of([self.state.as_os_str().as_bytes()])[..12];
        PathBuf::from(format!("/tmp/aiex-{uid}/{short}")).join(contract_name())
    }

    /// The daemon's socket. Its folder must be checked by [`crate::socket_dir::prepare`] before it is bound.
    pub fn socket_file(&self) -> PathBuf {
        self.socket_dir().join(SOCKET_NAME)
    }
}

const SOCKET_NAME: &str = "aiexd.sock";

fn contract_name() -> String {
    format!("c{CONTRACT}")
}

/// Makes a folder and its missing parents, each for the user only.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A path as people write it: `~/` is the home directory.
pub fn written_by_user(text: &str, environment: &dyn Environment) -> PathBuf {
    match (text.strip_prefix("~/"), environment.home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::environment::MapEnvironment;

    #[test]
    fn folders_follow_aiex_home_or_the_home_directory_and_nothing_else() {
        struct Case {
            vars: &'static [(&'static str, &'static str)],
            state: &'static str,
            cache: &'static str,
            config: &'static str,
            warnings: usize,
        }
        let usual = (
            "/h/u/.local/state/aiex",
            "/h/u/.cache/aiex",
            "/h/u/.config/aiex/config.toml",
        );
        let cases = [
            Case {
                vars: &[("HOME", "/h/u")],
                state: usual.0,
                cache: usual.1,
                config: usual.2,
                warnings: 0,
            },
            Case {
                vars: &[
                    ("HOME", "/h/u"),
                    ("XDG_STATE_HOME", "/x"),
                    ("XDG_CACHE_HOME", "/y"),
                    ("TMPDIR", "/z"),
                ],
                state: usual.0,
                cache: usual.1,
                config: usual.2,
                warnings: 0,
            },
            Case {
                vars: &[("HOME", "/h/u"), ("AIEX_HOME", "/else")],
                state: "/else/state",
                cache: "/else/cache",
                config: "/else/config.toml",
                warnings: 0,
            },
            Case {
                vars: &[("HOME", "/h/u"), ("AIEX_HOME", "")],
                state: usual.0,
                cache: usual.1,
                config: usual.2,
                warnings: 1,
            },
            Case {
                vars: &[("HOME", "/h/u"), ("AIEX_HOME", "here/too")],
                state: usual.0,
                cache: usual.1,
                config: usual.2,
                warnings: 1,
            },
        ];
        for case in cases {
            let (home, warnings) = Home::locate(&MapEnvironment::new(case.vars.iter().copied())).unwrap();
            assert_eq!(home.state, Path::new(case.state), "{:?}", case.vars);
            assert_eq!(home.cache, Path::new(case.cache), "{:?}", case.vars);
            assert_eq!(home.config_file, Path::new(case.config), "{:?}", case.vars);
            assert_eq!(warnings.len(), case.warnings, "{:?}", case.vars);
        }
    }

    #[test]
    fn no_home_at_all_is_an_error() {
        for vars in [&[][..], &[("HOME", "")], &[("HOME", "relative")]] {
            assert!(matches!(
                Home::locate(&MapEnvironment::new(vars.iter().copied())),
                Err(HomeError::Unknown)
            ));
        }
    }

    #[test]
    fn a_socket_path_always_fits() {
        let short = Home::at(Path::new("/h/aiex"));
        assert_eq!(short.socket_file(), Path::new("/h/aiex/state/c1/aiexd.sock"));

        let long = Home::at(&PathBuf::from(format!("/h/{}", "x".repeat(120))));
        let other = Home::at(&PathBuf::from(format!("/h/{}", "y".repeat(120))));
        assert!(long.socket_file().starts_with("/tmp"));
        assert!(long.socket_file().as_os_str().len() <= MAX_SOCKET_PATH);
        assert_ne!(long.socket_file(), other.socket_file());
    }

    #[test]
    fn folders_are_made_for_the_user_only_and_the_cache_is_tagged() {
        let scratch = tempfile::tempdir().unwrap();
        let home = Home::at(&scratch.path().join("deep/home"));
        home.create().unwrap();
        home.create().unwrap();
        for path in [home.root.clone().unwrap(), home.contract_dir(), home.cache_dir()] {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        assert!(
            fs::read_to_string(home.cache.join("CACHEDIR.TAG"))
                .unwrap()
                .starts_with("Signature: 8a477f")
        );
    }
}
