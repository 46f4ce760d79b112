//! Looks at the folders that are not watched, a few at a time, and moves watches to where things happen.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Worker;
use crate::relpath::RelPath;
use crate::stat::Stat;
use crate::watch::budget::Room;
use crate::watch::glance::{Last, glance, now_ns};
use crate::watch::source::WHOLE_TREES;
use crate::watch::{Mode, RescanReason};

/// How long folders are looked at before events have their turn.
const SLICE: Duration = Duration::from_millis(10);

/// How many times as long as it has looked the watcher rests: looking takes a fiftieth of a core at most.
const REST: u32 = 50;

/// While nothing changes the interval grows, up to so many times the one that is set.
const SLOWEST: u32 = 12;

/// Watches that are moved at once, before events have their turn.
const MOST_MOVED: usize = 512;

/// How long the budget may be out of balance: others may be about to want more, or to give more back.
const BALANCE_AFTER: Duration = Duration::from_millis(100);

/// The round over all polled folders.
pub(super) struct Round {
    /// When it began; none between rounds.
    began: Option<Instant>,
    /// The folder looked at last.
    after: Option<RelPath>,
    has_changed: bool,
    /// When the next look is due; none while there is nothing to look at.
    next: Option<Instant>,
    /// The rest after the last look ends then.
    rested: Instant,
    /// From the beginning of a round to that of the next.
    interval: Duration,
    /// How long it was from the last round to the next.
    lasted: Duration,
    /// The root and git's files, when not even they are watched.
    root: Last,
    git: GitFiles,
}

/// What is known of the files of git whose changes matter.
#[derive(PartialEq, Eq, Default)]
struct GitFiles {
    /// `HEAD` and `index`.
    head: [Option<Stat>; 2],
    exclude: Option<Stat>,
}

impl Round {
    pub(super) fn every(interval: Duration) -> Round {
        Round {
            began: None,
            after: None,
            has_changed: false,
            next: None,
            rested: Instant::now(),
            interval,
            lasted: Duration::ZERO,
            root: Last::never(now_ns()),
            git: GitFiles::default(),
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }
}

impl Worker {
    /// After the watches have changed: says how the root is watched, and sees to it that the rest is polled.
    pub(super) fn settle(&mut self) {
        if self.watches.is_partial() {
            let due = Instant::now() + self.round.interval;
            self.round.next.get_or_insert(due);
        } else {
            self.round = Round::every(self.options.poll_interval);
        }
        let watches = self.watches.held();
        self.set_mode(if self.watches.is_partial() {
            Mode::Polling {
                watches,
                folders: self.watches.folders.polled() + usize::from(!self.watches.is_started()),
                interval: self.round.interval.max(self.round.lasted),
                reason: self.watches.reason().to_owned(),
            }
        } else {
            Mode::Events { watches }
        });
    }

    /// What is polled is looked at more often again.
    pub(super) fn hurry(&mut self) {
        if self.watches.is_partial() {
            let interval = self.options.poll_interval;
            self.round.interval = interval;
            if self.round.began.is_none() {
                let soon = (Instant::now() + interval).max(self.round.rested);
                self.round.next = Some(self.round.next.map_or(soon, |next| next.min(soon)));
            }
            self.balance_soon();
        }
    }

    pub(super) fn balance_soon(&mut self) {
        self.balance_at.get_or_insert(Instant::now() + BALANCE_AFTER);
    }

    /// Looks at a few polled folders, if it is time.
    pub(super) fn poll(&mut self) {
        let now = Instant::now();
        if self.round.next.is_none_or(|next| now < next) {
            return;
        }
        if self.is_root_gone() {
            self.pending.root_gone(now);
            self.round.next = None;
            return;
        }
        let began = *self.round.began.get_or_insert(now);
        let is_over = self.look_at_some(now);
        if is_over {
            self.end_round();
        }
        self.round.rested = Instant::now() + now.elapsed() * REST;
        if !is_over {
            self.round.next = Some(self.round.rested);
        } else if self.watches.is_partial() {
            let next = self.round.rested.max(began + self.round.interval);
            self.round.next = Some(next);
            self.round.lasted = next - began;
            self.settle();
        }
    }

    /// Whether nothing is left to look at in this round.
    fn look_at_some(&mut self, now: Instant) -> bool {
        if self.round.after.is_none() && !self.watches.is_started() {
            self.look_at_top(now);
        }
        while now.elapsed() < SLICE {
            let Some((dir, last)) = self.watches.folders.next_polled(self.round.after.as_ref()) else {
                return true;
            };
            self.look(&dir, last, Instant::now());
            self.round.after = Some(dir);
        }
        false
    }

    fn end_round(&mut self) {
        let round = &mut self.round;
        (round.began, round.after) = (None, None);
        round.interval = if std::mem::take(&mut round.has_changed) {
            self.options.poll_interval
        } else {
            (round.interval * 2).min(self.options.poll_interval * SLOWEST)
        };
        self.balance();
    }

