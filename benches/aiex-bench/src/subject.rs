//! The program under test: a daemon with a home of its own, and a client.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use aiex_client::{Client, ConnectOptions, DaemonCommand, EventStream, RequestOptions};
use aiex_config::Home;
use aiex_protocol::repos::AddRepo;
use aiex_protocol::search::{Hits, SearchArgs, SearchSummary, Stage};
use aiex_protocol::status::{DaemonStatus, StatusArgs};
use aiex_protocol::{Call, Event};

use crate::Failure;

/// A daemon and a client of it. The daemon is stopped when this is dropped.
pub(crate) struct Subject {
    program: PathBuf,
    home: PathBuf,
    pub(crate) client: Client,
    /// Whether the daemon is stopped with this.
    is_owner: bool,
}

/// What came of a search.
pub(crate) struct Answer {
    pub(crate) hits: Vec<aiex_protocol::search::Hit>,
    pub(crate) summary: SearchSummary,
}

const PATIENCE: Duration = Duration::from_secs(1_200);

fn patient() -> RequestOptions {
    RequestOptions {
        deadline: Some(PATIENCE),
        ..RequestOptions::default()
    }
}

impl Subject {
    /// Starts a daemon with an empty home.
    pub(crate) async fn start(program: &Path, home: &Path) -> Result<Self, Failure> {
        Self::connect(program, home, true).await
    }

    /// Another client of a daemon that runs.
    pub(crate) async fn join(program: &Path, home: &Path) -> Result<Self, Failure> {
        Self::connect(program, home, false).await
    }

    async fn connect(program: &Path, home: &Path, is_owner: bool) -> Result<Self, Failure> {
        let at = Home::at(home);
        at.create()?;
        if is_owner {
            // The crowd, and who looks on.
            std::fs::write(home.join("config.toml"), "[daemon]\nmax_connections = 128\n")?;
        }
        let mut command = DaemonCommand::new(program);
        command
            .env
            .push(("AIEX_HOME".into(), home.as_os_str().to_owned()));
        let options = ConnectOptions {
            // Who may start a daemon would replace one that another program has started: this one is no `aiex`.
            spawn: is_owner.then_some(command),
            ..ConnectOptions::new(at, "bench")
        };
        let client = Client::connect(options, &mut |_| {}).await?;
        Ok(Self {
            program: program.to_owned(),
            home: home.to_owned(),
            client,
            is_owner,
        })
    }

    /// A command of the program, with this daemon's home.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("AIEX_HOME", &self.home).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn pid(&self) -> u32 {
        self.client.welcome().pid
    }

    /// Registers a repository and waits until full text and vectors are complete.
    pub(crate) async fn index(&self, root: &Path) -> Result<Duration, Failure> {
        let began = Instant::now();
        let args = AddRepo {
            path: root.display().to_string(),
            yes: true,
            wait: true,
        };
        let stream = self.client.request(Call::AddRepo(args), patient()).await?;
        finish(stream).await?;
        Ok(began.elapsed())
    }

    pub(crate) async fn search(&self, root: &Path, args: SearchArgs) -> Result<Answer, Failure> {
        let args = SearchArgs {
            repo: root.display().to_string(),
            ..args
        };
        let mut stream = self.client.request(Call::Search(args), patient()).await?;
        let mut answer = Answer {
            hits: Vec::new(),
            summary: SearchSummary::default(),
        };
        while let Some(event) = stream.next().await? {
            match event {
                Event::Hits(Hits {
                    stage: Stage::Final,
                    hits,
                }) => answer.hits = hits,
                Event::Done { summary } => answer.summary = summary.unwrap_or_default(),
                Event::Error(error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(answer)
    }

    pub(crate) async fn status(&self) -> Result<DaemonStatus, Failure> {
        let mut stream = self
            .client
            .request(Call::Status(StatusArgs::default()), patient())
            .await?;
        let mut status = None;
        while let Some(event) = stream.next().await? {
            if let Event::Status(seen) = event {
                status = Some(*seen);
            }
        }
        status.ok_or_else(|| "the daemon sent no status".into())
    }
}

async fn finish(mut stream: EventStream) -> Result<(), Failure> {
    while let Some(event) = stream.next().await? {
        if let Event::Error(error) = event {
            return Err(error.into());
        }
    }
    Ok(())
}

impl Drop for Subject {
    fn drop(&mut self) {
        if !self.is_owner {
            return;
        }
        let _ = self.command().args(["daemon", "stop"]).output();
    }
}
