//! What changed lately, so that a value made before a change is not kept after it.
//!
//! A computation or a read from disk takes a [`Moment`] before it begins. If something that it depends on has changed
//! since, its value is already wrong when it comes.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::Dependency;

/// Changes that are remembered. A value older than all of them counts as touched.
const REMEMBERED: usize = 4096;

/// A point in the order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// What a change was.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Touched(Dependency),
    /// Everything was cleared.
    Cleared,
}

#[derive(Debug, Default)]
struct Log {
    next: u64,
    changes: VecDeque<(u64, Change)>,
}

/// The changes, in order.
#[derive(Debug, Default)]
pub(crate) struct Invalidations {
    log: Mutex<Log>,
}

impl Invalidations {
    pub(crate) fn now(&self) -> Moment {
        Moment(self.locked(|log| log.next))
    }

    pub(crate) fn record(&self, change: Change) {
        self.locked(|log| {
            let at = log.next;
            log.next += 1;
            log.changes.push_back((at, change));
            if log.changes.len() > REMEMBERED {
                log.changes.pop_front();
            }
        });
    }

    /// Whether something that `dependencies` name has changed since.
    pub(crate) fn touched_since(&self, since: Moment, dependencies: &[Dependency]) -> bool {
        self.locked(|log| {
            let forgotten = log.changes.front().map_or(log.next, |(oldest, _)| *oldest);
            if since.0 < forgotten {
                return true;
            }
            log.changes
                .iter()
                .rev()
                .take_while(|(at, _)| *at >= since.0)
                .any(|(_, change)| match change {
                    Change::Cleared => true,
                    Change::Touched(changed) => dependencies
                        .iter()
                        .any(|dependency| dependency.is_touched_by(changed)),
                })
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Log) -> T) -> T {
        // The log is whole after every step, also when a thread died holding it.
        work(&mut self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_after_the_moment_and_of_the_dependencies_count() {
        let file = |path: &str| Dependency::File {
            root: "/r".into(),
            path: path.into(),
        };
        let invalidations = Invalidations::default();
        invalidations.record(Change::Touched(file("a")));
        let moment = invalidations.now();
        assert!(!invalidations.touched_since(moment, &[file("a")]));
        invalidations.record(Change::Touched(file("b")));
        assert!(!invalidations.touched_since(moment, &[file("a")]));
        assert!(invalidations.touched_since(moment, &[file("a"), file("b")]));
        assert!(invalidations.touched_since(moment, &[Dependency::Tree { root: "/r".into() }]));
        for _ in 0..REMEMBERED + 1 {
            invalidations.record(Change::Touched(file("c")));
        }
        assert!(
            invalidations.touched_since(moment, &[]),
            "what is forgotten counts as changed"
        );
    }
}
