//! The system's manual: the folders of its sections.

use crate::finder::{Finder, Inside, Locked, names};
use crate::package::{Ecosystem, Origin};

/// The sections of the manual that are for programmers and users alike.
pub(crate) const SECTIONS: std::ops::RangeInclusive<u8> = 1..=9;

/// Keeps each section once, in the first folder of the path that has pages of it.
pub(crate) fn find(finder: &mut Finder<'_>) {
    for base in &finder.homes.man {
        for name in SECTIONS.map(|section| format!("man{section}")) {
            let folder = base.join(&name);
            if let Inside::Folder(folder) = finder.inside(base, &folder)
                && !names(&folder).is_empty()
            {
                let locked = Locked {
                    ecosystem: Ecosystem::Man,
                    name,
                    version: String::new(),
                    origin: Origin::System,
                    direct: false,
                };
                finder.keep(&folder, locked, Some(folder.clone()), None);
            }
        }
    }
}
