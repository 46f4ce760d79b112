//! Text of strangers, made fit to be shown to a model.
//!
//! Three measures, none of which trusts the others: characters that a reader does not see are taken out
//! ([`visible`]), text is put between marks that its author could not know ([`Fence`]), and text that speaks to
//! a model instead of a reader is pointed out ([`instructs`]). The rest is the caller's: calls that read pages
//! have no tools, and only URLs that a search returned are fetched.

mod fence;
mod instructs;
mod invisible;

pub use fence::Fence;
pub use instructs::{Instruction, instructs};
pub use invisible::visible;
