//! The packages of a repository, and how much of its code each holds.
//!
//! A repository of several packages is mostly about the largest ones; a shim, a plugin or a code generator that shares their
//! words is seldom what a question means.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::role::{Role, Roles};
use crate::snapshot::FileEntry;

/// What a package is declared in, by name and by end of a name, in lower case.
const MANIFESTS: [&str; 13] = [
    "cargo.toml",
    "package.json",
    "build.gradle",
    "build.gradle.kts",
    "pyproject.toml",
    "setup.py",
    "go.mod",
    "pom.xml",
    "composer.json",
    "package.swift",
    "mix.exs",
    "build.sbt",
    "dune-project",
];
const MANIFEST_ENDS: [&str; 3] = [".gemspec", ".csproj", ".cabal"];

/// Roles of files that say nothing of how much code a package holds.
const BESIDE: [Role; 8] = [
    Role::Test,
    Role::Example,
    Role::Bench,
    Role::Prose,
    Role::Documentation,
    Role::Data,
    Role::Vendored,
    Role::Built,
];

/// The packages, by their folders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packages {
    /// Chunks of code, for each folder with a manifest; the root counts as one.
    chunks: HashMap<Box<str>, u32>,
    largest: u32,
}

impl Packages {
    pub(crate) fn of(files: &[Arc<FileEntry>]) -> Self {
        let facts = |file: &'_ Arc<FileEntry>| (file.roles(), file.num_chunks as u32);
        Self::count(files.iter().map(|file| (&*file.path, facts(file))))
    }

    /// Of files with their roles and how many chunks they have.
    fn count<'a>(files: impl Iterator<Item = (&'a str, (Roles, u32))> + Clone) -> Self {
        let paths = files.clone().map(|(path, _)| path);
        let folders: HashSet<&str> = paths.filter(|path| is_manifest(path)).map(folder).collect();
        let mut packages: HashMap<&str, &str> = HashMap::new();
        let mut chunks: HashMap<&str, u32> = HashMap::new();
        for (path, (_, in_file)) in files.filter(|(_, (roles, _))| is_code(*roles)) {
            let own = folder(path);
            let package = packages
                .entry(own)
                .or_insert_with(|| around(own).find(|folder| folders.contains(folder)).unwrap_or(""));
            *chunks.entry(*package).or_default() += in_file;
        }
        let largest = chunks.values().copied().max().unwrap_or_default();
        let all = folders.into_iter().chain([""]);
        Self {
            chunks: all
                .map(|folder| (folder.into(), chunks.get(folder).copied().unwrap_or_default()))
                .collect(),
            largest,
        }
    }

    /// The packages after some files gave way to others in the same places.
    pub(crate) fn after(&self, gone: &[&Arc<FileEntry>], added: &[Arc<FileEntry>]) -> Self {
        let mut after = self.clone();
        for file in gone.iter().filter(|file| is_code(file.roles())) {
            after.resize(&file.path, |chunks| chunks.saturating_sub(file.num_chunks as u32));
        }
        for file in added.iter().filter(|file| is_code(file.roles())) {
            after.resize(&file.path, |chunks| chunks + file.num_chunks as u32);
        }
        after.largest = after.chunks.values().copied().max().unwrap_or_default();
        after
    }

    fn resize(&mut self, path: &str, size: impl FnOnce(u32) -> u32) {
        if let Some(package) = self.of_file(path).map(Box::<str>::from)
            && let Some(chunks) = self.chunks.get_mut(&package)
        {
            *chunks = size(*chunks);
        }
    }

    /// The folder of the package that a file lies in.
    fn of_file<'a>(&self, path: &'a str) -> Option<&'a str> {
        around(folder(path)).find(|folder| self.chunks.contains_key(*folder))
    }

    /// The code in the package that a file lies in, as a share of the code in the largest one.
    pub(crate) fn share(&self, path: &str) -> f32 {
        if self.largest == 0 {
            return 1.0;
        }
        let chunks = self.of_file(path).and_then(|package| self.chunks.get(package));
        chunks.copied().unwrap_or_default() as f32 / self.largest as f32
    }
}

fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    MANIFESTS.contains(&name.as_str()) || MANIFEST_ENDS.iter().any(|end| name.ends_with(end))
}

fn is_code(roles: Roles) -> bool {
    !BESIDE.iter().any(|role| roles.has(*role))
}

/// The folder that a file lies in; empty for the root.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder, and those that it lies in up to the root, the innermost first.
fn around(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| self::folder(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(paths: &[&str]) -> Packages {
        let facts = |path: &str| {
            let language = path.ends_with(".toml").then_some(aiex_chunk::Language::Toml);
            (Roles::of(path, language), 1)
        };
        Packages::count(paths.iter().map(|path| (*path, facts(path))))
    }

    #[test]
    fn a_package_is_as_large_as_its_code() {
        let packages = packages(&[
            "core/pyproject.toml",
            "core/src/lib.rs",
            "core/src/read/mod.rs",
            "core/src/write.rs",
            "core/src/seek.rs",
            "macros/pyproject.toml",
            "macros/src/lib.rs",
            "macros/tests/every_case.rs",
            "build.rs",
        ]);
        assert_eq!(packages.share("core/src/read/mod.rs"), 1.0);
        assert_eq!(packages.share("macros/src/lib.rs"), 0.25);
        assert_eq!(packages.share("macros/README.md"), 0.25);
        assert_eq!(packages.share("build.rs"), 0.25);
    }

    #[test]
    fn a_repository_without_packages_is_one() {
        assert_eq!(packages(&["a/b.rs", "c.rs"]).share("a/b.rs"), 1.0);
        assert_eq!(packages(&[]).share("a/b.rs"), 1.0);
    }
}
