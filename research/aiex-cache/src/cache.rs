//! Memory, disk, and who waits for what, put together.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use moka::sync::Cache as Memory;

use crate::disk::Disk;
use crate::entry::Entry;
use crate::flight::{Computed, Failed, Flights, Joined};
use crate::invalidation::{Change, Invalidations, Moment};
use crate::stats::Counters;
use crate::store::{LARGEST, Row};
use crate::{Dependency, DiskState, Key, Kind, Settings, Stats};

/// Files that [`Cache::files_below`] names at most.
pub const MOST_FILES: usize = 16_384;

/// A file that entries depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Its path below the root.
    pub path: String,
    /// When the oldest of the entries was kept, in milliseconds since the Unix epoch.
    pub kept_ms: u64,
}

/// A cache in two levels. Cheap to clone; all clones are one cache. Its methods must be called on a tokio runtime.
#[derive(Debug, Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    memory: [Memory<[u8; 32], Entry>; 4],
    disk: Disk,
    counters: [Counters; 4],
    invalidations: Invalidations,
    flights: Arc<Flights>,
    settings: Settings,
}

impl Cache {
    /// Opens the cache whose disk part is the database at `path`. Always succeeds: what is wrong with the disk is in
    /// [`Stats::disk`].
    pub async fn open(path: impl Into<PathBuf>, settings: Settings) -> Self {
        let disk = Disk::start(path.into(), settings.clone());
        // Waits until the database is open, so that what is wrong with it is known.
        disk.held().await;
        Self::with(disk, settings)
    }

    /// A cache without a disk part.
    pub fn in_memory(settings: Settings) -> Self {
        Self::with(Disk::none(), settings)
    }

