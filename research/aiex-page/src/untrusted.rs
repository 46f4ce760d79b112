//! Text of strangers, made fit to be shown to a model.
//!
//! Two measures, neither of which trusts the other: characters that a reader does not see are taken out
//! ([`visible`]), and text that speaks to a model instead of a reader is pointed out ([`instructs`]). The rest is the
//! caller's: whoever writes a prompt puts text between marks that its author could not know, calls that read pages
//! have no tools, and only URLs that a search returned are fetched.

mod instructs;
mod invisible;

pub use instructs::{Instruction, instructs};
pub use invisible::visible;
