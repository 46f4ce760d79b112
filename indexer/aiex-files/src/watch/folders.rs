//! The folders of a root that are of interest, and which of them are watched. It knows nothing of the disk.
//!
//! A folder is watched only if the one above it is: whatever happens on the way to a watched folder is then heard, and
//! no watch can go on reporting under a path that has become another folder's.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::glance::Last;
use crate::relpath::RelPath;

/// What is worth more is watched first: what changed last, then what is nearest to the root. A folder is never worth
/// more than the one above it.
type Worth = (u64, Reverse<usize>);

#[derive(Debug, Default)]
pub(super) struct Folders {
    all: BTreeMap<RelPath, Folder>,
    watched: usize,
    /// Counts changes, to order them.
    changes: u64,
}

#[derive(Debug)]
struct Folder {
    /// The count of the last change in it or below it; 0 when it has not changed since it became known.
    changed: u64,
    /// What was seen of it last; none when it is watched.
    polled: Option<Last>,
}

impl Folders {
    pub(super) fn is_known(&self, dir: &RelPath) -> bool {
        self.all.contains_key(dir)
    }

    pub(super) fn is_watched(&self, dir: &RelPath) -> bool {
        self.all.get(dir).is_some_and(|folder| folder.polled.is_none())
    }

    /// Whether a watch on it would keep what is watched in one piece.
    pub(super) fn is_above_watched(&self, dir: &RelPath) -> bool {
        dir.parent().is_none_or(|parent| self.is_watched(&parent))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RelPath> {
        self.all.keys()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn polled(&self) -> usize {
        self.all.len() - self.watched
    }

    pub(super) fn set_watched(&mut self, dir: &RelPath) {
        self.set(dir, None);
    }

    pub(super) fn set_polled(&mut self, dir: &RelPath, last: Last) {
        self.set(dir, Some(last));
    }

    fn set(&mut self, dir: &RelPath, polled: Option<Last>) {
        let is_watched = polled.is_none();
        let was_watched = match self.all.get_mut(dir) {
            Some(folder) => std::mem::replace(&mut folder.polled, polled).is_none(),
            None => {
                self.all.insert(dir.clone(), Folder { changed: 0, polled });
                false
            }
        };
        self.watched = self.watched + usize::from(is_watched) - usize::from(was_watched);
    }

    /// A polled folder was looked at.
    pub(super) fn set_seen(&mut self, dir: &RelPath, last: Last) {
        if let Some(polled) = self.all.get_mut(dir).and_then(|folder| folder.polled.as_mut()) {
            *polled = last;
        }
    }

    /// Nothing is watched any more.
    pub(super) fn set_all_polled(&mut self, last: Last) {
        for folder in self.all.values_mut() {
            folder.polled.get_or_insert(last);
        }
        self.watched = 0;
    }

    /// Forgets a folder, but not what is below it. Whether it was watched.
    pub(super) fn remove(&mut self, dir: &RelPath) -> bool {
        let was_watched = self.all.remove(dir).is_some_and(|folder| folder.polled.is_none());
        self.watched -= usize::from(was_watched);
        was_watched
    }

    /// The known folders at or below `dir`.
    pub(super) fn within(&self, dir: &RelPath) -> Vec<RelPath> {
        // Names such as `a-b` sort between `a` and `a/b`, so the range goes on until the last that begins with `a`.
        self.all
            .range(dir.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.as_bytes().starts_with(dir.as_bytes()))
            .filter(|path| path.is_within(dir))
            .cloned()
            .collect()
    }

    /// Something has changed in the folder.
    pub(super) fn touch(&mut self, dir: &RelPath) {
        self.changes += 1;
        let above = std::iter::successors(Some(dir.clone()), RelPath::parent);
        for dir in above {
            if let Some(folder) = self.all.get_mut(&dir) {
                folder.changed = self.changes;
            }
        }
    }

    /// The next folder that is to be looked at, by name.
    pub(super) fn next_polled(&self, after: Option<&RelPath>) -> Option<(RelPath, Last)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.all
            .range::<RelPath, _>((from, Bound::Unbounded))
            .find_map(|(dir, folder)| Some((dir.clone(), folder.polled?)))
    }

    /// What was last seen of a polled folder.
    pub(super) fn last(&self, dir: &RelPath) -> Option<Last> {
        self.all.get(dir)?.polled
    }

    /// The watched folders that are worth least, the least first: those below others come before them.
    pub(super) fn least(&self, count: usize) -> Vec<RelPath> {
        let watched = self.ranked(|folder| folder.polled.is_none());
        ends(watched, count, |(worth, dir)| (worth, dir))
    }

    /// The polled folders that are worth most, the most first: those above others come before them.
    pub(super) fn best(&self, count: usize) -> Vec<RelPath> {
        let polled = self.ranked(|folder| folder.polled.is_some());
        ends(polled, count, |(worth, dir)| (Reverse(worth), dir))
    }

    /// Watched folders and the polled ones that are worth more because they have changed since, in pairs.
    pub(super) fn swaps(&self, count: usize) -> Vec<(RelPath, RelPath)> {
        let changed = self.ranked(|folder| folder.polled.is_some() && folder.changed > 0);
        if changed.is_empty() {
            return Vec::new();
        }
        let best = ends(changed, count, |(worth, dir)| (Reverse(worth), dir));
        let changed_at = |dir: &RelPath| self.all.get(dir).map_or(0, |folder| folder.changed);
        self.least(best.len())
            .into_iter()
            .zip(best)
            .take_while(|(least, best)| changed_at(least) < changed_at(best))
            .collect()
    }

    fn ranked(&self, wanted: impl Fn(&Folder) -> bool) -> Vec<(Worth, &RelPath)> {
        let wanted = self.all.iter().filter(|(_, folder)| wanted(folder));
        wanted
            .map(|(dir, folder)| {
                let depth = dir.as_bytes().iter().filter(|byte| **byte == b'/').count();
                ((folder.changed, Reverse(depth)), dir)
            })
            .collect()
    }
}

/// The first `count` in the order of `key`.
fn ends<'a, K: Ord>(
    mut all: Vec<(Worth, &'a RelPath)>,
    count: usize,
    key: impl Fn((Worth, &'a RelPath)) -> K,
) -> Vec<RelPath> {
    if 0 < count && count < all.len() {
        all.select_nth_unstable_by_key(count - 1, |ranked| key(*ranked));
    }
    all.truncate(count);
    all.sort_unstable_by_key(|ranked| key(*ranked));
    all.into_iter().map(|(_, dir)| dir.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::Folders;
    use crate::relpath::RelPath;
    use crate::watch::glance::Last;

    fn path(name: &str) -> RelPath {
        RelPath::from_bytes(name).unwrap()
    }

    fn names(dirs: &[RelPath]) -> Vec<String> {
        dirs.iter().map(RelPath::to_string).collect()
    }

    fn folders(watched: &[&str], polled: &[&str]) -> Folders {
        let mut folders = Folders::default();
        watched.iter().for_each(|dir| folders.set_watched(&path(dir)));
        polled
            .iter()
            .for_each(|dir| folders.set_polled(&path(dir), Last::never(0)));
        folders
    }

    #[test]
    fn what_is_near_the_root_is_worth_more_and_what_changed_is_worth_most() {
        let mut folders = folders(&["a", "a/b", "a/b/c", "d"], &["d/e", "d/e/f", "g"]);
        assert_eq!(names(&folders.least(2)), ["a/b/c", "a/b"]);
        assert_eq!(names(&folders.best(2)), ["g", "d/e"]);
        assert!(folders.swaps(9).is_empty());
        folders.touch(&path("a/b/c"));
        assert_eq!(names(&folders.least(9)), ["d", "a/b/c", "a/b", "a"]);
        folders.touch(&path("d/e/f"));
        // What is above a change is worth as much, so `d` keeps its watch and `d/e` comes before `d/e/f`.
        let swaps: Vec<_> = folders
            .swaps(9)
            .iter()
            .map(|(out, into)| format!("{out} {into}"))
            .collect();
        assert_eq!(swaps, ["a/b/c d/e", "a/b d/e/f"]);
    }

    #[test]
    fn counts_follow_what_happens() {
        let mut folders = folders(&["a", "a-b", "a/b"], &["a/c"]);
        assert_eq!((folders.len(), folders.polled()), (4, 1));
        assert_eq!(names(&folders.within(&path("a"))), ["a", "a/b", "a/c"]);
        folders.set_polled(&path("a/b"), Last::never(0));
        folders.set_polled(&path("a/b"), Last::never(0));
        folders.set_watched(&path("a/c"));
        assert_eq!((folders.len(), folders.polled()), (4, 1));
        assert!(folders.remove(&path("a/c")) && !folders.remove(&path("a/b")));
        assert_eq!((folders.len(), folders.polled()), (2, 0));
        folders.set_all_polled(Last::never(0));
        let next = |after: Option<&str>| {
            folders
                .next_polled(after.map(path).as_ref())
                .map(|(dir, _)| dir.to_string())
        };
        assert_eq!(
            (next(None), next(Some("a"))),
            (Some("a".to_owned()), Some("a-b".to_owned()))
        );
        assert_eq!(next(Some("a-b")), None);
    }
}
