//! The verbs, one file each: what it takes, what it asks of the daemon, how the answer looks.

pub(crate) mod ask;
pub(crate) mod backup;
pub(crate) mod bookmark;
pub(crate) mod cache;
pub(crate) mod daemon;
pub(crate) mod daemon_run;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod outline;
pub(crate) mod pack;
pub(crate) mod refs;
pub(crate) mod repos;
pub(crate) mod research;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod symbols;
pub(crate) mod util;
