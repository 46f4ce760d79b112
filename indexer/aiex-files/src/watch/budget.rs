//! Watches are a resource of the whole machine: other programs of the user need them too. What may be held is shared
//! out fairly: a root has what it wants, or as much as every other root that wants more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

/// A quarter of what the user may have.
const SHARE: usize = 4;

/// More watches than this cost more kernel memory (about a kilobyte each, never swapped) than polling costs time.
const MOST: usize = 65_536;

/// The kernel's limit before Linux 5.11, for systems that do not tell.
const USUAL_LIMIT: usize = 8_192;

/// How many watches all roots together may hold.
#[derive(Debug)]
pub struct WatchBudget {
    limit: usize,
    claims: Mutex<Claims>,
}

#[derive(Debug, Default)]
struct Claims {
    next: u64,
    of: BTreeMap<u64, Claim>,
}

#[derive(Debug)]
struct Claim {
    held: usize,
    wanted: usize,
    /// Tells the root that it may have more, or has too many.
    wake: Sender<()>,
}

impl WatchBudget {
    /// A budget of that many watches.
    pub fn new(limit: usize) -> WatchBudget {
        WatchBudget {
            limit,
            claims: Mutex::default(),
        }
    }

    /// A quarter of the user's limit on this machine, 65,536 at most.
    pub fn system() -> WatchBudget {
        let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok();
        let limit = limit
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(USUAL_LIMIT);
        WatchBudget::new((limit / SHARE).min(MOST))
    }

    /// The most watches.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The watches held now.
    pub fn used(&self) -> usize {
        self.claims().held()
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claims {
    fn held(&self) -> usize {
        self.of.values().map(|claim| claim.held).sum()
    }

    /// What each root may hold: the small ones what they want, the others the rest in equal parts.
    fn allowances(&self, limit: usize) -> BTreeMap<u64, usize> {
        let mut claims: Vec<(usize, u64)> = self.of.iter().map(|(id, claim)| (claim.wanted, *id)).collect();
        claims.sort_unstable();
        let (mut left, mut roots) = (limit, claims.len());
        let mut allowances = BTreeMap::new();
        for (wanted, id) in claims {
            let allowed = wanted.min(left / roots.max(1));
            left -= allowed;
            roots -= 1;
            allowances.insert(id, allowed);
        }
        allowances
    }

    /// Wakes the roots that hold more than they may, so that others get theirs, and those that may have more.
    fn wake(&self, limit: usize, but: u64) {
        let allowances = self.allowances(limit);
        let is_full = limit <= self.held();
        for (id, claim) in self.of.iter().filter(|(id, _)| **id != but) {
            let allowed = allowances.get(id).copied().unwrap_or_default();
            if allowed < claim.held || (!is_full && claim.held < allowed) {
                // Full: it is going to wake up already.
                let _full = claim.wake.try_send(());
            }
        }
    }
}

/// What one root has of the budget. Dropping it gives everything back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<WatchBudget>,
    id: u64,
}

impl Share {
    /// A share of nothing yet. Something is sent to `wake` when it may grow or has to shrink.
    pub(super) fn of(budget: Arc<WatchBudget>, wake: Sender<()>) -> Share {
        let mut claims = budget.claims();
        let id = claims.next;
        claims.next += 1;
        let (held, wanted) = (0, 0);
        claims.of.insert(id, Claim { held, wanted, wake });
        drop(claims);
        Share { budget, id }
    }

    /// Says how many watches the root would hold if it could.
    pub(super) fn want(&self, wanted: usize) {
        let mut claims = self.budget.claims();
        let Some(claim) = claims.of.get_mut(&self.id) else {
            return;
        };
        let before = std::mem::replace(&mut claim.wanted, wanted);
        if before != wanted {
            claims.wake(self.budget.limit, self.id);
        }
    }

