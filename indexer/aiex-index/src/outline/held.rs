//! The outlines that were asked for lately, in memory: of all repositories together no more than a number of bytes.
//!
//! Second chance, as pages are replaced in memory: what was asked for since it was last looked at stays for another
//! round.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwapOption;

use super::Outline;

/// Where a file keeps its outline while it is in memory.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    outline: ArcSwapOption<Outline>,
    was_asked_for: AtomicBool,
}

impl Slot {
    /// The outline, if it is in memory.
    pub(crate) fn get(&self) -> Option<Arc<Outline>> {
        let outline = self.outline.load_full()?;
        // Read first: it is written by every search otherwise.
        if !self.was_asked_for.load(Ordering::Relaxed) {
            self.was_asked_for.store(true, Ordering::Relaxed);
        }
        Some(outline)
    }
}

/// What keeps outlines in memory.
#[derive(Debug)]
pub(crate) struct Held {
    limit: usize,
    ring: Mutex<Ring>,
}

/// The filled slots, oldest first, with the bytes of each. A slot that is gone counts until its turn comes.
#[derive(Debug, Default)]
struct Ring {
    slots: VecDeque<(Weak<Slot>, usize)>,
    bytes: usize,
}

impl Held {
    /// Keeps no more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            ring: Mutex::default(),
        }
    }

    /// Puts an outline into its slot, unless one is there, and gives back the one that is there.
    pub(crate) fn keep(&self, slot: &Arc<Slot>, outline: Arc<Outline>) -> Arc<Outline> {
        let mut ring = self.ring();
        if let Some(there) = slot.get() {
            return there;
        }
        let bytes = outline.bytes();
        slot.outline.store(Some(outline.clone()));
        ring.slots.push_back((Arc::downgrade(slot), bytes));
        ring.bytes += bytes;
        while self.limit < ring.bytes
            && let Some((oldest, bytes)) = ring.slots.pop_front()
        {
            match oldest.upgrade() {
                Some(slot) if slot.was_asked_for.swap(false, Ordering::Relaxed) => {
                    ring.slots.push_back((oldest, bytes));
                }
                other => {
                    if let Some(slot) = other {
                        slot.outline.store(None);
                    }
                    ring.bytes -= bytes;
                }
            }
        }
        outline
    }

    /// Lets go of all outlines.
    pub(crate) fn clear(&self) {
        let mut ring = self.ring();
        for (slot, _) in ring.slots.drain(..) {
            if let Some(slot) = slot.upgrade() {
                slot.outline.store(None);
            }
        }
        ring.bytes = 0;
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_nobody_asked_for_makes_room() {
        let one = Outline::default().bytes();
        let held = Held::new(2 * one);
        let slots: Vec<Arc<Slot>> = (0..4).map(|_| Arc::default()).collect();
        held.keep(&slots[0], Arc::default());
        held.keep(&slots[1], Arc::default());
        assert!(slots[0].get().is_some());
        held.keep(&slots[2], Arc::default());
        let is_held = |at: usize| slots[at].outline.load().is_some();
        assert_eq!([0, 1, 2].map(is_held), [true, false, true]);
        // It has had its second chance.
        held.keep(&slots[3], Arc::default());
        assert_eq!([0, 2, 3].map(is_held), [true, false, true]);
        held.clear();
        assert_eq!([0, 1, 2, 3].map(is_held), [false; 4]);
        assert_eq!(held.ring().bytes, 0);
    }

    #[test]
    fn a_slot_that_is_gone_gives_its_room_back() {
        let held = Held::new(3 * Outline::default().bytes());
        for _ in 0..100 {
            held.keep(&Arc::default(), Arc::default());
        }
        assert!(held.ring().slots.len() <= 3);
    }

    #[test]
    fn a_slot_is_filled_once() {
        let held = Held::new(1 << 20);
        let slot = Arc::default();
        let first = held.keep(&slot, Arc::default());
        assert!(Arc::ptr_eq(&first, &held.keep(&slot, Arc::default())));
        assert_eq!(held.ring().slots.len(), 1);
    }
}
