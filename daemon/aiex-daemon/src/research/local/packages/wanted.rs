//! Which packages a question may be about.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use aiex_deps::{Dependencies, Origin, Package, Quota};

use super::Likely;

/// Packages of one search when the question names none.
const UNNAMED: usize = 12;
/// Packages of one search besides those that the question names: it may mean something that it does not name.
const BESIDES_NAMED: usize = 4;
/// The most packages of one search.
pub(super) const MAX_WANTED: usize = 24;

/// A package that a question may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::research::local) struct Wanted {
    /// Its name, as the lockfile spells it.
    pub(super) name: String,
    /// The locked version.
    pub(super) version: String,
    /// Where it lies.
    pub(super) folder: PathBuf,
    /// Whether the question names it.
    pub(super) is_named: bool,
}

/// The packages that a question may be about, the likeliest first, within what can be indexed while somebody waits.
/// Blocks: folders are measured.
pub(in crate::research::local) fn wanted(
    all: &[Arc<Dependencies>],
    query: &str,
    likely: &Likely,
) -> Vec<Wanted> {
    let lists: Vec<Vec<Wanted>> = all
        .iter()
        .map(|dependencies| wanted_of(dependencies, query, likely, all.len()))
        .collect();
    let longest = lists.iter().map(Vec::len).max().unwrap_or_default();
    let mut folders = HashSet::new();
    let mut wanted: Vec<Wanted> = (0..longest)
        .flat_map(|rank| lists.iter().filter_map(move |list| list.get(rank).cloned()))
        .filter(|package| folders.insert(package.folder.clone()))
        .collect();
    // The sort is stable: named ones first, then by rank.
    wanted.sort_by_key(|package| !package.is_named);
    wanted.truncate(MAX_WANTED);
    wanted
}

/// Whether a question names a package that there is.
pub(in crate::research::local) fn names_one(all: &[Arc<Dependencies>], query: &str) -> bool {
    all.iter()
        .any(|dependencies| named(dependencies, query).next().is_some())
}

fn named<'a>(dependencies: &'a Dependencies, query: &str) -> impl Iterator<Item = &'a Package> {
    let mentioned = dependencies.mentioned_in(query).into_iter();
    mentioned.filter(|package| package.origin != Origin::Path && package.folder.is_some())
}

fn wanted_of(dependencies: &Dependencies, query: &str, likely: &Likely, repositories: usize) -> Vec<Wanted> {
    let named: HashSet<(&str, &str)> = named(dependencies, query)
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    let packages = match named.len() {
        0 => UNNAMED,
        named => (named + BESIDES_NAMED).min(MAX_WANTED),
    };
    let quota = Quota {
        packages,
        bytes: Quota::default().bytes / repositories.max(1) as u64,
    };
    let chosen = dependencies.choose(query, &quota, &|package| likely.of(package));
    if named.is_empty() {
        let direct = dependencies.packages.iter().filter(|package| package.direct);
        let (searched, all) = (chosen.len(), direct.count());
        tracing::debug!(
            searched,
            all,
            "the question names no dependency; the likeliest are searched"
        );
    }
    let chosen = chosen.into_iter();
    chosen
        .filter_map(|chosen| {
            let package = chosen.package;
            Some(Wanted {
                name: package.name.clone(),
                version: package.version.clone(),
                folder: package.folder.clone()?,
                is_named: named.contains(&(package.name.as_str(), package.version.as_str())),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aiex_deps::{Ecosystem, Package};

    use super::*;

    fn package(name: &str, folder: Option<PathBuf>) -> Package {
        Package {
            ecosystem: Ecosystem::Npm,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            origin: Origin::Registry,
            folder,
            module: None,
            direct: true,
            locked_by: PathBuf::from("/r/package-lock.json"),
        }
    }

    #[test]
    fn named_packages_come_first_and_each_folder_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = dir.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            Some(folder)
        };
        let one = Dependencies {
            packages: vec![
                package("alpha-kit", folder("alpha")),
                package("shared-kit", folder("shared")),
                package("absent-kit", None),
            ],
            notices: Vec::new(),
        };
        let other = Dependencies {
            packages: vec![
                package("shared-kit", folder("shared")),
                package("zebra-kit", folder("zebra")),
            ],
            notices: Vec::new(),
        };
        let wanted = wanted(
            &[Arc::new(one), Arc::new(other)],
            "retries in zebra-kit",
            &Likely::default(),
        );
        let names: Vec<(&str, bool)> = wanted
            .iter()
            .map(|package| (package.name.as_str(), package.is_named))
            .collect();
        assert_eq!(names[0], ("zebra-kit", true));
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names[1..].iter().all(|(_, is_named)| !is_named));
    }
}
