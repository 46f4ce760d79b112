//! How the daemon's memory is kept together (decision 12).
//!
//! The C library's allocator gives every thread a heap of its own and keeps what is freed there. A daemon in which edits
//! and questions go on for hours on a dozen threads holds several times of what it uses. The allocator reads how it
//! shall behave from the environment, before the program begins: so the program begins once more.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// For glibc: two heaps for all threads, and large pieces straight from the system and back to it, in bytes. Left alone, the
/// threshold of "large" grows up to 32 MiB with the first large piece that is freed.
const SETTINGS: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "1048576"),
];

/// Has this process begin again under [`SETTINGS`], unless it did, or the user has settings of their own. Where that
/// fails the program goes on, and holds more memory.
pub(crate) fn keep_together() {
    if !cfg!(target_env = "gnu") || SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut words = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    // It returns only when it failed.
    let _ = again.args(words).envs(SETTINGS).exec();
}