    fn with(disk: Disk, settings: Settings) -> Self {
        let memory = Kind::ALL.map(|kind| {
            Memory::builder()
                .max_capacity(settings.limits(kind).memory_bytes)
                .weigher(|_, entry: &Entry| entry.weight())
                .build()
        });
        let inner = Inner {
            memory,
            disk,
            counters: Default::default(),
            invalidations: Invalidations::default(),
            flights: Arc::default(),
            settings,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What is kept under a key, if it is still good.
    pub async fn get(&self, key: Key) -> Option<Arc<[u8]>> {
        self.get_since(key, 0).await
    }

    /// The same, but only what was kept at that moment or later, in milliseconds since the Unix epoch.
    pub async fn get_since(&self, key: Key, since_ms: u64) -> Option<Arc<[u8]>> {
        let found = match self.inner.in_memory(key, since_ms) {
            Some(value) => Some(value),
            None => self.inner.on_disk(key, since_ms).await,
        };
        if found.is_none()
            && let Some(counters) = self.inner.counters(key.kind)
        {
            Counters::count(&counters.misses, 1);
        }
        found
    }

    /// Keeps bytes under a key.
    pub async fn put(&self, key: Key, value: impl Into<Arc<[u8]>>, dependencies: &[Dependency]) {
        self.inner
            .keep(
                key,
                value.into(),
                dependencies.into(),
                self.inner.invalidations.now(),
            )
            .await;
    }

    /// What is kept under a key, or what `compute` makes of it. Callers that ask at the same time wait for one
    /// computation; it goes on as long as one of them waits. A failure goes to all of them and is not kept. A value whose
    /// dependencies changed while it was made is given out and not kept.
    ///
    /// # Errors
    /// [`Failed`] with the computation's own error, or when it was broken off.
    pub async fn get_or_compute<F, T, V, E>(&self, key: Key, compute: F) -> Result<Arc<[u8]>, Failed>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<Computed>,
        E: Error + Send + Sync + 'static,
    {
        self.get_since_or_compute(key, 0, compute).await
    }

    /// The same, but what was kept before that moment, in milliseconds since the Unix epoch, is made anew.
    ///
    /// # Errors
    /// As [`get_or_compute`](Self::get_or_compute).
    pub async fn get_since_or_compute<F, T, V, E>(
        &self,
        key: Key,
        since_ms: u64,
        compute: F,
    ) -> Result<Arc<[u8]>, Failed>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<Computed>,
        E: Error + Send + Sync + 'static,
    {
        if let Some(value) = self.inner.in_memory(key, since_ms) {
            return Ok(value);
        }
        let there = || self.inner.in_memory(key, since_ms);
        let joined = self.inner.flights.join(key, there, |landing| {
            let inner = Arc::clone(&self.inner);
            let task = async move {
                let outcome = inner.find_or(key, since_ms, compute).await;
                landing.land(outcome);
            };
            tokio::spawn(task).abort_handle()
        });
        match joined {
            Joined::There(value) => Ok(value),
            Joined::Started(flight) => flight.outcome().await,
            Joined::Waiting(flight) => {
                if let Some(counters) = self.inner.counters(key.kind) {
                    Counters::count(&counters.shared, 1);
                }
                flight.outcome().await
            }
        }
    }

    /// Drops every entry that depends on what changed, in memory and on disk.
    pub async fn invalidate(&self, changed: &[Dependency]) {
        for changed in changed {
            self.inner.invalidations.record(Change::Touched(changed.clone()));
        }
        let mut dropped = std::collections::HashSet::new();
        for (kind, memory) in Kind::ALL.into_iter().zip(&self.inner.memory) {
            for (digest, entry) in memory {
                if changed.iter().any(|changed| entry.is_touched_by(changed)) {
                    memory.invalidate(&*digest);
                    dropped.insert(Key {
                        kind,
                        digest: *digest,
                    });
                }
            }
        }
        dropped.extend(self.inner.disk.invalidate(changed.to_vec()).await);
        for key in dropped {
            if let Some(counters) = self.inner.counters(key.kind) {
                Counters::count(&counters.invalidations, 1);
            }
        }
    }

    /// The files below a root that entries depend on, each with the time since which the oldest of these is kept. At
    /// most [`MOST_FILES`], which is more than a cache of the usual size has.
    pub async fn files_below(&self, root: &str) -> Vec<KeptFile> {
        let mut since: BTreeMap<String, u64> = BTreeMap::new();
        let mut keep = |path: &str, kept_ms: u64| {
            let known = since.entry(path.to_owned()).or_insert(kept_ms);
            *known = kept_ms.min(*known);
        };
        for (kind, memory) in Kind::ALL.into_iter().zip(&self.inner.memory) {
            let ttl_ms = self.inner.settings.ttl_ms(kind);
            for (_, entry) in memory {
                for path in entry.files_below(root) {
                    keep(path, entry.expires_ms.saturating_sub(ttl_ms));
                }
            }
        }
        for KeptFile { path, kept_ms } in self.inner.disk.files_below(root.to_owned()).await {
            keep(&path, kept_ms);
        }
        let files = since
            .into_iter()
            .map(|(path, kept_ms)| KeptFile { path, kept_ms });
        files.take(MOST_FILES).collect()
    }

    /// Whether the disk part works.
    pub fn disk(&self) -> DiskState {
        self.inner.disk.state()
    }

    /// Drops everything of a kind, or everything.
    pub async fn clear(&self, kind: Option<Kind>) {
        self.inner.invalidations.record(Change::Cleared);
        for (known, memory) in Kind::ALL.into_iter().zip(&self.inner.memory) {
            if kind.is_none_or(|kind| kind == known) {
                memory.invalidate_all();
            }
        }
        self.inner.disk.clear(kind).await;
    }

    /// Loads what was used last from disk into memory, up to half of each kind's room there. Returns how many entries
    /// came.
    pub async fn warm(&self) -> usize {
        let mut loaded = 0;
        for kind in Kind::ALL {
            let since = self.inner.invalidations.now();
            let rows = self
                .inner
                .disk
                .recent(kind, self.inner.settings.limits(kind).memory_bytes / 2)
                .await;
            for row in rows {
                loaded += usize::from(self.inner.remember(row, since).is_some());
            }
        }
        loaded
    }

    /// What the cache has done and what it holds. Waits for what is queued for the disk.
    pub async fn stats(&self) -> Stats {
        let held = self.inner.disk.held().await;
        let mut stats = Stats {
            disk: self.inner.disk.state(),
            ..Stats::default()
        };
        for (kind, held) in Kind::ALL.into_iter().zip(held) {
            let mut kind_stats = self.inner.counters(kind).map(Counters::read).unwrap_or_default();
            if let Some(memory) = self.inner.memory.get(kind.place()) {
                memory.run_pending_tasks();
                (kind_stats.memory_entries, kind_stats.memory_bytes) =
                    (memory.entry_count(), memory.weighted_size());
            }
            (kind_stats.disk_entries, kind_stats.disk_bytes) = (held.entries, held.bytes);
            kind_stats.evictions = held.evictions;
            stats.kinds.insert(kind, kind_stats);
        }
        stats
    }

    /// Waits until everything that was put is on disk. For an orderly end; nothing breaks without it.
    pub async fn flush(&self) {
        self.inner.disk.held().await;
    }
}

impl Inner {
    fn counters(&self, kind: Kind) -> Option<&Counters> {
        self.counters.get(kind.place())
    }

    /// Whether an entry was kept at a moment or later. When it was kept, its end tells, for all of a kind live as long.
    fn is_kept_since(&self, kind: Kind, expires_ms: u64, since_ms: u64) -> bool {
        since_ms == 0 || expires_ms >= since_ms.saturating_add(self.settings.ttl_ms(kind))
    }

    fn in_memory(&self, key: Key, since_ms: u64) -> Option<Arc<[u8]>> {
        let memory = self.memory.get(key.kind.place())?;
        let entry = memory.get(&key.digest)?;
        let now_ms = self.settings.clock.now_ms();
        if entry.expires_ms <= now_ms {
            memory.invalidate(&key.digest);
            return None;
        }
        if !self.is_kept_since(key.kind, entry.expires_ms, since_ms) {
            return None;
        }
        if entry.is_to_be_told(now_ms) {
            self.disk.touch(key, now_ms);
        }
        Counters::count(&self.counters(key.kind)?.memory_hits, 1);
        Some(entry.value)
    }

    async fn on_disk(&self, key: Key, since_ms: u64) -> Option<Arc<[u8]>> {
        let since = self.invalidations.now();
        let row = self.disk.get(key).await?;
        if !self.is_kept_since(key.kind, row.expires_ms, since_ms) {
            return None;
        }
        let value = self.remember(row, since)?;
        Counters::count(&self.counters(key.kind)?.disk_hits, 1);
        Some(value)
    }

    /// Takes a row from disk into memory, unless what it depends on has changed since it was asked for.
    fn remember(&self, row: Row, since: Moment) -> Option<Arc<[u8]>> {
        let Row {
            key,
            value,
            expires_ms,
            dependencies,
        } = row;
        let value: Arc<[u8]> = value.into();
        let entry = Entry::new(
            Arc::clone(&value),
            expires_ms,
            dependencies.into(),
            self.settings.clock.now_ms(),
        );
        self.insert(key, entry, since).then_some(value)
    }

    /// Puts an entry into memory. False when what it depends on has changed since.
    fn insert(&self, key: Key, entry: Entry, since: Moment) -> bool {
        let Some(memory) = self.memory.get(key.kind.place()) else {
            return false;
        };
        let dependencies = Arc::clone(&entry.dependencies);
        memory.insert(key.digest, entry);
        // Looked at after the insertion: a change either finds the entry in memory, or is found here.
        if self.invalidations.touched_since(since, &dependencies) {
            memory.invalidate(&key.digest);
            return false;
        }
        true
    }

    async fn keep(&self, key: Key, value: Arc<[u8]>, dependencies: Arc<[Dependency]>, since: Moment) {
        let now_ms = self.settings.clock.now_ms();
        let expires_ms = now_ms.saturating_add(self.settings.ttl_ms(key.kind));
        let entry = Entry::new(Arc::clone(&value), expires_ms, Arc::clone(&dependencies), now_ms);
        if !self.insert(key, entry, since) || value.len() > LARGEST {
            return;
        }
        let row = Row {
            key,
            value: value.to_vec(),
            expires_ms,
            dependencies: dependencies.to_vec(),
        };
        self.disk.put(row, now_ms).await;
        // A change that was told to the disk before this entry reached it did not find it there.
        if self.invalidations.touched_since(since, &dependencies) {
            self.disk.remove(key).await;
        }
    }

    /// The entry on disk, or a new one.
    async fn find_or<F, T, V, E>(&self, key: Key, since_ms: u64, compute: F) -> Result<Arc<[u8]>, Failed>
    where
        F: FnOnce() -> T + Send,
        T: Future<Output = Result<V, E>> + Send,
        V: Into<Computed>,
        E: Error + Send + Sync + 'static,
    {
        if let Some(value) = self.on_disk(key, since_ms).await {
            return Ok(value);
        }
        if let Some(counters) = self.counters(key.kind) {
            Counters::count(&counters.misses, 1);
        }
        let since = self.invalidations.now();
        let Computed { value, dependencies } = match compute().await {
            Ok(computed) => computed.into(),
            Err(error) => return Err(Failed::Computation(Arc::new(error))),
        };
        let value: Arc<[u8]> = value.into();
        self.keep(key, Arc::clone(&value), dependencies.into(), since)
            .await;
        Ok(value)
    }
}
