//! A connection to the daemon that many requests share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aiex_protocol::{Call, Request, RequestId, Welcome};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::connector::{ConnectOptions, Connector};
use crate::error::{ConnectError, RequestError};
use crate::inbox::Inbox;
use crate::session::{Command, Session};
use crate::stream::EventStream;

/// Requests and cancellations that wait for the connection.
const COMMANDS: usize = 64;

/// A connection to the daemon. Requests run side by side; a dropped connection is taken up again.
///
/// It needs a tokio runtime with IO and time, of one thread or many.
#[derive(Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    next_id: AtomicU64,
    welcome: Arc<Mutex<Welcome>>,
    session: JoinHandle<()>,
}

/// How a request is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// The time it has; without end otherwise.
    pub deadline: Option<Duration>,
    /// A trace id for the daemon's log.
    pub trace: Option<String>,
}

impl Client {
    /// Finds the daemon, or starts or replaces it as the options allow. What the user should know about that
    /// is told to `notice`, a line each.
    pub async fn connect(
        options: ConnectOptions,
        notice: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Self, ConnectError> {
        let connector = Connector {
            options,
            accepts_any: false,
        };
        let link = connector.connect(notice).await?;
        let welcome = Arc::new(Mutex::new(link.welcome.clone()));
        let (commands, received) = mpsc::channel(COMMANDS);
        // The settings and the build were settled now; a connection that drops must not replace a daemon
        // that somebody else has started since.
        let session = Session::new(connector, link, received, Arc::clone(&welcome));
        let session = tokio::spawn(session.run());
        Ok(Self {
            commands,
            next_id: AtomicU64::new(1),
            welcome,
            session,
        })
    }

    /// What the daemon said when it welcomed this client, the last time.
    pub fn welcome(&self) -> Welcome {
        self.welcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks for work. What the daemon would not understand is not sent.
    pub async fn request(&self, call: Call, options: RequestOptions) -> Result<EventStream, RequestError> {
        if let Some(needs) = call.needs()
            && !self.is_able(needs)
        {
            return Err(RequestError::Unsupported {
                verb: call.verb(),
                needs,
            });
        }
        let id = RequestId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let deadline = options.deadline.map(|time| Instant::now() + time);
        let inbox = Arc::new(Inbox::default());
        let request = Request {
            id,
            call,
            deadline_ms: options
                .deadline
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            trace: options.trace,
        };
        let open = Command::Open {
            request: Box::new(request),
            deadline,
            inbox: Arc::clone(&inbox),
        };
        let is_sent = self.commands.send(open).await.is_ok();
        if !is_sent {
            return Err(RequestError::Lost {
                reason: "the connection is closed".to_owned(),
            });
        }
        Ok(EventStream::new(id, inbox, self.commands.clone(), deadline))
    }

    /// Whether the daemon announced this [capability](aiex_protocol::capability).
    pub fn is_able(&self, capability: &str) -> bool {
        self.welcome()
            .capabilities
            .iter()
            .any(|known| known == capability)
    }

    /// Closes the connection, once everything asked so far, cancellations included, has been sent. Streams
    /// that have not ended are lost.
    pub async fn close(self) {
        if self.commands.send(Command::Close).await.is_ok() {
            let _ = self.session.await;
        }
    }
}
