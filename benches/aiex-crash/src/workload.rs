//! What is done between two blows, and which blow it is: drawn from the seed alone, never from what came of it.

use std::time::Duration;

use fastrand::Rng;
use rustix::io::Errno;

use crate::fault::{Effect, Fault, Kinds};
use crate::tree::Change;

/// One go: from a daemon that is gone to the next end of it.
#[derive(Debug)]
pub(crate) struct Cycle {
    /// Done to the files while no daemon runs.
    pub(crate) before: Vec<Change>,
    /// The command that starts the daemon.
    pub(crate) opening: Task,
    /// Whether the blow falls during the start.
    pub(crate) is_early: bool,
    pub(crate) steps: Vec<Step>,
    /// A command that is on its way when the blow falls.
    pub(crate) in_flight: Option<Task>,
    pub(crate) blow: Blow,
}

#[derive(Debug)]
pub(crate) enum Step {
    Files(Change),
    Ask(Task),
}

/// What a user asks the daemon for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Search,
    SearchFresh,
    Literal,
    Regex,
    Symbols,
    Outline,
    AddBookmark,
    RemoveBookmark,
    History,
    Research,
    Reindex,
    Status,
}

/// What is done to the daemon. All but the first are healed by an end of the daemon and a new start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The system's last resort, at an instant.
    Kill(Aim),
    /// It is asked to go.
    Terminate(Duration),
    /// It stands still for a while, and files change meanwhile.
    Freeze(Duration),
    /// It stands still until the system has dropped events of its watches, and files change meanwhile.
    Overflow,
    /// What it writes beyond so many bytes of a file fails, as on a full disk.
    WritesFail(u64),
    /// What it writes beyond so many bytes of a file ends it, in the midst of the write.
    WriteKills(u64),
    /// It can open no more than so many further files.
    NoFiles(u64),
    /// An operation on its files goes wrong, or all do from one on.
    Fault(Fault),
    /// All operations on its files take so much longer; it must answer as ever.
    Slow(Fault),
    /// Its clock is wrong by so many seconds; it must answer as ever.
    Clock(i64),
}

/// When to strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// So long after the last step.
    After(Duration),
    /// When so many bytes more have been written, and a moment; 300 ms after the last step at the latest.
    AtWrite { bytes: u64, then: Duration },
}

impl Cycle {
    /// The cycle of this number.
    pub(crate) fn draw(seed: u64, number: u64) -> Self {
        let mut rng = rng(seed, number);
        let rng = &mut rng;
        let blow = blow(rng);
        Self {
            before: (0..rng.usize(0..3)).map(|_| change(rng)).collect(),
            opening: opening(rng),
            is_early: matches!(blow, Blow::Kill(_) | Blow::Fault(_)) && rng.u8(0..100) < 20,
            steps: (0..rng.usize(1..4)).map(|_| step(rng)).collect(),
            in_flight: (rng.u8(0..100) < 30).then(|| task(rng)),
            blow,
        }
    }
}

/// The source of chance for the cycle of this number: no cycle depends on how much of it another used.
pub(crate) fn rng(seed: u64, number: u64) -> Rng {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
    Rng::with_seed(mixed)
}

/// One of several, by weight.
fn by_weight<T: Copy>(choices: &[(u32, T)], rng: &mut Rng) -> T {
    let sum = choices.iter().map(|(weight, _)| weight).sum();
    let mut left = rng.u32(0..sum);
    for (weight, choice) in choices {
        if left < *weight {
            return *choice;
        }
        left -= weight;
    }
    choices[0].1
}

fn change(rng: &mut Rng) -> Change {
    let choices = [
        (20, Change::Insert),
        (10, Change::DeleteLines),
        (10, Change::ReplaceLines),
        (8, Change::SameSize),
        (8, Change::Create),
        (8, Change::Delete),
        (6, Change::Rename),
        (3, Change::RenameFolder),
        (10, Change::SaveByRename),
        (6, Change::Truncate),
        (6, Change::Switch),
        (5, Change::Burst),
    ];
    by_weight(&choices, rng)
}

fn step(rng: &mut Rng) -> Step {
    if rng.u8(0..100) < 65 {
        Step::Files(change(rng))
    } else {
        Step::Ask(task(rng))
    }
}

fn task(rng: &mut Rng) -> Task {
    let choices = [
        (20, Task::Search),
        (10, Task::SearchFresh),
        (10, Task::Literal),
        (10, Task::Regex),
        (8, Task::Symbols),
        (8, Task::Outline),
        (14, Task::AddBookmark),
        (6, Task::RemoveBookmark),
        (6, Task::History),
        (5, Task::Research),
        (1, Task::Reindex),
        (2, Task::Status),
    ];
    by_weight(&choices, rng)
}

