//! `Gemfile.lock`: gems in gem homes and `vendor/bundle`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::finder::{Finder, Locked, names};
use crate::package::{Ecosystem, Origin};

struct Gem {
    name: String,
    /// With the platform, if one is locked: `1.15.4-x86_64-linux`.
    version: String,
    origin: Origin,
    /// The repository and commit, or the folder.
    place: Option<String>,
}

pub(crate) fn read(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(folder) = path.parent() else { return };
    let (gems, direct) = parse(&text);
    if gems.is_empty()
        && !text
            .lines()
            .any(|line| matches!(line, "GEM" | "PATH" | "GIT" | "DEPENDENCIES"))
    {
        return finder.malformed(path, "no section of a lockfile");
    }
    let homes = homes(finder, folder);
    for Gem {
        name,
        version,
        origin,
        place,
    } in gems
    {
        if !finder.sound(path, &name, &version) {
            continue;
        }
        let candidates: Vec<(PathBuf, PathBuf)> = match (origin, place) {
            (Origin::Path, Some(place)) if place == "." => Vec::new(),
            (Origin::Path, Some(place)) => vec![(finder.root.clone(), folder.join(place))],
            (Origin::Git, Some(checkout)) if finder.sound(path, &checkout, "") => homes
                .iter()
                .map(|home| (home.clone(), home.join("bundler/gems").join(&checkout)))
                .collect(),
            _ => homes
                .iter()
                .map(|home| (home.clone(), home.join(format!("gems/{name}-{version}"))))
                .collect(),
        };
        let found = finder.first_inside(&name, path, candidates);
        let direct = direct.contains(&name);
        let version = version
            .split_once('-')
            .map_or(version.as_str(), |(version, _)| version)
            .to_owned();
        finder.keep(
            path,
            Locked {
                ecosystem: Ecosystem::Ruby,
                name,
                version,
                origin,
                direct,
            },
            found,
            None,
        );
    }
}

/// Gem homes: Bundler's own in the repository, those that were given, and the usual ones.
fn homes(finder: &Finder<'_>, folder: &Path) -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> = Vec::new();
    let versions = |base: PathBuf| names(&base).into_iter().map(move |name| base.join(name));
    homes.extend(versions(folder.join("vendor/bundle/ruby")));
    homes.extend(finder.homes.gems.iter().cloned());
    if let Some(home) = &finder.homes.home {
        homes.extend(versions(home.join(".gem/ruby")));
        homes.extend(versions(home.join(".local/share/gem/ruby")));
        for ruby in versions(home.join(".rbenv/versions")) {
            homes.extend(versions(ruby.join("lib/ruby/gems")));
        }
    }
    homes
}

/// Sections begin in the first column, their attributes are indented by two, gems by four.
fn parse(text: &str) -> (Vec<Gem>, BTreeSet<String>) {
    let (mut gems, mut direct) = (Vec::new(), BTreeSet::new());
    let (mut section, mut remote, mut revision) = ("", "", "");
    for line in text.lines() {
        if !line.starts_with(' ') {
            (section, remote, revision) = (line.trim(), "", "");
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match (section, indent) {
            ("DEPENDENCIES", _) => {
                let name = line.split([' ', '!']).next().unwrap_or_default();
                direct.insert(name.to_owned());
            }
            (_, 2) => match line.split_once(": ") {
                Some(("remote", value)) => remote = value,
                Some(("revision", value)) => revision = value,
                _ => {}
            },
            ("GEM" | "GIT" | "PATH", 4) => {
                let Some((name, version)) = line.split_once(" (") else {
                    continue;
                };
                let (origin, place) = match section {
                    "GIT" => (Origin::Git, checkout(remote, revision)),
                    "PATH" => (Origin::Path, Some(remote.to_owned())),
                    _ => (Origin::Registry, None),
                };
                let version = version.trim_end_matches(')').to_owned();
                gems.push(Gem {
                    name: name.to_owned(),
                    version,
                    origin,
                    place,
                });
            }
            _ => {}
        }
    }
    (gems, direct)
}

/// The folder that Bundler checks a commit out to: the repository's name and the first twelve digits.
fn checkout(remote: &str, revision: &str) -> Option<String> {
    let name = remote
        .trim_end_matches('/')
        .trim_end_matches(".git")
        .rsplit(['/', ':'])
        .next()?;
    Some(format!("{name}-{}", revision.get(..12)?))
}
