//! Which keys there are and where, for whoever asks. It holds none.

use aiex_config::{EmbedderKind, Settings};
use aiex_protocol::keys::{KeyFileState, KeyPlace, KeyReport, KeyState, KeyStatus};

use super::{EMBEDDER, Keys, Passphrase, USUAL, VECTOR_SERVER, Wanted};

/// What uses a key, in words.
pub(crate) const PROVIDER: &str = "provider";
pub(crate) const ENGINE: &str = "web engine";

/// The keys that the settings name, in their order, with what each is for.
pub(crate) fn uses(settings: &Settings) -> Vec<(Wanted, &'static str)> {
    let providers = settings.providers.iter();
    let providers = providers.map(|it| (Wanted::new(&it.name, &it.key_env), PROVIDER));
    let engines = settings.web.engines.iter();
    let engines = engines.map(|it| (Wanted::new(&it.name, &it.key_env), ENGINE));
    let embedder = &settings.embedder;
    let is_remote = matches!(embedder.kind, EmbedderKind::OpenAi | EmbedderKind::Ollama);
    let embedder = is_remote.then(|| (Wanted::new(EMBEDDER, &embedder.key_env), EMBEDDER));
    let vector = &settings.vector;
    let server =
        (!vector.url.is_empty()).then(|| (Wanted::new(VECTOR_SERVER, &vector.key_env), "vector server"));
    providers.chain(engines).chain(embedder).chain(server).collect()
}

impl Keys {
    /// Which keys there are. Blocks. A place that cannot be read is told with each name that it concerns.
    pub(crate) fn report(&self, settings: &Settings) -> KeyReport {
        let mut keys: Vec<KeyStatus> = Vec::new();
        for (wanted, what) in uses(settings) {
            let known = keys.iter().position(|status| status.name == wanted.name);
            let at = known.unwrap_or_else(|| {
                keys.push(nothing(wanted.name));
                keys.len() - 1
            });
            let status = &mut keys[at];
            if !status.used_by.iter().any(|known| known == what) {
                status.used_by.push(what.to_owned());
            }
            if !wanted.variable.is_empty() && !status.variables.contains(&wanted.variable) {
                status.variables.push(wanted.variable);
            }
        }
        let in_system = self.system.names().unwrap_or_default();
        let (in_file, is_readable) = match self.file.look() {
            Ok(outside) => (outside.map(|outside| outside.names), true),
            Err(_) => (None, false),
        };
        let names = in_system.iter().chain(in_file.iter().flatten());
        for name in names {
            if !keys.iter().any(|status| status.name == *name) {
                keys.push(nothing(name.clone()));
            }
        }
        for status in &mut keys {
            if in_system.contains(&status.name) {
                status.kept_in.push(KeyPlace::System);
            }
            if in_file.iter().flatten().any(|name| *name == status.name) {
                status.kept_in.push(KeyPlace::File);
            }
            self.judge(status);
        }
        KeyReport {
            keys,
            file: self.file_state(in_file.is_some(), is_readable),
            path: self.file.path().display().to_string(),
            usual_place: USUAL,
        }
    }

    fn judge(&self, status: &mut KeyStatus) {
        let is_held = |variable: &String| !self.in_variable(variable).is_empty();
        if status.variables.iter().any(is_held) {
            status.state = KeyState::Variable;
            return;
        }
        // As when it is used: a name that has a variable must have a key.
        let wanted = Wanted {
            name: status.name.clone(),
            variable: status.variables.first().cloned().unwrap_or_default(),
        };
        status.state = match self.kept(&status.name) {
            Ok(Some(found)) => match found.place {
                KeyPlace::System => KeyState::System,
                KeyPlace::File => KeyState::File,
            },
            Ok(None) => match self.of(&wanted) {
                Ok(_) => KeyState::None,
                Err(problem) => {
                    status.hint = Some(problem.hint());
                    KeyState::Missing
                }
            },
            Err(problem) => {
                status.hint = Some(if problem.is_locked() {
                    problem.hint()
                } else {
                    format!("{problem}: {}", problem.hint())
                });
                if problem.is_locked() {
                    KeyState::Locked
                } else {
                    KeyState::Missing
                }
            }
        };
    }

    fn file_state(&self, is_there: bool, is_readable: bool) -> KeyFileState {
        if !is_readable {
            return KeyFileState::Unreadable;
        }
        let mut passphrase = self.passphrase();
        // Why the environment's does not do is told with each key that it should open.
        let _ = self.ask_environment(&mut passphrase);
        match *passphrase {
            Passphrase::Given(_) => KeyFileState::Unlocked,
            _ if is_there => KeyFileState::Locked,
            _ => KeyFileState::Absent,
        }
    }
}

fn nothing(name: String) -> KeyStatus {
    KeyStatus {
        name,
        used_by: Vec::new(),
        variables: Vec::new(),
        kept_in: Vec::new(),
        state: KeyState::None,
        hint: None,
    }
}
