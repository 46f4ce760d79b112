//! A verb's conversation with the daemon: found or started, asked, listened to, cancelled by Ctrl-C.

use std::time::Duration;

use aiex_client::{
    Client, ConnectError, ConnectOptions, DaemonCommand, EventStream, RequestError, RequestOptions, RunFollow,
};
use aiex_config::{Environment, Home, ProcessEnvironment, Settings};
use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Call, Event, RequestId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::private_daemon::PrivateDaemon;
use crate::progress::Progress;

/// What this program calls itself in the hello.
const CLIENT: &str = "cli";
/// How long the daemon has to confirm a cancelled request. It is told in any case.
const CANCEL_PATIENCE: Duration = Duration::from_millis(500);
/// Closing takes one message; a daemon that does not read it is not waited for.
const CLOSE_PATIENCE: Duration = Duration::from_millis(200);

/// A connection, and the private daemon behind it if there is one.
#[derive(Debug)]
pub(crate) struct Session {
    // Before the daemon, so that the connection is dropped first.
    client: Client,
    private: Option<PrivateDaemon>,
    /// The number of the last request that was begun.
    last_request: watch::Sender<Option<RequestId>>,
}

impl Session {
    /// Finds the user's daemon or starts it; or starts a private one.
    pub(crate) async fn open(
        is_private: bool,
        printer: &Printer,
        interrupt: &mut Interrupt,
    ) -> Result<Self, Failure> {
        let home = locate_home(&ProcessEnvironment)?;
        if is_private {
            let private = PrivateDaemon::start(&home, interrupt).await?;
            let options = ConnectOptions::new(private.home(), CLIENT);
            let client = connect(options, printer, interrupt).await?;
            return Ok(Self {
                client,
                private: Some(private),
                last_request: watch::Sender::default(),
            });
        }
        let settings = load_settings(&ProcessEnvironment, printer)?;
        let exe = std::env::current_exe().map_err(|error| {
            Failure::new(
                ExitCode::DaemonUnavailable,
                "this program's own place is not known",
            )
            .because(&error)
        })?;
        let mut options = ConnectOptions::new(home, CLIENT);
        options.config_digest = Some(settings.digest());
        options.spawn = Some(DaemonCommand::new(exe));
        let client = connect(options, printer, interrupt).await?;
        Ok(Self {
            client,
            private: None,
            last_request: watch::Sender::default(),
        })
    }

    /// Connects to the daemon that runs, as it is, if one does; never starts one.
    pub(crate) async fn join(
        home: &Home,
        printer: &Printer,
        interrupt: &mut Interrupt,
    ) -> Result<Option<Self>, Failure> {
        let options = ConnectOptions::new(home.clone(), CLIENT);
        let mut notice = |line: &str| printer.notice(line);
        let outcome = interrupt
            .or(async { Ok(Client::connect(options, &mut notice).await) })
            .await?;
        match outcome {
            Ok(client) => Ok(Some(Self {
                client,
                private: None,
                last_request: watch::Sender::default(),
            })),
            Err(ConnectError::NotRunning { .. }) => Ok(None),
            Err(error) => Err(unreachable_daemon(&error)),
        }
    }

    /// The daemon's process id.
    pub(crate) fn daemon_pid(&self) -> u32 {
        self.client.welcome().pid
    }

    /// Closes the connection, and then ends the private daemon if there is one.
    pub(crate) async fn close(self) {
        let Self { client, private, .. } = self;
        // The system closes what is left.
        let _ = timeout(CLOSE_PATIENCE, client.close()).await;
        drop(private);
    }

    /// Asks for work.
    pub(crate) async fn start(&self, call: Call, deadline: Option<Duration>) -> Result<Running, Failure> {
        let options = RequestOptions {
            deadline,
            ..RequestOptions::default()
        };
        let stream = self
            .client
            .request(call, options)
            .await
            .map_err(|error| broken_request(&error))?;
        self.last_request.send_replace(Some(stream.request_id()));
        Ok(Running { stream })
    }

    /// The number of the last request that was begun, and those to come.
    pub(crate) fn last_request(&self) -> watch::Receiver<Option<RequestId>> {
        self.last_request.subscribe()
    }

