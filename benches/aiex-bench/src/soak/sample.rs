//! What a process holds at an instant, and how quickly it answered during the minute before.

use std::time::Duration;

use crate::Failure;
use crate::process;
use crate::quantile::Times;
use crate::subject::Subject;

/// One minute.
pub(super) struct Sample {
    at: Duration,
    memory: u64,
    own_memory: u64,
    disk: u64,
    files: usize,
    threads: usize,
    watches: usize,
    cpu: Duration,
    asked: Times,
    saved: Times,
    edits: u64,
    /// Of the machine: what else was going on.
    load: f64,
}

/// One thing over time.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) minutes: Vec<f64>,
    pub(super) values: Vec<f64>,
}

impl Sample {
    pub(super) async fn take(
        subject: &Subject,
        at: Duration,
        asked: Vec<Duration>,
        saved: Vec<Duration>,
        edits: u64,
    ) -> Result<Self, Failure> {
        let pid = subject.pid();
        let (memory, _) = process::memory(pid)?;
        let load = std::fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            at,
            memory,
            own_memory: process::own_memory(pid)?,
            disk: subject.status().await?.budgets.disk_used,
            files: process::open_files(pid)?,
            threads: process::threads(pid)?,
            watches: process::watches(pid)?,
            cpu: process::cpu(pid)?,
            asked: Times::new(asked),
            saved: Times::new(saved),
            edits,
            load: load
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
        })
    }

    /// For whoever looks on.
    pub(super) fn row(&self) -> String {
        format!(
            "{:>4.0} min  {:>6.1} MB ({:.1} its own)  {:>6.1} MB on disk  {:>3} files  {:>3} threads  {:>5} watches  {}  saved → found {:.0} ms  \
             {} edits  {:.0} s CPU  load {:.1}",
            self.at.as_secs_f64() / 60.0,
            self.memory as f64 / 1e6,
            self.own_memory as f64 / 1e6,
            self.disk as f64 / 1e6,
            self.files,
            self.threads,
            self.watches,
            self.asked.show(),
            self.saved.at(1.0).as_secs_f64() * 1e3,
            self.edits,
            self.cpu.as_secs_f64(),
            self.load,
        )
    }
}

impl Series {
    /// Everything that must stay level, and the load beside it.
    pub(super) fn of(samples: &[Sample]) -> Vec<Self> {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let series = |name, value: &dyn Fn(&Sample) -> f64| Self {
            name,
            minutes: samples
                .iter()
                .map(|sample| sample.at.as_secs_f64() / 60.0)
                .collect(),
            values: samples.iter().map(value).collect(),
        };
        vec![
            series("resident memory, MB", &|sample| sample.memory as f64 / 1e6),
            series("of it not mapped files, MB", &|sample| {
                sample.own_memory as f64 / 1e6
            }),
            series("index on disk, MB", &|sample| sample.disk as f64 / 1e6),
            series("open files", &|sample| sample.files as f64),
            series("threads", &|sample| sample.threads as f64),
            series("watched folders", &|sample| sample.watches as f64),
            series("question p50, ms", &|sample| ms(sample.asked.at(0.5))),
            series("question p99, ms", &|sample| ms(sample.asked.at(0.99))),
            series("save → found, ms", &|sample| ms(sample.saved.at(1.0))),
            series("load of the machine", &|sample| sample.load),
        ]
    }
}
