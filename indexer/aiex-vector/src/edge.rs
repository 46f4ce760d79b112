//! The store on disk: one Qdrant edge shard, with one unsigned byte per component, mapped and not read.
//!
//! It does not run anything by itself: no thread, timer or write happens without a call. A panic inside the
//! engine ends here, as [`VectorError::Damaged`], after which the store refuses every call.

mod cached;
mod copy;
mod log;
mod room;
mod seal;
mod shard;
mod sketched;
mod warming;

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use qdrant_edge::{EdgeShard, PointId, Record, ScrollRequest};

use crate::error::{Format, VectorError};
use crate::format;
use crate::memory::{check_shape, rank};
use crate::similarity::{cosine, quantise, unsigned};
use crate::store::{Filter, Near, VectorStore};
use sketched::{Looked, Sketched};

/// Points of one change, at most, and bytes of it in the engine's log, which has to take it in one piece.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 64 * 1024;

/// How many ids are read at a time.
const PAGE: usize = 4096;

/// Points in the order of their ids, and the id at which the next page begins.
type Page = (Vec<Record>, Option<PointId>);

/// Bytes of log after which a flush opens the shard anew, because only a closed shard's log can be cut…
const LOG_LIMIT_BYTES: u64 = 4 * 1024 * 1024;
/// …and after which it is worth doing when nothing more is to come for a while.
const LOG_WORTH_CUTTING: u64 = 128 * 1024;

/// How a store on disk behaves.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// From how many points on [`VectorStore::optimize`] builds an HNSW graph; `None` never builds one. Building costs
    /// minutes of a core and a search through sketches is fast enough without (decision 11).
    pub graph_from_points: Option<usize>,
    /// Threads that build a graph.
    pub threads: usize,
    /// Free bytes on the disk below which writing is refused. Must cover what one call can write.
    pub reserve_bytes: u64,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            graph_from_points: None,
            threads: 2,
            reserve_bytes: 128 * 1024 * 1024,
        }
    }
}

/// A vector store on disk. One process at a time may have it open.
#[derive(Debug)]
pub struct EdgeStore {
    path: PathBuf,
    dimensions: usize,
    settings: EdgeSettings,
    /// `None` once the engine failed in a way that leaves its state unknown. Locked for writing only while the
    /// shard is opened anew.
    shard: RwLock<Option<EdgeShard>>,
    /// Held by changes and flushes: the engine's flush panics when it meets a change.
    changes: Mutex<()>,
    /// An optimisation is running and holds the shard open.
    optimizing: AtomicBool,
    failed: AtomicBool,
    sketched: Sketched,
    /// Vectors put since all were read through.
    unread: AtomicUsize,
    /// Whether a search had to look at all vectors, which leaves them mapped a second time.
    scanned: AtomicBool,
    /// The files on disk may differ from the seal.
    changed: AtomicBool,
    log_bytes: AtomicU64,
    /// Held until the shard is closed and sealed.
    _lock: File,
}

impl EdgeStore {
    /// Opens the store in `directory`, or makes an empty one.
    pub fn open(directory: &Path, dimensions: usize, settings: EdgeSettings) -> Result<Self, VectorError> {
        let expected = Format {
            version: format::VERSION,
            dimensions,
        };
        let config = shard::config(dimensions, &settings);
        let lock = lock(directory)?;
        if !format::check(directory, expected)? {
            format::create(directory, expected, |shard| {
                room::require(shard, settings.reserve_bytes)
                    .map_err(|error| VectorError::io(directory, "create the store", error))?;
                shard::create(directory, shard, config.clone())
            })?;
        }
        let files = format::shard_path(directory);
        check_seal(directory, "open the store", false)?;
        // The engine tidies up while it opens.
        let sealing = |error| VectorError::io(directory, "seal the store", error);
        let seal = seal::take_off(&files).map_err(sealing)?;
        let opened = shard::open(directory, &files, config)?;
        if seal.is_some() {
            shard::guarded(directory, "open the store", || {
                opened.flush();
                Ok(())
            })?;
            seal::put(&files, seal.as_ref()).map_err(sealing)?;
        }
        let changed = AtomicBool::new(seal.is_none());
        let sketched = Sketched::new(dimensions);
        Ok(Self {
            path: directory.to_owned(),
            dimensions,
            settings,
            shard: RwLock::new(Some(opened)),
            changes: Mutex::default(),
            optimizing: AtomicBool::default(),
            failed: AtomicBool::default(),
            sketched,
            unread: AtomicUsize::default(),
            scanned: AtomicBool::default(),
            changed,
            log_bytes: AtomicU64::default(),
            _lock: lock,
        })
    }

    /// Compares every byte with what was there when the store was last closed. It can say something only about a
    /// store that has not been changed since; about others it says that all is well.
    pub fn verify(&self) -> Result<(), VectorError> {
        let _change = self.change();
        check_seal(&self.path, "verify the store", true)
    }

