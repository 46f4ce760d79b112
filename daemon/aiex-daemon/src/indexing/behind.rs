//! Work behind everything else.

use std::cell::Cell;

/// What such a thread adds to its niceness: it gets about a tenth of a core while others want all of it, and all that they
/// leave.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Runs work that nobody waits for on a thread that gives way to whoever has something to do, this daemon's answers and the
/// user's compiler. A thread cannot go back to where it was, so it is one of its own; threads that it starts are like it.
pub(super) fn behind_others<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("aiex-behind".to_owned())
            .spawn_scoped(scope, || {
                give_way();
                work()
            });
        match thread.map(|thread| thread.join()) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => std::panic::panic_any(format!("no thread can be started: {error}")),
        }
    })
}

/// Makes the calling thread, which must be one that was started for this work alone, give way to others for the rest of its
/// life.
pub(super) fn give_way_from_here() {
    thread_local! {
        static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
    }
    if !GIVES_WAY.replace(true) {
        give_way();
    }
}

/// On Linux niceness is a thread's own; elsewhere it would be the whole daemon's.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        let own = rustix::thread::gettid();
        if let Err(error) = rustix::process::setpriority_process(Some(own), NICENESS) {
            tracing::debug!(%error, "background work is as urgent as any");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn niceness() -> i32 {
        rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap()
    }

    #[test]
    fn only_the_thread_of_the_work_and_those_that_it_starts_give_way() {
        let before = niceness();
        let (own, of_another) = behind_others(|| {
            (
                niceness(),
                std::thread::scope(|scope| scope.spawn(niceness).join().unwrap()),
            )
        });
        assert_eq!((own, of_another), (NICENESS, NICENESS));
        assert_eq!(niceness(), before);
    }

    #[test]
    fn a_thread_gives_way_in_the_middle_of_its_work() {
        let seen = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let before = niceness();
                give_way_from_here();
                give_way_from_here();
                (before, niceness())
            });
            thread.join().unwrap()
        });
        assert_eq!(seen, (niceness(), NICENESS));
    }

    #[test]
    #[should_panic(expected = "as it was")]
    fn a_panic_is_the_callers() {
        behind_others(|| panic!("as it was"));
    }
}
