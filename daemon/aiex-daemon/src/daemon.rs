//! The daemon's life: lock, socket, info file, serve, wind down, take everything back.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aiex_config::info::{remove_info, write_info};
use aiex_config::{DaemonLock, Home, Settings, StartFailure, private_file, socket_dir};
use aiex_index::suspects::Trial;
use aiex_protocol::hello::Build;
use aiex_protocol::{CONTRACT, DaemonInfo};
use tokio_util::sync::CancellationToken;

use crate::answer::stale::StaleAnswers;
use crate::drain::{self, Signals};
use crate::error::{DaemonError, chain};
use crate::event::Bus;
use crate::handle::{Handle, Parts};
use crate::housekeeping::Housekeeping;
use crate::idle::IdleExit;
use crate::indexing::EngineRepositories;
use crate::keys::Keys;
use crate::memory::MemoryWatch;
use crate::power::{POWER_SUPPLIES, Power};
use crate::repository::Repositories;
use crate::resources;
use crate::server::{self, TcpDoor, UnixDoor};
use crate::stream::Retention;
use crate::streams::Streams;
use crate::supervise::{Patience, Supervisor};
use crate::{log, token};

/// Threads that serve sockets; everything that computes or blocks runs elsewhere.
const SERVING_THREADS: usize = 2;
/// Worker threads beyond one for each running request: status, freshness waits, opening stores.
const SPARE_WORKERS: usize = 24;
/// How long worker threads may take to notice that the daemon is gone.
const RUNTIME_PATIENCE: Duration = Duration::from_secs(3);

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logging {
    /// To the log file.
    File,
    /// To the log file and standard error.
    FileAndStderr,
    /// Wherever the process logs already.
    Inherited,
}

/// Where repositories come from.
pub enum RepositorySource {
    /// The index in the cache folder.
    Index,
    /// These.
    Given(Arc<dyn Repositories>),
}

/// What is called once clients can connect.
pub type OnReady = Box<dyn FnOnce(&DaemonInfo) + Send>;

/// How to run the daemon.
pub struct RunOptions {
    /// Its folders.
    pub home: Home,
    /// Its settings.
    pub settings: Settings,
    /// Which build it is.
    pub build: Build,
    /// Whether a person watches: then it ends with the terminal.
    pub foreground: bool,
    /// Where the log goes.
    pub logging: Logging,
    /// Where repositories come from.
    pub repositories: RepositorySource,
    /// Who parses a text at which daemons died, before this one does.
    pub parse_trial: Option<Trial>,
    /// Where the system lists batteries and adapters.
    pub power_supplies: PathBuf,
    /// How much of a stream is kept.
    pub retention: Retention,
    /// Called once clients can connect.
    pub on_ready: Option<OnReady>,
}

impl RunOptions {
    /// The usual daemon: log file, index in the cache folder.
    pub fn new(home: Home, settings: Settings) -> Self {
        Self {
            home,
            settings,
            build: aiex_config::build::current(),
            foreground: false,
            logging: Logging::File,
            repositories: RepositorySource::Index,
            parse_trial: None,
            power_supplies: PathBuf::from(POWER_SUPPLIES),
            retention: Retention::default(),
            on_ready: None,
        }
    }
}

/// Why a daemon ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// Nobody needed it.
    Idle {
        /// For so long.
        after: Duration,
    },
    /// The system or the user told it to.
    Signal {
        /// By this signal.
        name: &'static str,
    },
    /// A client asked for it.
    Requested {
        /// Why.
        reason: String,
    },
    /// Its lock, info file or socket is no longer its own.
    Superseded,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle { after } => write!(f, "idle for {after:?}"),
            Self::Signal { name } => f.write_str(name),
            Self::Requested { reason } => write!(f, "asked by a client: {reason}"),
            Self::Superseded => f.write_str("its lock, info file or socket is no longer its own"),
        }
    }
}

/// Runs the daemon until it ends. Blocks.
///
/// # Errors
/// When it cannot start. The reason is also left in the state folder, for the client that waits.
pub fn run(options: RunOptions) -> Result<Exit, DaemonError> {
    let home = options.home.clone();
    let result = start_and_serve(options);
    if let Err(error) = &result {
        tracing::error!(error = %chain(error), "the daemon cannot start");
        let failure = StartFailure {
            pid: std::process::id(),
            message: chain(error),
            hint: error.hint(),
            at_ms: now_ms(),
        };
        if let Err(write_error) = failure.write(&home) {
            tracing::error!(%write_error, "the reason cannot be left for the client");
        }
    }
    result
}

