//! Paths inside a root: relative, `/` between the parts, any bytes. They know nothing of the disk.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The longest path kept. Linux opens no path longer than this (`PATH_MAX`, with the closing zero).
const MAX_PATH_BYTES: usize = 4096;

/// A path relative to a root, with `/` between its parts. Never empty, never absolute, without `.` or `..`,
/// so that joining it to a root cannot leave that root. On Unix every file name survives, UTF-8 or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Arc<[u8]>);

impl RelPath {
    /// The path made of these bytes; none if it is empty, absolute, too long, or has an empty, `.` or `..` part.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Option<RelPath> {
        let bytes = bytes.as_ref();
        let sound = !bytes.is_empty()
            && bytes.len() < MAX_PATH_BYTES
            && !bytes.contains(&0)
            && bytes
                .split(|b| *b == b'/')
                .all(|part| !matches!(part, b"" | b"." | b".."))
            && storable(bytes);
        sound.then(|| RelPath(bytes.into()))
    }

    /// The path below `root`: none when `path` is the root itself or lies outside it. A relative `path` is taken
    /// from the root. Only names are compared: `..` is refused rather than resolved.
    pub fn from_path(root: impl AsRef<Path>, path: &Path) -> Option<RelPath> {
        let inside = if path.is_absolute() {
            path.strip_prefix(root.as_ref()).ok()?
        } else {
            path
        };
        let mut bytes = Vec::with_capacity(inside.as_os_str().len());
        for component in inside.components() {
            match component {
                Component::Normal(name) => {
                    if !bytes.is_empty() {
                        bytes.push(b'/');
                    }
                    bytes.extend_from_slice(name_bytes(name)?);
                }
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        RelPath::from_bytes(bytes)
    }

    /// The bytes of the path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, when it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The path as text; bytes that are not UTF-8 show as `\xNN`.
    pub fn as_str_lossy(&self) -> Cow<'_, str> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(self.0.len() + 8);
        for chunk in self.0.utf8_chunks() {
            out.push_str(chunk.valid());
            for byte in chunk.invalid() {
                out.push_str(&format!("\\x{byte:02X}"));
            }
        }
        Cow::Owned(out)
    }

    /// The absolute path below `root`.
    pub fn to_path(&self, root: impl AsRef<Path>) -> PathBuf {
        root.as_ref().join(bytes_path(&self.0))
    }

    /// The last part.
    pub fn name(&self) -> &[u8] {
        file_name(&self.0)
    }

    /// The directory that holds this path; none at the root.
    pub fn parent(&self) -> Option<RelPath> {
        let cut = self.0.iter().rposition(|b| *b == b'/')?;
        Some(RelPath(self.0.get(..cut)?.into()))
    }

    /// Whether this path is `dir` or lies below it.
    pub fn is_within(&self, dir: &RelPath) -> bool {
        within(&self.0, &dir.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str_lossy())
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str_lossy())
    }
}

/// The last part of a relative path.
pub(crate) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// Whether `path` is `dir` or below it, part by part.
pub(crate) fn within(path: &[u8], dir: &[u8]) -> bool {
    path.strip_prefix(dir)
        .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

#[cfg(unix)]
pub(crate) fn bytes_path(bytes: &[u8]) -> Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt as _;
    Cow::Borrowed(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn bytes_path(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Owned(PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(unix)]
pub(crate) fn name_bytes(name: &std::ffi::OsStr) -> Option<&[u8]> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(name.as_bytes())
}

#[cfg(not(unix))]
pub(crate) fn name_bytes(name: &std::ffi::OsStr) -> Option<&[u8]> {
    name.to_str().map(str::as_bytes)
}

/// Whether the bytes name the same file when they are turned into a path again.
#[cfg(unix)]
fn storable(_: &[u8]) -> bool {
    true
}

#[cfg(not(unix))]
fn storable(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(|b| matches!(b, b'\\' | b':'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::RelPath;

    #[test]
    fn only_paths_that_stay_inside_are_made() {
        for bad in ["", "/", "/a", "a/", "a//b", "./a", "a/.", "..", "a/../b", "a\0b"] {
            assert!(RelPath::from_bytes(bad).is_none(), "{bad:?}");
        }
        assert!(RelPath::from_bytes("a".repeat(4096)).is_none());
        for good in ["a", "a/b", ".a", "..a", "a b/ü"] {
            assert_eq!(RelPath::from_bytes(good).unwrap().as_str(), Some(good));
        }
    }

    #[test]
    fn containment_is_checked_part_by_part() {
        let root = Path::new("/r");
        let inside = |p: &str| RelPath::from_path(root, Path::new(p)).map(|p| p.to_string());
        assert_eq!(inside("/r/a/b").as_deref(), Some("a/b"));
        assert_eq!(inside("./a/./b").as_deref(), Some("a/b"));
        for outside in ["/r", "/", "/rx/a", "/r/../a", "../a", "/r/a/../../b"] {
            assert_eq!(inside(outside), None, "{outside}");
        }
        let dir = RelPath::from_bytes("a/b").unwrap();
        assert!(RelPath::from_bytes("a/b/c").unwrap().is_within(&dir));
        assert!(!RelPath::from_bytes("a/bc").unwrap().is_within(&dir));
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_survive_and_are_shown() {
        let path = RelPath::from_bytes(b"d/caf\xe9.rs").unwrap();
        assert_eq!(path.as_str(), None);
        assert_eq!(path.as_str_lossy(), "d/caf\\xE9.rs");
        let absolute = path.to_path(Path::new("/r"));
        assert_eq!(RelPath::from_path(Path::new("/r"), &absolute), Some(path));
    }
}
