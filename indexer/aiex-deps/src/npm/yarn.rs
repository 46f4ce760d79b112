//! `yarn.lock`: the format of Yarn 1, which is its own, and that of later ones, which is YAML.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{Installed, asked, at_sign, is_git, keep, projects};
use crate::finder::Finder;
use crate::lockfile::Listing;
use crate::npm::pnpm::yaml;
use crate::package::Origin;

struct Entry {
    name: String,
    version: String,
    origin: Origin,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path, listing: &Listing) {
    let Some(text) = finder.text(path) else { return };
    let Some(folder) = path.parent() else { return };
    let later = text.lines().any(|line| line.starts_with("__metadata:"));
    let entries = if later { berry(&text) } else { classic(&text) };
    let Some(entries) = finder.parsed(path, entries) else {
        return;
    };
    let projects = projects(folder, listing);
    let direct = asked(&projects);
    let mut installed = Installed::new(&projects);
    for Entry {
        name,
        version,
        origin,
    } in entries
    {
        if !finder.sound(path, &name, &version) {
            continue;
        }
        let found = installed.find(&name, &version);
        let direct = direct.contains(&name);
        keep(finder, path, (&name, &version), origin, direct, found);
    }
}

/// Blocks of `"name@range", "name@range":` and below it `  version "1.2.3"`.
fn classic(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut open: Option<(String, Origin)> = None;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            let key = line
                .strip_suffix(':')
                .ok_or_else(|| format!("line {}: no entry begins so", number + 1))?;
            let first = key.split(", ").next().unwrap_or_default().trim_matches('"');
            let (name, range) =
                at_sign(first).ok_or_else(|| format!("line {}: no version range", number + 1))?;
            let origin = match range {
                range if is_git(range) => Origin::Git,
                range if range.starts_with("file:") || range.starts_with("link:") => Origin::Path,
                _ => Origin::Registry,
            };
            open = Some((name.to_owned(), origin));
        } else if let Some(version) = line.strip_prefix("  version ")
            && let Some((name, origin)) = open.take()
        {
            let version = version.trim().trim_matches('"').to_owned();
            entries.push(Entry {
                name,
                version,
                origin,
            });
        }
    }
    if entries.is_empty() && text.contains('@') {
        return Err("no entry was understood".into());
    }
    Ok(entries)
}

#[derive(Deserialize)]
struct Berry {
    version: Option<Value>,
    resolution: Option<String>,
}

fn berry(text: &str) -> Result<Vec<Entry>, String> {
    let lock: BTreeMap<String, Berry> = yaml(text)?;
    Ok(lock
        .into_iter()
        .filter_map(|(key, entry)| {
            let resolution = entry.resolution?;
            let (_, how) = at_sign(&resolution)?;
            let (name, _) = at_sign(key.split(", ").next()?)?;
            let version = match entry.version? {
                Value::String(version) => version,
                other => other.to_string(),
            };
            let origin = match how.split(':').next() {
                Some("workspace" | "link" | "portal" | "file") => Origin::Path,
                Some("npm" | "patch") => Origin::Registry,
                _ => Origin::Git,
            };
            Some(Entry {
                name: name.to_owned(),
                version,
                origin,
            })
        })
        .collect())
}