    /// Follows a run of research from an entry of its journal on. Dropping it leaves the run alone.
    pub(crate) fn follow(&self, run: &str, from_seq: u64) -> RunFollow<'_> {
        self.client.follow(run, from_seq)
    }

    /// Asks and waits for the end, showing progress and notices.
    pub(crate) async fn complete(
        &self,
        call: Call,
        printer: &Printer,
        interrupt: &mut Interrupt,
    ) -> Result<(), Failure> {
        self.gather(call, None, printer, interrupt, |_| None::<()>)
            .await
            .map(drop)
    }

    /// Asks and waits for the end; the last event that `pick` takes is the outcome.
    pub(crate) async fn fetch<T>(
        &self,
        call: Call,
        printer: &Printer,
        interrupt: &mut Interrupt,
        pick: impl FnMut(Event) -> Option<T>,
    ) -> Result<T, Failure> {
        self.answer(call, None, printer, interrupt, pick)
            .await
            .map(|(outcome, _)| outcome)
    }

    /// Asks and waits for the end, until a deadline; also what the outcome reflects.
    pub(crate) async fn answer<T>(
        &self,
        call: Call,
        deadline: Option<Duration>,
        printer: &Printer,
        interrupt: &mut Interrupt,
        pick: impl FnMut(Event) -> Option<T>,
    ) -> Result<(T, SearchSummary), Failure> {
        let verb = call.verb();
        let (picked, summary) = self.gather(call, deadline, printer, interrupt, pick).await?;
        let outcome = picked.ok_or_else(|| {
            Failure::new(
                ExitCode::RequestFailed,
                format!("the daemon did not answer `{verb}`"),
            )
            .hint("look at `aiex daemon logs`")
        })?;
        Ok((outcome, summary.unwrap_or_default()))
    }

    async fn gather<T>(
        &self,
        call: Call,
        deadline: Option<Duration>,
        printer: &Printer,
        interrupt: &mut Interrupt,
        mut pick: impl FnMut(Event) -> Option<T>,
    ) -> Result<(Option<T>, Option<SearchSummary>), Failure> {
        let mut progress = Progress::new(printer);
        let mut picked = None;
        let mut running = self.start(call, deadline).await?;
        loop {
            let Step::Event(event) = running.next(interrupt, None).await? else {
                continue;
            };
            match event {
                Event::Done { summary } => return Ok((picked, summary)),
                Event::Error(error) => return Err(error.into()),
                Event::Progress(index) => progress.index(&index),
                Event::Notice { message } => {
                    progress.clear();
                    printer.notice(&message);
                }
                event => picked = pick(event).or(picked),
            }
        }
    }
}

/// What happened next.
#[derive(Debug)]
pub(crate) enum Step {
    /// The daemon said something.
    Event(Event),
    /// The time that was asked for has come.
    Woken,
}

/// A request under way. Dropping it cancels the work.
#[derive(Debug)]
pub(crate) struct Running {
    stream: EventStream,
}

impl Running {
    /// The next event, or the wake-up call. Ctrl-C cancels the request in the daemon.
    pub(crate) async fn next(
        &mut self,
        interrupt: &mut Interrupt,
        wake_at: Option<Instant>,
    ) -> Result<Step, Failure> {
        tokio::select! {
            // What has arrived is shown before anything else happens.
            biased;
            event = self.stream.next() => match event {
                Ok(Some(event)) => Ok(Step::Event(event)),
                Ok(None) => Err(Failure::new(ExitCode::RequestFailed, "the answer ended before its end")),
                Err(RequestError::Wire(error)) => Ok(Step::Event(Event::Error(error))),
                Err(error) => Err(broken_request(&error)),
            },
            () = interrupt.pressed() => {
                self.cancel(interrupt).await;
                Err(Failure::Interrupted)
            }
            () = alarm(wake_at) => Ok(Step::Woken),
        }
    }

    /// Tells the daemon and lets it confirm; a second Ctrl-C does not wait for that.
    async fn cancel(&mut self, interrupt: &mut Interrupt) {
        self.stream.cancel().await;
        let confirmed = async { while let Ok(Some(_)) = self.stream.next().await {} };
        tokio::select! {
            _ = timeout(CANCEL_PATIENCE, confirmed) => {}
            () = interrupt.pressed() => {}
        }
    }
}

async fn alarm(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn connect(
    options: ConnectOptions,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Client, Failure> {
    let mut notice = |line: &str| printer.notice(line);
    let outcome = interrupt
        .or(async { Ok(Client::connect(options, &mut notice).await) })
        .await?;
    outcome.map_err(|error| unreachable_daemon(&error))
}

fn unreachable_daemon(error: &ConnectError) -> Failure {
    let failure = Failure::from_error(ExitCode::DaemonUnavailable, error);
    error.hint().into_iter().fold(failure, Failure::hint)
}

/// A request that failed, for the user.
pub(crate) fn broken_request(error: &RequestError) -> Failure {
    let exit = match error {
        RequestError::Wire(error) => error.code.into(),
        RequestError::Deadline { .. } => ExitCode::DeadlineExceeded,
        RequestError::Lost { .. } | RequestError::Unsupported { .. } => ExitCode::DaemonUnavailable,
        RequestError::Protocol { .. } => ExitCode::RequestFailed,
    };
    let failure = Failure::from_error(exit, error);
    error.hint().into_iter().fold(failure, Failure::hint)
}

/// The settings in force, with a word on what has no effect in them.
pub(crate) fn load_settings(environment: &dyn Environment, printer: &Printer) -> Result<Settings, Failure> {
    let (settings, warnings) = Settings::load(environment, &[]).map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error).hint("mend the settings; `aiex doctor` checks them")
    })?;
    for warning in warnings {
        printer.warning(&warning.to_string());
    }
    Ok(settings)
}

/// Where the user's files lie.
pub(crate) fn locate_home(environment: &dyn Environment) -> Result<Home, Failure> {
    Home::locate(environment)
        .map(|(home, _)| home)
        .map_err(|error| Failure::from_error(ExitCode::DaemonUnavailable, &error))
}
