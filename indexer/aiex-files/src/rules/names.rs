//! Names that say by themselves what a directory holds. They know nothing of any root.

use crate::reason::SkipReason;

/// Packages that a tool installed: never written in the project that holds them.
const INSTALLED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    ".venv",
    "venv",
    ".yarn",
];

/// Directories that by their name hold copies of other people's code.
const COPIED: &[&str] = &[
    "third_party",
    "third-party",
    "thirdparty",
    "3rdparty",
    "Godeps",
    "_vendor",
    "Pods",
    "Carthage",
];

/// What interpreters and test runners leave behind without tagging it.
const CACHES: &[&str] = &["__pycache__", ".tox", ".nox", ".eggs"];

/// Files that mark `vendor` as filled by a tool: Go, PHP's composer, Ruby's bundler.
pub(crate) const VENDOR_MARKS: &[&str] = &["modules.txt", "autoload.php", "bundle"];

/// Cookie files of the watcher begin with this. They tell of nothing but themselves.
pub(crate) const COOKIE_PREFIX: &str = ".aiex-cookie-";

/// Why a directory of this name is left out wherever it is.
pub(crate) fn left_out(name: &[u8]) -> Option<(SkipReason, &'static str)> {
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
    if is_one_of(INSTALLED) {
        Some((SkipReason::Vendored, "installed packages"))
    } else if is_one_of(COPIED) {
        Some((SkipReason::Vendored, "copies of other projects"))
    } else if is_one_of(CACHES) {
        Some((SkipReason::CacheDir, "left behind by tools"))
    } else {
        None
    }
}

/// Whether a directory of the path is vendored by its name alone.
pub(crate) fn vendored_path(path: &[u8]) -> bool {
    let Some(cut) = path.iter().rposition(|b| *b == b'/') else {
        return false;
    };
    let dirs = path.get(..cut).unwrap_or_default();
    dirs.split(|b| *b == b'/')
        .any(|part| matches!(left_out(part), Some((SkipReason::Vendored, _))))
}
