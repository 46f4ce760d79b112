//! What a worker has to do: a set, so that a thousand events of one file are one piece of work.

use std::collections::BTreeSet;

use aiex_files::RelPath;
use crossbeam_channel::Sender;

/// More paths than this are cheaper to find by a scan.
const MAX_PATHS: usize = 4096;

/// What a worker is told by requests.
#[derive(Debug)]
pub(super) enum Command {
    /// Answer when everything reported until now is in the index; `scan` when reports are not to be
    /// trusted. A dropped answer means that it will not be.
    Fence {
        /// Where to answer.
        reply: Sender<()>,
        /// Whether to look at the whole tree.
        scan: bool,
    },
    /// Drop the index and build it anew.
    Rebuild,
    /// Look at what is to be done.
    Wake,
    /// Fill in vectors now: what kept the embedder from it may be mended.
    Embed,
}

/// The work that is due.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) rebuild: bool,
    pub(super) everything: bool,
    pub(super) paths: BTreeSet<RelPath>,
    pub(super) vectors: bool,
    fences: Vec<Sender<()>>,
}

impl Due {
    /// The first work of a life: look at everything.
    pub(super) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Adds what a request asks for.
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Fence { reply, scan } => {
                self.everything |= scan;
                self.fences.push(reply);
            }
            Command::Rebuild => self.rebuild = true,
            Command::Wake => {}
            Command::Embed => self.vectors = true,
        }
    }

    /// Adds paths that may have changed.
    pub(super) fn changed(&mut self, paths: BTreeSet<RelPath>) {
        if self.paths.is_empty() {
            self.paths = paths;
        } else {
            self.paths.extend(paths);
        }
        if self.paths.len() > MAX_PATHS {
            self.everything = true;
        }
    }

    /// Whether the index has to be updated.
    pub(super) fn is_update(&self) -> bool {
        self.rebuild || self.everything || !self.paths.is_empty()
    }

    /// Whether a request waits for the update.
    pub(super) fn is_awaited(&self) -> bool {
        !self.fences.is_empty()
    }

    /// The update is done: answers those who wait and starts anew.
    pub(super) fn done(&mut self) {
        for fence in std::mem::take(self).fences {
            // Who gave up waiting needs no answer.
            let _ = fence.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> RelPath {
        RelPath::from_bytes(name).unwrap()
    }

    #[test]
    fn many_events_of_one_file_are_one_piece_of_work() {
        let mut due = Due::default();
        assert!(!due.is_update());
        for _ in 0..10_000 {
            due.changed(BTreeSet::from([path("a.rs")]));
        }
        assert_eq!(due.paths.len(), 1);
        assert!(!due.everything);
        due.changed((0..=MAX_PATHS).map(|number| path(&number.to_string())).collect());
        assert!(due.everything);
    }

    #[test]
    fn those_who_wait_are_answered_when_it_is_done_and_let_go_when_it_fails() {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let mut due = Due::default();
        due.command(Command::Fence { reply, scan: true });
        assert!(due.is_update() && due.is_awaited());
        due.done();
        assert_eq!(answer.recv(), Ok(()));
        assert!(!due.is_update() && !due.is_awaited());

        let (reply, answer) = crossbeam_channel::bounded(1);
        due.command(Command::Fence { reply, scan: false });
        drop(due);
        assert!(answer.recv().is_err());
    }
}
