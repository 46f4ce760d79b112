//! Where the vectors of a repository are kept: the one record of it, `vectors.json` in the repository's folder.
//!
//! Settings say where vectors of new repositories go; this says where those of this one are, where they are going, and
//! what is still to be deleted. Each change is one atomic rename, so a kill leaves the record of before or of after. It
//! outlives the catalogue: an index that is built anew keeps its place.

use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

const FILE: &str = "vectors.json";

/// A kind of place for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorPlace {
    /// The repository's folder on this machine.
    Local,
    /// The server that the settings name.
    Server,
}

/// A place with vectors, or for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Seat {
    /// `vectors/` in the repository's folder.
    Local,
    /// A collection on the server. Its name is used once: ids are those of one catalogue, and another's would be taken for
    /// them.
    Server {
        /// Its name.
        collection: String,
    },
}

impl Seat {
    pub(crate) fn place(&self) -> VectorPlace {
        match self {
            Self::Local => VectorPlace::Local,
            Self::Server { .. } => VectorPlace::Server,
        }
    }

    /// A new place. Names of collections begin with `prefix` and the repository's folder; what follows tells embedders,
    /// machines and attempts apart.
    pub(crate) fn new(place: VectorPlace, dir: &Path, prefix: &str, embedder: &str) -> Self {
        use std::hash::{BuildHasher as _, Hasher as _};
        match place {
            VectorPlace::Local => Self::Local,
            VectorPlace::Server => {
                // The standard library's source of randomness: keys of its maps, taken from the system.
                let random = std::hash::RandomState::new().build_hasher().finish();
                let told_apart = blake3::hash(format!("{embedder}\0{random}").as_bytes());
                let folder = dir
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                Self::Server {
                    collection: format!("{prefix}{folder}_{}", &told_apart.to_hex()[..8]),
                }
            }
        }
    }
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seating {
    /// Where they are; nothing once the repository is forgotten.
    pub(crate) now: Option<Seat>,
    /// Where they are being copied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moving_to: Option<Seat>,
    /// What is to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) leaving: Vec<Seat>,
}

impl Seating {
    pub(crate) fn at(seat: Seat) -> Self {
        Self {
            now: Some(seat),
            moving_to: None,
            leaving: Vec::new(),
        }
    }

    /// The record of a folder; nothing if there is none.
    pub(crate) fn read(dir: &Path) -> std::io::Result<Option<Self>> {
        match std::fs::read(dir.join(FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the record: temporary name, fsync, rename, fsync of the folder.
    pub(crate) fn write(&self, dir: &Path) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".vectors").tempfile_in(dir)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(dir.join(FILE)).map_err(|e| e.error)?;
        std::fs::File::open(dir)?.sync_all()
    }

    /// What is there is of no use any more: begins anew in places of the same kinds.
    pub(crate) fn begin_anew(&mut self, new: impl Fn(VectorPlace) -> Seat) {
        for seat in [&mut self.now, &mut self.moving_to].into_iter().flatten() {
            let fresh = new(seat.place());
            let old = std::mem::replace(seat, fresh);
            // A folder is emptied by who opens it.
            if old != Seat::Local {
                self.leaving.push(old);
            }
        }
    }

    /// Notes that the vectors shall be at `place`. Whether that changes anything.
    pub(crate) fn wish(&mut self, place: VectorPlace, new: impl Fn(VectorPlace) -> Seat) -> bool {
        let is = |seat: &Option<Seat>| seat.as_ref().is_some_and(|seat| seat.place() == place);
        if is(&self.moving_to) || (self.moving_to.is_none() && is(&self.now)) {
            return false;
        }
        let given_up = self.moving_to.take();
        self.leaving.extend(given_up);
        if !is(&self.now) {
            self.moving_to = Some(new(place));
        }
        true
    }

    /// The copy is whole: from here on it is the one.
    pub(crate) fn arrive(&mut self) {
        if let Some(seat) = self.moving_to.take() {
            self.leaving.retain(|left| *left != seat);
            self.leaving.extend(self.now.replace(seat));
        }
    }

    /// Nobody needs any of it.
    pub(crate) fn forget(&mut self) {
        let places = [self.now.take(), self.moving_to.take()];
        self.leaving.extend(places.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(place: VectorPlace) -> Seat {
        Seat::new(place, Path::new("/index/repos/0123"), "aiex_", "static")
    }

    #[test]
    fn a_collection_is_named_after_the_folder_and_never_twice_the_same() {
        let (Seat::Server { collection: one }, Seat::Server { collection: other }) =
            (seat(VectorPlace::Server), seat(VectorPlace::Server))
        else {
            panic!("not on the server")
        };
        assert!(one.starts_with("aiex_0123_"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn a_move_is_wished_for_then_made_then_cleaned_up_after() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Seating::read(dir.path()).unwrap(), None);
        let mut seating = Seating::at(Seat::Local);
        assert!(!seating.wish(VectorPlace::Local, seat));
        assert!(seating.wish(VectorPlace::Server, seat));
        assert!(!seating.wish(VectorPlace::Server, seat), "it is under way");
        seating.write(dir.path()).unwrap();
        let mut seating = Seating::read(dir.path()).unwrap().unwrap();
        let target = seating.moving_to.clone();
        seating.arrive();
        assert_eq!(
            (seating.now.clone(), seating.moving_to.clone()),
            (target.clone(), None)
        );
        assert_eq!(seating.leaving, [Seat::Local]);
        // Back, before the folder was deleted: it is not deleted under the copy.
        assert!(seating.wish(VectorPlace::Local, seat));
        seating.arrive();
        assert_eq!(seating.now, Some(Seat::Local));
        assert_eq!(seating.leaving, [target.unwrap()]);
    }

    #[test]
    fn a_move_that_is_taken_back_leaves_what_was_copied() {
        let mut seating = Seating::at(Seat::Local);
        seating.wish(VectorPlace::Server, seat);
        let target = seating.moving_to.clone();
        assert!(seating.wish(VectorPlace::Local, seat));
        assert_eq!((seating.now, seating.moving_to), (Some(Seat::Local), None));
        assert_eq!(seating.leaving, [target.unwrap()]);
    }

    #[test]
    fn beginning_anew_takes_another_collection() {
        let mut seating = Seating::at(seat(VectorPlace::Server));
        let old = seating.now.clone();
        seating.begin_anew(seat);
        assert_ne!(seating.now, old);
        assert_eq!(seating.leaving, [old.unwrap()]);
    }
}
