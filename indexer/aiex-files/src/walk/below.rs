//! Looks at one path: a file alone, or all that is below a directory. For events, which name what may have changed.

use std::fs;
use std::io;

use super::{Seen, SeenFile, Skipped, WalkError, WalkSummary, walk_from};
use crate::reason::SkipReason;
use crate::relpath::RelPath;
use crate::root::Root;
use crate::rules::Rules;
use crate::stat::Stat;

/// Walks what is at `path`: nothing, a file, or a directory with all below it. What the rules leave out is reported
/// as by [`super::walk`], except that a path below a directory that is left out is passed over in silence.
///
/// # Errors
/// As [`super::walk`]; a root that is gone is an error, a path that is gone is not.
pub fn walk_below(
    root: &Root,
    rules: &Rules,
    path: &RelPath,
    cancel: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Seen),
) -> Result<WalkSummary, WalkError> {
    let mut summary = WalkSummary::default();
    let metadata = match fs::symlink_metadata(path.to_path(&root.path)) {
        Ok(metadata) => metadata,
        Err(error) => {
            // An empty tree and a tree that is not there must not be taken for each other.
            fs::symlink_metadata(&root.path).map_err(|source| WalkError::Root {
                root: root.path.clone(),
                source,
            })?;
            if error.kind() != io::ErrorKind::NotFound && error.kind() != io::ErrorKind::NotADirectory {
                skip(
                    path,
                    SkipReason::Unreadable,
                    error.to_string(),
                    &mut summary,
                    visit,
                );
            }
            return Ok(summary);
        }
    };
    if metadata.is_dir() {
        return walk_from(root, rules, Some(path), cancel, visit);
    }
    if let Some(reason) = rules.is_ignored(path, false) {
        skip(path, reason, String::new(), &mut summary, visit);
    } else if metadata.is_symlink() {
        skip(
            path,
            SkipReason::Symlink,
            "links are not followed".to_owned(),
            &mut summary,
            visit,
        );
    } else if !metadata.is_file() {
        skip(
            path,
            SkipReason::Special,
            "a pipe, socket or device".to_owned(),
            &mut summary,
            visit,
        );
    } else {
        let stat = Stat::of(&metadata);
        summary.files = 1;
        summary.bytes = stat.size;
        visit(Seen::File(SeenFile {
            path: path.clone(),
            stat,
            force: rules.force(path),
        }));
    }
    Ok(summary)
}

fn skip(
    path: &RelPath,
    reason: SkipReason,
    detail: String,
    summary: &mut WalkSummary,
    visit: &mut dyn FnMut(Seen),
) {
    *summary.skipped.entry(reason).or_default() += 1;
    visit(Seen::Skipped(Skipped {
        path: path.clone(),
        reason,
        detail,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RulesOptions;

    #[test]
    fn a_file_a_folder_and_nothing_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("src/deep")).unwrap();
        fs::write(dir.path().join("src/a.rs"), "a").unwrap();
        fs::write(dir.path().join("src/deep/b.rs"), "b").unwrap();
        fs::write(dir.path().join(".gitignore"), "c.rs\n").unwrap();
        fs::write(dir.path().join("src/c.rs"), "c").unwrap();
        let root = Root::discover(dir.path(), None, true).unwrap();
        let rules = Rules::load(&root, RulesOptions::default());
        let look = |path: &str| {
            let mut seen = Vec::new();
            let path = RelPath::from_bytes(path).unwrap();
            walk_below(&root, &rules, &path, &|| false, &mut |found| {
                if let Seen::File(file) = found {
                    seen.push(file.path.as_str_lossy().into_owned());
                }
            })
            .unwrap();
            seen
        };
        assert_eq!(look("src/a.rs"), ["src/a.rs"]);
        assert_eq!(look("src"), ["src/a.rs", "src/deep/b.rs"]);
        assert!(look("src/c.rs").is_empty() && look("nowhere").is_empty());
    }
}
