//! Which files an exhaustive search has to read: those that trigrams cannot rule out, and those they do not cover.
//!
//! What the segments in the folder cover is all that is known; there is no list beside them. A file of the served
//! snapshot that no segment covers, because it is new or because a segment was lost, is read by every search. So an
//! answer is whole at any moment, and covering is only a matter of speed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aiex_grams::{Candidates, Document, Folder, GramsError, Opened, Query, Segment};
use arc_swap::ArcSwap;

use crate::error::IndexError;
use crate::snapshot::{FileEntry, Snapshot};

/// Where a document stands that is in no file of the snapshot, or in an earlier segment as well.
const NOWHERE: u32 = u32::MAX;

/// The trigram postings of one repository.
pub(crate) struct Grams {
    dir: PathBuf,
    set: ArcSwap<Set>,
    /// What the set covers of the snapshot that was asked about last.
    coverage: Mutex<Option<Arc<Coverage>>>,
    /// What was found damaged since the repository was opened.
    damaged: Mutex<Vec<String>>,
}

/// The segments at hand.
#[derive(Default)]
pub(crate) struct Set {
    /// None when the folder cannot be used; searches then read every file.
    folder: Option<Arc<Folder>>,
    segments: Vec<Arc<Segment>>,
}

/// What a set of segments covers of a snapshot.
pub(crate) struct Coverage {
    set: Arc<Set>,
    snapshot: Weak<Snapshot>,
    /// For each segment and each of its documents, where in the snapshot its file stands.
    places: Vec<Vec<u32>>,
    /// Where the files stand that no segment covers.
    pub(crate) uncovered: Vec<u32>,
}

/// The document that a file is.
pub(crate) fn document(file: &FileEntry) -> Document {
    let mut stamp = [0; 8];
    stamp.copy_from_slice(&file.key.0[..8]);
    Document {
        id: file.version,
        stamp: u64::from_le_bytes(stamp),
    }
}

impl Grams {
    /// Opens the postings in `dir`. What is damaged is removed and told; its files are covered anew in time.
    pub(crate) fn open(dir: &Path) -> Self {
        let (set, damaged) = match Folder::open(dir) {
            Ok(Opened {
                folder,
                segments,
                damaged,
            }) => {
                let set = Set {
                    folder: Some(Arc::new(folder)),
                    segments: segments.into_iter().map(Arc::new).collect(),
                };
                (set, damaged)
            }
            Err(error) => (Set::default(), vec![error]),
        };
        let grams = Self {
            dir: dir.to_owned(),
            set: ArcSwap::from_pointee(set),
            coverage: Mutex::default(),
            damaged: Mutex::default(),
        };
        for error in &damaged {
            grams.tell(error);
        }
        grams
    }

    fn tell(&self, error: &GramsError) {
        tracing::warn!(%error, "postings are made anew");
        let told = format!("trigrams ({error})");
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if !damaged.contains(&told) {
            damaged.push(told);
        }
    }

    /// What was found damaged.
    pub(crate) fn damaged(&self) -> Vec<String> {
        self.damaged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.set
            .load()
            .segments
            .iter()
            .map(|segment| segment.disk_bytes())
            .sum()
    }

    /// Lets go of all files.
    pub(crate) fn release(&self) {
        self.set.store(Arc::default());
        *self.coverage() = None;
    }

    /// Goes on with what `fresh` opened.
    pub(crate) fn take_over(&self, fresh: &Self) {
        self.set.store(fresh.set.load_full());
        self.damaged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(fresh.damaged());
    }

    fn coverage(&self) -> std::sync::MutexGuard<'_, Option<Arc<Coverage>>> {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is covered of a snapshot.
    pub(crate) fn covers(&self, snapshot: &Arc<Snapshot>) -> Arc<Coverage> {
        let set = self.set.load_full();
        let mut known = self.coverage();
        if let Some(known) = &*known
            && Arc::ptr_eq(&known.set, &set)
            && known.snapshot.ptr_eq(&Arc::downgrade(snapshot))
        {
            return known.clone();
        }
        let coverage = Arc::new(Coverage::new(set, snapshot));
        *known = Some(coverage.clone());
        coverage
    }

