//! `Cargo.lock`: crates in cargo's registry folders, its git checkouts, `vendor/` and the workspace.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::finder::{Finder, Locked, names, small};
use crate::lockfile::{Kind, Listing};
use crate::package::{Ecosystem, Origin};

/// How many folders of a git checkout are looked into for a crate's manifest.
const MAX_CHECKOUT_FOLDERS: usize = 2_000;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<ManifestPackage>,
}

#[derive(Deserialize)]
struct ManifestPackage {
    name: String,
    /// A text, or a table that points to the workspace.
    version: Option<toml::Value>,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path, listing: &Listing) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, toml::from_str::<Lock>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };

    // `name`, or `name version` where two versions are locked, then perhaps `(source)`.
    let direct: HashSet<(&str, Option<&str>)> = lock
        .package
        .iter()
        .filter(|entry| entry.source.is_none())
        .flat_map(|entry| &entry.dependencies)
        .map(|dependency| {
            let mut words = dependency.split(' ');
            (words.next().unwrap_or_default(), words.next())
        })
        .collect();
    let places = Places::new(finder, folder);
    let mut members: Option<HashMap<String, PathBuf>> = None;
    for entry in &lock.package {
        let Entry {
            name,
            version,
            source,
            ..
        } = entry;
        if !finder.sound(path, name, version) {
            continue;
        }
        let (origin, found) = match source.as_deref() {
            None => {
                let members = members.get_or_insert_with(|| {
                    listing
                        .below(folder, Kind::CargoToml)
                        .filter_map(member)
                        .collect()
                });
                let root = finder.root.clone();
                let candidate = members.get(name).cloned().map(|folder| (root, folder));
                // A crate at the root of the repository is the repository.
                let found = candidate.filter(|(root, folder)| root != folder);
                let at_root = members.get(name).is_some_and(|folder| *folder == finder.root);
                let found = if at_root {
                    Some(finder.root.clone())
                } else {
                    finder.first_inside(name, path, found)
                };
                (Origin::Path, found)
            }
            Some(source) if source.starts_with("git+") => {
                let candidates = places
                    .vendored(name, version)
                    .chain(places.checkout(source, name));
                (
                    Origin::Git,
                    finder.first_inside(name, path, candidates.collect::<Vec<_>>()),
                )
            }
            Some(_) => {
                let candidates = places
                    .vendored(name, version)
                    .chain(places.registry(name, version));
                (
                    Origin::Registry,
                    finder.first_inside(name, path, candidates.collect::<Vec<_>>()),
                )
            }
        };
        let direct = direct.contains(&(name, None)) || direct.contains(&(name, Some(version)));
        let locked = Locked {
            ecosystem: Ecosystem::Cargo,
            name: name.clone(),
            version: version.clone(),
            origin,
            direct,
        };
        finder.keep(path, locked, found, None);
    }
}

/// The folders that hold crates for one lockfile.
struct Places {
    root: PathBuf,
    cargo: PathBuf,
    vendors: Vec<PathBuf>,
    registries: Vec<PathBuf>,
    checkouts: Vec<String>,
}

impl Places {
    fn new(finder: &Finder<'_>, folder: &Path) -> Self {
        let cargo = finder.homes.cargo.clone().unwrap_or_default();
        let mut vendors = vec![folder.join("vendor")];
        vendors.extend(configured_vendors(folder));
        vendors.retain(|vendor| vendor.is_dir());
        let sources = cargo.join("registry/src");
        Self {
            root: finder.root.clone(),
            registries: names(&sources)
                .into_iter()
                .map(|name| sources.join(name))
                .collect(),
            checkouts: names(&cargo.join("git/checkouts")),
            vendors,
            cargo,
        }
    }

    fn registry<'a>(&'a self, name: &str, version: &str) -> impl Iterator<Item = (PathBuf, PathBuf)> + 'a {
        let folder = format!("{name}-{version}");
        self.registries
            .iter()
            .map(move |registry| (registry.clone(), registry.join(&folder)))
    }

    /// A vendored crate lies under its name, or under name and version where two versions are vendored.
    fn vendored<'a>(
        &'a self,
        name: &'a str,
        version: &'a str,
    ) -> impl Iterator<Item = (PathBuf, PathBuf)> + 'a {
        self.vendors
            .iter()
            .flat_map(move |vendor| [vendor.join(name), vendor.join(format!("{name}-{version}"))])
            .filter(move |folder| {
                manifest(&folder.join("Cargo.toml")).is_some_and(|found| {
                    found.name == name
                        && found.version.as_ref().and_then(toml::Value::as_str) == Some(version)
                })
            })
            .map(|folder| (self.root.clone(), folder))
    }

    /// A checkout lies at `git/checkouts/REPOSITORY-HASH/SHORT-COMMIT`, and the crate somewhere in it.
    fn checkout(&self, source: &str, name: &str) -> Option<(PathBuf, PathBuf)> {
        let (url, commit) = source.rsplit_once('#')?;
        let url = url
            .split('?')
            .next()?
            .trim_end_matches('/')
            .trim_end_matches(".git");
        let prefix = format!("{}-", url.rsplit('/').next()?.to_lowercase());
        let base = self.cargo.join("git/checkouts");
        self.checkouts
            .iter()
            .filter(|folder| {
                let folder = folder.to_lowercase();
                folder
                    .strip_prefix(&prefix)
                    .is_some_and(|hash| !hash.contains('-'))
            })
            .flat_map(|folder| {
                let folder = base.join(folder);
                names(&folder)
                    .into_iter()
                    .map(move |short| (folder.join(&short), short))
            })
            .filter(|(_, short)| short.len() >= 7 && commit.starts_with(short.as_str()))
            .find_map(|(checkout, _)| crate_in(&checkout, name))
            .map(|folder| (base.clone(), folder))
    }
}

/// Folders that `.cargo/config.toml` replaces sources with.
fn configured_vendors(folder: &Path) -> Vec<PathBuf> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        source: HashMap<String, Source>,
    }
    #[derive(Deserialize)]
    struct Source {
        directory: Option<PathBuf>,
    }
    let text = small(&folder.join(".cargo/config.toml")).or_else(|| small(&folder.join(".cargo/config")));
    let config = text.and_then(|text| toml::from_str::<Config>(&text).ok());
    let sources = config.map(|config| config.source).unwrap_or_default();
    sources
        .into_values()
        .filter_map(|source| source.directory)
        .map(|vendor| folder.join(vendor))
        .collect()
}

fn manifest(path: &Path) -> Option<ManifestPackage> {
    toml::from_str::<Manifest>(&small(path)?).ok()?.package
}

fn member(path: &Path) -> Option<(String, PathBuf)> {
    Some((manifest(path)?.name, path.parent()?.to_path_buf()))
}

/// The folder of the crate `name` in a checkout, nearest to its root.
fn crate_in(checkout: &Path, name: &str) -> Option<PathBuf> {
    let mut queue = std::collections::VecDeque::from([checkout.to_path_buf()]);
    let mut seen = 0;
    while let Some(folder) = queue.pop_front() {
        seen += 1;
        if seen > MAX_CHECKOUT_FOLDERS {
            return None;
        }
        if manifest(&folder.join("Cargo.toml")).is_some_and(|found| found.name == name) {
            return Some(folder);
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let hidden = entry
                .file_name()
                .to_str()
                .is_none_or(|name| name.starts_with('.'));
            // The type of the entry itself: links are not followed, so the search ends.
            if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                queue.push_back(entry.path());
            }
        }
    }
    None
}
