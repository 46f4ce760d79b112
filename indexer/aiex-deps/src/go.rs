//! `go.mod` and `go.sum`: modules in `vendor/` or in the module cache.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::finder::{Finder, Locked, is_sound, small};
use crate::package::{Ecosystem, Origin};
use crate::version;

/// A module's version as `go.mod` asks for it.
struct Required {
    version: String,
    direct: bool,
}

/// What stands in for a module.
enum Replacement {
    Folder(String),
    Module { path: String, version: String },
}

#[derive(Default)]
struct Mod {
    required: BTreeMap<String, Required>,
    /// By module, and by version where only one is replaced.
    replaced: HashMap<(String, Option<String>), Replacement>,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(folder) = path.parent() else { return };
    let Some(parsed) = finder.parsed(path, parse(&text)) else {
        return;
    };
    let sums = folder.join("go.sum");
    let selected = if sums.is_file() {
        finder.text(&sums).map(|text| summed(&text))
    } else {
        None
    };
    let cache = finder.homes.go.clone().unwrap_or_default();

    let mut modules: Vec<(PathBuf, String, String, bool)> = Vec::new();
    for (name, required) in &parsed.required {
        modules.push((
            path.into(),
            name.clone(),
            required.version.clone(),
            required.direct,
        ));
    }
    // Before Go 1.17, `go.mod` did not name what is needed indirectly.
    for (name, version) in selected.unwrap_or_default() {
        if !parsed.required.contains_key(&name) {
            modules.push((sums.clone(), name, version, false));
        }
    }
    for (lock, name, version, direct) in modules {
        if !finder.sound(&lock, &name, &version) {
            continue;
        }
        let replacement = [Some(version.clone()), None]
            .into_iter()
            .find_map(|version| parsed.replaced.get(&(name.clone(), version)));
        let vendored = (finder.root.clone(), folder.join("vendor").join(&name));
        let (origin, version, candidates) = match replacement {
            Some(Replacement::Folder(place)) => (
                Origin::Path,
                version,
                vec![(finder.root.clone(), folder.join(place))],
            ),
            Some(Replacement::Module { path: other, version }) if is_sound(other) && is_sound(version) => (
                Origin::Registry,
                version.clone(),
                vec![vendored, in_cache(&cache, other, version)],
            ),
            _ => {
                let cached = in_cache(&cache, &name, &version);
                (Origin::Registry, version, vec![vendored, cached])
            }
        };
        // `vendor/` holds one version of each module, which its list names.
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter(|(home, _)| {
                *home != finder.root || origin == Origin::Path || is_vendored(folder, &name, &version)
            })
            .collect();
        let found = finder.first_inside(&name, &lock, candidates);
        let locked = Locked {
            ecosystem: Ecosystem::Go,
            name,
            version,
            origin,
            direct,
        };
        finder.keep(&lock, locked, found, None);
    }
}

fn in_cache(cache: &Path, module: &str, version: &str) -> (PathBuf, PathBuf) {
    (
        cache.into(),
        cache.join(format!("{}@{}", escaped(module), escaped(version))),
    )
}

/// The module cache writes capitals as `!` and the small letter, for file systems that do not tell them apart.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn is_vendored(folder: &Path, module: &str, version: &str) -> bool {
    small(&folder.join("vendor/modules.txt")).is_some_and(|list| {
        list.lines()
            .filter_map(|line| line.strip_prefix("# "))
            .any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(module) && words.any(|word| word == version)
            })
    })
}

/// `require` and `replace`, as single lines and as blocks.
fn parse(text: &str) -> Result<Mod, String> {
    let mut parsed = Mod::default();
    let mut block: Option<String> = None;
    let mut module = false;
    for line in text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = code
            .split_whitespace()
            .map(|word| word.trim_matches('"'))
            .collect();
        let (verb, rest) = match (block.clone(), words.as_slice()) {
            (_, []) => continue,
            (Some(_), [")"]) => {
                block = None;
                continue;
            }
            (None, [verb, "("]) => {
                block = Some((*verb).to_owned());
                continue;
            }
            (Some(verb), rest) => (verb, rest),
            (None, [verb, rest @ ..]) => ((*verb).to_owned(), rest),
        };
        match (verb.as_str(), rest) {
            ("module", _) => module = true,
            ("require", [name, version]) => {
                let direct = comment.trim() != "indirect";
                let required = Required {
                    version: (*version).to_owned(),
                    direct,
                };
                parsed.required.insert((*name).to_owned(), required);
            }
            ("replace", rest) => {
                let Some(arrow) = rest.iter().position(|word| *word == "=>") else {
                    continue;
                };
                let replacement = match &rest[arrow + 1..] {
                    [path, version] => Replacement::Module {
                        path: (*path).to_owned(),
                        version: (*version).to_owned(),
                    },
                    [folder] => Replacement::Folder((*folder).to_owned()),
                    _ => continue,
                };
                let Some(name) = rest.first() else { continue };
                let version = (arrow > 1).then(|| rest[1].to_owned());
                parsed.replaced.insert(((*name).to_owned(), version), replacement);
            }
            _ => {}
        }
    }
    if module {
        Ok(parsed)
    } else {
        Err("no module is declared".into())
    }
}

/// The highest version of each module whose contents `go.sum` vouches for; lines that end in `/go.mod` vouch for the
/// manifest only.
fn summed(text: &str) -> BTreeMap<String, String> {
    let mut highest: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let known = highest
            .entry(name.to_owned())
            .or_insert_with(|| version.to_owned());
        if version::compare(version, known).is_gt() {
            version.clone_into(known);
        }
    }
    highest
}
