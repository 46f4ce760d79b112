//! Sources to put repositories together from: those of the dependencies of aiex itself.

use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::failure::Failure;

/// Endings of the files that count as source here.
const SOURCE: &[&str] = &[
    "rs", "c", "h", "cc", "cpp", "hpp", "py", "js", "ts", "md", "toml", "sh",
];
/// Bytes of a file: enough to be cut into chunks, few enough that hundreds are read in a moment.
const SIZES: std::ops::RangeInclusive<u64> = 300..=9_000;
/// Files of one package, so that a repository speaks of many things.
const OF_A_PACKAGE: usize = 8;

/// Folders that aiex leaves out: what lies there is not refused by mistake.
const LEFT_OUT: &[&str] = &[
    "node_modules",
    "third_party",
    "vendor",
    "vendored",
    "external",
    "deps",
];

/// A file to copy.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// `package/path`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Draws `count` files.
pub(crate) fn draw(count: usize, rng: &mut Rng) -> Result<Vec<Source>, Failure> {
    let place = registry()?;
    let mut packages = Vec::new();
    for registry in sorted(&place)? {
        packages.extend(sorted(&registry)?);
    }
    packages.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    rng.shuffle(&mut packages);
    let mut sources = Vec::with_capacity(count);
    for package in packages {
        let Some(above) = package.parent() else { continue };
        let mut files = Vec::new();
        gather(&package, &mut files)?;
        rng.shuffle(&mut files);
        for file in files.into_iter().take(OF_A_PACKAGE) {
            let Some(source) = read(above, &file)? else {
                continue;
            };
            sources.push(source);
            if sources.len() == count {
                return Ok(sources);
            }
        }
    }
    Err(Failure::Sources {
        place,
        found: sources.len(),
    })
}

fn read(above: &Path, file: &Path) -> Result<Option<Source>, Failure> {
    let bytes = fs::read(file).map_err(Failure::at(file))?;
    let path = file.strip_prefix(above).ok().and_then(Path::to_str);
    if path.is_some_and(|path| path.split('/').any(|name| LEFT_OUT.contains(&name))) {
        return Ok(None);
    }
    Ok(path
        .zip(String::from_utf8(bytes).ok())
        .map(|(path, text)| Source {
            path: path.to_owned(),
            text,
        }))
}

fn registry() -> Result<PathBuf, Failure> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.map(|home| home.join("registry/src"))
        .ok_or(Failure::Sources {
            place: PathBuf::from("~/.cargo/registry/src"),
            found: 0,
        })
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::at(folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Every file of source in a folder, in the order of their paths.
fn gather(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for path in sorted(folder)? {
        let meta = fs::symlink_metadata(&path).map_err(Failure::at(&path))?;
        if meta.is_dir() {
            gather(&path, into)?;
        } else if meta.is_file() && SIZES.contains(&meta.len()) && is_source(&path) {
            into.push(path);
        }
    }
    Ok(())
}

fn is_source(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| SOURCE.contains(&ending))
}
