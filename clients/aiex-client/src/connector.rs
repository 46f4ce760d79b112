//! From nothing to a greeted connection, starting or replacing the daemon where that is allowed.
//!
//! 1. Try without any lock, for at most half the time.
//! 2. Take the start lock; whoever held it may have started one: try again.
//! 3. Decide ([`crate::policy`]): use it, ask it to exit, or find that none is there.
//! 4. Spawn, and try again at growing intervals until the daemon is ready or its process ends.

use std::time::{Duration, Instant};

use aiex_config::build;
use aiex_config::{Home, StartLock, daemon_lock_owner, is_daemon_alive};
use aiex_protocol::hello::Build;
use aiex_protocol::{CONTRACT, Refusal, RefusalReason};

use crate::breaker;
use crate::budget::{Backoff, Step};
use crate::error::ConnectError;
use crate::link::{self, Link, NoLink, Peer};
use crate::policy::{Verdict, differing_builds, judge};
use crate::spawn::{DaemonCommand, Starting};
use crate::stop;

/// What is told to the user while connecting, a line each.
pub(crate) type Notice<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Enough for an old daemon to drain (10 s by default) and to close and seal the stores of dozens of repositories, and for
/// a new one to open them.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// A daemon that answers at all answers within milliseconds; waiting longer before the start lock helps nobody.
const LONGEST_FIRST_TRY: Duration = Duration::from_secs(5);

/// Whom to connect to, and what may be done for it.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Where the daemon's files are.
    pub home: Home,
    /// The digest of the settings that a daemon should have; `None` to take any.
    pub config_digest: Option<String>,
    /// What kind of client this is: `cli`, `mcp`, …
    pub client: String,
    /// How to start a daemon; `None` to use only one that runs, as it is.
    pub spawn: Option<DaemonCommand>,
    /// The time for all of it.
    pub deadline: Duration,
    /// This program's build.
    pub build: Build,
}

impl ConnectOptions {
    /// Uses a daemon that runs, of any settings, and starts none.
    pub fn new(home: Home, client: impl Into<String>) -> Self {
        Self {
            home,
            config_digest: None,
            client: client.into(),
            spawn: None,
            deadline: DEFAULT_DEADLINE,
            build: build::current(),
        }
    }
}

/// What an attempt came to, once the policy has been applied.
enum Outcome {
    Linked(Box<Link>),
    /// It should go; it has been or must be asked to.
    Unsuitable {
        link: Box<Link>,
        why: String,
    },
    /// It refused because its contract is older, so it can only be asked by signal.
    TooOld {
        peer: Peer,
        refusal: Refusal,
    },
    /// It is on its way out.
    Leaving {
        refusal: Refusal,
    },
    /// Nobody listens.
    Absent {
        reason: String,
    },
    /// It lets us wait.
    Late {
        step: Step,
    },
}

/// Connects by the options again and again, for one client.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) options: ConnectOptions,
    /// Whether a daemon of another build or with other settings will do, if it speaks the contract.
    pub(crate) accepts_any: bool,
}

impl Connector {
    /// The whole way.
    pub(crate) async fn connect(&self, notice: Notice<'_>) -> Result<Link, ConnectError> {
        let begin = Instant::now();
        let whole = begin + self.options.deadline;
        let first = begin + (self.options.deadline / 2).min(LONGEST_FIRST_TRY);
        match self.attempt(first).await? {
            Outcome::Linked(link) => return Ok(*link),
            Outcome::Unsuitable { link, why } if self.options.spawn.is_none() => {
                notice(&format!(
                    "using the running daemon, though {why}; `aiex daemon restart` replaces it"
                ));
                return Ok(*link);
            }
            _ => {}
        }
        match &self.options.spawn {
            Some(command) => self.start(command, whole, notice).await,
            None => self.wait_for_other(whole).await,
        }
    }

    /// A daemon that holds its lock and does not listen is starting or leaving: see which.
    async fn wait_for_other(&self, deadline: Instant) -> Result<Link, ConnectError> {
        let mut backoff = Backoff::new();
        loop {
            let was_alive = is_daemon_alive(&self.options.home);
            let step = match self.attempt(deadline).await? {
                Outcome::Linked(link) | Outcome::Unsuitable { link, .. } => return Ok(*link),
                Outcome::TooOld { refusal, .. } | Outcome::Leaving { refusal } => {
                    return Err(ConnectError::Refused(refusal));
                }
                Outcome::Absent { reason } if !was_alive => return Err(ConnectError::NotRunning { reason }),
                Outcome::Absent { .. } => Step::Listening,
                Outcome::Late { step } => step,
            };
            if !backoff.pause(deadline).await {
                return Err(self.late(step));
            }
        }
    }

