//! Files that are made only so that their event tells that all earlier events have been seen.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::root::Root;
use crate::rules::names::COOKIE_PREFIX;

/// A cookie file; removed when dropped.
#[derive(Debug)]
pub struct Cookie {
    path: PathBuf,
}

impl Cookie {
    pub(super) fn create(root: &Root, number: u64) -> io::Result<Cookie> {
        Cookie::place(root, &name(number, "user"))
    }

    /// In git's directory, which is watched and never indexed; in the root when that cannot be written.
    pub(super) fn place(root: &Root, name: &str) -> io::Result<Cookie> {
        let at = |dir: &Path| {
            let path = dir.join(name);
            File::create_new(&path).map(|_| Cookie { path })
        };
        match root.git_dir.as_deref().map(at) {
            Some(Ok(cookie)) => Ok(cookie),
            Some(Err(_)) | None => at(&root.path),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove a cookie file");
        }
    }
}

pub(super) fn name(number: u64, kind: &str) -> String {
    format!("{COOKIE_PREFIX}{}-{kind}-{number}", std::process::id())
}

/// Whether a file of this name is a cookie, of this process or another.
pub(super) fn is_cookie(name: &str) -> bool {
    name.starts_with(COOKIE_PREFIX)
}
