//! A repository and the homes of a machine, in a temporary folder.

use std::path::{Path, PathBuf};

use aiex_deps::{Dependencies, Homes, Package, find};

pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir_all(world.at("repo")).unwrap();
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A path below the folder of the whole world, links resolved.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    pub(crate) fn homes(&self) -> Homes {
        Homes {
            home: Some(self.at("home")),
            cargo: Some(self.at("cargo")),
            go: Some(self.at("go")),
            python: vec![self.at("active")],
            gems: vec![self.at("gems")],
            man: vec![self.at("man")],
        }
    }

    pub(crate) fn find(&self) -> Dependencies {
        find(&self.at("repo"), &self.homes(), &|| false)
    }

    /// Each package as `name version direct? folder`, folders relative to the world.
    pub(crate) fn lines(&self, found: &Dependencies) -> Vec<String> {
        let base = self.at("");
        let relative = |path: &Path| path.strip_prefix(&base).unwrap().display().to_string();
        let line = |package: &Package| {
            let place = package.sources().map_or("-".into(), relative);
            let direct = if package.direct { "direct" } else { "indirect" };
            format!("{} {} {direct} {place}", package.name, package.version)
        };
        found.packages.iter().map(line).collect()
    }
}
