//! From what a user calls a file to the file in the index, or to the reason why it is not there.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use aiex_files::RelPath;

use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::snapshot::{FileEntry, Snapshot};

/// What a path names.
pub(crate) enum Named {
    File(Arc<FileEntry>),
    /// The indexed files below a folder, by path.
    Folder(Vec<Arc<FileEntry>>),
}

/// What `name` names: an absolute path, or one relative to `from` or to the root, in this order.
pub(crate) fn find(
    repo: &RepoIndex,
    snapshot: &Snapshot,
    from: &Path,
    name: &str,
) -> Result<Named, SearchError> {
    let root = &repo.root().path;
    let candidates = candidates(root, from, Path::new(name));
    for path in &candidates {
        if let Some(file) = snapshot.files().iter().find(|file| *file.path == **path) {
            return Ok(Named::File(file.clone()));
        }
        let mut below: Vec<_> = snapshot
            .files()
            .iter()
            .filter(|file| is_below(&file.path, path))
            .cloned()
            .collect();
        // The root is there however little of it is in the index so far.
        if !below.is_empty() || path.is_empty() {
            below.sort_by(|a, b| a.path.cmp(&b.path));
            return Ok(Named::Folder(below));
        }
    }
    Err(why_not(repo, snapshot, name, &candidates)?)
}

/// The file that `name` names.
pub(crate) fn find_file(
    repo: &RepoIndex,
    snapshot: &Snapshot,
    from: &Path,
    name: &str,
) -> Result<Arc<FileEntry>, SearchError> {
    match find(repo, snapshot, from, name)? {
        Named::File(file) => Ok(file),
        Named::Folder(_) => Err(SearchError::NotFound {
            message: format!("`{name}` is a folder"),
            hint: "name a file in it",
        }),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The paths inside the repository that a name may mean; the empty one is the root.
fn candidates(root: &Path, from: &Path, name: &Path) -> Vec<String> {
    let places = if name.is_absolute() {
        vec![plain(name)]
    } else {
        vec![plain(&from.join(name)), plain(&root.join(name))]
    };
    let mut inside: Vec<String> = Vec::new();
    for place in places {
        if let Some(path) = place.strip_prefix(root).ok().and_then(Path::to_str) {
            let path = path.replace(std::path::MAIN_SEPARATOR, "/");
            if !inside.contains(&path) {
                inside.push(path);
            }
        }
    }
    inside
}

/// A path without `.` and `..`, by names alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Why none of these is in the index.
fn why_not(
    repo: &RepoIndex,
    snapshot: &Snapshot,
    name: &str,
    candidates: &[String],
) -> Result<SearchError, SearchError> {
    let root = &repo.root().path;
    if candidates.is_empty() {
        return Ok(SearchError::NotFound {
            message: format!("`{name}` is not in the repository {}", root.display()),
            hint: "name a file of this repository, or another repository with `--repo`",
        });
    }
    for path in candidates.iter().filter_map(RelPath::from_bytes) {
        let Some(left_out) = repo.why_left_out(&path)? else {
            continue;
        };
        let at = if left_out.path == path {
            String::new()
        } else {
            format!(" at `{}`", left_out.path)
        };
        let detail = if left_out.detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", left_out.detail)
        };
        return Ok(SearchError::NotFound {
            message: format!(
                "`{name}` is not indexed; it was left out{at}: {}{detail}",
                left_out.reason
            ),
            hint: "`aiex status --skipped` lists what is left out, and why",
        });
    }
    let exists = candidates.iter().any(|path| root.join(path).exists());
    Ok(if !exists {
        SearchError::NotFound {
            message: format!("there is no `{name}` in {}", root.display()),
            hint: "name the path from this folder or from the repository's root",
        }
    } else if snapshot.is_complete {
        SearchError::NotFound {
            message: format!("`{name}` is not indexed"),
            hint: "ignored files are not; one written just now is with `--wait-fresh`",
        }
    } else {
        SearchError::NotFound {
            message: format!("`{name}` is not indexed yet"),
            hint: "the first index is being made; `--complete` waits for it",
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_from_the_folder_and_then_from_the_root() {
        let (root, from) = (Path::new("/r"), Path::new("/r/src"));
        let of = |name: &str| candidates(root, from, Path::new(name));
        assert_eq!(of("a.rs"), ["src/a.rs", "a.rs"]);
        assert_eq!(of("./x/../a.rs"), ["src/a.rs", "a.rs"]);
        assert_eq!(of("../a.rs"), ["a.rs"]);
        assert_eq!(of("/r/src/a.rs"), ["src/a.rs"]);
        assert_eq!(of("."), ["src", ""]);
        assert!(of("/elsewhere/a.rs").is_empty());
        assert_eq!(
            candidates(root, Path::new("/home"), Path::new("src/a.rs")),
            ["src/a.rs"]
        );
    }

    #[test]
    fn a_folder_holds_what_is_below_it() {
        assert!(is_below("src/a.rs", "src"));
        assert!(is_below("src/a.rs", ""));
        assert!(!is_below("srcs/a.rs", "src"));
    }
}
