//! Environments: what is installed in `site-packages`, by its `dist-info` and `RECORD`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::normal;
use crate::finder::{Finder, Inside, Locked, is_sound, names, small};

/// How deep a namespace package may nest: `google/cloud/storage` is two.
const MAX_NAMESPACE: usize = 4;

/// An installed distribution.
struct Installed {
    version: String,
    /// The environment, which bounds where its files may lie.
    environment: PathBuf,
    site: PathBuf,
    info: String,
}

/// The environments that a lockfile may be installed in, the nearest first.
pub(super) struct Environments {
    installed: HashMap<String, Vec<Installed>>,
}

impl Environments {
    pub(super) fn new(finder: &Finder<'_>, folder: &Path) -> Self {
        let own = [folder, finder.root.as_path()]
            .into_iter()
            .flat_map(|base| [".venv", "venv", "env"].map(|name| base.join(name)));
        let mut installed: HashMap<String, Vec<Installed>> = HashMap::new();
        for environment in own.chain(finder.homes.python.iter().cloned()) {
            for site in sites(&environment) {
                for info in names(&site) {
                    let stem = info.strip_suffix(".dist-info");
                    let Some((name, version)) = stem.and_then(|stem| stem.rsplit_once('-')) else {
                        continue;
                    };
                    installed.entry(normal(name)).or_default().push(Installed {
                        version: version.into(),
                        environment: environment.clone(),
                        site: site.clone(),
                        info: info.clone(),
                    });
                }
            }
        }
        Self { installed }
    }

    /// Keeps a package, with what of it is installed at the locked version.
    pub(super) fn keep(&self, finder: &mut Finder<'_>, lock: &Path, locked: Locked) {
        if !finder.sound(lock, &locked.name, &locked.version) {
            return;
        }
        let candidates = self.installed.get(&locked.name).into_iter().flatten();
        let found = candidates
            .filter(|found| same(&found.version, &locked.version))
            .find_map(|found| Some((found, sources(found, &locked.name)?)));
        let (mut folder, mut module) = (None, None);
        match found {
            Some((found, Sources::Folder(at))) => {
                folder = finder.first_inside(&locked.name, lock, [(found.environment.clone(), at)]);
            }
            Some((found, Sources::Module(file))) => {
                let site = finder.inside(&found.environment, &found.site);
                // The site is in bounds; the file itself must not be a link out of it.
                if matches!(site, Inside::Folder(_)) && !file.is_symlink() && file.is_file() {
                    module = file.canonicalize().ok();
                }
            }
            None => {}
        }
        finder.keep(lock, locked, folder, module);
    }
}

/// The `site-packages` of an environment, on Unix and on Windows.
fn sites(environment: &Path) -> Vec<PathBuf> {
    let lib = environment.join("lib");
    names(&lib)
        .into_iter()
        .filter(|name| name.starts_with("python"))
        .map(|name| lib.join(name).join("site-packages"))
        .chain([environment.join("Lib/site-packages")])
        .filter(|site| site.is_dir())
        .collect()
}

/// Whether two spellings name one version: a local part (`+cu118`) and the case do not tell them apart.
fn same(installed: &str, locked: &str) -> bool {
    let public = |version: &str| version.split('+').next().unwrap_or_default().to_lowercase();
    // Local parts are spelt with `_` in file names and with `.` or `-` in lockfiles.
    installed.eq_ignore_ascii_case(locked) || public(installed) == public(locked)
}

/// What a distribution consists of.
enum Sources {
    Folder(PathBuf),
    Module(PathBuf),
}

/// Reads from `RECORD` which folder holds the most code of a distribution; its own name wins over others.
fn sources(found: &Installed, name: &str) -> Option<Sources> {
    let record = small(&found.site.join(&found.info).join("RECORD"))?;
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut modules = Vec::new();
    for line in record.lines() {
        // A path with a comma or quote would be quoted; no code has one.
        let file = line.split(',').next().unwrap_or_default();
        let code = file.ends_with(".py")
            || file.ends_with(".pyi")
            || file.ends_with(".so")
            || file.ends_with(".pyd");
        if !code || !is_sound(file) || file.contains(".data/") {
            continue;
        }
        match file.split_once('/') {
            Some((top, rest)) => folders.entry(top).or_default().push(rest),
            None => modules.push(file),
        }
    }
    let own = |top: &str| normal(top) == name;
    let best = folders.iter().max_by_key(|(top, files)| (own(top), files.len()));
    let Some((top, files)) = best else {
        let module = modules
            .iter()
            .find(|file| file.split('.').next().is_some_and(own))
            .or(modules.first())?;
        return Some(Sources::Module(found.site.join(module)));
    };
    let mut folder = found.site.join(top);
    let mut files: Vec<&str> = files.clone();
    for _ in 0..MAX_NAMESPACE {
        // A namespace has one folder and no code of its own.
        let Some(below) = files
            .first()
            .and_then(|file| file.split_once('/'))
            .map(|(below, _)| below)
        else {
            break;
        };
        let inner: Option<Vec<&str>> = files
            .iter()
            .map(|file| file.strip_prefix(below)?.strip_prefix('/'))
            .collect();
        let Some(inner) = inner else { break };
        folder.push(below);
        files = inner;
    }
    Some(Sources::Folder(folder))
}
