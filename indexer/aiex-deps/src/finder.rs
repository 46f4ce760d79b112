//! The search itself: lists lockfiles, hands each to its reader, and keeps every folder inside its bounds.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::dependencies::Dependencies;
use crate::homes::Homes;
use crate::lockfile::{self, Kind, Listing};
use crate::notice::{Notice, Problem};
use crate::package::{Ecosystem, Origin, Package};
use crate::{cargo, go, jvm, man, npm, python, ruby};

/// The largest lockfile that is read. The largest in public monorepos are about 10 MB.
const MAX_LOCKFILE_BYTES: u64 = 32 << 20;

/// The most packages that are kept, over all lockfiles.
const MAX_PACKAGES: usize = 50_000;

/// The most notices that are kept.
const MAX_NOTICES: usize = 100;

/// The longest name or version that a package can have, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// The most entries of one directory that are listed.
const MAX_LISTED: usize = 100_000;

/// Finds what `root` depends on. `cancel` is asked now and then; when it says yes, what was found so far is returned
/// with a notice.
///
/// The result is ordered by ecosystem, name and version, and names each package once. It reads the disk and
/// blocks meanwhile: a repository with a thousand packages takes some tens of milliseconds.
pub fn find(root: &Path, homes: &Homes, cancel: &dyn Fn() -> bool) -> Dependencies {
    let mut finder = match root.canonicalize() {
        Ok(root) => Finder::new(root, homes),
        Err(error) => {
            let notice = Notice {
                path: root.into(),
                problem: Problem::Unreadable(error.to_string()),
            };
            return Dependencies::new(Vec::new(), vec![notice]);
        }
    };
    let listing = lockfile::list(&finder.root, cancel);
    if let Some((what, limit)) = listing.cut {
        finder.notice(&finder.root.clone(), Problem::TooMany { what, limit });
    }
    for (path, kind) in &listing.files {
        if cancel() {
            finder.notice(path, Problem::Cancelled);
            return finder.finish();
        }
        finder.read(path, *kind, &listing);
    }
    man::find(&mut finder);
    finder.finish()
}

/// A package as a lockfile's reader understood it, before it is looked for on the disk.
pub(crate) struct Locked {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) origin: Origin,
    pub(crate) direct: bool,
}

/// What a search has at hand and has found.
pub(crate) struct Finder<'a> {
    /// The repository, canonical.
    pub(crate) root: PathBuf,
    pub(crate) homes: &'a Homes,
    packages: BTreeMap<(Ecosystem, String, String), Package>,
    notices: Vec<Notice>,
    full: bool,
    /// Canonical forms of the folders that packages may lie in.
    real: HashMap<PathBuf, Option<PathBuf>>,
}

impl<'a> Finder<'a> {
    fn new(root: PathBuf, homes: &'a Homes) -> Self {
        Self {
            root,
            homes,
            packages: BTreeMap::new(),
            notices: Vec::new(),
            full: false,
            real: HashMap::new(),
        }
    }

    fn read(&mut self, path: &Path, kind: Kind, listing: &Listing) {
        if matches!(kind, Kind::CargoToml | Kind::PackageJson) {
            return;
        }
        let (before, missing) = self.counts(path);
        match kind {
            Kind::CargoLock => cargo::read(self, path, listing),
            Kind::PackageLock => npm::package_lock::read(self, path),
            Kind::YarnLock => npm::yarn::read(self, path, listing),
            Kind::PnpmLock => npm::pnpm::read(self, path),
            Kind::BunLock => npm::bun::read(self, path, listing),
            Kind::UvLock => python::uv(self, path),
            Kind::PoetryLock => python::poetry(self, path),
            Kind::PipfileLock => python::pipfile(self, path),
            Kind::Requirements => python::requirements(self, path),
            Kind::GoMod => go::read(self, path),
            Kind::GemfileLock => ruby::read(self, path),
            Kind::Pom => jvm::pom(self, path),
            Kind::GradleLock => jvm::gradle_lock(self, path),
            Kind::GradleCatalog => jvm::gradle_catalog(self, path),
            // They only help to read the others.
            Kind::CargoToml | Kind::PackageJson => {}
        }
        let (after, missing_after) = self.counts(path);
        let archives = matches!(kind, Kind::Pom | Kind::GradleLock | Kind::GradleCatalog);
        if missing_after > missing && !archives {
            let problem = Problem::NotInstalled {
                missing: missing_after - missing,
                of: after - before,
            };
            self.notice(path, problem);
        }
    }

    /// Packages that `path` locks, and those of them that are not on this machine.
    fn counts(&self, path: &Path) -> (usize, usize) {
        let mine = || self.packages.values().filter(|package| package.locked_by == path);
        (
            mine().count(),
            mine().filter(|package| package.sources().is_none()).count(),
        )
    }

    fn finish(self) -> Dependencies {
        Dependencies::new(self.packages.into_values().collect(), self.notices)
    }

    /// Writes a problem down.
    pub(crate) fn notice(&mut self, path: &Path, problem: Problem) {
        tracing::debug!(path = %path.display(), %problem, "dependencies");
        if self.notices.len() < MAX_NOTICES {
            self.notices.push(Notice {
                path: path.into(),
                problem,
            });
        }
    }

