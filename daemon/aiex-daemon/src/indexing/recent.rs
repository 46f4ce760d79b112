//! Where requests came from a moment ago, and which root their place was found to lie under.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Somebody who asks again so soon has not made or moved a repository in between. To find out takes a walk up to the root
/// on another thread: longer than an answer that is remembered.
const MOMENT: Duration = Duration::from_secs(1);
/// Places at most: one for each folder that somebody types in.
const MAX_PLACES: usize = 64;

/// The places, and when they were looked up.
#[derive(Default)]
pub(crate) struct Recent(Mutex<HashMap<PathBuf, (PathBuf, Instant)>>);

impl Recent {
    /// Notes that `place` lies under `root`.
    pub(crate) fn note(&self, place: &Path, root: &Path) {
        let now = Instant::now();
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MAX_PLACES {
            places.retain(|_, (_, at)| now.duration_since(*at) < MOMENT);
        }
        if places.len() < MAX_PLACES {
            places.insert(place.to_owned(), (root.to_owned(), now));
        }
    }

    /// The root that `place` was found under, if that was a moment ago.
    pub(crate) fn root_of(&self, place: &Path) -> Option<PathBuf> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (root, at) = places.get(place)?;
        (at.elapsed() < MOMENT).then(|| root.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_for_a_moment_and_places_do_not_pile_up() {
        let recent = Recent::default();
        let root = Path::new("/work");
        for number in 0..2 * MAX_PLACES {
            recent.note(&root.join(number.to_string()), root);
        }
        assert_eq!(recent.root_of(&root.join("0")).as_deref(), Some(root));
        assert_eq!(recent.root_of(Path::new("/elsewhere")), None);
        let past = Instant::now().checked_sub(MOMENT).unwrap();
        for (_, at) in recent.0.lock().unwrap().values_mut() {
            *at = past;
        }
        assert_eq!(recent.root_of(&root.join("0")), None);
        recent.note(&root.join("new"), root);
        assert_eq!(recent.0.lock().unwrap().len(), 1);
    }
}
