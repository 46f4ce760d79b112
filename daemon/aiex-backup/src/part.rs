//! What belongs to a backup.

use std::path::{Component, Path, PathBuf};

use aiex_config::Home;

use crate::error::BackupError;

/// How a part is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By SQLite, which sees one moment of it while the daemon goes on writing.
    Database,
    /// As it lies there. Its writers put a whole new file in its place.
    File,
}

/// One file of what a user made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in a backup, with `/`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// How it is copied.
    pub kind: Kind,
    /// What it is to the user.
    pub what: &'static str,
}

/// A folder of keys in a backup.
const KEYS: &str = "keys/";

/// The parts, there or not, but for keys.
fn fixed(home: &Home) -> [Part; 4] {
    let part = |name: &str, path: PathBuf, kind, what| Part {
        name: name.to_owned(),
        path,
        kind,
        what,
    };
    [
        part("config.toml", home.config_file.clone(), Kind::File, "settings"),
        part(
            "sessions.db",
            home.state.join("sessions.db"),
            Kind::Database,
            "history and bookmarks",
        ),
        part(
            "research.db",
            home.state.join("research/research.db"),
            Kind::Database,
            "research",
        ),
        part(
            "repositories.json",
            home.index_dir().join("repos.json"),
            Kind::File,
            "the list of repositories",
        ),
    ]
}

fn key(home: &Home, name: &str) -> Part {
    Part {
        name: format!("{KEYS}{name}"),
        path: home.keys_dir().join(name),
        kind: Kind::File,
        what: "keys",
    }
}

/// The parts that are there.
///
/// # Errors
/// When the folder of keys cannot be read.
pub fn present(home: &Home) -> Result<Vec<Part>, BackupError> {
    let mut parts: Vec<Part> = fixed(home)
        .into_iter()
        .filter(|part| part.path.is_file())
        .collect();
    let folder = home.keys_dir();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(parts),
        Err(e) => return Err(BackupError::io(&folder, e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| BackupError::io(&folder, e))?;
        let name = entry.file_name().into_string().unwrap_or_default();
        // What is half written is called otherwise.
        if is_key_name(&name) && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort();
    parts.extend(names.iter().map(|name| key(home, name)));
    Ok(parts)
}

/// Where a part of a backup belongs; nothing for a name that no part has.
pub(crate) fn named(home: &Home, name: &str) -> Option<Part> {
    if let Some(name) = name.strip_prefix(KEYS) {
        let mut components = Path::new(name).components();
        let is_plain = matches!(components.next(), Some(Component::Normal(_))) && components.next().is_none();
        return (is_plain && is_key_name(name)).then(|| key(home, name));
    }
    fixed(home).into_iter().find(|part| part.name == name)
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.ends_with(".tmp") && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_elsewhere() {
        let home = Home::at(Path::new("/home/u/aiex"));
        assert_eq!(
            named(&home, "keys/sealed").unwrap().path,
            Path::new("/home/u/aiex/state/keys/sealed")
        );
        for name in [
            "keys/../sessions.db",
            "keys/",
            "keys/..",
            "keys/a/b",
            "/etc/passwd",
            "../config.toml",
            "other.db",
            "",
        ] {
            assert_eq!(named(&home, name), None, "{name}");
        }
    }
}
