//! Beginning a repository with the stores of another of the same history: of a clone, or of another working tree.
//!
//! Contents are shared by all repositories, but full text, vectors and postings are each repository's own, and to fill them
//! takes longer than to copy them. Before anybody sees the copy it is fitted to its tree: only files stay of which git
//! proves that both trees have the same. The first update finds the rest, as it does after a crash.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, TryLockError};

use aiex_files::RelPath;
use aiex_files::git::{self, CleanBlobs};
use aiex_files::root::Root;
use aiex_files::rules::{Force, Rules, RulesOptions};
use aiex_files::stat::Stat;
use aiex_vector::VectorStore;

use super::open::OUTLINES;
use super::{RepoIndex, Writer};
use crate::catalogue::{Catalogue, Row};
use crate::error::IndexError;
use crate::generation::{FORMAT, Manifest};
use crate::pipeline::now_ns;
use crate::seating::{Seat, Seating, VectorPlace};

/// Files by which siblings are told.
const SAMPLE: usize = 64;
/// Repositories with the same paths that are looked at more closely.
const LOOKED_AT: usize = 3;

/// A tree that is to be indexed, as git knows it.
pub(crate) struct NewTree<'a> {
    root: &'a Root,
    clean: CleanBlobs,
    rules: Rules,
}

/// The tree of a repository that lends its stores.
struct Lender {
    clean: CleanBlobs,
    rules: Rules,
}

impl Lender {
    fn of(root: &Root) -> Option<Self> {
        Some(Self {
            clean: git::clean_blobs(root).ok()?,
            rules: Rules::load(root, RulesOptions::default()),
        })
    }
}

impl<'a> NewTree<'a> {
    /// A tree with an index of git's.
    pub(crate) fn of(root: &'a Root) -> Option<Self> {
        let clean = git::clean_blobs(root).ok()?;
        let rules = Rules::load(root, RulesOptions::default());
        (!clean.entries.is_empty()).then_some(Self { root, clean, rules })
    }

    /// Some of its paths, from all over it.
    fn sample(&self) -> impl Iterator<Item = &RelPath> {
        let step = self.clean.entries.len().div_ceil(SAMPLE);
        self.clean.entries.keys().step_by(step)
    }

    /// The repositories with at least half of its paths, those with the most first.
    pub(crate) fn alike<'r>(&self, repos: impl Iterator<Item = &'r Arc<RepoIndex>>) -> Vec<Arc<RepoIndex>> {
        let sample: HashSet<&str> = self.sample().filter_map(RelPath::as_str).collect();
        let mut alike: Vec<(usize, &Arc<RepoIndex>)> = repos
            .map(|repo| {
                let served = repo.served();
                let files = served.snapshot.files().iter();
                (files.filter(|file| sample.contains(&*file.path)).count(), repo)
            })
            .filter(|(shared, _)| sample.len().div_ceil(2).max(1) <= *shared)
            .collect();
        alike.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        alike.truncate(LOOKED_AT);
        alike.into_iter().map(|(_, repo)| repo.clone()).collect()
    }

    /// Whether at least half of its files are those of another tree.
    fn is_like(&self, other: &CleanBlobs) -> bool {
        let oid = |tree: &CleanBlobs, path| tree.entries.get(path).map(|entry| entry.oid);
        let (same, all) = self.sample().fold((0, 0), |(same, all), path| {
            let is_same = oid(&self.clean, path) == oid(other, path);
            (same + usize::from(is_same), all + 1)
        });
        all <= same * 2
    }

    /// Keeps of a catalogue the files that are the same here, with the stat that they have here.
    fn fit(&self, catalogue: &mut Catalogue, other: &Lender) -> Result<(), IndexError> {
        let rows = catalogue.rows()?;
        let rows: Vec<_> = rows.into_iter().collect();
        let look = |some: &[(RelPath, Row)]| -> Vec<Option<(Stat, i64)>> {
            let mut looked = Vec::with_capacity(some.len());
            for (path, row) in some {
                let read_at_ns = now_ns();
                looked.push(self.same(path, row, other).map(|stat| (stat, read_at_ns)));
            }
            looked
        };
        let (half, others) = rows.split_at(rows.len() / 2);
        // Most of it is asking the file system for one file after the other.
        let looked = std::thread::scope(|scope| {
            let theirs = scope.spawn(|| look(others));
            let mut looked = look(half);
            match theirs.join() {
                Ok(theirs) => looked.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            looked
        });
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for ((path, _), stat) in rows.into_iter().zip(looked) {
            match stat {
                Some((stat, read_at_ns)) => kept.push((path, stat, read_at_ns)),
                None => gone.push(path),
            }
        }
        catalogue.touch(&kept)?;
        catalogue.forget(&gone)?;
        catalogue.set_complete(false)
    }

    /// The stat of the file here, if git proves both to be the same, this one and the one that was indexed, and both are taken
    /// in by the same rules: a file that is forced in is not searched for secrets as others are.
    fn same(&self, path: &RelPath, row: &Row, other: &Lender) -> Option<Stat> {
        row.version()?;
        let is_forced = [&self.rules, &other.rules].map(|rules| rules.force(path)) != [Force::No; 2];
        if is_forced || self.rules.is_ignored(path, false).is_some() {
            return None;
        }
        let theirs = other
            .clean
            .clean(path, &row.stat)
            .filter(|_| !row.stat.is_racy(row.read_at_ns))?;
        let metadata = std::fs::symlink_metadata(path.to_path(&self.root.path)).ok()?;
        let stat = Stat::of(&metadata);
        let ours = self.clean.clean(path, &stat).filter(|_| metadata.is_file())?;
        // Conversions at checkout change the size.
        (ours == theirs && stat.size == row.stat.size).then_some(stat)
    }
}