    /// The text of a lockfile; a notice when there is none.
    pub(crate) fn text(&mut self, path: &Path) -> Option<String> {
        match read_capped(path, MAX_LOCKFILE_BYTES) {
            Ok(bytes) if bytes.len() as u64 > MAX_LOCKFILE_BYTES => {
                self.notice(
                    path,
                    Problem::TooLarge {
                        limit: MAX_LOCKFILE_BYTES,
                    },
                );
                None
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
                Err(_) => {
                    self.malformed(path, "not UTF-8");
                    None
                }
            },
            Err(error) => {
                self.notice(path, Problem::Unreadable(error.to_string()));
                None
            }
        }
    }

    /// Notes that a lockfile is not what its name says; `why` is cut to one short line.
    pub(crate) fn malformed(&mut self, path: &Path, why: impl ToString) {
        let why = why.to_string();
        let line = why.lines().next().unwrap_or_default();
        self.notice(path, Problem::Malformed(line.chars().take(160).collect()));
    }

    /// What a parser made of a lockfile; a notice when it failed.
    pub(crate) fn parsed<T, E: ToString>(&mut self, path: &Path, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.malformed(path, error)).ok()
    }

    /// The canonical form of `folder` when it is a directory strictly inside `home`, links resolved.
    pub(crate) fn inside(&mut self, home: &Path, folder: &Path) -> Inside {
        let Some(home) = self.real(home) else {
            return Inside::Absent;
        };
        match folder.canonicalize() {
            Ok(real) if !real.starts_with(&home) || real == home => Inside::Outside,
            Ok(real) if real.is_dir() => Inside::Folder(real),
            _ => Inside::Absent,
        }
    }

    /// The first of `candidates` (a home and a folder in it) that is there, with a notice for each that leads outside.
    pub(crate) fn first_inside(
        &mut self,
        name: &str,
        lock: &Path,
        candidates: impl IntoIterator<Item = (PathBuf, PathBuf)>,
    ) -> Option<PathBuf> {
        for (home, folder) in candidates {
            match self.inside(&home, &folder) {
                Inside::Folder(folder) => return Some(folder),
                Inside::Outside => self.notice(lock, Problem::Outside(name.into())),
                Inside::Absent => {}
            }
        }
        None
    }

    fn real(&mut self, home: &Path) -> Option<PathBuf> {
        if let Some(real) = self.real.get(home) {
            return real.clone();
        }
        let real = home.canonicalize().ok();
        self.real.insert(home.into(), real.clone());
        real
    }

    /// Whether name and version can be a package's; a notice when not.
    pub(crate) fn sound(&mut self, lock: &Path, name: &str, version: &str) -> bool {
        let sound =
            is_sound(name) && (version.is_empty() || (is_sound(version) && version.len() <= MAX_NAME_BYTES));
        if !sound {
            let name = if is_sound(name) { version } else { name };
            self.notice(lock, Problem::BadName(name.chars().take(80).collect()));
        }
        sound
    }

    /// Keeps a package. One that is known already gains what it lacked.
    pub(crate) fn keep(
        &mut self,
        lock: &Path,
        locked: Locked,
        folder: Option<PathBuf>,
        module: Option<PathBuf>,
    ) {
        let Locked {
            ecosystem,
            name,
            version,
            origin,
            direct,
        } = locked;
        let key = (ecosystem, name.clone(), version.clone());
        if let Some(known) = self.packages.get_mut(&key) {
            known.direct |= direct;
            if known.sources().is_none() && (folder.is_some() || module.is_some()) {
                (known.folder, known.module, known.locked_by) = (folder, module, lock.into());
            }
            return;
        }
        if self.packages.len() >= MAX_PACKAGES {
            if !std::mem::replace(&mut self.full, true) {
                self.notice(
                    lock,
                    Problem::TooMany {
                        what: "packages",
                        limit: MAX_PACKAGES,
                    },
                );
            }
            return;
        }
        let locked_by = lock.into();
        let package = Package {
            ecosystem,
            name,
            version,
            origin,
            folder,
            module,
            direct,
            locked_by,
        };
        self.packages.insert(key, package);
    }
}

/// Where a folder was found to lie.
pub(crate) enum Inside {
    Folder(PathBuf),
    Outside,
    Absent,
}

/// Whether `text`, taken as a relative path, stays below the folder that it is joined to.
pub(crate) fn is_sound(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && !text.contains('\\')
        && !text.chars().any(char::is_control)
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A small file that belongs to a package manager, such as a manifest; none when it cannot be read.
pub(crate) fn small(path: &Path) -> Option<String> {
    const MAX_BYTES: u64 = 4 << 20;
    let bytes = read_capped(path, MAX_BYTES)
        .ok()
        .filter(|bytes| bytes.len() as u64 <= MAX_BYTES)?;
    String::from_utf8(bytes).ok()
}

/// The names in a directory, in order; nothing when it cannot be read.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .take(MAX_LISTED)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// At most one byte more than `cap`, and only of a regular file: a pipe would never end.
fn read_capped(path: &Path, cap: u64) -> std::io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(cap + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