/// What a start is measured by: something that needs the index.
fn opening(rng: &mut Rng) -> Task {
    let choices = [
        (4, Task::Search),
        (2, Task::Literal),
        (1, Task::Symbols),
        (1, Task::Outline),
    ];
    by_weight(&choices, rng)
}

fn blow(rng: &mut Rng) -> Blow {
    match rng.u8(0..100) {
        0..70 => Blow::Kill(aim(rng)),
        70..84 => Blow::Fault(fault(rng)),
        84..86 => Blow::Slow(Fault {
            effect: Effect::Slow(Duration::from_millis(rng.u64(1..8))),
            kinds: Kinds::Changes,
            skip: 0,
            lasts: true,
        }),
        86..88 => Blow::Clock(clock(rng)),
        88..91 => Blow::Terminate(Duration::from_millis(rng.u64(0..150))),
        91 => Blow::Overflow,
        92 => Blow::Freeze(Duration::from_millis(rng.u64(500..2_500))),
        93..95 => Blow::WritesFail(limit(rng)),
        95..98 => Blow::WriteKills(limit(rng)),
        _ => Blow::NoFiles(rng.u64(0..8)),
    }
}

/// Half of the faults end the daemon at an operation; of the others most hit one operation, as a bad block does.
fn fault(rng: &mut Rng) -> Fault {
    let effects = [
        (4, Effect::EndsBefore),
        (4, Effect::EndsMidway),
        (4, Effect::Fails(Errno::IO)),
        (3, Effect::Fails(Errno::NOSPC)),
        (1, Effect::Fails(Errno::ACCESS)),
    ];
    let kinds = [
        (8, Kinds::Changes),
        (2, Kinds::Writes),
        (3, Kinds::Syncs),
        (3, Kinds::Renames),
        (2, Kinds::Truncations),
        (2, Kinds::Reads),
    ];
    let effect = by_weight(&effects, rng);
    let below = rng.choice([1, 8, 64, 512]).unwrap_or(1);
    Fault {
        effect,
        kinds: by_weight(&kinds, rng),
        skip: rng.u64(0..below),
        lasts: !effect.is_end() && rng.u8(0..3) == 0,
    }
}

/// A clock that is set a little, by an hour, by years: back or ahead.
fn clock(rng: &mut Rng) -> i64 {
    let most = rng.choice([10, 2 * 3_600, 5 * 365 * 86_400]).unwrap_or(10);
    rng.i64(-most..=most)
}

/// Bytes of a file beyond which nothing can be written: nothing at all, as in a log, as in a store.
fn limit(rng: &mut Rng) -> u64 {
    let below = rng.choice([1, 1 << 12, 1 << 17, 1 << 21]).unwrap_or(1);
    rng.u64(0..below)
}

/// Half of the blows fall when something is being written. Of the others, most fall behind the 40 ms for which a change
/// has to be quiet before it is indexed.
fn aim(rng: &mut Rng) -> Aim {
    let ms = |range: std::ops::Range<u64>, rng: &mut Rng| Duration::from_millis(rng.u64(range));
    match rng.u8(0..10) {
        0..5 => Aim::AtWrite {
            bytes: 1 << rng.u32(6..19),
            then: Duration::from_micros(rng.u64(0..4_000)),
        },
        5..8 => Aim::After(ms(40..130, rng)),
        8 => Aim::After(ms(0..40, rng)),
        _ => Aim::After(ms(130..300, rng)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_a_function_of_the_seed_and_its_number() {
        let shown = |seed, number| format!("{:?}", Cycle::draw(seed, number));
        assert_eq!(shown(7, 100), shown(7, 100));
        assert_ne!(shown(7, 100), shown(7, 101));
        assert_ne!(shown(7, 100), shown(8, 100));
    }

    #[test]
    fn every_change_task_and_blow_is_drawn() {
        let all: String = (0..4_000)
            .map(|number| format!("{:?}", Cycle::draw(1, number)))
            .collect();
        for word in [
            "Switch",
            "Burst",
            "RenameFolder",
            "SameSize",
            "Truncate",
            "SaveByRename",
            "Research",
            "Reindex",
            "RemoveBookmark",
            "History",
            "Terminate",
            "Freeze",
            "Overflow",
            "WritesFail",
            "WriteKills",
            "NoFiles",
            "AtWrite",
            "EndsBefore",
            "EndsMidway",
            "Fails(Os { code: 5,",
            "Syncs",
            "Reads",
            "lasts: true",
            "Slow",
            "Clock(-",
            "is_early: true",
        ] {
            assert!(all.contains(word), "{word} is never drawn");
        }
    }
}