    /// Before every change: sees that there is room, and that no seal says otherwise than the files will.
    fn prepare(&self, doing: &'static str, bytes: u64) -> Result<(), VectorError> {
        room::require(&self.path, bytes)
            .and_then(|()| {
                if self.changed.swap(true, Ordering::AcqRel) {
                    return Ok(());
                }
                seal::take_off(&format::shard_path(&self.path))
                    .map(drop)
                    .inspect_err(|_| self.changed.store(false, Ordering::Release))
            })
            .map_err(|error| VectorError::io(&self.path, doing, error))
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_shard(&self) -> RwLockReadGuard<'_, Option<EdgeShard>> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one call of the engine.
    fn call<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&EdgeShard) -> qdrant_edge::OperationResult<T>,
    ) -> Result<T, VectorError> {
        let shard = self.open_shard();
        let Some(shard) = shard.as_ref().filter(|_| !self.failed.load(Ordering::Acquire)) else {
            return Err(VectorError::Damaged {
                path: self.path.clone(),
                doing,
                detail: "an earlier call left the store in an unknown state".to_owned(),
            });
        };
        shard::guarded(&self.path, doing, || work(shard)).inspect_err(|error| {
            if error.calls_for_rebuild() {
                self.failed.store(true, Ordering::Release);
            }
        })
    }

    /// Reads one page, and says where the next one begins. No change may come in between: the engine first lists a page's
    /// ids, then reads them, and takes a page in which one is gone by then for the last.
    fn page(&self, doing: &'static str, request: ScrollRequest) -> Result<Page, VectorError> {
        let _change = self.change();
        self.call(doing, |shard| shard.scroll(request))
    }

    /// Puts every change on the disk. Only for those who hold changes back.
    fn flush_changes(&self) -> Result<(), VectorError> {
        const DOING: &str = "flush";
        if !self.changed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.prepare(DOING, self.settings.reserve_bytes)?;
        loop {
            let flushed = self.call(DOING, |shard| shard::flush(&self.path, shard))?;
            if flushed {
                break;
            }
            // The optimiser is exchanging segments, which takes microseconds.
            std::thread::yield_now();
        }
        let long = self.log_bytes.load(Ordering::Relaxed) > LOG_LIMIT_BYTES;
        if long && !self.optimizing.load(Ordering::Acquire) {
            self.shorten_log()
        } else {
            Ok(())
        }
    }

    /// Closes the shard, cuts its log and opens it again; searches wait.
    fn shorten_log(&self) -> Result<(), VectorError> {
        let mut slot = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = slot.take() {
            shard::close(&self.path, old)?;
        }
        let config = shard::config(self.dimensions, &self.settings);
        *slot = Some(shard::open(&self.path, &format::shard_path(&self.path), config)?);
        self.log_bytes.store(0, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for EdgeStore {
    fn drop(&mut self) {
        let slot = self.shard.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(shard) = slot.take() else { return };
        let closed = shard::close(&self.path, shard).and_then(|()| {
            if self.failed.load(Ordering::Acquire) || !self.changed.load(Ordering::Acquire) {
                return Ok(());
            }
            seal::put(&format::shard_path(&self.path), None)
                .map_err(|error| VectorError::io(&self.path, "seal the store", error))
        });
        if let Err(error) = closed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a vector store closed uncleanly"
            );
        }
    }
}

/// How long opening waits for an owner on its way out: a daemon that was replaced closes its stores in well under
/// a second.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at a lock that somebody holds.
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// Only one store may have the files open; the engine's own lock fails like anything else in it.
fn lock(directory: &Path) -> Result<File, VectorError> {
    let storage = |source| VectorError::Storage {
        path: directory.to_owned(),
        doing: "lock the store",
        source,
    };
    fs::create_dir_all(directory).map_err(storage)?;
    let file = File::create(directory.join("lock")).map_err(storage)?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(storage(error)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::park_timeout(LOCK_LOOK)
            }
            Err(TryLockError::WouldBlock) => {
                return Err(storage(io::Error::new(
                    ErrorKind::ResourceBusy,
                    "another process has it open",
                )));
            }
        }
    }
}

fn check_seal(directory: &Path, doing: &'static str, all: bool) -> Result<(), VectorError> {
    let wrong = seal::check(&format::shard_path(directory), all)
        .map_err(|error| VectorError::io(directory, doing, error))?;
    match wrong {
        None => Ok(()),
        Some(name) => Err(VectorError::Damaged {
            path: directory.to_owned(),
            doing,
            detail: format!("not what was closed: {name}"),
        }),
    }
}

/// Bytes of one point in the log: half-precision floats, and names around them.
const fn logged(dimensions: usize) -> usize {
    dimensions * 3 + 64
}