    /// Takes one watch, if there is one left for this root. It may take up to what it wants while nobody else wants
    /// them.
    pub(super) fn take(&self) -> bool {
        let mut claims = self.budget.claims();
        let limit = self.budget.limit;
        let is_free = claims.held() < limit;
        let allowed = claims
            .allowances(limit)
            .get(&self.id)
            .copied()
            .unwrap_or_default();
        match claims.of.get_mut(&self.id) {
            Some(claim) if is_free && claim.held < allowed => claim.held += 1,
            _ => return false,
        }
        true
    }

    pub(super) fn give_back(&self, count: usize) {
        let mut claims = self.budget.claims();
        if let Some(claim) = claims.of.get_mut(&self.id) {
            claim.held = claim.held.saturating_sub(count);
            claims.wake(self.budget.limit, self.id);
        }
    }

    /// How many watches the root holds beyond what it may, or how many more it can have now.
    pub(super) fn room(&self) -> Room {
        let claims = self.budget.claims();
        let limit = self.budget.limit;
        let allowed = claims
            .allowances(limit)
            .get(&self.id)
            .copied()
            .unwrap_or_default();
        let held = claims.of.get(&self.id).map_or(0, |claim| claim.held);
        if allowed < held {
            Room::Short(held - allowed)
        } else {
            Room::Left((allowed - held).min(limit.saturating_sub(claims.held())))
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.budget.limit
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut claims = self.budget.claims();
        claims.of.remove(&self.id);
        claims.wake(self.budget.limit, self.id);
    }
}

/// How a root's watches compare with what it may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// So many are to be given back.
    Short(usize),
    /// So many more can be had now.
    Left(usize),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossbeam_channel::{Receiver, bounded};

    use super::{Room, Share, WatchBudget};

    fn share(budget: &Arc<WatchBudget>, wanted: usize) -> (Share, Receiver<()>) {
        let (wake, woken) = bounded(1);
        let share = Share::of(Arc::clone(budget), wake);
        share.want(wanted);
        (share, woken)
    }

    fn take_all(share: &Share) -> usize {
        std::iter::repeat_with(|| share.take())
            .take_while(|taken| *taken)
            .count()
    }

    #[test]
    fn no_more_is_given_than_there_is() {
        let budget = Arc::new(WatchBudget::new(2));
        let (root, _woken) = share(&budget, 5);
        assert!(root.take() && root.take() && !root.take());
        root.give_back(1);
        assert_eq!(budget.used(), 1);
        assert!(root.take());
        drop(root);
        assert_eq!(budget.used(), 0);
        assert!(WatchBudget::system().limit() <= 65_536);
    }

    #[test]
    fn a_large_root_makes_room_for_a_small_one() {
        let budget = Arc::new(WatchBudget::new(100));
        let (large, large_woken) = share(&budget, 1_000);
        assert_eq!(take_all(&large), 100);
        let (small, small_woken) = share(&budget, 10);
        assert_eq!(take_all(&small), 0);
        assert!(large_woken.try_recv().is_ok(), "the large root is told");
        assert_eq!(large.room(), Room::Short(10));
        large.give_back(10);
        assert!(small_woken.try_recv().is_ok(), "the small root is told");
        assert_eq!((take_all(&small), large.room()), (10, Room::Left(0)));
        assert_eq!(budget.used(), 100);
    }

    #[test]
    fn roots_that_want_too_much_have_equal_parts_and_what_small_ones_leave() {
        let budget = Arc::new(WatchBudget::new(100));
        let roots: Vec<_> = [900, 10, 500]
            .into_iter()
            .map(|wanted| share(&budget, wanted))
            .collect();
        let taken: Vec<usize> = roots.iter().map(|(root, _)| take_all(root)).collect();
        assert_eq!(taken, [45, 10, 45]);
        assert!(
            roots
                .iter()
                .all(|(_, woken)| woken.try_recv().is_err() || budget.used() == 100)
        );
    }

    #[test]
    fn what_a_root_leaves_others_may_have() {
        let budget = Arc::new(WatchBudget::new(10));
        let (first, _woken) = share(&budget, 10);
        assert_eq!(take_all(&first), 10);
        let (second, woken) = share(&budget, 10);
        drop(first);
        assert!(woken.try_recv().is_ok());
        assert_eq!(second.room(), Room::Left(10));
    }
}
