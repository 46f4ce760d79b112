//! `bun.lock`: JSON with comments and trailing commas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{Installed, Manifest, at_sign, is_git, keep, projects};
use crate::finder::Finder;
use crate::lockfile::Listing;
use crate::package::Origin;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    workspaces: BTreeMap<String, Manifest>,
    /// By the chain of names that leads to it; the first item is `name@version`.
    #[serde(default)]
    packages: BTreeMap<String, Vec<Value>>,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path, listing: &Listing) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, serde_json::from_str::<Lock>(&strict(&text))) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    let direct: BTreeSet<String> = lock.workspaces.into_values().flat_map(Manifest::asks).collect();
    let mut installed = Installed::new(&projects(folder, listing));
    for (key, entry) in &lock.packages {
        let Some((name, version)) = entry.first().and_then(Value::as_str).and_then(at_sign) else {
            finder.malformed(path, format!("{key:?} is no package"));
            continue;
        };
        let (origin, version) = match version.split_once(':') {
            Some(("workspace" | "file" | "link", place)) => {
                if finder.sound(path, name, place) {
                    keep(
                        finder,
                        path,
                        (name, ""),
                        Origin::Path,
                        direct.contains(key),
                        Some(folder.join(place)),
                    );
                }
                continue;
            }
            _ if is_git(version) => (Origin::Git, version.rsplit('#').next().unwrap_or_default()),
            _ => (Origin::Registry, version),
        };
        if !finder.sound(path, name, version) {
            continue;
        }
        // What comes from git is told apart by its commit, which its manifest does not hold.
        let found = match origin {
            Origin::Git => Some(folder.join("node_modules").join(name)),
            _ => installed.find(name, version),
        };
        keep(finder, path, (name, version), origin, direct.contains(key), found);
    }
}

/// The same document without comments and without commas before a closing bracket.
fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let (mut quoted, mut comma) = (false, false);
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if c == '/' && chars.peek() == Some(&'/') {
            chars.by_ref().find(|c| *c == '\n');
            continue;
        }
        if c.is_whitespace() {
            out.push(c);
            continue;
        }
        if std::mem::take(&mut comma) && !matches!(c, ']' | '}') {
            out.push(',');
        }
        match c {
            // Held back until it is known what follows.
            ',' => comma = true,
            '"' => {
                quoted = true;
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_trailing_commas_go_and_texts_stay() {
        let text = "{ // why\n \"a,]\": [1, 2,],\n \"b\": \"\\\"//,}\",\n}";
        let value: Value = serde_json::from_str(&strict(text)).unwrap();
        assert_eq!(value, serde_json::json!({"a,]": [1, 2], "b": "\"//,}"}));
    }

    proptest! {
        #[test]
        fn strict_documents_keep_their_meaning(keys in proptest::collection::btree_map(".*", ".*", 0..6)) {
            let text = serde_json::to_string_pretty(&keys).unwrap();
            let back: BTreeMap<String, String> = serde_json::from_str(&strict(&text)).unwrap();
            prop_assert_eq!(back, keys);
        }
    }
}