    /// Where in the snapshot the files stand in which a query may match, ascending; none when that is every file.
    pub(crate) fn candidates(&self, query: &Query, snapshot: &Arc<Snapshot>) -> Option<Vec<u32>> {
        if *query == Query::All {
            return None;
        }
        loop {
            let coverage = self.covers(snapshot);
            match coverage.candidates(query) {
                Ok(places) => return Some(places),
                // There is one segment less now.
                Err((segment, error)) => self.give_up(segment, &error),
            }
        }
    }

    /// Takes a segment that cannot be read out of the set; its files count as not covered.
    pub(crate) fn give_up(&self, segment: &Arc<Segment>, error: &GramsError) {
        self.tell(error);
        self.replace(std::slice::from_ref(segment), None);
    }

    /// Puts a segment in the place of others, whose files go.
    pub(crate) fn replace(&self, old: &[Arc<Segment>], new: Option<Segment>) {
        let new = new.map(Arc::new);
        self.set.rcu(|set| {
            let is_old = |segment: &Arc<Segment>| old.iter().any(|old| Arc::ptr_eq(old, segment));
            let kept = set.segments.iter().filter(|segment| !is_old(segment));
            Set {
                folder: set.folder.clone(),
                segments: kept.cloned().chain(new.clone()).collect(),
            }
        });
        for segment in old {
            if let Err(error) = segment.remove() {
                // It is looked at again when the repository is opened, and covers what it covers.
                tracing::warn!(%error, "old postings stay");
            }
        }
    }

    /// The failure of a store.
    pub(crate) fn error(&self, error: GramsError) -> IndexError {
        match error {
            GramsError::Cancelled => IndexError::Cancelled,
            error => IndexError::Storage {
                store: "trigram",
                path: self.dir.clone(),
                source: Box::new(error),
            },
        }
    }
}

impl Coverage {
    fn new(set: Arc<Set>, snapshot: &Arc<Snapshot>) -> Self {
        let files = snapshot.files();
        let mut is_covered = vec![false; files.len()];
        let mut places = Vec::with_capacity(set.segments.len());
        for segment in &set.segments {
            let mut at = 0;
            let of_segment = segment.documents().iter().map(|document| {
                // Both are in the order of versions.
                at += files[at..].partition_point(|file| file.version < document.id);
                match files.get(at) {
                    Some(file) if !is_covered[at] && self::document(file) == *document => {
                        is_covered[at] = true;
                        at as u32
                    }
                    _ => NOWHERE,
                }
            });
            places.push(of_segment.collect());
        }
        let uncovered = (0..).zip(&is_covered).filter(|(_, is_covered)| !**is_covered);
        Self {
            uncovered: uncovered.map(|(place, _)| place).collect(),
            snapshot: Arc::downgrade(snapshot),
            set,
            places,
        }
    }

    fn candidates(&self, query: &Query) -> Result<Vec<u32>, (&Arc<Segment>, GramsError)> {
        let mut all = self.uncovered.clone();
        for (segment, places) in self.set.segments.iter().zip(&self.places) {
            match segment.candidates(query) {
                Ok(Candidates::All) => all.extend(places),
                Ok(Candidates::At(documents)) => {
                    all.extend(documents.iter().map(|document| places[*document as usize]))
                }
                Err(error) => return Err((segment, error)),
            }
        }
        all.retain(|place| *place != NOWHERE);
        all.sort_unstable();
        Ok(all)
    }

    /// Where segments are written; none when they cannot be.
    pub(crate) fn folder(&self) -> Option<&Folder> {
        self.set.folder.as_deref()
    }

    /// The segments, each with how many of its documents are still of use.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (&Arc<Segment>, usize)> {
        let in_use = |places: &Vec<u32>| places.iter().filter(|place| **place != NOWHERE).count();
        self.set.segments.iter().zip(self.places.iter().map(in_use))
    }

    /// The documents that are still of use in some of the segments.
    pub(crate) fn documents_in_use(&self, of: &[Arc<Segment>]) -> HashSet<Document> {
        let segments = self.set.segments.iter().zip(&self.places);
        let chosen = segments.filter(|(segment, _)| of.iter().any(|one| Arc::ptr_eq(one, segment)));
        let documents = chosen.flat_map(|(segment, places)| segment.documents().iter().zip(places));
        documents
            .filter(|(_, place)| **place != NOWHERE)
            .map(|(document, _)| *document)
            .collect()
    }
}
