//! The keys of providers and search engines: where each comes from now. A variable goes before the system's store, and
//! that before the encrypted file; a place is asked only for what is known to be in it.
//!
//! Keys are looked up anew for every use, so that one that was just kept is used at once, and one that is locked away no
//! longer. Nothing here logs, and no problem holds a key.

mod problem;
mod report;

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiex_config::{Environment, Home, ProcessEnvironment};
use aiex_llm::Secret;
use aiex_llm::keys::{KeyFile, Opened, SystemStore};
use aiex_protocol::keys::KeyPlace;
use tokio::time::timeout;
use zeroize::Zeroizing;

pub(crate) use problem::KeyProblem;
pub(crate) use report::{ENGINE, PROVIDER, uses};

/// The variable that names a file with the passphrase.
const PASSPHRASE_FILE: &str = "AIEX_KEYS_PASSPHRASE_FILE";
/// Where a service manager lays out what it was given to hand on, and under which name it is looked for.
const CREDENTIALS: (&str, &str) = ("CREDENTIALS_DIRECTORY", "aiex-keys-passphrase");
/// The name under which the embedder's key is kept.
pub(crate) const EMBEDDER: &str = "embedder";
/// The name under which the key of the server for vectors is kept.
pub(crate) const VECTOR_SERVER: &str = "qdrant";

/// Where a key is kept when nobody says where. Linux' keyring forgets when the machine is started anew.
const USUAL: KeyPlace = if cfg!(any(target_os = "macos", target_os = "windows")) {
    KeyPlace::System
} else {
    KeyPlace::File
};

/// How long a place of keys is waited for: some ask the user first.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a service needs to know of its key: under which name it is kept, and which variable goes before that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// Empty for none.
    pub(crate) variable: String,
}

impl Wanted {
    pub(crate) fn new(name: &str, variable: &str) -> Self {
        Self {
            name: name.to_owned(),
            variable: variable.to_owned(),
        }
    }
}

/// What came of a look for keys: none at all is as good an answer as some.
pub(crate) type Taken = Result<Vec<Secret>, KeyProblem>;

/// The places of keys. Its methods block unless they say otherwise: stores may ask the user, and opening the file takes
/// work by design.
pub(crate) struct Keys {
    environment: Arc<dyn Environment + Send + Sync>,
    file: KeyFile,
    system: SystemStore,
    passphrase: Mutex<Passphrase>,
}

/// What is known of the way into the file.
enum Passphrase {
    /// Nobody gave one; the environment may.
    NotGiven,
    /// It opens the file.
    Given(Open),
    /// It was locked, and stays so until somebody unlocks it.
    Locked,
}

/// A passphrase, and what it opened; nothing while there is no file.
struct Open {
    passphrase: Secret,
    opened: Option<Opened>,
}

/// Where a kept key was found.
struct Found {
    place: KeyPlace,
    keys: Vec<Secret>,
}

impl Keys {
    pub(crate) fn new(home: &Home) -> Self {
        Self::in_environment(home, Arc::new(ProcessEnvironment))
    }

    pub(crate) fn in_environment(home: &Home, environment: Arc<dyn Environment + Send + Sync>) -> Self {
        let folder = home.keys_dir();
        let service = service(home, environment.as_ref());
        Self {
            environment,
            file: KeyFile::at(folder.join("sealed")),
            system: SystemStore::new(service, folder.join("system.json")),
            passphrase: Mutex::new(Passphrase::NotGiven),
        }
    }

