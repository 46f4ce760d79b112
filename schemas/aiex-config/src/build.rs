//! Which build this is.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;

pub use aiex_protocol::hello::Build;

use crate::digest::digest_of;

/// This program's version and digest.
///
/// The digest is taken from the length and the modification time of the running executable: client and
/// daemon are one file, so they agree exactly when they are one build, and reading it costs one `stat`.
/// It is taken once, because the file may be replaced while the program runs.
pub fn current() -> Build {
    static CURRENT: OnceLock<Build> = OnceLock::new();
    CURRENT
        .get_or_init(|| Build {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: executable_digest(),
        })
        .clone()
}

fn executable_digest() -> String {
    // The link of the process follows to the file it runs even after the name was given to another.
    let path = Some(PathBuf::from("/proc/self/exe")).filter(|link| link.exists());
    let Some(metadata) = path
        .or_else(|| std::env::current_exe().ok())
        .and_then(|path| fs::metadata(path).ok())
    else {
        return "unknown".to_owned();
    };
    digest_of([
        &metadata.len().to_le_bytes()[..],
        &metadata.mtime().to_le_bytes(),
        &metadata.mtime_nsec().to_le_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_version_and_digest() {
        let build = current();
        assert_eq!(build.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(build.digest.len(), 16);
        assert_eq!(build, current());
    }
}