impl VectorStore for EdgeStore {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn upsert(&self, ids: &[u64], vectors: &[i8]) -> Result<(), VectorError> {
        const DOING: &str = "store vectors";
        check_shape(vectors.len(), ids.len(), self.dimensions)?;
        let _change = self.change();
        let logged = logged(self.dimensions);
        let batch = (BATCH_BYTES / logged).clamp(1, BATCH);
        for (ids, vectors) in ids
            .chunks(batch)
            .zip(vectors.chunks(batch * self.dimensions.max(1)))
        {
            self.prepare(DOING, self.settings.reserve_bytes)?;
            let points = ids
                .iter()
                .zip(vectors.chunks_exact(self.dimensions))
                .map(|(&id, v)| (id, unsigned(v)));
            self.call(DOING, |shard| shard.update(shard::upsert(points)))?;
            self.sketched.put(ids, vectors);
            self.unread.fetch_add(ids.len(), Ordering::Relaxed);
            self.log_bytes
                .fetch_add((ids.len() * logged) as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    fn delete(&self, ids: &[u64]) -> Result<(), VectorError> {
        const DOING: &str = "delete vectors";
        let _change = self.change();
        for ids in ids.chunks(PAGE) {
            self.prepare(DOING, self.settings.reserve_bytes)?;
            self.call(DOING, |shard| shard.update(shard::delete(ids)))?;
            self.sketched.remove(ids);
            self.log_bytes.fetch_add(ids.len() as u64 * 16, Ordering::Relaxed);
        }
        Ok(())
    }

    fn search(
        &self,
        query: &[f32],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Result<Vec<Near>, VectorError> {
        check_shape(query.len(), 1, self.dimensions)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        const DOING: &str = "search";
        let quantised = quantise(query);
        let candidates = match self.sketched.look(query, &quantised, limit, filter) {
            Looked::Nearest(mut near) => {
                // What is in memory is right, but a store that failed is to be made anew.
                self.call(DOING, |_| Ok(()))?;
                rank(&mut near, limit);
                return Ok(near);
            }
            Looked::Among(candidates) => Some(candidates),
            Looked::Nothing => None,
        };
        let filter = candidates.as_deref().map(Filter::Allow).or(filter);
        if filter.is_none() {
            self.scanned.store(true, Ordering::Relaxed);
        }
        let request = shard::search(unsigned(&quantised), limit, filter);
        let points = self.call(DOING, |shard| shard.search(request))?;
        let mut found: Vec<Near> = points
            .iter()
            .filter_map(|point| {
                let id = shard::number(point.id)?;
                // The engine gives the root of a whole number.
                Some(Near {
                    id,
                    similarity: cosine((point.score * point.score).round()),
                })
            })
            .collect();
        rank(&mut found, limit);
        Ok(found)
    }

    fn len(&self) -> Result<usize, VectorError> {
        self.call("count vectors", |shard| shard.count(shard::count()))
    }

    fn ids(&self, visit: &mut dyn FnMut(&[u64]) -> bool) -> Result<(), VectorError> {
        let mut from = None;
        loop {
            let (records, next) = self.page("list vectors", shard::page(from, PAGE))?;
            let ids: Vec<u64> = records
                .iter()
                .filter_map(|record| shard::number(record.id))
                .collect();
            if (!ids.is_empty() && !visit(&ids)) || next.is_none() {
                return Ok(());
            }
            from = next;
        }
    }

    fn flush(&self) -> Result<(), VectorError> {
        let _change = self.change();
        self.flush_changes()
    }

    fn settle(&self) -> Result<(), VectorError> {
        let _change = self.change();
        let is_long = self.log_bytes.load(Ordering::Relaxed) > LOG_WORTH_CUTTING;
        if is_long && !self.optimizing.load(Ordering::Acquire) {
            self.shorten_log()
        } else {
            Ok(())
        }
    }

    fn warm(&self, cancel: &dyn Fn() -> bool) -> Result<(), VectorError> {
        self.fill_sketches(cancel)
    }

    fn copy_to(&self, directory: &Path) -> Result<bool, VectorError> {
        let _change = self.change();
        if self.optimizing.load(Ordering::Acquire) {
            return Ok(false);
        }
        self.flush_changes()?;
        let expected = Format {
            version: format::VERSION,
            dimensions: self.dimensions,
        };
        copy::store(&self.path, directory, expected, self.settings.reserve_bytes)?;
        Ok(true)
    }

    fn optimize(&self, cancel: &dyn Fn() -> bool) -> Result<bool, VectorError> {
        const DOING: &str = "optimize";
        if cancel() || self.optimizing.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        let optimized = self.disk_bytes().and_then(|bytes| {
            // A segment is rewritten beside the old one.
            self.prepare(DOING, self.settings.reserve_bytes.saturating_add(bytes))?;
            let points = self.len()?;
            let graph = self.settings.graph_from_points.is_some_and(|from| points >= from);
            self.call(DOING, |shard| {
                shard::set_graph(shard, graph, self.dimensions)?;
                if cancel() { Ok(false) } else { shard.optimize() }
            })
        });
        self.optimizing.store(false, Ordering::Release);
        optimized
    }

    fn disk_bytes(&self) -> Result<u64, VectorError> {
        format::disk_bytes(&self.path)
            .map_err(|error| VectorError::io(&self.path, "measure the store", error))
    }
}