impl RepoIndex {
    /// Copies the stores into an empty folder for a tree that has much of this one. Answers `false` when they are in use or
    /// not sound: nobody waits for them.
    pub(crate) fn lend(&self, tree: &NewTree<'_>, place: &Path) -> Result<bool, IndexError> {
        let writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        let served = self.served();
        let is_sound = !self.is_closed.load(Ordering::Acquire)
            && !self.facts().needs_repair
            && 0 < served.snapshot.generation
            && !writer.catalogue.has_intent()?;
        let lender = Lender::of(&self.root);
        let Some(lender) = lender.filter(|lender| is_sound && tree.is_like(&lender.clean)) else {
            return Ok(false);
        };
        let catalogue = place.join("catalogue.db");
        let Some(catalogue) = catalogue.to_str() else {
            return Ok(false);
        };
        let lexical = place.join("lexical");
        let is_copied = served
            .lexical
            .copy_to(&lexical)
            .map_err(|e| IndexError::lexical(&lexical, e))?;
        if !is_copied {
            return Ok(false);
        }
        self.lend_grams(&place.join("grams"))?;
        // What cannot be copied is taken from the contents.
        let _ = writer.outlines.log.copy_to(&place.join(OUTLINES));
        writer.catalogue.copy_to(catalogue)?;
        let mut copy = Catalogue::open(catalogue.as_ref())?;
        let store = self.lendable_vectors(&writer)?;
        let (fitted, is_lent) = std::thread::scope(|scope| {
            let lending = scope.spawn(|| lend_vectors(store.as_deref(), place));
            let fitted = tree.fit(&mut copy, &lender);
            match lending.join() {
                Ok(is_lent) => (fitted, is_lent),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        fitted?;
        if !is_lent? {
            copy.disown_vectors()?;
        }
        Manifest {
            format: FORMAT,
            generation: served.snapshot.generation,
            embedder: self.shared.embedder_id(),
            root: tree.root.path.display().to_string(),
        }
        .write(place)
        .map_err(|e| IndexError::io("manifest", place, e))?;
        Ok(true)
    }

    /// Vectors on a server, or on their way, stay where they are: the new repository takes the place that the settings name.
    fn lendable_vectors(&self, writer: &Writer) -> Result<Option<Arc<dyn VectorStore>>, IndexError> {
        let seating = self.seating()?;
        let is_here = self.shared.settings.vector_place() == VectorPlace::Local
            && seating.now == Some(Seat::Local)
            && seating.moving_to.is_none();
        let embedder = self.shared.embedder_id();
        let is_of_this = writer.catalogue.text("embedder")?.as_deref() == Some(&embedder);
        Ok(self.served().vectors.clone().filter(|_| is_here && is_of_this))
    }

    /// Postings are never changed once written, and tell themselves which contents they cover.
    fn lend_grams(&self, place: &Path) -> Result<(), IndexError> {
        let fail = |e| IndexError::io("trigram", place, e);
        std::fs::create_dir_all(place).map_err(fail)?;
        let files = std::fs::read_dir(self.dir.join("grams"));
        for file in files.into_iter().flatten().flatten() {
            // Merged away meanwhile, or the file system knows no links: what is not covered is read.
            let _ = std::fs::hard_link(file.path(), place.join(file.file_name()));
        }
        std::fs::File::open(place)
            .and_then(|folder| folder.sync_all())
            .map_err(fail)
    }
}

/// Copies vectors into a new repository's folder. Answers `false` when there are none to copy, or they are in use.
fn lend_vectors(store: Option<&dyn VectorStore>, place: &Path) -> Result<bool, IndexError> {
    let Some(store) = store else {
        return Ok(false);
    };
    let vectors = place.join("vectors");
    let is_copied = store
        .copy_to(&vectors)
        .map_err(|e| IndexError::vector(&vectors, e))?;
    if is_copied {
        Seating::at(Seat::Local)
            .write(place)
            .map_err(|e| IndexError::io("vector", place, e))?;
    }
    Ok(is_copied)
}
