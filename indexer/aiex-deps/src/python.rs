//! Python's lockfiles: uv, Poetry and PDM, Pipenv, and pinned requirements.

mod environment;
mod requirement;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::finder::{Finder, Locked, small};
use crate::package::{Ecosystem, Origin};
use environment::Environments;
use requirement::{named, pinned};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: Table,
    /// uv: a list of tables with a name. Poetry: a table by name.
    dependencies: Option<Value>,
    #[serde(rename = "dev-dependencies", default)]
    dev: BTreeMap<String, Value>,
    #[serde(rename = "optional-dependencies", default)]
    optional: BTreeMap<String, Value>,
}

/// The normal form of a distribution's name (PEP 503).
pub(crate) fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

/// `uv.lock`.
pub(crate) fn uv(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, toml::from_str::<Lock>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    let place = |entry: &Entry| {
        let keys = ["editable", "virtual", "directory"];
        keys.iter()
            .find_map(|key| entry.source.get(*key))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let direct: BTreeSet<String> = lock
        .package
        .iter()
        .filter(|entry| place(entry).is_some())
        .flat_map(|entry| {
            entry
                .dependencies
                .iter()
                .chain(entry.dev.values())
                .chain(entry.optional.values())
        })
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|dependency| dependency.get("name")?.as_str())
        .map(normal)
        .collect();
    let environments = Environments::new(finder, folder);
    for entry in &lock.package {
        let version = entry.version.as_deref().unwrap_or_default();
        if let Some(place) = place(entry) {
            let (root, at) = (
                finder.root.clone(),
                if place == "." {
                    folder.into()
                } else {
                    folder.join(&place)
                },
            );
            let found = if at == root {
                Some(root)
            } else {
                finder.first_inside(&entry.name, path, [(root, at)])
            };
            if finder.sound(path, &entry.name, version) {
                let direct = direct.contains(&normal(&entry.name));
                finder.keep(
                    path,
                    locked(&entry.name, version, Origin::Path, direct),
                    found,
                    None,
                );
            }
            continue;
        }
        let origin = if entry.source.contains_key("git") {
            Origin::Git
        } else {
            Origin::Registry
        };
        environments.keep(
            finder,
            path,
            locked(
                &entry.name,
                version,
                origin,
                direct.contains(&normal(&entry.name)),
            ),
        );
    }
}

/// `poetry.lock` and `pdm.lock`, whose direct dependencies are named in `pyproject.toml`.
pub(crate) fn poetry(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, toml::from_str::<Lock>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    let direct = small(&folder.join("pyproject.toml"))
        .and_then(|text| toml::from_str::<Table>(&text).ok())
        .map(|project| project_asks(&project))
        .unwrap_or_default();
    let environments = Environments::new(finder, folder);
    for entry in &lock.package {
        let origin = match entry.source.get("type").and_then(Value::as_str) {
            Some("git") => Origin::Git,
            Some("directory" | "file") => Origin::Path,
            _ => Origin::Registry,
        };
        let version = entry.version.as_deref().unwrap_or_default();
        environments.keep(
            finder,
            path,
            locked(
                &entry.name,
                version,
                origin,
                direct.contains(&normal(&entry.name)),
            ),
        );
    }
}

/// The names that a `pyproject.toml` asks for: those of the standard (PEP 621, PEP 735) and Poetry's own.
fn project_asks(project: &Table) -> BTreeSet<String> {
    let mut asks = BTreeSet::new();
    let lists = |value: Option<&Value>| -> Vec<Value> {
        value
            .and_then(Value::as_table)
            .map(|table| table.values().cloned().collect())
            .unwrap_or_default()
    };
    let standard = project
        .get("project")
        .and_then(|table| table.get("dependencies"))
        .cloned();
    let optional = lists(
        project
            .get("project")
            .and_then(|table| table.get("optional-dependencies")),
    );
    let groups = lists(project.get("dependency-groups"));
    for list in standard.into_iter().chain(optional).chain(groups) {
        let specifiers = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        asks.extend(specifiers.filter_map(named).map(normal));
    }
    let poetry = project.get("tool").and_then(|table| table.get("poetry"));
    let mut tables: Vec<Value> = ["dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|key| poetry?.get(*key).cloned())
        .collect();
    let groups = lists(poetry.and_then(|table| table.get("group")));
    tables.extend(
        groups
            .iter()
            .filter_map(|group| group.get("dependencies").cloned()),
    );
    for table in tables.iter().filter_map(Value::as_table) {
        asks.extend(table.keys().map(|name| normal(name)));
    }
    asks.remove("python");
    asks
}

/// `Pipfile.lock`, whose direct dependencies are named in the `Pipfile`.
pub(crate) fn pipfile(finder: &mut Finder<'_>, path: &Path) {
    #[derive(Deserialize)]
    struct Pipfile {
        #[serde(flatten)]
        sections: BTreeMap<String, BTreeMap<String, Json>>,
    }
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, serde_json::from_str::<Pipfile>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    let direct: BTreeSet<String> = small(&folder.join("Pipfile"))
        .and_then(|text| toml::from_str::<Table>(&text).ok())
        .iter()
        .flat_map(|pipfile| ["packages", "dev-packages"].map(|key| pipfile.get(key).cloned()))
        .flatten()
        .filter_map(|section| {
            section
                .as_table()
                .map(|table| table.keys().map(|k| normal(k)).collect::<Vec<_>>())
        })
        .flatten()
        .collect();
    let environments = Environments::new(finder, folder);
    for (_, section) in lock.sections.iter().filter(|(name, _)| *name != "_meta") {
        for (name, entry) in section {
            let pin = entry
                .get("version")
                .and_then(Json::as_str)
                .map(|version| version.trim_start_matches('='));
            let (version, origin) = match (pin, entry.get("ref").and_then(Json::as_str)) {
                (Some(version), _) => (version, Origin::Registry),
                (None, Some(commit)) => (commit, Origin::Git),
                (None, None) => continue,
            };
            environments.keep(
                finder,
                path,
                locked(name, version, origin, direct.contains(&normal(name))),
            );
        }
    }
}

/// `requirements*.txt`: what it pins with `==`.
pub(crate) fn requirements(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(folder) = path.parent() else { return };
    let environments = Environments::new(finder, folder);
    for pin in pinned(&text) {
        environments.keep(
            finder,
            path,
            locked(pin.name, pin.version, Origin::Registry, pin.direct),
        );
    }
}

fn locked(name: &str, version: &str, origin: Origin, direct: bool) -> Locked {
    Locked {
        ecosystem: Ecosystem::Python,
        name: normal(name),
        version: version.into(),
        origin,
        direct,
    }
}
