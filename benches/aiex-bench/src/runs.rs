//! Whole runs of research through the real daemon, against stand-ins over HTTP that count what they are asked.

mod budgets;
mod failing;
mod followed;
mod killed;
mod repeated;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aiex_client::{Followed, RequestOptions};
use aiex_outside::{Outside, QUESTION};
use aiex_protocol::cache::ClearCache;
use aiex_protocol::journal::{RunEntry, RunEvent};
use aiex_protocol::research::{Budget, Depth, ResearchArgs};
use aiex_protocol::source::SourceKind;
use aiex_protocol::{Call, Event};

use crate::Failure;
use crate::subject::Subject;

/// The measurements, by the names that the command line has for them.
pub(crate) const NAMES: [&str; 5] = [
    "killed-runs",
    "failing-runs",
    "small-budgets",
    "followers",
    "repeated",
];

/// Makes one of them.
pub(crate) async fn one(name: &str, program: &Path, scratch: &Path) -> Result<(), Failure> {
    match name {
        "killed-runs" => killed::all(program, scratch).await,
        "failing-runs" => failing::all(program, scratch).await,
        "small-budgets" => budgets::all(program, scratch).await,
        "followers" => followed::all(program, scratch).await,
        _ => repeated::all(program, scratch).await,
    }
}

const CODE: &str = "/// How a failed request is tried again.\npub struct BackOff {\n    /// The pause before the next attempt.\n    \
pub pause: u64,\n}\n\n/// How long the back-off policy waits before the next attempt: twice as long each time, five seconds \
at most.\npub fn next_wait(policy: &BackOff) -> u64 {\n    (policy.pause * 2).min(5_000)\n}\n";

/// A daemon, a repository, and everything outside, for runs one after the other.
struct Lane {
    subject: Subject,
    outside: Outside,
    home: PathBuf,
    repo: PathBuf,
    _folder: tempfile::TempDir,
}

/// A run from its first entry to its last.
struct Run {
    entries: Vec<RunEntry>,
}

impl Lane {
    /// Starts a daemon with these settings beside those of what is outside, and indexes the repository.
    async fn open(program: &Path, scratch: &Path, outside: Outside, settings: &str) -> Result<Self, Failure> {
        let folder = tempfile::tempdir_in(scratch)?;
        let (home, repo) = (folder.path().join("home"), folder.path().join("repo"));
        std::fs::create_dir_all(&home)?;
        std::fs::create_dir_all(repo.join("src"))?;
        // A root of its own, wherever the scratch folder lies.
        std::process::Command::new("git")
            .arg("init")
            .arg("-q")
            .arg(&repo)
            .status()?;
        std::fs::write(repo.join("src/retry.rs"), CODE)?;
        std::fs::write(
            home.join("config.toml"),
            format!("{settings}\n{}", outside.settings()),
        )?;
        let subject = Subject::start(program, &home).await?;
        subject.index(&repo).await?;
        Ok(Self {
            subject,
            outside,
            home,
            repo,
            _folder: folder,
        })
    }

    /// Begins a run; its name.
    async fn begin(&self, depth: Depth, budget: Budget) -> Result<String, Failure> {
        let start = Call::ResearchStart(ResearchArgs {
            question: QUESTION.to_owned(),
            depth: Some(depth),
            budget,
            sources: vec![SourceKind::Code, SourceKind::Web],
            repos: vec![self.repo.display().to_string()],
            yes: true,
            fresh: true,
            ..ResearchArgs::default()
        });
        let mut stream = self
            .subject
            .client
            .request(start, RequestOptions::default())
            .await?;
        let mut run = None;
        while let Some(event) = stream.next().await? {
            match event {
                Event::Run(summary) => run = Some(summary.id),
                Event::Error(error) => return Err(error.into()),
                _ => {}
            }
        }
        run.ok_or_else(|| "no run was begun".into())
    }

    /// Makes a run from its beginning to its end.
    async fn run(&self, depth: Depth, budget: Budget) -> Result<Run, Failure> {
        let run = self.begin(depth, budget).await?;
        follow(&self.subject, &run).await
    }

    /// Forgets what was searched, read and answered, so that it is asked for again.
    async fn forget(&self) -> Result<(), Failure> {
        let clear = Call::CacheClear(ClearCache::default());
        let mut stream = self
            .subject
            .client
            .request(clear, RequestOptions::default())
            .await?;
        while stream.next().await?.is_some() {}
        Ok(())
    }
}

/// A run's entries until it is over.
async fn follow(subject: &Subject, run: &str) -> Result<Run, Failure> {
    let mut follow = subject.client.follow(run, 1);
    let mut entries = Vec::new();
    while let Some(next) = follow.next().await? {
        if let Followed::Entry(entry) = next {
            entries.push(*entry);
        }
    }
    Ok(Run { entries })
}

impl Run {
    /// From its first entry to its last.
    fn took(&self) -> Duration {
        let at = |entry: Option<&RunEntry>| entry.map_or(0, |entry| entry.at_ms);
        Duration::from_millis(at(self.entries.last()).saturating_sub(at(self.entries.first())))
    }

    /// The longest times between two entries, and between which.
    fn slowest_steps(&self) -> String {
        let mut steps: Vec<(u64, String)> = self
            .entries
            .windows(2)
            .map(|pair| {
                let name = |entry: &RunEntry| {
                    let event = format!("{:?}", entry.event);
                    event.split([' ', '{']).next().unwrap_or_default().to_owned()
                };
                let (before, after) = (&pair[0], &pair[1]);
                let took = after.at_ms.saturating_sub(before.at_ms);
                (
                    took,
                    format!("{took} ms from {} to {}", name(before), name(after)),
                )
            })
            .collect();
        steps.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
        let steps: Vec<String> = steps.into_iter().take(4).map(|(_, told)| told).collect();
        steps.join(", ")
    }

    /// Why its report is partial, if it is; an error when there is none.
    fn partial(&self) -> Result<Option<&str>, Failure> {
        match self.entries.last().map(|entry| &entry.event) {
            Some(RunEvent::Done { partial, .. }) => Ok(partial.as_deref()),
            last => Err(format!("there is no report: {last:?}").into()),
        }
    }
}