    /// The keys of each, in their order. Does not block.
    pub(crate) async fn take(self: &Arc<Self>, wanted: Vec<Wanted>) -> Vec<Taken> {
        let number = wanted.len();
        let keys = Arc::clone(self);
        let look = move || wanted.iter().map(|wanted| keys.of(wanted)).collect();
        match timeout(PATIENCE, tokio::task::spawn_blocking(look)).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(_)) | Err(_) => vec![Err(KeyProblem::NoAnswer); number],
        }
    }

    /// The keys of one, in the order in which they take turns; none when none is named and none is kept.
    pub(crate) fn of(&self, wanted: &Wanted) -> Taken {
        let held = self.in_variable(&wanted.variable);
        if !held.is_empty() {
            return Ok(held);
        }
        match self.kept(&wanted.name)? {
            Some(found) => Ok(found.keys),
            None if wanted.variable.is_empty() => Ok(Vec::new()),
            None => Err(KeyProblem::Variable {
                variable: wanted.variable.clone(),
                name: wanted.name.clone(),
            }),
        }
    }

    /// Keeps a key: in `place`, or where one is kept under this name already, or in the usual place. It is then in no
    /// other place, unless that is locked; where it was put.
    pub(crate) fn set(
        &self,
        name: &str,
        key: &Secret,
        place: Option<KeyPlace>,
    ) -> Result<KeyPlace, KeyProblem> {
        let kept_in = self.kept_in(name)?;
        let place = place.or(kept_in.first().copied()).unwrap_or(USUAL);
        match place {
            KeyPlace::System => {
                self.system.write(name, key)?;
                // The system's goes before the file's: one that is locked in there does no harm.
                if kept_in.contains(&KeyPlace::File) && self.is_open()? {
                    self.change(|keys| drop(keys.remove(name)))?;
                }
            }
            KeyPlace::File => {
                self.change(|keys| drop(keys.insert(name.to_owned(), split(key.expose()))))?;
                if kept_in.contains(&KeyPlace::System) {
                    self.system.forget(name)?;
                }
            }
        }
        Ok(place)
    }

    /// Keeps a key no longer, wherever it is; whether there was one.
    pub(crate) fn forget(&self, name: &str) -> Result<bool, KeyProblem> {
        let kept_in = self.kept_in(name)?;
        // First what may be refused because it is locked: then nothing is changed.
        if kept_in.contains(&KeyPlace::File) {
            self.change(|keys| drop(keys.remove(name)))?;
        }
        if kept_in.contains(&KeyPlace::System) {
            self.system.forget(name)?;
        }
        Ok(!kept_in.is_empty())
    }

    /// Opens the file for as long as the daemon lives. Makes it, with nothing in it, if there is none and `create` says so.
    pub(crate) fn unlock(&self, passphrase: Secret, create: bool) -> Result<(), KeyProblem> {
        let opened = match self.file.open(&passphrase)? {
            Some(opened) => opened,
            None if create => self.file.change(&passphrase, |_| ())?,
            None => return Err(KeyProblem::NoFile),
        };
        *self.passphrase() = Passphrase::Given(Open {
            passphrase,
            opened: Some(opened),
        });
        Ok(())
    }

    /// Forgets the passphrase and what it opened; also one that the environment gives.
    pub(crate) fn lock(&self) {
        *self.passphrase() = Passphrase::Locked;
    }

    fn in_variable(&self, variable: &str) -> Vec<Secret> {
        if variable.is_empty() {
            return Vec::new();
        }
        let held = self
            .environment
            .var(variable)
            .and_then(|value| value.into_string().ok());
        held.map(|value| split(&value)).unwrap_or_default()
    }

    /// The key that is kept under a name, if one is. What the system lost may still be in the file.
    fn kept(&self, name: &str) -> Result<Option<Found>, KeyProblem> {
        let mut lost = None;
        if self.system.names()?.contains(name) {
            match self.system.read(name) {
                Ok(Some(key)) => {
                    return Ok(Some(Found {
                        place: KeyPlace::System,
                        keys: split(key.expose()),
                    }));
                }
                Ok(None) => {
                    lost = Some(KeyProblem::Lost {
                        name: name.to_owned(),
                    })
                }
                Err(error) => lost = Some(error.into()),
            }
        }
        let found = self.in_file(name)?;
        match (found, lost) {
            (Some(keys), _) => Ok(Some(Found {
                place: KeyPlace::File,
                keys,
            })),
            (None, Some(lost)) => Err(lost),
            (None, None) => Ok(None),
        }
    }

    fn in_file(&self, name: &str) -> Result<Option<Vec<Secret>>, KeyProblem> {
        let Some(outside) = self.file.look()? else {
            return Ok(None);
        };
        if !outside.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        let mut passphrase = self.passphrase();
        self.ask_environment(&mut passphrase)?;
        let Passphrase::Given(open) = &mut *passphrase else {
            return Err(KeyProblem::Locked {
                name: name.to_owned(),
            });
        };
        let current = open.opened.take_if(|opened| opened.writing == outside.writing);
        // Somebody else wrote it meanwhile: a copy that was put back, a newer daemon.
        let opened = match current {
            Some(opened) => Some(opened),
            None => self.file.open(&open.passphrase)?,
        };
        let keys = opened.as_ref().and_then(|opened| opened.keys.get(name).cloned());
        open.opened = opened;
        Ok(keys)
    }

    fn change(&self, change: impl FnOnce(&mut aiex_llm::keys::Keys)) -> Result<(), KeyProblem> {
        let mut passphrase = self.passphrase();
        self.ask_environment(&mut passphrase)?;
        let Passphrase::Given(open) = &mut *passphrase else {
            return Err(match self.file.look()? {
                Some(_) => KeyProblem::LockedFile,
                None => KeyProblem::NoFile,
            });
        };
        open.opened = Some(self.file.change(&open.passphrase, change)?);
        Ok(())
    }

    fn is_open(&self) -> Result<bool, KeyProblem> {
        let mut passphrase = self.passphrase();
        self.ask_environment(&mut passphrase)?;
        Ok(matches!(*passphrase, Passphrase::Given(_)))
    }

    /// The places that keep a key under this name, the one that goes first first. Nothing is opened.
    fn kept_in(&self, name: &str) -> Result<Vec<KeyPlace>, KeyProblem> {
        let mut places = Vec::new();
        if self.system.names()?.contains(name) {
            places.push(KeyPlace::System);
        }
        let outside = self.file.look()?;
        if outside.is_some_and(|outside| outside.names.iter().any(|known| known == name)) {
            places.push(KeyPlace::File);
        }
        Ok(places)
    }

    /// Takes the passphrase from where the environment says, unless somebody gave one or locked the file.
    fn ask_environment(&self, passphrase: &mut Passphrase) -> Result<(), KeyProblem> {
        if !matches!(passphrase, Passphrase::NotGiven) {
            return Ok(());
        }
        let Some(path) = self.passphrase_file() else {
            return Ok(());
        };
        let unreadable = |reason: String| KeyProblem::PassphraseFile {
            path: path.clone(),
            reason,
        };
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(&path)
            .and_then(|file| file.take(LONGEST_PASSPHRASE + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(error.to_string()))?;
        let given = std::str::from_utf8(&bytes)
            .ok()
            .filter(|text| text.len() as u64 <= LONGEST_PASSPHRASE)
            .map(Secret::new)
            .filter(|given| !given.is_empty());
        let given = given.ok_or_else(|| unreadable("there is no passphrase in it".to_owned()))?;
        let opened = self.file.open(&given).map_err(|error| match error {
            aiex_llm::keys::KeyError::WrongPassphrase { .. } => {
                unreadable("what it holds does not open the key file".to_owned())
            }
            error => KeyProblem::from(error),
        })?;
        *passphrase = Passphrase::Given(Open {
            passphrase: given,
            opened,
        });
        Ok(())
    }

    fn passphrase_file(&self) -> Option<PathBuf> {
        let named = |name| self.environment.var(name).filter(|value| !value.is_empty());
        if let Some(path) = named(PASSPHRASE_FILE) {
            return Some(PathBuf::from(path));
        }
        let (folder, name) = CREDENTIALS;
        let path = PathBuf::from(named(folder)?).join(name);
        path.exists().then_some(path)
    }

    fn passphrase(&self) -> MutexGuard<'_, Passphrase> {
        self.passphrase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No passphrase is longer, in bytes; a file that is was not meant to be one.
pub(crate) const LONGEST_PASSPHRASE: u64 = 1024;

/// Several keys stand in one text, with commas between them.
fn split(text: &str) -> Vec<Secret> {
    let keys = text.split(',').map(Secret::new);
    keys.filter(|key| !key.is_empty()).collect()
}

/// Under which name the system keeps them: each folder of keys has its own, however it is reached.
fn service(home: &Home, environment: &dyn Environment) -> String {
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let folder = real(home.keys_dir());
    let users = environment.home_dir().map(|user| Home::of_user(&user).keys_dir());
    match users.map(real) {
        Some(users) if users == folder => "aiex".to_owned(),
        _ => format!("aiex {}", folder.display()),
    }
}

#[cfg(test)]
mod tests;
