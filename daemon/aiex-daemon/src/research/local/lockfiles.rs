//! What repositories depend on, read from their lockfiles and remembered until these change.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aiex_config::{Environment as _, ProcessEnvironment};
use aiex_deps::{Dependencies, Homes, Origin};
use aiex_web::{Dependency, Ecosystem};

use crate::research::web::Surroundings;

/// Repositories whose dependencies are remembered.
const MAX_REMEMBERED: usize = 16;
/// What is remembered is looked up anew after this long: a package can be installed where no other one lies, and without a
/// touch of the lockfile.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Finds dependencies and remembers them.
pub(super) struct Lockfiles {
    homes: Homes,
    known: Mutex<HashMap<PathBuf, Known>>,
}

struct Known {
    dependencies: Arc<Dependencies>,
    /// The lockfiles, the root and the folders that packages lie in, with the time of their last change.
    stamps: Vec<(PathBuf, Option<SystemTime>)>,
    found_at: Instant,
}

impl Known {
    fn is_current(&self) -> bool {
        self.found_at.elapsed() < MAX_AGE
            && self.stamps.iter().all(|(path, stamp)| changed_at(path) == *stamp)
    }
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The folders that a package lies in, up to the root if it lies inside: when one is installed, replaced or removed, they
/// change, and a lockfile need not.
fn holders<'a>(root: &'a Path, sources: &'a Path) -> impl Iterator<Item = &'a Path> {
    let inside = sources.ancestors().skip(1);
    inside
        .take_while(move |folder| folder.starts_with(root))
        .chain(sources.parent())
}

impl Lockfiles {
    pub(super) fn new(homes: Homes) -> Self {
        Self {
            homes,
            known: Mutex::default(),
        }
    }

    /// Packages are looked for where this process's environment says that they lie.
    pub(super) fn of_this_process() -> Self {
        Self::new(Homes::from_variables(|name| ProcessEnvironment.var(name)))
    }

    /// The dependencies of the repository at `root`. Blocks.
    pub(super) fn dependencies(&self, root: &Path, is_cancelled: &dyn Fn() -> bool) -> Arc<Dependencies> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(root).filter(|known| known.is_current()) {
            return known.dependencies.clone();
        }
        let found_at = Instant::now();
        let dependencies = Arc::new(aiex_deps::find(root, &self.homes, is_cancelled));
        for notice in &dependencies.notices {
            tracing::debug!(root = %root.display(), %notice, "dependencies");
        }
        if is_cancelled() {
            // It may be a part.
            return dependencies;
        }
        let packages = &dependencies.packages;
        let installed = packages.iter().filter(|package| package.origin != Origin::Path);
        let paths: BTreeSet<&Path> = installed
            .filter_map(|package| package.sources())
            .flat_map(|sources| holders(root, sources))
            .chain(packages.iter().map(|package| package.locked_by.as_path()))
            .chain([root])
            .collect();
        let known = Known {
            stamps: paths
                .into_iter()
                .map(|path| (path.to_owned(), changed_at(path)))
                .collect(),
            dependencies: dependencies.clone(),
            found_at,
        };
        let mut all = lock();
        if all.len() >= MAX_REMEMBERED && !all.contains_key(root) {
            let oldest = all.iter().min_by_key(|(_, known)| known.found_at);
            if let Some(oldest) = oldest.map(|(root, _)| root.clone()) {
                all.remove(&oldest);
            }
        }
        all.insert(root.to_owned(), known);
        dependencies
    }
}

