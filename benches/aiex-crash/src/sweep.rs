//! Every operation on the daemon's files goes wrong once, one after the other.
//!
//! The same few things are done again and again, and each time the fault falls one operation later, until the things are
//! done before it falls.

use rustix::io::Errno;

use crate::fault::{Effect, Fault, Kinds};
use crate::tree::Change;
use crate::workload::{Blow, Cycle, Step, Task};

/// In this order, each while the daemon starts and while it works.
const EFFECTS: [Effect; 4] = [
    Effect::EndsBefore,
    Effect::EndsMidway,
    Effect::Fails(Errno::IO),
    Effect::Fails(Errno::NOSPC),
];
/// How many operations do not always come, since they depend on what else the daemon does at the time: a fault that has
/// not fallen that often has passed the last one.
const MISSES: u32 = 3;

/// Where a sweep stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweep {
    /// The first operation to be hit, and the distance to the next.
    pub(crate) first: u64,
    pub(crate) every: u64,
    round: usize,
    turn: u64,
    misses: u32,
}

impl Sweep {
    pub(crate) fn new(first: u64, every: u64) -> Self {
        Self {
            first,
            every,
            round: 0,
            turn: 0,
            misses: 0,
        }
    }

    /// What is done next.
    pub(crate) fn next(&mut self) -> Option<Cycle> {
        let effect = *EFFECTS.get(self.round / 2)?;
        let fault = Fault {
            effect,
            kinds: Kinds::Changes,
            skip: self.first + self.turn * self.every,
            // Room that is wanting does not come back at once.
            lasts: effect == Effect::Fails(Errno::NOSPC),
        };
        self.turn += 1;
        Some(Cycle {
            before: vec![Change::Insert],
            opening: Task::Search,
            is_early: self.round.is_multiple_of(2),
            steps: vec![
                Step::Ask(Task::AddBookmark),
                Step::Files(Change::SaveByRename),
                Step::Files(Change::Create),
                Step::Ask(Task::SearchFresh),
                Step::Ask(Task::RemoveBookmark),
                Step::Ask(Task::History),
            ],
            in_flight: None,
            blow: Blow::Fault(fault),
        })
    }

    /// Whether the last fault fell.
    pub(crate) fn tell(&mut self, has_fallen: bool) {
        self.misses = if has_fallen { 0 } else { self.misses + 1 };
        if self.misses >= MISSES {
            *self = Self {
                round: self.round + 1,
                ..Self::new(self.first, self.every)
            };
        }
    }
}
