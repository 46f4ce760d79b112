//! Repositories of a given size, put together from the sources of aiex's dependencies.

use std::path::{Path, PathBuf};

use crate::Failure;

/// Bytes of source that make a chunk, on the average over these sources; only used to aim at a size.
const BYTES_A_CHUNK: u64 = 640;

/// Packages between the first ones of two repositories that are laid out side by side.
const APART: usize = 7;

/// A repository to measure on.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
}

/// Endings of the files that count as source here.
const SOURCE: &[&str] = &[
    "rs", "c", "h", "cc", "cpp", "hpp", "py", "js", "ts", "md", "toml", "sh",
];

/// When a repository is large enough.
#[derive(Clone, Copy)]
pub(crate) enum Enough {
    /// At so many bytes of source.
    Bytes(u64),
    /// At so many files.
    Files(u64),
    /// At so many bytes, of packages other than those with another number.
    From { skip: usize, bytes: u64 },
}

impl Enough {
    fn is_reached(self, corpus: &Corpus) -> bool {
        match self {
            Self::Bytes(bytes) | Self::From { bytes, .. } => bytes <= corpus.bytes,
            Self::Files(files) => files <= corpus.files,
        }
    }
}

/// Copies whole packages, in the order of their names with every third one taken first (so that sizes
/// share no prefix of one project), until the repository has about `chunks` chunks.
pub(crate) fn lay_out(scratch: &Path, chunks: u64) -> Result<Corpus, Failure> {
    let name = format!("{}k chunks", chunks / 1000);
    lay_out_until(scratch, &name, Enough::Bytes(chunks * BYTES_A_CHUNK))
}

/// The same, until there is enough.
pub(crate) fn lay_out_until(scratch: &Path, name: &str, enough: Enough) -> Result<Corpus, Failure> {
    let root = scratch.join(format!("corpus-{}", name.replace(' ', "-")));
    std::fs::create_dir_all(&root)?;
    let mut packages = packages()?;
    packages.sort();
    let order = (0..3).flat_map(|offset| packages.iter().skip(offset).step_by(3));
    let skip = match enough {
        Enough::From { skip, .. } => skip * APART,
        Enough::Bytes(_) | Enough::Files(_) => 0,
    };
    let mut corpus = Corpus {
        name: name.to_owned(),
        root: root.clone(),
        files: 0,
        bytes: 0,
        lines: 0,
    };
    for package in order.skip(skip) {
        if enough.is_reached(&corpus) {
            break;
        }
        let Some(folder) = package.file_name() else {
            continue;
        };
        copy(package, &root.join(folder), &mut corpus, enough)?;
    }
    let status = std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(&root)
        .status()?;
    if !status.success() {
        return Err("git init failed".into());
    }
    Ok(corpus)
}

fn packages() -> Result<Vec<PathBuf>, Failure> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME").ok_or("HOME is not set")?).join(".cargo"),
    };
    let mut found = Vec::new();
    for registry in std::fs::read_dir(home.join("registry/src"))?.flatten() {
        for package in std::fs::read_dir(registry.path())?.flatten() {
            found.push(package.path());
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path, corpus: &mut Corpus, enough: Enough) -> Result<(), Failure> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)?.flatten() {
        if enough.is_reached(corpus) {
            return Ok(());
        }
        let (path, kind) = (entry.path(), entry.file_type()?);
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&path, &target, corpus, enough)?;
        } else if kind.is_file() && is_source(&path) {
            let bytes = std::fs::read(&path)?;
            // What the filters leave out would blur what a line of source costs.
            if 200_000 < bytes.len() || bytes.contains(&0) {
                continue;
            }
            corpus.files += 1;
            corpus.bytes += bytes.len() as u64;
            corpus.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            std::fs::write(target, bytes)?;
        }
    }
    Ok(())
}

fn is_source(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| SOURCE.contains(&ending))
}
