//! `pnpm-lock.yaml`, and pnpm's store below `node_modules/.pnpm`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_saphyr::{Budget, Options};

use super::{Manifest, at_sign, keep};
use crate::finder::{Finder, names};
use crate::package::Origin;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock {
    importers: BTreeMap<String, Manifest>,
    packages: BTreeMap<String, IgnoredAny>,
    /// The one importer of lockfiles without workspaces.
    #[serde(flatten)]
    single: Manifest,
}

/// What is left of a document after the limits on nesting and on repeated parts.
pub(super) fn yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    /// What a lockfile of the largest size that is read can hold.
    const MAX_EVENTS: usize = 4_000_000;
    let mut budget = Budget::default();
    budget.max_events = MAX_EVENTS;
    budget.max_nodes = MAX_EVENTS;
    // Package managers repeat nothing by reference.
    budget.max_aliases = 0;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.with_snippet = false;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(lock) = finder.parsed(path, yaml::<Lock>(&text)) else {
        return;
    };
    let Some(folder) = path.parent() else { return };
    let direct: BTreeSet<String> = lock
        .importers
        .into_values()
        .chain([lock.single])
        .flat_map(Manifest::asks)
        .collect();
    let store = folder.join("node_modules/.pnpm");
    let stored = names(&store);
    for key in lock.packages.keys() {
        let Some((name, version)) = split(key) else {
            finder.malformed(path, format!("{key:?} is no package"));
            continue;
        };
        let origin = if version.contains(['/', ':']) {
            Origin::Git
        } else {
            Origin::Registry
        };
        let version = match origin {
            // The last part of a URL of an archive or repository is the commit.
            Origin::Git => version.rsplit(['/', '#']).next().unwrap_or(version),
            _ => version,
        };
        if !finder.sound(path, name, version) {
            continue;
        }
        let mangled = format!("{}@{version}", name.replace('/', "+"));
        let found = stored[stored.partition_point(|entry| entry.as_str() < mangled.as_str())..]
            .iter()
            .take_while(|entry| entry.starts_with(&mangled))
            // What follows the version are the peers: `_` or `(`.
            .find(|entry| matches!(entry[mangled.len()..].chars().next(), None | Some('_' | '(')))
            .map(|entry| store.join(entry).join("node_modules").join(name));
        keep(
            finder,
            path,
            (name, version),
            origin,
            direct.contains(name),
            found,
        );
    }
}

/// `name@1.0.0` (9), `/name@1.0.0(peer@2.0.0)` (6), `/name/1.0.0_peer@2.0.0` (5).
fn split(key: &str) -> Option<(&str, &str)> {
    let key = key.split('(').next()?;
    let old = key.strip_prefix('/').filter(|rest| {
        at_sign(rest).is_none_or(|(name, _)| name.matches('/').count() != usize::from(name.starts_with('@')))
    });
    let (name, version) = match old {
        Some(rest) => rest
            .rsplit_once('/')
            .filter(|(name, _)| !name.contains('_'))
            .or_else(|| {
                let (before, _) = rest.split_once('_')?;
                before.rsplit_once('/')
            })?,
        None => at_sign(key.strip_prefix('/').unwrap_or(key))?,
    };
    let version = version.split('_').next().unwrap_or(version);
    Some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_version_of_the_format_are_split() {
        for (key, expected) in [
            ("lodash@4.17.21", ("lodash", "4.17.21")),
            ("@babel/core@7.2.0", ("@babel/core", "7.2.0")),
            (
                "/@babel/core@7.2.0(supports-color@8.1.1)",
                ("@babel/core", "7.2.0"),
            ),
            ("/lodash@4.17.21", ("lodash", "4.17.21")),
            ("/lodash/4.17.21", ("lodash", "4.17.21")),
            ("/@babel/core/7.2.0", ("@babel/core", "7.2.0")),
            (
                "/@babel/core/7.2.0_supports-color@8.1.1",
                ("@babel/core", "7.2.0"),
            ),
            ("/react-dom/17.0.2_react@17.0.2", ("react-dom", "17.0.2")),
        ] {
            assert_eq!(split(key), Some(expected), "{key}");
        }
        assert_eq!(split("nonsense"), None);
    }
}