    /// Compares a polled folder with what it was.
    fn look(&mut self, dir: &RelPath, last: Last, now: Instant) {
        let seen = match glance(&self.root, &self.rules, Some(dir), last) {
            Ok(seen) => seen,
            Err(error) => {
                if is_gone(&error) {
                    self.watches.forget(dir);
                    self.pending.changed(dir.clone(), now);
                    self.round.has_changed = true;
                }
                return;
            }
        };
        self.watches.folders.set_seen(dir, seen.last);
        if seen.is_changed {
            self.pending.changed(dir.clone(), now);
            self.watches.folders.touch(dir);
            self.round.has_changed = true;
        }
        self.look_into(seen.folders, now);
        if seen.is_ruled {
            self.round.has_changed = true;
            self.on_rules(now);
        }
    }

    /// Folders that are in a polled one: those that nobody knew are taken in.
    fn look_into(&mut self, folders: Vec<RelPath>, now: Instant) {
        for dir in folders {
            if !self.watches.folders.is_known(&dir) {
                self.on_dir(dir, now);
            }
        }
    }

    fn git_files(&self) -> GitFiles {
        let stat = |dir: Option<&Path>, name: &str| {
            let found = dir?.join(name).symlink_metadata();
            found.ok().map(|metadata| Stat::of(&metadata))
        };
        let git_dir = self.root.git_dir.as_deref();
        GitFiles {
            head: ["HEAD", "index"].map(|name| stat(git_dir, name)),
            exclude: stat(self.info.as_deref(), "exclude"),
        }
    }

    /// Begins to look at everything: nothing is watched any more, or not yet.
    pub(super) fn poll_all(&mut self) {
        self.round = Round::every(self.options.poll_interval);
        self.round.git = self.git_files();
    }

    /// The root and git's files, which are watched unless nothing is.
    fn look_at_top(&mut self, now: Instant) {
        let git = self.git_files();
        let before = std::mem::replace(&mut self.round.git, git);
        let is_excluding = before.exclude != self.round.git.exclude;
        if before.head != self.round.git.head {
            self.round.has_changed = true;
            self.pending.rescan(RescanReason::GitChanged, now);
        }
        // A root that goes at this moment is noticed by the next look at it.
        let Ok(seen) = glance(&self.root, &self.rules, None, self.round.root) else {
            return;
        };
        self.round.root = seen.last;
        if seen.is_changed {
            self.round.has_changed = true;
            self.pending.rescan(RescanReason::Poll, now);
        }
        self.look_into(seen.folders, now);
        if seen.is_ruled || is_excluding {
            self.round.has_changed = true;
            self.on_rules(now);
        }
    }

    /// Gives back watches that are due to other roots, or takes those that can be had; then moves some from where
    /// nothing has happened for long to where something has.
    pub(super) fn balance(&mut self) {
        let now = Instant::now();
        self.balance_at = None;
        if !self.watches.is_started() {
            if !self.start_source(|| {}) {
                return self.settle();
            }
            self.look_at_top(now);
            if WHOLE_TREES {
                // What was known folder by folder is heard of from now on, and was not looked at until now.
                self.pending.rescan(RescanReason::WatchLost, now);
            }
        }
        let moved = match self.watches.room() {
            Room::Short(over) => {
                let least = self.watches.folders.least(over.min(MOST_MOVED));
                least.iter().for_each(|dir| self.give_up(dir, now));
                least.len()
            }
            Room::Left(room) => match self.take_more(room.min(MOST_MOVED), now) {
                0 => self.swap(now),
                taken => taken,
            },
        };
        if moved == MOST_MOVED {
            self.balance_soon();
        }
        self.settle();
    }

    fn take_more(&mut self, room: usize, now: Instant) -> usize {
        if room == 0 || self.watches.folders.polled() == 0 {
            return 0;
        }
        let best = self.watches.folders.best(room);
        best.iter().take_while(|dir| self.watch(dir, now)).count()
    }

    fn swap(&mut self, now: Instant) -> usize {
        let swaps = self.watches.folders.swaps(MOST_MOVED);
        for (least, best) in &swaps {
            self.give_up(least, now);
            self.watch(best, now);
        }
        swaps.len()
    }

    /// What was heard of the folder just before may have been lost with its watch.
    fn give_up(&mut self, dir: &RelPath, now: Instant) {
        self.watches.demote(dir);
        self.pending.changed(dir.clone(), now);
    }

    /// Watches a folder and looks at it once more: something may have happened since it was looked at last. Whether
    /// there are watches to be had.
    fn watch(&mut self, dir: &RelPath, now: Instant) -> bool {
        let last = self.watches.folders.last(dir);
        let is_had = self.watches.promote(dir);
        if let Some(last) = last
            && self.watches.folders.is_watched(dir)
        {
            self.look(dir, last, now);
        }
        is_had
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}
