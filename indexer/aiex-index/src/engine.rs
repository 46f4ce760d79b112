//! What repositories share, and which repositories there are.

mod registry;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aiex_embed::Embedder;
use aiex_files::root::Root;

use crate::content::ContentStore;
use crate::error::IndexError;
use crate::generation::Manifest;
use crate::outline::held::Held;
use crate::repo::{NewTree, RepoIndex, are_kept};
use crate::search::cache::QueryCache;
use crate::seating::Seating;
use crate::settings::IndexSettings;
use crate::suspects::Suspects;

pub use registry::Registered;

/// The folder of a repository that is being copied. One that a crash has left is of no use.
const MAKING: &str = "making";

/// What every repository of an engine uses.
pub(crate) struct Shared {
    pub(crate) content: ContentStore,
    pub(crate) suspects: Suspects,
    embedder: OnceLock<Arc<dyn Embedder>>,
    pub(crate) settings: IndexSettings,
    pub(crate) cache: QueryCache,
    /// Outlines of files, in memory.
    pub(crate) held: Held,
    /// Why the content store was set aside when the engine was opened.
    pub(crate) quarantined: Option<String>,
}

impl Shared {
    /// What makes vectors: nothing, until there is one; then always the same.
    pub(crate) fn embedder(&self) -> Option<&Arc<dyn Embedder>> {
        self.embedder.get()
    }

    /// The embedder's identity, or nothing.
    pub(crate) fn embedder_id(&self) -> String {
        self.embedder()
            .map(|embedder| embedder.id().to_owned())
            .unwrap_or_default()
    }
}