/// Languages and direct dependencies with their versions, in at most `limit` bytes.
pub(super) fn summary(all: &[Arc<Dependencies>], limit: usize) -> String {
    let mut languages: Vec<&str> = Vec::new();
    for language in all.iter().flat_map(|dependencies| dependencies.languages()) {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    let direct: BTreeSet<(&str, &str)> = all
        .iter()
        .flat_map(|dependencies| &dependencies.packages)
        .filter(|package| package.direct && package.origin != Origin::Path)
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    let mut text = String::new();
    if !languages.is_empty() {
        text.push_str(&format!("Languages: {}.\n", languages.join(", ")));
    }
    let mut separator = "Direct dependencies: ";
    for (name, version) in direct {
        let entry = format!("{separator}{name} {version}");
        if text.len() + entry.len() + "…\n".len() > limit {
            text.push_str(if separator == ", " { "…\n" } else { "" });
            return text;
        }
        text.push_str(entry.trim_end());
        separator = ", ";
    }
    if separator == ", " {
        text.push_str(".\n");
    }
    text
}

/// Languages and direct dependencies, as search engines may be told of them.
pub(super) fn surroundings(all: &[Arc<Dependencies>]) -> Surroundings {
    let mut surroundings = Surroundings::default();
    for dependencies in all {
        for language in dependencies.languages() {
            if !surroundings.languages.iter().any(|known| known == language) {
                surroundings.languages.push(language.to_owned());
            }
        }
        let direct = dependencies
            .packages
            .iter()
            .filter(|package| package.direct && package.origin != Origin::Path);
        surroundings.dependencies.extend(direct.filter_map(|package| {
            Some(Dependency {
                name: package.name.clone(),
                version: Some(package.version.clone()),
                ecosystem: match package.ecosystem {
                    aiex_deps::Ecosystem::Cargo => Ecosystem::Rust,
                    aiex_deps::Ecosystem::Npm => Ecosystem::JavaScript,
                    aiex_deps::Ecosystem::Python => Ecosystem::Python,
                    aiex_deps::Ecosystem::Go => Ecosystem::Go,
                    _ => return None,
                },
            })
        }));
    }
    surroundings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let mut text = "version = 4\n".to_owned();
        for (name, version) in packages {
            text.push_str(&format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://example.org/index\"\n"
            ));
        }
        let names: Vec<String> = packages.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        text.push_str(&format!(
            "[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [{}]\n",
            names.join(", ")
        ));
        text
    }

    fn repository(packages: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let manifest = packages
            .iter()
            .map(|(name, version)| format!("{name} = \"{version}\"\n"))
            .collect::<String>();
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/lib.rs"), "").unwrap();
        fs::write(
            dir.path().join("Cargo.toml"),
            format!("[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[dependencies]\n{manifest}"),
        )
        .unwrap();
        fs::write(dir.path().join("Cargo.lock"), lock(packages)).unwrap();
        dir
    }

    #[test]
    fn what_is_known_is_kept_until_a_lockfile_changes() {
        let dir = repository(&[("serde", "1.0.1")]);
        let root = dir.path().canonicalize().unwrap();
        let lockfiles = Lockfiles::new(Homes::default());
        let first = lockfiles.dependencies(&root, &|| false);
        assert!(Arc::ptr_eq(&first, &lockfiles.dependencies(&root, &|| false)));

        let later = SystemTime::now() + Duration::from_secs(5);
        fs::write(root.join("Cargo.lock"), lock(&[("serde", "1.0.2")])).unwrap();
        fs::File::options()
            .append(true)
            .open(root.join("Cargo.lock"))
            .and_then(|file| file.set_modified(later))
            .unwrap();
        let second = lockfiles.dependencies(&root, &|| false);
        let versions: Vec<&str> = second.packages.iter().map(|p| p.version.as_str()).collect();
        assert!(versions.contains(&"1.0.2"), "{versions:?}");
    }

    #[test]
    fn a_package_that_is_installed_later_is_known_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let lock = r#"{"lockfileVersion": 3, "packages": {
            "": {"dependencies": {"one": "1", "two": "1"}},
            "node_modules/one": {"version": "1.0.0"},
            "node_modules/two": {"version": "1.0.0"}
        }}"#;
        fs::write(root.join("package-lock.json"), lock).unwrap();
        let modules = root.join("node_modules");
        fs::create_dir_all(modules.join("one")).unwrap();
        let lockfiles = Lockfiles::new(Homes::default());
        let installed = || {
            let dependencies = lockfiles.dependencies(&root, &|| false);
            let packages = dependencies.packages.iter();
            packages.filter(|package| package.folder.is_some()).count()
        };
        assert_eq!(installed(), 1);

        fs::create_dir(modules.join("two")).unwrap();
        // A file system with coarse times could not tell the two apart.
        let later = SystemTime::now() + Duration::from_secs(5);
        fs::File::open(&modules)
            .and_then(|folder| folder.set_modified(later))
            .unwrap();
        assert_eq!(installed(), 2);
    }

    #[test]
    fn a_search_that_was_cut_short_is_not_remembered() {
        let dir = repository(&[("serde", "1.0.1")]);
        let root = dir.path().canonicalize().unwrap();
        let lockfiles = Lockfiles::new(Homes::default());
        lockfiles.dependencies(&root, &|| true);
        assert!(lockfiles.known.lock().unwrap().is_empty());
    }

    #[test]
    fn the_summary_names_languages_and_direct_dependencies() {
        let dir = repository(&[("serde", "1.0.1"), ("tokio", "1.40.0")]);
        let root = dir.path().canonicalize().unwrap();
        let dependencies = [Lockfiles::new(Homes::default()).dependencies(&root, &|| false)];
        assert_eq!(
            summary(&dependencies, 2_000),
            "Languages: rust.\nDirect dependencies: serde 1.0.1, tokio 1.40.0.\n"
        );
        let short = summary(&dependencies, 60);
        assert_eq!(short, "Languages: rust.\nDirect dependencies: serde 1.0.1…\n");
        assert_eq!(summary(&[], 2_000), "");
    }
}
