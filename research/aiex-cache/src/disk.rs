//! The disk part: one thread that owns the database, behind a bounded queue.
//!
//! Nothing that goes wrong on disk reaches a caller as an error: a damaged database is set aside and begun anew, one that
//! cannot be written is left alone for a while. Both are said in [`DiskState`] and in the log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::store::{Held, Row, Store, StoreError};
use crate::{Dependency, DiskState, KeptFile, Key, Kind, Settings};

/// Commands that may wait. Beyond that, writers wait with a deadline.
const QUEUE: usize = 256;
/// How long a caller waits for the disk before it goes on without.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a caller waits for what touches many rows.
const LONG_PATIENCE: Duration = Duration::from_secs(60);
/// How long a disk that cannot be written is left alone.
const RETRY_MS: u64 = 60_000;

enum Command {
    Get(Key, oneshot::Sender<Option<Row>>),
    Put(Row, u64),
    Touch(Key, u64),
    Remove(Key, oneshot::Sender<()>),
    Invalidate(Vec<Dependency>, oneshot::Sender<Vec<Key>>),
    Clear(Option<Kind>, oneshot::Sender<()>),
    Recent(Kind, u64, oneshot::Sender<Vec<Row>>),
    FilesBelow(String, oneshot::Sender<Vec<KeptFile>>),
    Held(oneshot::Sender<[Held; 4]>),
}

/// A handle to the thread. Dropping the last one ends it, after what is queued.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    commands: Option<mpsc::Sender<Command>>,
    state: Arc<Mutex<DiskState>>,
}

impl Disk {
    /// No disk part.
    pub(crate) fn none() -> Self {
        let why = "the cache is kept in memory only".to_owned();
        Self {
            commands: None,
            state: Arc::new(Mutex::new(DiskState::Off { why })),
        }
    }

    /// Starts the thread.
    pub(crate) fn start(path: PathBuf, settings: Settings) -> Self {
        let (sender, mut commands) = mpsc::channel(QUEUE);
        let state = Arc::new(Mutex::new(DiskState::Working));
        let mut worker = Worker {
            path,
            settings,
            store: None,
            state: Arc::clone(&state),
            retry_ms: 0,
        };
        let started = std::thread::Builder::new()
            .name("aiex-cache".to_owned())
            .spawn(move || {
                while let Some(command) = commands.blocking_recv() {
                    worker.run(command);
                }
            });
        match started {
            Ok(_) => Self {
                commands: Some(sender),
                state,
            },
            Err(error) => {
                set(
                    &state,
                    DiskState::Off {
                        why: format!("its thread could not be started: {error}"),
                    },
                );
                Self {
                    commands: None,
                    state,
                }
            }
        }
    }

