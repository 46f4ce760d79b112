//! Which packages the index of packages holds, at which version, and when each was last asked for.
//!
//! A folder keeps its name when a package manager puts another version into it, so the version is written down here.
//! The list is a cache as the index is: when it is lost, packages are compared with the disk again as if they were new. It
//! says what was indexed once, and not that the disk still says the same: that is looked over whenever somebody asks.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The list's file in the folder of the index.
const FILE: &str = "packages.json";

/// What is indexed of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The version that is indexed in full, vectors included; none while it is not.
    version: Option<String>,
    /// Counts up with every use.
    used: u64,
    /// What it takes on disk at most, when it was last indexed.
    #[serde(default)]
    bytes: u64,
}

/// The packages by their folders.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    file: PathBuf,
    kept: BTreeMap<PathBuf, Kept>,
    uses: u64,
}

impl Shelf {
    /// Reads the list in `folder`; an empty one when there is none that can be read.
    pub(super) fn open(folder: &Path) -> Self {
        let file = folder.join(FILE);
        let kept: BTreeMap<PathBuf, Kept> = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "the list of indexed packages is damaged and begun anew");
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        let uses = kept.values().map(|kept| kept.used).max().unwrap_or_default();
        Self { file, kept, uses }
    }

    /// Whether the folder is indexed in full at this version.
    pub(super) fn holds(&self, folder: &Path, version: &str) -> bool {
        let kept = self.kept.get(folder).and_then(|kept| kept.version.as_deref());
        kept == Some(version)
    }

    /// Notes that the folder is asked for.
    pub(super) fn used(&mut self, folder: &Path) {
        self.uses += 1;
        let used = self.uses;
        self.kept
            .entry(folder.to_owned())
            .and_modify(|kept| kept.used = used)
            .or_insert(Kept {
                version: None,
                used,
                bytes: 0,
            });
    }

    /// Notes the version that is indexed in full now.
    pub(super) fn completed(&mut self, folder: &Path, version: &str) {
        self.used(folder);
        if let Some(kept) = self.kept.get_mut(folder) {
            kept.version = Some(version.to_owned());
        }
    }

    /// Notes that the index of the folder may not be all of it any more.
    pub(super) fn doubted(&mut self, folder: &Path) {
        if let Some(kept) = self.kept.get_mut(folder) {
            kept.version = None;
        }
    }

    /// Notes what the folder takes on disk.
    pub(super) fn weighed(&mut self, folder: &Path, bytes: u64) {
        if let Some(kept) = self.kept.get_mut(folder) {
            kept.bytes = bytes;
        }
    }

    /// The given folders that have no place among the `most` used last, or in `room` bytes for those and no others.
    pub(super) fn beyond(&self, folders: Vec<PathBuf>, most: usize, room: u64) -> Vec<PathBuf> {
        let mut taken = 0_u64;
        let stays = |(place, folder): &(usize, PathBuf)| {
            taken = taken.saturating_add(self.kept.get(folder).map_or(0, |kept| kept.bytes));
            *place < most && taken <= room
        };
        let latest_first = self.latest_first(folders).into_iter().enumerate();
        latest_first.skip_while(stays).map(|(_, folder)| folder).collect()
    }

    /// Forgets a folder.
    pub(super) fn removed(&mut self, folder: &Path) {
        self.kept.remove(folder);
    }

    /// The given folders, the one used last first.
    pub(super) fn latest_first(&self, mut folders: Vec<PathBuf>) -> Vec<PathBuf> {
        folders.sort_by_key(|folder| std::cmp::Reverse(self.kept.get(folder).map_or(0, |kept| kept.used)));
        folders
    }

    /// Writes the list down, by an atomic rename.
    pub(super) fn save(&self) -> io::Result<()> {
        let new = self.file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&self.kept)?)?;
        std::fs::rename(&new, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_held_once_it_is_complete_and_survives_the_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (Path::new("/modules/a"), Path::new("/modules/b"));
        let mut shelf = Shelf::open(dir.path());
        shelf.used(a);
        assert!(!shelf.holds(a, "1.0.0"));
        shelf.completed(a, "1.0.0");
        shelf.completed(b, "2.0.0");
        shelf.used(a);
        shelf.save().unwrap();

        let mut shelf = Shelf::open(dir.path());
        assert!(shelf.holds(a, "1.0.0"));
        assert!(!shelf.holds(a, "1.0.1"));
        assert!(shelf.holds(b, "2.0.0"));
        shelf.doubted(b);
        assert!(!shelf.holds(b, "2.0.0"));
        let unknown = PathBuf::from("/modules/c");
        assert_eq!(
            shelf.latest_first(vec![unknown.clone(), b.to_owned(), a.to_owned()]),
            [a.to_owned(), b.to_owned(), unknown]
        );
        shelf.removed(a);
        assert!(!shelf.holds(a, "1.0.0"));
    }

    #[test]
    fn what_was_not_used_for_longest_has_no_place_beyond_the_room() {
        let dir = tempfile::tempdir().unwrap();
        let folders: Vec<PathBuf> = ["/a", "/b", "/c"].map(PathBuf::from).into();
        let mut shelf = Shelf::open(dir.path());
        for (folder, bytes) in folders.iter().zip([10, 50, 40]) {
            shelf.completed(folder, "1");
            shelf.weighed(folder, bytes);
        }
        let beyond = |shelf: &Shelf, most, room| shelf.beyond(folders.clone(), most, room);
        assert_eq!(beyond(&shelf, 3, 100), [""; 0].map(PathBuf::from));
        assert_eq!(beyond(&shelf, 2, 100), ["/a"].map(PathBuf::from));
        assert_eq!(beyond(&shelf, 3, 99), ["/a"].map(PathBuf::from));
        // A small one that is older does not stay in the place of a large one.
        assert_eq!(beyond(&shelf, 3, 60), ["/b", "/a"].map(PathBuf::from));
        shelf.used(&folders[0]);
        assert_eq!(beyond(&shelf, 3, 60), ["/b"].map(PathBuf::from));
    }

    #[test]
    fn a_damaged_list_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        let mut shelf = Shelf::open(dir.path());
        shelf.completed(Path::new("/a"), "1");
        shelf.save().unwrap();
        assert!(Shelf::open(dir.path()).holds(Path::new("/a"), "1"));
    }
}
