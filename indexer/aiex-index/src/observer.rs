//! How an update tells what it does, and is told to stop.

/// What an update is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Listing files and comparing them with the catalogue.
    Scanning,
    /// Reading, chunking, writing full text; the unit is a file.
    Indexing,
    /// Filling in vectors; the unit is a chunk.
    Embedding,
}

/// How far a phase is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Which phase.
    pub phase: Phase,
    /// Units done.
    pub done: u64,
    /// Units known to be in the phase; grows while scanning.
    pub total: u64,
    /// Units a second since the phase began.
    pub rate: f32,
}

/// Watches an update. Called from several threads, often: an implementation must be quick.
pub trait Observer: Sync {
    /// Units were done.
    fn progress(&self, progress: Progress);

    /// A new generation can be searched.
    fn published(&self, generation: u64);

    /// Whether to stop now. The work done since the last published generation is lost, no more.
    fn is_cancelled(&self) -> bool;

    /// A thread that was started for this update alone is about to read a file: it may give way to others from here on.
    fn reading(&self) {}

    /// Whether long work that nobody waits for is better done another time.
    fn spares_power(&self) -> bool {
        false
    }
}

/// An observer that says nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: Progress) {}
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
