//! One run with many followers, one of whom reads nothing, beside the same run with none.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use aiex_client::RequestOptions;
use aiex_outside::{Outside, Received, Said, answer};
use aiex_protocol::Call;
use aiex_protocol::research::{Budget, Depth, FollowArgs};

use super::{Lane, Run, follow};
use crate::Failure;
use crate::process;
use crate::quantile::Times;
use crate::subject::Subject;

const FOLLOWERS: usize = 200;
const TURNS: usize = 10;
const PAGES: usize = 12;
const PAUSE: Duration = Duration::from_millis(200);
/// How often the one that reads nothing asks for the journal: together more than the buffers between it and the daemon hold.
const STALLED_REQUESTS: usize = 200;
/// Longer than a run.
const LONGEST: Duration = Duration::from_secs(120);

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let outside = Outside::with_model(PAUSE, |request: &Received| Said::Slowly(PAUSE, answer(request)))?;
    let settings = format!("[daemon]\nmax_connections = {}\n", FOLLOWERS + 56);
    let lane = Lane::open(program, scratch, outside, &settings).await?;
    lane.outside.publish(PAGES, PAUSE);
    let mut readers = Vec::new();
    for _ in 1..FOLLOWERS {
        readers.push(Subject::join(program, &lane.home).await?);
    }
    let (mut alone, mut followed, mut missed) = (Vec::new(), Vec::new(), 0);
    let (mut told, mut bytes, mut cpu) = (0, 0, [Duration::ZERO; 2]);
    for _ in 0..TURNS {
        lane.forget().await?;
        let before = process::cpu(lane.subject.pid())?;
        let run = lane.begin(Depth::Deep, Budget::default()).await?;
        wait_for_its_end(&lane, &run).await?;
        cpu[0] += process::cpu(lane.subject.pid())? - before;
        alone.push(follow(&lane.subject, &run).await?.took());

        lane.forget().await?;
        let before = process::cpu(lane.subject.pid())?;
        let run = lane.begin(Depth::Deep, Budget::default()).await?;
        let stalled = Stalled::begin(program, &lane, &run)?;
        let following = readers.iter().map(|reader| follow(reader, &run));
        let journals: Vec<Run> = futures_util::future::try_join_all(following).await?;
        cpu[1] += process::cpu(lane.subject.pid())? - before;
        stalled.end()?;
        let whole = follow(&lane.subject, &run).await?;
        told += whole.entries.len();
        bytes += serde_json::to_vec(&whole.entries)?.len();
        missed += journals
            .iter()
            .filter(|journal| journal.entries != whole.entries)
            .count();
        followed.push(whole.took());
    }
    println!(
        "| a run without a follower, by turns | {}; {:.2} s of CPU in the daemon |",
        Times::new(alone).show(),
        cpu[0].as_secs_f64() / TURNS as f64
    );
    println!(
        "| … with {FOLLOWERS}, one of which reads nothing | {}; {missed} of {} journals lacked any of {} entries ({:.0} kB); {:.2} s of CPU in the daemon |",
        Times::new(followed).show(),
        TURNS * (FOLLOWERS - 1),
        told / TURNS,
        bytes as f64 / TURNS as f64 / 1e3,
        cpu[1].as_secs_f64() / TURNS as f64
    );
    Ok(())
}

/// Asks now and then, and not for the journal.
async fn wait_for_its_end(lane: &Lane, run: &str) -> Result<(), Failure> {
    loop {
        let output = lane
            .subject
            .command()
            .args(["research", "list", "--json"])
            .output()?;
        let listed = String::from_utf8(output.stdout)?;
        if listed
            .lines()
            .any(|line| line.contains(run) && line.contains("\"done\""))
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A connection that asks for the journal many times over, more than a socket holds, and reads nothing of it.
struct Stalled {
    wake: SyncSender<()>,
    thread: JoinHandle<Result<(), String>>,
}

impl Stalled {
    fn begin(program: &Path, lane: &Lane, run: &str) -> Result<Self, Failure> {
        let (wake, woken) = sync_channel::<()>(1);
        let (program, home, run) = (program.to_owned(), lane.home.clone(), run.to_owned());
        let thread = std::thread::Builder::new().spawn(move || {
            let stall = || -> Result<(), Failure> {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let subject = Subject::join(&program, &home).await?;
                    let mut streams = Vec::new();
                    for _ in 0..STALLED_REQUESTS {
                        let follow = Call::ResearchFollow(FollowArgs {
                            run: run.clone(),
                            from_seq: 1,
                        });
                        streams.push(subject.client.request(follow, RequestOptions::default()).await?);
                    }
                    // The runtime's only thread: nothing is read while it waits.
                    let _ = woken.recv_timeout(LONGEST);
                    Ok(())
                })
            };
            stall().map_err(|error| error.to_string())
        })?;
        Ok(Self { wake, thread })
    }

    fn end(self) -> Result<(), Failure> {
        self.wake.send(())?;
        let ended = self.thread.join().map_err(|_| "the stalled follower panicked")?;
        Ok(ended?)
    }
}
