//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::{Manifest, is_git, keep};
use crate::finder::Finder;
use crate::package::Origin;

#[derive(Deserialize)]
struct Lock {
    /// Versions 2 and 3: by folder, relative to the lockfile.
    #[serde(default)]
    packages: BTreeMap<String, Entry>,
    /// Version 1: by name, nested as the folders are.
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(flatten)]
    manifest: Manifest,
}

#[derive(Deserialize)]
struct Nested {
    #[serde(default)]
    version: String,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, serde_json::from_str::<Lock>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    if lock.packages.is_empty() {
        let direct: BTreeSet<String> = Manifest::read(&folder.join("package.json"))
            .into_iter()
            .flat_map(Manifest::asks)
            .collect();
        return nested(finder, path, folder, &lock.dependencies, &direct, 0);
    }
    let (mut locked, mut direct) = (Vec::new(), BTreeSet::new());
    for (place, entry) in lock.packages {
        match place.rsplit_once("node_modules/") {
            Some((above, name)) => locked.push((above.is_empty(), name.to_owned(), place, entry)),
            None => direct.extend(entry.manifest.asks()),
        }
    }
    for (hoisted, name, place, entry) in locked {
        // A link is a member of the workspace, whose own entry has neither version nor sources of its own.
        let (origin, folder_at) = match entry.resolved.as_deref() {
            Some(target) if entry.link => (Origin::Path, target.to_owned()),
            Some(source) if is_git(source) => (Origin::Git, place),
            _ => (Origin::Registry, place),
        };
        let version = entry.version.unwrap_or_default();
        if !finder.sound(path, &name, &version) || !finder.sound(path, &folder_at, "") {
            continue;
        }
        let direct = hoisted && direct.contains(&name);
        let name = entry.name.unwrap_or(name);
        if finder.sound(path, &name, "") {
            keep(
                finder,
                path,
                (&name, &version),
                origin,
                direct,
                Some(folder.join(folder_at)),
            );
        }
    }
}

/// No installation nests deeper.
const MAX_NESTING: usize = 64;

fn nested(
    finder: &mut Finder<'_>,
    path: &Path,
    folder: &Path,
    packages: &BTreeMap<String, Nested>,
    direct: &BTreeSet<String>,
    depth: usize,
) {
    if depth > MAX_NESTING {
        return;
    }
    for (name, entry) in packages {
        let origin = if is_git(&entry.version) {
            Origin::Git
        } else {
            Origin::Registry
        };
        // A commit's URL is no part of a path; the version is the commit.
        let version = match origin {
            Origin::Git => entry.version.rsplit('#').next().unwrap_or_default(),
            _ => entry.version.as_str(),
        };
        if !finder.sound(path, name, version) {
            continue;
        }
        let package = folder.join("node_modules").join(name);
        let direct_here = depth == 0 && direct.contains(name);
        keep(
            finder,
            path,
            (name, version),
            origin,
            direct_here,
            Some(package.clone()),
        );
        nested(finder, path, &package, &entry.dependencies, direct, depth + 1);
    }
}
