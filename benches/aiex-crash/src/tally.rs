//! What a run did and saw, and the row that tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::comparison::Room;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    /// Other blows, by name.
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) checks: u64,
    pub(crate) changes: u64,
    pub(crate) commands: u64,
    /// Commands that failed while something stood in their way, and said why.
    pub(crate) excused: u64,
    /// Stores that were built anew, because what could not be written or opened looked like damage.
    pub(crate) rebuilt: u64,
    /// From the start of the first command after the end of a daemon to the end of its answer.
    pub(crate) restarts: Vec<Duration>,
    /// The most room that the index took, and how often that of a fresh one.
    pub(crate) most_own: f64,
    pub(crate) most_shared: u64,
    pub(crate) kept: Kept,
    pub(crate) agreement: Agreement,
}

/// How often the first ten places of a ranked answer are the same.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Agreement {
    pub(crate) asked: u64,
    pub(crate) alike: u64,
}

impl Agreement {
    pub(crate) fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.alike += other.alike;
    }
}

/// What was acknowledged and is still there.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) bookmarks: usize,
    pub(crate) searches: usize,
    pub(crate) reports: usize,
}

impl Tally {
    pub(crate) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    pub(crate) fn room(&mut self, old: Room, fresh: Room) {
        self.most_own = self.most_own.max(old.own as f64 / fresh.own.max(1) as f64);
        self.most_shared = self.most_shared.max(old.shared);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.kills += other.kills;
        for (name, count) in other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        self.checks += other.checks;
        self.changes += other.changes;
        self.commands += other.commands;
        self.excused += other.excused;
        self.rebuilt += other.rebuilt;
        self.restarts.extend(other.restarts);
        self.most_own = self.most_own.max(other.most_own);
        self.most_shared = self.most_shared.max(other.most_shared);
        self.agreement.add(other.agreement);
        self.kept.bookmarks += other.kept.bookmarks;
        self.kept.searches += other.kept.searches;
        self.kept.reports += other.kept.reports;
    }

    /// `| kills | … |` as `benches/RESULTS.md` keeps it.
    pub(crate) fn row(mut self, wall: Duration) -> String {
        self.restarts.sort();
        let middle = self.restarts.get(self.restarts.len() / 2).copied();
        let ms = |time: Option<Duration>| time.unwrap_or_default().as_millis();
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        format!(
            "| kills | other faults (stores rebuilt for them) | checks | changes, commands (excused) | kept: bookmarks, searches, reports | \
             first ten alike | restart → first answer | own stores, shared contents | wall |\n|---|---|---|---|---|---|---|---|---|\n\
             | {} | {} ({}) | {} | {}, {} ({}) | {}, {}, {} | {} of {} | p50 {} ms, max {} ms (n = {}) | ≤ {:.2} × fresh, ≤ {:.1} MB | {:.0} s |",
            self.kills,
            faults.join(", "),
            self.rebuilt,
            self.checks,
            self.changes,
            self.commands,
            self.excused,
            self.kept.bookmarks,
            self.kept.searches,
            self.kept.reports,
            self.agreement.alike,
            self.agreement.asked,
            ms(middle),
            ms(self.restarts.last().copied()),
            self.restarts.len(),
            self.most_own,
            self.most_shared as f64 / 1e6,
            wall.as_secs_f64()
        )
    }
}