    async fn start(
        &self,
        command: &DaemonCommand,
        deadline: Instant,
        notice: Notice<'_>,
    ) -> Result<Link, ConnectError> {
        let home = &self.options.home;
        home.create().map_err(ConnectError::Home)?;
        let _lock = self.start_lock(deadline).await?;
        let mut replaced = None;
        let mut backoff = Backoff::new();
        loop {
            let was_alive = is_daemon_alive(home);
            let owner = daemon_lock_owner(home);
            let step = match self.attempt(deadline).await? {
                Outcome::Linked(link) => return Ok(*link),
                Outcome::Unsuitable { link, why } => {
                    stop::ask_to_drain(*link, &why, deadline).await;
                    self.wait_until_gone(owner, deadline).await?;
                    replaced = Some(why);
                    break;
                }
                Outcome::TooOld { peer, refusal } => {
                    peer.terminate();
                    self.wait_until_gone(owner, deadline).await?;
                    replaced = Some(differing_builds(&refusal.build, &self.options.build));
                    break;
                }
                Outcome::Leaving { .. } => {
                    self.wait_until_gone(owner, deadline).await?;
                    break;
                }
                Outcome::Absent { .. } if !was_alive => break,
                Outcome::Absent { .. } => Step::Listening,
                Outcome::Late { step } => step,
            };
            if !backoff.pause(deadline).await {
                return Err(self.late(step));
            }
        }
        if replaced.is_none() {
            breaker::check(home)?;
        }
        if let Some(why) = &replaced {
            notice(&format!("restarted the daemon: {why}"));
        }
        let mut starting = Starting::spawn(command, home)?;
        self.wait_until_ready(&mut starting, deadline, notice).await
    }

    async fn start_lock(&self, deadline: Instant) -> Result<StartLock, ConnectError> {
        let mut backoff = Backoff::new();
        loop {
            if let Some(lock) = StartLock::try_acquire(&self.options.home).map_err(ConnectError::Lock)? {
                return Ok(lock);
            }
            if !backoff.pause(deadline).await {
                return Err(self.late(Step::StartLock));
            }
        }
    }

    async fn wait_until_gone(&self, owner: Option<String>, deadline: Instant) -> Result<(), ConnectError> {
        if stop::wait_until_gone(&self.options.home, owner, deadline).await {
            Ok(())
        } else {
            Err(self.late(Step::OldDaemonExit))
        }
    }

    async fn wait_until_ready(
        &self,
        starting: &mut Starting,
        deadline: Instant,
        notice: Notice<'_>,
    ) -> Result<Link, ConnectError> {
        let home = &self.options.home;
        let pid = starting.pid();
        let mut backoff = Backoff::new();
        loop {
            // In this order: a child that ends right after it was seen to live is noticed the next time.
            let ended = starting.ended();
            match self.attempt(deadline).await? {
                Outcome::Linked(link) => return Ok(*link),
                Outcome::Unsuitable { link, why } => {
                    // Replacing what was started a moment ago would go round in circles.
                    notice(&format!("using the daemon that just started, though {why}"));
                    return Ok(*link);
                }
                _ => {}
            }
            match ended {
                // Somebody started one by hand at the same time, and theirs was first.
                Some(_) if is_daemon_alive(home) => {}
                Some(error) => {
                    breaker::start_failed(home, pid, &error);
                    return Err(error);
                }
                None => {}
            }
            if !backoff.pause(deadline).await {
                return Err(self.late(Step::Ready));
            }
        }
    }

    /// One try. What no waiting or restarting would mend is an error.
    async fn attempt(&self, deadline: Instant) -> Result<Outcome, ConnectError> {
        let ConnectOptions {
            home,
            client,
            build,
            config_digest,
            ..
        } = &self.options;
        match link::open(home, client, build, deadline).await {
            Ok(link) => match judge(build, config_digest.as_deref(), &link.welcome) {
                Verdict::Use => Ok(Outcome::Linked(Box::new(link))),
                Verdict::Replace(_) if self.accepts_any && link.welcome.contract == CONTRACT => {
                    Ok(Outcome::Linked(Box::new(link)))
                }
                Verdict::Replace(why) => Ok(Outcome::Unsuitable {
                    link: Box::new(link),
                    why,
                }),
                Verdict::TooNew => Err(ConnectError::Refused(too_new(&link))),
            },
            Err(NoLink::Absent { reason }) => {
                tracing::debug!(%reason, "no daemon answers");
                Ok(Outcome::Absent { reason })
            }
            Err(NoLink::Late { step, .. }) => Ok(Outcome::Late { step }),
            Err(NoLink::Foreign { socket, owner }) => Err(ConnectError::ForeignPeer { socket, owner }),
            Err(NoLink::Broken { detail }) => Err(ConnectError::Protocol { detail }),
            Err(NoLink::Refused { refusal, peer }) => match refusal.reason {
                RefusalReason::Draining => Ok(Outcome::Leaving { refusal }),
                RefusalReason::DaemonTooOld => Ok(Outcome::TooOld { peer, refusal }),
                RefusalReason::ClientTooOld
                | RefusalReason::TokenRejected
                | RefusalReason::OriginRejected
                | RefusalReason::Overloaded
                | RefusalReason::BadHello => Err(ConnectError::Refused(refusal)),
            },
        }
    }

    fn late(&self, step: Step) -> ConnectError {
        ConnectError::Deadline {
            step,
            budget: self.options.deadline,
        }
    }
}

/// For a daemon that welcomes us in a contract that we do not know.
fn too_new(link: &Link) -> Refusal {
    let build = link.welcome.build.clone();
    Refusal {
        reason: RefusalReason::ClientTooOld,
        message: format!(
            "the daemon ({}) speaks contract {}",
            build.version, link.welcome.contract
        ),
        hint: "update this program, or stop the newer daemon with its own".to_owned(),
        build,
    }
}
