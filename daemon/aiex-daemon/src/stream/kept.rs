//! The events that a stream still has. It knows which of them a reader can do without.

use std::collections::VecDeque;
use std::sync::Arc;

use aiex_protocol::Event;
use aiex_protocol::journal::RunEvent;

/// What a large event of a journal weighs, in bytes.
const ROOM: usize = 4 << 10;

#[derive(Debug)]
struct Entry {
    seq: u64,
    event: Arc<Event>,
    weight: usize,
}

/// Events in order, bounded by number and bytes.
#[derive(Debug)]
pub(super) struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl Kept {
    pub(super) fn new(max_events: usize, max_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_events: max_events.max(2),
            max_bytes,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds an event and drops what there is no room for, oldest first.
    pub(super) fn push(&mut self, seq: u64, event: Event) {
        let weight = weight(&event);
        self.bytes += weight;
        self.entries.push_back(Entry {
            seq,
            event: Arc::new(event),
            weight,
        });
        while self.entries.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(place) = self.first_droppable() else {
                return;
            };
            if let Some(entry) = self.entries.remove(place) {
                self.bytes -= entry.weight;
            }
        }
    }

    /// Whether an event of the usual size, and the last one behind it, fit in without pushing out one from this number on.
    pub(super) fn has_room_behind(&self, seq: u64) -> bool {
        if self.entries.len() + 1 < self.max_events && self.bytes + ROOM <= self.max_bytes {
            return true;
        }
        let unread = self.entries.partition_point(|entry| entry.seq < seq);
        let unread = self.entries.range(unread..);
        let count = unread.len();
        let bytes: usize = unread.map(|entry| entry.weight).sum();
        // One that is larger than all the room is told alone.
        count == 0 || (count + 1 < self.max_events && bytes + ROOM <= self.max_bytes)
    }

    /// The first event with this number or a higher one.
    pub(super) fn at_or_behind(&self, seq: u64) -> Option<(u64, Arc<Event>)> {
        let place = self.entries.partition_point(|entry| entry.seq < seq);
        self.entries
            .get(place)
            .map(|entry| (entry.seq, entry.event.clone()))
    }

    /// The oldest event that is not the latest state of something. The newest event stays in any case.
    fn first_droppable(&self) -> Option<usize> {
        let older = self.entries.len().checked_sub(1)?;
        let latest_hits = self
            .entries
            .iter()
            .rposition(|entry| matches!(*entry.event, Event::Hits(_)));
        let latest_found = self
            .entries
            .iter()
            .rposition(|entry| matches!(*entry.event, Event::Found(_)));
        (0..older).find(
            |place| match self.entries.get(*place).map(|entry| &*entry.event) {
                Some(Event::Hits(_)) => Some(*place) != latest_hits,
                Some(Event::Found(_)) => Some(*place) != latest_found,
                Some(
                    Event::Answer(_)
                    | Event::Outline(_)
                    | Event::Symbols(_)
                    | Event::Refs(_)
                    | Event::Pack(_)
                    | Event::Status(_)
                    | Event::Skipped(_)
                    | Event::Repos { .. }
                    | Event::Source(_)
                    | Event::Run(_)
                    | Event::Runs { .. }
                    | Event::RunView(_)
                    | Event::Estimate(_)
                    | Event::Document(_)
                    | Event::Graph(_)
                    | Event::Verification(_)
                    | Event::Templates { .. }
                    | Event::Cache(_)
                    | Event::CacheCleared(_)
                    | Event::Done { .. }
                    | Event::Error(_),
                ) => false,
                _ => true,
            },
        )
    }
}

/// About how many bytes an event takes.
fn weight(event: &Event) -> usize {
    /// Fields, allocations and the entry itself, for a small event.
    const BASE: usize = 128;
    BASE + match event {
        Event::Hits(hits) => hits
            .hits
            .iter()
            .map(|hit| 2 * BASE + hit.snippet.len() + hit.path.len() + hit.repo.len())
            .sum(),
        Event::AnswerDelta { text } => text.len(),
        Event::Answer(answer) => answer.text.len() + answer.citations.len() * BASE,
        Event::Notice { message } => message.len(),
        Event::Outline(report) => report
            .files
            .iter()
            .map(|file| BASE + file.symbols.len() * 2 * BASE)
            .sum(),
        Event::Symbols(report) => report.symbols.len() * 2 * BASE,
        Event::Refs(report) => report
            .definitions
            .iter()
            .chain(&report.uses)
            .map(|one| 2 * BASE + one.text.len() + one.path.len())
            .sum(),
        Event::Pack(report) => report
            .spans
            .iter()
            .map(|span| 2 * BASE + span.text.len() + span.path.len())
            .sum(),
        Event::Found(list) => list
            .found
            .iter()
            .map(|found| 2 * BASE + found.snippet.len() + found.title.len())
            .sum(),
        Event::RunEntry(entry) => match &entry.event {
            RunEvent::Quoted { text, .. } => BASE + text.len(),
            // Plans and questions are the largest of the others.
            _ => 4 * BASE,
        },
        Event::RunView(_) => 16 * BASE,
        Event::Templates { templates } => templates.len() * 2 * BASE,
        Event::Graph(view) => view
            .matches
            .iter()
            .map(|one| (1 + one.neighbours.len()) * 3 * BASE)
            .sum(),
        Event::Document(document) => document.text.len(),
        Event::Verification(verification) => verification.drifted.len() * 3 * BASE,
        Event::Runs { runs } => runs.len() * 2 * BASE,
        Event::Skipped(report) => report.files.len() * BASE,
        Event::Repos { repos } => repos.len() * 4 * BASE,
        Event::Status(status) => status.repos.len() * 4 * BASE + status.components.len() * BASE,
        _ => 0,
    }
}
