//! The layers of settings: defaults < file < environment < flags.
//!
//! All of them go through one table of keys, so a value is checked in the same way wherever it comes from.
//! A key that nobody knows is a warning, because another version may know it; a wrong value is an error,
//! because to guess what was meant would be worse.

mod file;
mod keys;
mod scalar;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::DEFAULTS;
use crate::env_vars::ENV_VARS;
use crate::environment::Environment;
use crate::nearest::nearest;
use crate::paths::{Home, HomeError};
use crate::settings::{Settings, StagePolicy};

use self::keys::keys;
use self::scalar::Scalar;

/// A setting given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The setting: `daemon.idle_exit`.
    pub key: String,
    /// Its value, as it would stand in the file without quotes.
    pub value: String,
    /// The flag that gave it, for messages.
    pub flag: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded defaults.
    Defaults,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: &'static str,
    },
    /// A command line flag.
    Flag {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("the defaults"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable { name } => f.write_str(name),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// Something in the settings that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// No such key.
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// `AIEX_HOME` is empty or relative.
    HomeIgnored {
        /// Its value.
        value: PathBuf,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { origin, key, nearest } => {
                write!(f, "{origin}: unknown setting `{key}`, ignored")?;
                nearest
                    .as_ref()
                    .map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            Self::HomeIgnored { value } => {
                write!(
                    f,
                    "AIEX_HOME is ignored: `{}` is not an absolute path",
                    value.display()
                )
            }
        }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not known where the file would be.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file is there and cannot be read.
    #[error("cannot read the settings in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path}:{line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A value that the key does not take.
    #[error("{origin}: `{key}` cannot be {found}; it must be {allowed}")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// The value.
        found: String,
        /// What it may be.
        allowed: String,
    },
    /// A table lacks a key that it must have.
    #[error("{origin}: this {what} has no `{key}`, which must be given")]
    Missing {
        /// Where the table starts.
        origin: Origin,
        /// What the table describes.
        what: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A stage of research is to be done by a provider that there is not.
    #[error(
        "`{key}` names the provider `{name}`, which is not configured; it must be \"local_first\", \"cheapest\", \
         \"fastest\", \"best\", or the name of a [[provider]]"
    )]
    NoSuchProvider {
        /// The setting.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// A flag names a setting that does not exist.
    #[error("{flag}: unknown setting `{key}`{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownOverride {
        /// The flag.
        flag: String,
        /// The key.
        key: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
}

impl Settings {
    /// The settings that this environment means, with these flags on top.
    pub fn load(
        environment: &dyn Environment,
        overrides: &[Override],
    ) -> Result<(Self, Vec<Warning>), ConfigError> {
        let (home, mut warnings) = Home::locate(environment)?;
        let (settings, more) = Self::load_file(&home.config_file, environment, overrides)?;
        warnings.extend(more);
        Ok((settings, warnings))
    }

    /// The same with the file given. There need not be one.
    pub fn load_file(
        path: &Path,
        environment: &dyn Environment,
        overrides: &[Override],
    ) -> Result<(Self, Vec<Warning>), ConfigError> {
        let mut settings = Self::default();
        let mut warnings = Vec::new();
        match fs::read_to_string(path) {
            Ok(text) => file::apply(&mut settings, &text, Some(path), &mut warnings)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(ConfigError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        apply_environment(&mut settings, environment)?;
        apply_overrides(&mut settings, overrides)?;
        check_policies(&settings)?;
        Ok((settings, warnings))
    }
}

impl Default for Settings {
    fn default() -> Self {
        let mut settings = keys::blank();
        let mut warnings = Vec::new();
        #[expect(clippy::expect_used, reason = "the text is embedded and a test reads it")]
        file::apply(&mut settings, DEFAULTS, None, &mut warnings).expect("the defaults are valid");
        settings
    }
}

fn apply_environment(settings: &mut Settings, environment: &dyn Environment) -> Result<(), ConfigError> {
    for var in ENV_VARS {
        let Some(key) = var.key else { continue };
        let Some(value) = environment.var(var.name).filter(|value| !value.is_empty()) else {
            continue;
        };
        set(
            settings,
            key,
            &Scalar::Plain(&value.to_string_lossy()),
            Origin::Variable { name: var.name },
        )?;
    }
    Ok(())
}

fn apply_overrides(settings: &mut Settings, overrides: &[Override]) -> Result<(), ConfigError> {
    for Override { key, value, flag } in overrides {
        if !keys().any(|known| known.name == key) {
            return Err(ConfigError::UnknownOverride {
                flag: flag.clone(),
                key: key.clone(),
                nearest: nearest(key, keys().map(|known| known.name)).map(str::to_owned),
            });
        }
        set(
            settings,
            key,
            &Scalar::Plain(value),
            Origin::Flag { name: flag.clone() },
        )?;
    }
    Ok(())
}

fn set(settings: &mut Settings, key: &str, value: &Scalar<'_>, origin: Origin) -> Result<(), ConfigError> {
    match keys().find(|known| known.name == key) {
        Some(known) => known.set(settings, key, value, origin),
        None => Ok(()),
    }
}

/// A provider is only known to be missing when all layers are read.
fn check_policies(settings: &Settings) -> Result<(), ConfigError> {
    for (key, policy) in settings.research.policies() {
        let StagePolicy::Named(name) = policy else {
            continue;
        };
        if !settings.providers.iter().any(|provider| provider.name == *name) {
            let name = name.clone();
            return Err(ConfigError::NoSuchProvider { key, name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