/// The registered repositories and what they share. One engine owns its directory.
pub struct Engine {
    dir: PathBuf,
    shared: Arc<Shared>,
    registered: Mutex<Vec<Registered>>,
    open: Mutex<HashMap<PathBuf, Arc<RepoIndex>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the engine in `dir`. `embedder` is what makes vectors; without one, full text serves alone.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(
        dir: &Path,
        embedder: Option<Arc<dyn Embedder>>,
        settings: IndexSettings,
    ) -> Result<Arc<Self>, IndexError> {
        std::fs::create_dir_all(dir.join("repos")).map_err(|e| IndexError::io("index", dir, e))?;
        remove_dir(&dir.join(MAKING)).map_err(|e| IndexError::io("index", dir, e))?;
        let (content, quarantined) = ContentStore::open(&dir.join("content"))?;
        let suspects = Suspects::open(&dir.join("content"), settings.parse_trial.clone())?;
        let registered = registry::read(dir);
        let cache = QueryCache::new(settings.cache_bytes);
        let held = Held::new(settings.outline_bytes);
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            shared: Arc::new(Shared {
                content,
                suspects,
                embedder: embedder.map(OnceLock::from).unwrap_or_default(),
                settings,
                cache,
                held,
                quarantined,
            }),
            registered: Mutex::new(registered),
            open: Mutex::new(HashMap::new()),
        }))
    }

    /// Takes an embedder that could not be had when the engine was opened. Repositories open their vectors when they are
    /// next told to [`RepoIndex::embed`]. Whether it was taken: there is one already otherwise.
    pub fn adopt(&self, embedder: Arc<dyn Embedder>) -> bool {
        self.shared.embedder.set(embedder).is_ok()
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// The registered repositories, in the order of registration.
    pub fn registered(&self) -> Vec<Registered> {
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Why the content store was set aside when the engine was opened, if it was.
    pub fn quarantined(&self) -> Option<&str> {
        self.shared.quarantined.as_deref()
    }

    /// Registers a repository and opens its stores; the one that is open already, if it is.
    ///
    /// # Errors
    /// When its stores cannot be written.
    pub fn open_repo(&self, root: Root, is_forced: bool) -> Result<Arc<RepoIndex>, IndexError> {
        // Held while opening, so that nobody opens the same stores twice.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repo) = open.get(&root.path) {
            return Ok(repo.clone());
        }
        let (path, worktree) = (root.path.clone(), registry::worktree(&root));
        let dir = self.repo_dir(&path);
        if !dir.exists()
            && let Err(error) = self.begin_with_sibling(open.values(), &root, &dir)
        {
            tracing::info!(root = %path.display(), %error, "the stores of its sibling cannot be copied; it is read");
        }
        let repo = Arc::new(RepoIndex::open(root, &dir, self.shared.clone())?);
        self.register(&path, is_forced, worktree)?;
        open.insert(path, repo.clone());
        Ok(repo)
    }

    /// Makes the folder of a repository whose like is open, as far as it has the same files.
    fn begin_with_sibling<'r>(
        &self,
        open: impl Iterator<Item = &'r Arc<RepoIndex>>,
        root: &Root,
        dir: &Path,
    ) -> Result<(), IndexError> {
        let Some(tree) = NewTree::of(root) else {
            return Ok(());
        };
        let making = self.dir.join(MAKING);
        let fail = |e| IndexError::io("index", &making, e);
        for sibling in tree.alike(open) {
            std::fs::create_dir_all(&making).map_err(fail)?;
            let lent = sibling.lend(&tree, &making);
            if let Ok(true) = lent {
                std::fs::rename(&making, dir).map_err(fail)?;
                std::fs::File::open(self.dir.join("repos"))
                    .and_then(|folder| folder.sync_all())
                    .map_err(fail)?;
                let like = sibling.root().path.display();
                tracing::info!(root = %root.path.display(), %like, "begun with the stores of its sibling");
                return Ok(());
            }
            remove_dir(&making).map_err(fail)?;
            lent?;
        }
        Ok(())
    }

    /// The open repository with this root.
    pub fn opened(&self, root: &Path) -> Option<Arc<RepoIndex>> {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(root)
            .cloned()
    }

    /// Closes a repository's stores as soon as nobody uses them. It stays registered.
    pub fn close_repo(&self, root: &Path) {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(root);
    }

    /// Forgets a repository and deletes its stores. Whether it was there.
    ///
    /// # Errors
    /// When the registry or the folder cannot be written.
    pub fn forget(&self, root: &Path) -> Result<bool, IndexError> {
        let opened = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(root);
        if let Some(repo) = opened {
            repo.close()?;
        }
        let was_there = {
            let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
            let before = registered.len();
            registered.retain(|entry| entry.root != root);
            registry::write(&self.dir, &registered)?;
            registered.len() < before
        };
        self.delete_folder(&self.repo_dir(root))?;
        Ok(was_there)
    }

    /// Deletes the stores of a repository, for the room that they take, unless it is open. It stays registered, and is indexed
    /// anew when it is opened. Whether they were deleted.
    ///
    /// # Errors
    /// When the registry or the folder cannot be written. Stores that are half deleted are found damaged and made anew.
    pub fn put_away(&self, root: &Path) -> Result<bool, IndexError> {
        // Held so that nobody opens it meanwhile.
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.contains_key(root) {
            return Ok(false);
        }
        self.note(root, true)?;
        self.delete_folder(&self.repo_dir(root))?;
        Ok(true)
    }

    /// When something was last indexed of a registered repository; `None` where there is no index.
    pub fn last_indexed(&self, root: &Path) -> Option<SystemTime> {
        Manifest::last_written(&self.repo_dir(root))
    }

    /// Bytes that all stores take on the disk, those of repositories that are not open included; without what is free within
    /// them, which deleting repositories would not make less.
    pub fn disk_used(&self) -> u64 {
        let mut bytes = 0;
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            // What cannot be listed is gone, or will be told by who uses it.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(data) if data.is_dir() => folders.push(entry.path()),
                    Ok(data) => bytes += on_disk(&data),
                    Err(_) => {}
                }
            }
        }
        bytes.saturating_sub(self.shared.content.free_bytes())
    }

    /// Deletes the folder of a repository that nobody needs, and what it has on a server. While that is away the record of
    /// it stays behind, for [`Engine::collect_garbage`].
    fn delete_folder(&self, dir: &Path) -> Result<(), IndexError> {
        let fail = |e| IndexError::io("index", dir, e);
        let record = Seating::read(dir).ok().flatten();
        remove_dir(dir).map_err(fail)?;
        let Some(mut seating) = record else {
            return Ok(());
        };
        seating.forget();
        if let Err(error) = self.shared.delete_collections(dir, &seating) {
            tracing::warn!(%error, "what a forgotten repository has on the server is deleted later");
            std::fs::create_dir_all(dir).map_err(fail)?;
            seating.write(dir).map_err(fail)?;
        }
        Ok(())
    }

    /// Deletes what forgotten repositories have on a server that was away when they were forgotten.
    fn delete_left_behind(&self) {
        let folders = std::fs::read_dir(self.dir.join("repos"))
            .into_iter()
            .flatten()
            .flatten();
        for dir in folders.map(|folder| folder.path()) {
            let forgotten = |dir: &Path| {
                let record = Seating::read(dir).ok().flatten();
                record.filter(|seating| seating.now.is_none())
            };
            let Some(seating) = forgotten(&dir) else { continue };
            if let Err(error) = self.shared.delete_collections(&dir, &seating) {
                tracing::debug!(%error, "not deleted yet");
                return;
            }
            // Held so that nobody takes the folder into use again meanwhile.
            let _open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if forgotten(&dir).is_some()
                && let Err(error) = remove_dir(&dir)
            {
                tracing::warn!(%error, dir = %dir.display(), "the folder of a forgotten repository cannot be deleted");
            }
        }
    }

    /// Deletes contents that no registered repository uses, but for the newest of them, of `spare` bytes together. How many.
    ///
    /// # Errors
    /// When a store fails.
    pub fn collect_garbage(&self, spare: u64, is_cancelled: &dyn Fn() -> bool) -> Result<u64, IndexError> {
        self.delete_left_behind();
        let mut live = HashSet::new();
        loop {
            let registered = self.registered();
            for entry in &registered {
                match self.opened(&entry.root) {
                    Some(repo) => live.extend(repo.keys()?),
                    None => {
                        let path = self.repo_dir(&entry.root).join("catalogue.db");
                        if path.exists() {
                            live.extend(crate::catalogue::Catalogue::open(&path)?.keys()?);
                        }
                    }
                }
            }
            // One may have begun meanwhile with what another uses no more.
            if registered == self.registered() {
                break;
            }
        }
        if let Some(embedder) = self
            .shared
            .embedder()
            .filter(|embedder| !are_kept(embedder.as_ref()))
        {
            self.shared.content.forget_vectors(embedder.id(), is_cancelled)?;
        }
        self.shared
            .content
            .retain(&|key| live.contains(key), spare, is_cancelled)
    }

    /// Hits, misses and entries of the query cache.
    pub fn cache_stats(&self) -> (u64, u64, u64) {
        self.shared.cache.stats()
    }

    /// Drops what is kept in memory for speed alone.
    pub fn drop_caches(&self) {
        self.shared.cache.clear();
        self.shared.content.forget_shown();
        self.shared.held.clear();
    }

    /// Bytes of the shared store on disk.
    pub fn disk_bytes(&self) -> u64 {
        self.shared.content.disk_bytes()
    }

    fn repo_dir(&self, root: &Path) -> PathBuf {
        let digest = blake3::hash(root.as_os_str().as_encoded_bytes());
        self.dir.join("repos").join(&digest.to_hex()[..16])
    }

    fn register(&self, root: &Path, is_forced: bool, worktree: Option<PathBuf>) -> Result<(), IndexError> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = registered.iter_mut().find(|entry| entry.root == root) {
            if !entry.is_put_away && entry.worktree == worktree {
                return Ok(());
            }
            (entry.is_put_away, entry.worktree) = (false, worktree);
            return registry::write(&self.dir, &registered);
        }
        let added_at_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        registered.push(Registered {
            root: root.to_owned(),
            added_at_ms,
            is_forced,
            is_put_away: false,
            worktree,
        });
        registry::write(&self.dir, &registered)
    }

    /// Notes whether the stores of a registered repository were put away.
    fn note(&self, root: &Path, is_put_away: bool) -> Result<(), IndexError> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = registered.iter_mut().find(|entry| entry.root == root) {
            entry.is_put_away = is_put_away;
        }
        registry::write(&self.dir, &registered)
    }
}

/// Bytes of blocks: files with holes are longer than what they take.
#[cfg(unix)]
fn on_disk(data: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    data.blocks() * 512
}

#[cfg(not(unix))]
fn on_disk(data: &std::fs::Metadata) -> u64 {
    data.len()
}

fn remove_dir(dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Repositories that are closed at once: closing waits for the disk and hashes what changed.
const CLOSED_AT_ONCE: usize = 4;

impl Drop for Engine {
    fn drop(&mut self) {
        let open = std::mem::take(self.open.get_mut().unwrap_or_else(PoisonError::into_inner));
        let threads = open.len().min(CLOSED_AT_ONCE);
        let waiting = Mutex::new(open.into_values());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(repo) = next() {
                        drop(repo);
                    }
                });
            }
        });
    }
}
