//! Whether the folder at a repository's path is the one that was indexed.
//!
//! When a disk is unmounted, the empty folder stays on which it was mounted: to take that for the repository would be to
//! take every file of it for deleted.

use aiex_files::root::Root;
use aiex_files::stat::Stat;

use crate::catalogue::Catalogue;
use crate::error::IndexError;

/// The name under which a catalogue keeps it.
const NAME: &str = "root";

/// Which folder a root is: its inode, and where it lies, for stores are copied and repositories move. Not its device, which
/// many file systems number anew at each mount.
fn of(root: &Root) -> Option<String> {
    let inode = Stat::of(&root.path.symlink_metadata().ok()?).inode;
    Some(format!("{inode} {}", root.path.display()))
}

/// Keeps which folder was indexed.
pub(super) fn keep(root: &Root, catalogue: &mut Catalogue) -> Result<(), IndexError> {
    match of(root) {
        Some(is) if catalogue.text(NAME)?.as_ref() != Some(&is) => catalogue.set_text(NAME, &is),
        _ => Ok(()),
    }
}

/// Sees that a folder in which nothing is left is the one that was indexed.
///
/// # Errors
/// [`IndexError::RootReplaced`].
pub(super) fn see_that_it_is(root: &Root, catalogue: &Catalogue) -> Result<(), IndexError> {
    let Some(before) = catalogue.text(NAME)? else {
        return Ok(());
    };
    let stood_here = before
        .split_once(' ')
        .is_some_and(|(_, path)| path == root.path.display().to_string());
    if stood_here && of(root).is_some_and(|now| now != before) {
        return Err(IndexError::RootReplaced {
            path: root.path.clone(),
        });
    }
    Ok(())
}
