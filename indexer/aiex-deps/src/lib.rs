//! Finds the dependencies that a repository locks, as they lie on this machine.
//!
//! [`find`] reads the lockfiles of a repository and says of every package its exact version and the folder
//! where its sources lie: cargo's registry, `node_modules`, `site-packages`, Go's module cache, gems, man pages.
//! [`Dependencies::choose`] picks the few that a question is about, so that they can be indexed on demand.
//!
//! Nothing is executed and nothing is fetched. The environment comes in as a value ([`Homes`]). What lockfiles
//! say is not trusted: a package's folder always lies inside the repository or one of the homes, links resolved.
//! A lockfile that cannot be read is a [`Notice`], never the end of the search. All calls block on the disk.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cargo;
mod dependencies;
mod everyday;
mod finder;
mod go;
mod homes;
mod jvm;
mod lockfile;
mod man;
mod mention;
mod notice;
mod npm;
mod package;
mod python;
mod quota;
mod ruby;
mod version;

pub use dependencies::Dependencies;
pub use finder::find;
pub use homes::Homes;
pub use notice::{Notice, Problem};
pub use package::{Ecosystem, Origin, Package};
pub use quota::{Chosen, Quota};
