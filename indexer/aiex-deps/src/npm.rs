//! Packages of npm, Yarn, pnpm and Bun, as they lie in `node_modules`.

pub(crate) mod bun;
pub(crate) mod package_lock;
pub(crate) mod pnpm;
pub(crate) mod yarn;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::finder::{Finder, Locked, names, small};
use crate::lockfile::{Kind, Listing};
use crate::package::{Ecosystem, Origin};

/// How many folders inside packages are kept for looking up second versions.
const MAX_NESTED: usize = 20_000;

/// The part of a `package.json` that is read; workspaces in lockfiles have the same fields.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manifest {
    version: Option<String>,
    dependencies: BTreeMap<String, IgnoredAny>,
    dev_dependencies: BTreeMap<String, IgnoredAny>,
    optional_dependencies: BTreeMap<String, IgnoredAny>,
    peer_dependencies: BTreeMap<String, IgnoredAny>,
}

impl Manifest {
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_str(&small(path)?).ok()
    }

    /// The names that it asks for.
    fn asks(self) -> impl Iterator<Item = String> {
        [
            self.dependencies,
            self.dev_dependencies,
            self.optional_dependencies,
            self.peer_dependencies,
        ]
        .into_iter()
        .flat_map(BTreeMap::into_keys)
    }
}

/// The folders below `folder` that have a `package.json`, `folder` first.
fn projects(folder: &Path, listing: &Listing) -> Vec<PathBuf> {
    let mut projects = vec![folder.to_path_buf()];
    let below = listing
        .below(folder, Kind::PackageJson)
        .filter_map(Path::parent)
        .filter(|path| *path != folder);
    projects.extend(below.map(Path::to_path_buf));
    projects
}

/// The names that the projects ask for.
fn asked(projects: &[PathBuf]) -> BTreeSet<String> {
    projects
        .iter()
        .filter_map(|folder| Manifest::read(&folder.join("package.json")))
        .flat_map(Manifest::asks)
        .collect()
}

/// Finds a package by name and version in the `node_modules` of some projects.
struct Installed {
    /// Every `node_modules` of the projects, and when first needed those inside packages.
    modules: Vec<PathBuf>,
    nested: Option<Vec<PathBuf>>,
}

impl Installed {
    fn new(projects: &[PathBuf]) -> Self {
        let modules = projects
            .iter()
            .map(|folder| folder.join("node_modules"))
            .filter(|path| path.is_dir())
            .collect();
        Self {
            modules,
            nested: None,
        }
    }

    fn find(&mut self, name: &str, version: &str) -> Option<PathBuf> {
        let at = |modules: &PathBuf| {
            let folder = modules.join(name);
            let manifest = Manifest::read(&folder.join("package.json"))?;
            (manifest.version.as_deref() == Some(version)).then_some(folder)
        };
        self.modules.iter().find_map(at).or_else(|| {
            let modules = &self.modules;
            self.nested
                .get_or_insert_with(|| nested(modules))
                .iter()
                .find_map(at)
        })
    }
}

/// The `node_modules` inside the packages of `modules`, which hold second versions.
fn nested(modules: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut queue: std::collections::VecDeque<PathBuf> = modules.iter().cloned().collect();
    while let Some(modules) = queue.pop_front() {
        for name in names(&modules) {
            let folder = modules.join(&name);
            let packages = match name.strip_prefix('@') {
                Some(_) => names(&folder).into_iter().map(|name| folder.join(name)).collect(),
                None => vec![folder],
            };
            for inner in packages.into_iter().map(|package| package.join("node_modules")) {
                // A link into a store would be walked again and again.
                let real = inner.parent().is_some_and(|package| !package.is_symlink());
                if real && inner.is_dir() && found.len() < MAX_NESTED {
                    found.push(inner.clone());
                    queue.push_back(inner);
                }
            }
        }
    }
    found
}

/// Splits `name@version`, where the name may begin with `@`.
fn at_sign(text: &str) -> Option<(&str, &str)> {
    let at = text.get(1..)?.find('@')? + 1;
    Some((&text[..at], &text[at + 1..]))
}

/// Keeps a package whose folder is `folder`, if that lies in the repository.
fn keep(
    finder: &mut Finder<'_>,
    lock: &Path,
    (name, version): (&str, &str),
    origin: Origin,
    direct: bool,
    folder: Option<PathBuf>,
) {
    let root = finder.root.clone();
    let folder = finder.first_inside(name, lock, folder.map(|folder| (root, folder)));
    let locked = Locked {
        ecosystem: Ecosystem::Npm,
        name: name.into(),
        version: version.into(),
        origin,
        direct,
    };
    finder.keep(lock, locked, folder, None);
}

/// Whether a specifier points at a git repository.
fn is_git(specifier: &str) -> bool {
    ["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:"]
        .iter()
        .any(|prefix| specifier.starts_with(prefix))
        || specifier.contains(".git#")
}