fn start_and_serve(options: RunOptions) -> Result<Exit, DaemonError> {
    let RunOptions {
        home,
        settings,
        build,
        foreground,
        logging,
        repositories,
        parse_trial,
        power_supplies,
        retention,
        on_ready,
    } = options;
    resources::allow_open_files();
    home.create()?;
    let lock = DaemonLock::try_acquire(&home)?.ok_or_else(|| DaemonError::AlreadyRunning {
        path: home.lock_file(),
    })?;
    let lock = Arc::new(lock);
    if logging != Logging::Inherited {
        let copy_to_stderr = logging == Logging::FileAndStderr;
        log::start(&home.log_file(), settings.daemon.log_level, copy_to_stderr)?;
    }

    socket_dir::prepare(&home.socket_dir())?;
    let socket = home.socket_file();
    // What a daemon that died left behind names the same socket: nobody must find this one through it.
    if let Err(error) = remove_info(&home) {
        tracing::warn!(%error, "the info file of an earlier daemon cannot be removed");
    }
    let unix = server::bind_unix(&socket)?;
    let tcp = settings
        .daemon
        .tcp
        .then(|| server::bind_tcp(settings.daemon.tcp_port))
        .transpose()?;
    let tcp_address = tcp.as_ref().and_then(|listener| listener.local_addr().ok());
    let system = |action| move |source| DaemonError::System { action, source };
    let info = DaemonInfo {
        contract: CONTRACT,
        pid: std::process::id(),
        socket: socket.display().to_string(),
        tcp: tcp_address.map(|address| address.to_string()),
        build: build.clone(),
        token: token::random_hex(16).map_err(system("read random bytes"))?,
        started_at_ms: now_ms(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SERVING_THREADS)
        .max_blocking_threads(settings.daemon.max_running + SPARE_WORKERS)
        .thread_name("aiex-serve")
        .enable_all()
        .build()
        .map_err(system("start threads"))?;

    let bus = Bus::default();
    let supervisor = Supervisor::new(Patience::default(), bus.clone(), CancellationToken::new());
    let keys = Arc::new(Keys::new(&home));
    let (repositories, engine): (Arc<dyn Repositories>, _) = match repositories {
        RepositorySource::Given(given) => (given, None),
        RepositorySource::Index => {
            let runtime = runtime.handle().clone();
            let engine = EngineRepositories::new(
                &home,
                &settings,
                bus.clone(),
                supervisor.clone(),
                keys.clone(),
                Power::at(&power_supplies),
                runtime,
            );
            let engine = Arc::new(engine.trying_suspects_by(parse_trial));
            (engine.clone(), Some(engine))
        }
    };
    let handle = Handle::new(Parts {
        settings,
        home: home.clone(),
        build,
        info,
        bus,
        supervisor,
        streams: Streams::new(retention),
        repositories,
        keys,
    });

    let published = Published { home: &home };
    let exit = runtime.block_on(async {
        let mut signals = Signals::listen(foreground).map_err(system("listen for signals"))?;
        let start = |component| handle.supervisor.start(runtime.handle(), component);
        start(Arc::new(UnixDoor { handle: handle.clone(), listener: unix }));
        if let Some(listener) = tcp {
            start(Arc::new(TcpDoor { handle: handle.clone(), listener }));
        }
        start(Arc::new(Housekeeping { handle: handle.clone(), lock: lock.clone() }));
        start(Arc::new(StaleAnswers { handle: handle.clone() }));
        start(Arc::new(MemoryWatch { handle: handle.clone() }));
        let after = handle.settings.daemon.idle_exit;
        if !after.is_zero() {
            start(Arc::new(IdleExit { handle: handle.clone(), after }));
        }
        // From here on clients find this daemon.
        write_info(&home, &handle.info)?;
        if let Err(error) = StartFailure::clear(&home) {
            tracing::warn!(%error, "the reason of an earlier failure cannot be removed");
        }
        tracing::info!(pid = handle.info.pid, socket = %handle.info.socket, build = %handle.build.digest, "serving");
        if let Some(engine) = engine {
            // Opening stores may take long and may fail; requests wait for it or try again.
            runtime.spawn_blocking(move || engine.resume());
        }
        let resumed = handle.clone();
        runtime.spawn(async move { resumed.research.resume().await });
        if let Some(on_ready) = on_ready {
            on_ready(&handle.info);
        }
        Ok::<_, DaemonError>(drain::serve_until_exit(&handle, &mut signals).await)
    });
    drop(published);
    drop(handle);
    runtime.shutdown_timeout(RUNTIME_PATIENCE);
    if let Ok(exit) = &exit {
        tracing::info!(%exit, "the daemon ends");
    }
    // Held to the end: whoever gets it next finds closed stores.
    drop(lock);
    exit
}

/// What tells clients about this daemon. Dropping it takes that back.
struct Published<'a> {
    home: &'a Home,
}

impl Drop for Published<'_> {
    fn drop(&mut self) {
        if let Err(error) = remove_info(self.home) {
            tracing::warn!(%error, "the info file cannot be removed");
        }
        if let Err(error) = private_file::remove(&self.home.socket_file()) {
            tracing::warn!(%error, "the socket cannot be removed");
        }
    }
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