    pub(crate) fn state(&self) -> DiskState {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    pub(crate) async fn get(&self, key: Key) -> Option<Row> {
        self.ask(PATIENCE, |reply| Command::Get(key, reply))
            .await
            .flatten()
    }

    pub(crate) async fn put(&self, row: Row, now_ms: u64) {
        if let Some(commands) = &self.commands {
            // A disk that is too slow to keep an entry costs that entry.
            if timeout(PATIENCE, commands.send(Command::Put(row, now_ms)))
                .await
                .is_err()
            {
                tracing::debug!("the cache's disk is busy; an entry is kept in memory only");
            }
        }
    }

    /// Says that an entry is in use, if the thread has time for it.
    pub(crate) fn touch(&self, key: Key, now_ms: u64) {
        if let Some(commands) = &self.commands {
            let _ = commands.try_send(Command::Touch(key, now_ms));
        }
    }

    pub(crate) async fn remove(&self, key: Key) {
        self.ask(LONG_PATIENCE, |reply| Command::Remove(key, reply)).await;
    }

    pub(crate) async fn invalidate(&self, changed: Vec<Dependency>) -> Vec<Key> {
        self.ask(LONG_PATIENCE, |reply| Command::Invalidate(changed, reply))
            .await
            .unwrap_or_default()
    }

    pub(crate) async fn clear(&self, kind: Option<Kind>) {
        self.ask(LONG_PATIENCE, |reply| Command::Clear(kind, reply)).await;
    }

    pub(crate) async fn recent(&self, kind: Kind, bytes: u64) -> Vec<Row> {
        self.ask(LONG_PATIENCE, |reply| Command::Recent(kind, bytes, reply))
            .await
            .unwrap_or_default()
    }

    pub(crate) async fn files_below(&self, root: String) -> Vec<KeptFile> {
        self.ask(LONG_PATIENCE, |reply| Command::FilesBelow(root, reply))
            .await
            .unwrap_or_default()
    }

    /// What is held; comes after everything that was queued before.
    pub(crate) async fn held(&self) -> [Held; 4] {
        self.ask(LONG_PATIENCE, Command::Held).await.unwrap_or_default()
    }

    async fn ask<T>(
        &self,
        patience: Duration,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Option<T> {
        let commands = self.commands.as_ref()?;
        let (reply, answer) = oneshot::channel();
        let asked = async {
            commands.send(command(reply)).await.ok()?;
            answer.await.ok()
        };
        timeout(patience, asked).await.ok().flatten()
    }
}

fn set(state: &Mutex<DiskState>, to: DiskState) {
    *state.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = to;
}

struct Worker {
    path: PathBuf,
    settings: Settings,
    store: Option<Store>,
    state: Arc<Mutex<DiskState>>,
    retry_ms: u64,
}

impl Worker {
    fn run(&mut self, command: Command) {
        let now_ms = self.settings.clock.now_ms();
        // A caller that has gone is not an error.
        match command {
            Command::Get(key, reply) => {
                let _ = reply.send(self.with(|store| store.get(key, now_ms)).flatten());
            }
            Command::Put(row, put_ms) => {
                let room = self.settings.limits(row.key.kind).disk_bytes;
                self.write(|store| store.put(&row, room, put_ms));
            }
            Command::Touch(key, used_ms) => {
                self.write(|store| store.touch(key, used_ms));
            }
            Command::Remove(key, reply) => {
                self.with(|store| store.drop_key(key));
                let _ = reply.send(());
            }
            Command::Invalidate(changed, reply) => {
                let mut dropped = Vec::new();
                for changed in changed {
                    dropped.extend(self.with(|store| store.invalidate(&changed)).unwrap_or_default());
                }
                let _ = reply.send(dropped);
            }
            Command::Clear(kind, reply) => {
                self.with(|store| store.clear(kind));
                let _ = reply.send(());
            }
            Command::Recent(kind, bytes, reply) => {
                let _ = reply.send(
                    self.with(|store| store.recent(kind, bytes, now_ms))
                        .unwrap_or_default(),
                );
            }
            Command::FilesBelow(root, reply) => {
                let ttl_ms = Kind::ALL.map(|kind| self.settings.ttl_ms(kind));
                let _ = reply.send(
                    self.with(|store| store.files_below(&root, &ttl_ms))
                        .unwrap_or_default(),
                );
            }
            Command::Held(reply) => {
                let held = self
                    .with(|store| Ok(Kind::ALL.map(|kind| store.held(kind))))
                    .unwrap_or_default();
                let _ = reply.send(held);
            }
        }
    }

    /// Works on the database, if there is one. What goes wrong is dealt with here.
    fn with<T>(&mut self, work: impl FnOnce(&mut Store) -> Result<T, StoreError>) -> Option<T> {
        if self.store.is_none() {
            self.open();
        }
        match work(self.store.as_mut()?) {
            Ok(done) => Some(done),
            Err(error) => {
                self.failed(error);
                None
            }
        }
    }

    /// Adds to the database, unless it could not be written a moment ago.
    fn write(&mut self, work: impl FnOnce(&mut Store) -> Result<(), StoreError>) {
        if self.is_resting() || self.with(work).is_none() {
            return;
        }
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if matches!(*state, DiskState::Off { .. }) {
            tracing::info!("the cache's disk part works again");
            *state = DiskState::Working;
        }
    }

    fn is_resting(&self) -> bool {
        self.settings.clock.now_ms() < self.retry_ms
    }

    fn open(&mut self) {
        if self.is_resting() {
            return;
        }
        if let Some(folder) = self.path.parent()
            && let Err(error) = std::fs::create_dir_all(folder)
        {
            return self.failed(StoreError::Unwritable(format!("{}: {error}", folder.display())));
        }
        match Store::open(&self.path) {
            Ok(store) => self.store = Some(store),
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: StoreError) {
        let why = error.to_string();
        match error {
            StoreError::Damaged(_) => {
                tracing::warn!(path = %self.path.display(), "{why}; it is set aside and begun anew");
                self.store = None;
                let anew = set_aside(&self.path)
                    .map_err(StoreError::from_io)
                    .and_then(|()| Store::open(&self.path));
                match anew {
                    Ok(store) => {
                        self.store = Some(store);
                        set(&self.state, DiskState::BegunAnew { why });
                    }
                    Err(error) => self.rest(error.to_string()),
                }
            }
            StoreError::Unwritable(_) => self.rest(why),
            StoreError::Failed(_) => tracing::warn!("{why}"),
        }
    }

    /// Goes on without writing for a while. What is there can still be read.
    fn rest(&mut self, why: String) {
        self.retry_ms = self.settings.clock.now_ms().saturating_add(RETRY_MS);
        tracing::warn!(path = %self.path.display(), "{why}; the cache goes on in memory");
        set(&self.state, DiskState::Off { why });
    }
}

/// Moves a database out of the way. The one set aside before goes.
fn set_aside(path: &Path) -> std::io::Result<()> {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(suffix));
    }
    match std::fs::rename(path, beside(".damaged")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
