//! Lists the lockfiles and manifests of a repository by a bounded walk that respects its ignore rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// How deep a lockfile may lie below the root.
const MAX_DEPTH: usize = 8;

/// How many files and directories are looked at.
const MAX_ENTRIES: usize = 200_000;

/// How many lockfiles and manifests are kept.
const MAX_FILES: usize = 4_000;

/// Directories that hold other people's lockfiles.
const FOREIGN: &[&str] = &[
    "node_modules",
    "vendor",
    "site-packages",
    "target",
    "venv",
    ".venv",
    "__pycache__",
];

/// What a file name promises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    CargoLock,
    CargoToml,
    PackageLock,
    YarnLock,
    PnpmLock,
    BunLock,
    PackageJson,
    UvLock,
    PoetryLock,
    PipfileLock,
    Requirements,
    GoMod,
    GemfileLock,
    Pom,
    GradleLock,
    GradleCatalog,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Cargo.lock" => Self::CargoLock,
            "Cargo.toml" => Self::CargoToml,
            "package-lock.json" | "npm-shrinkwrap.json" => Self::PackageLock,
            "yarn.lock" => Self::YarnLock,
            "pnpm-lock.yaml" => Self::PnpmLock,
            "bun.lock" => Self::BunLock,
            "package.json" => Self::PackageJson,
            "uv.lock" => Self::UvLock,
            // The two share the part that is read.
            "poetry.lock" | "pdm.lock" => Self::PoetryLock,
            "Pipfile.lock" => Self::PipfileLock,
            "go.mod" => Self::GoMod,
            "Gemfile.lock" | "gems.locked" => Self::GemfileLock,
            "pom.xml" => Self::Pom,
            "gradle.lockfile" => Self::GradleLock,
            "libs.versions.toml" => Self::GradleCatalog,
            _ if name.starts_with("requirements") && name.ends_with(".txt") => Self::Requirements,
            _ => return None,
        })
    }
}

/// What the walk found, ordered by path.
pub(crate) struct Listing {
    pub(crate) files: BTreeSet<(PathBuf, Kind)>,
    /// The bound that ended it, if one did.
    pub(crate) cut: Option<(&'static str, usize)>,
}

impl Listing {
    /// The files of a kind in `folder` or below.
    pub(crate) fn below<'a>(&'a self, folder: &'a Path, kind: Kind) -> impl Iterator<Item = &'a Path> {
        self.files
            .iter()
            .filter(move |(path, k)| *k == kind && path.starts_with(folder))
            .map(|(path, _)| path.as_path())
    }
}

/// Walks `root`, a canonical directory.
pub(crate) fn list(root: &Path, cancel: &dyn Fn() -> bool) -> Listing {
    let mut listing = Listing {
        files: BTreeSet::new(),
        cut: None,
    };
    // Libraries often keep their lockfile out of git; at the root it counts all the same.
    for entry in std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_ENTRIES)
    {
        keep(
            &mut listing,
            &entry.path(),
            entry.file_type().is_ok_and(|kind| kind.is_file()),
        );
    }
    let walk = WalkBuilder::new(root)
        .max_depth(Some(MAX_DEPTH))
        .follow_links(false)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .filter_entry(|entry| {
            !entry
                .file_name()
                .to_str()
                .is_some_and(|name| FOREIGN.contains(&name))
        })
        .build();
    for (seen, entry) in walk.flatten().enumerate() {
        if seen >= MAX_ENTRIES {
            listing.cut = Some(("files", MAX_ENTRIES));
            break;
        }
        if listing.files.len() >= MAX_FILES {
            listing.cut = Some(("lockfiles and manifests", MAX_FILES));
            break;
        }
        if seen.is_multiple_of(256) && cancel() {
            break;
        }
        keep(
            &mut listing,
            entry.path(),
            entry.file_type().is_some_and(|kind| kind.is_file()),
        );
    }
    listing
}

fn keep(listing: &mut Listing, path: &Path, regular: bool) {
    let kind = path.file_name().and_then(|name| name.to_str()).and_then(Kind::of);
    if let Some(kind) = kind.filter(|_| regular) {
        listing.files.insert((path.to_path_buf(), kind));
    }
}
