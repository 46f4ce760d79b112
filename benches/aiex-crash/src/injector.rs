//! Stands between the daemon and the C library and lets operations on its files go wrong.
//!
//! The one seam below every store: the full text, the vectors, the databases and our own files all end in these few
//! functions. What reaches the disk through a mapping of memory does not, and neither does what a library asks of the
//! kernel without the C library. It is loaded with `LD_PRELOAD`, acts in a process that is `daemon run` only, and only
//! on paths under one folder. The crate's program arms it through a small file.
//!
//! Each function does its work by the system call itself, so that it needs nothing of the library that it stands before.

#![cfg(target_os = "linux")]
// The functions of the C library are what they are.
#![allow(unsafe_code)]

mod control;
mod seam;

use std::ffi::{c_char, c_int, c_long, c_void};

use libc::{
    AT_FDCWD, AT_REMOVEDIR, O_ACCMODE, O_CREAT, O_RDONLY, O_TRUNC, SYS_clock_gettime, SYS_fdatasync,
    SYS_fsync, SYS_ftruncate, SYS_mkdirat, SYS_openat, SYS_pread64, SYS_pwrite64, SYS_read, SYS_renameat2,
    SYS_unlinkat, SYS_write, SYS_writev, clockid_t, iovec, mode_t, off_t, size_t, ssize_t, syscall, time_t,
    timespec, timeval,
};

use crate::control::{FOLDER, OPEN, READ, REMOVE, RENAME, SYNC, TRUNCATE, WRITE};
use crate::seam::{Verdict, judge_file, judge_path, seconds_off};

/// Lets an operation through, or not. `$half` is what is done of it when the process ends in its midst.
macro_rules! pass {
    ($verdict:expr, $whole:expr, $half:expr) => {
        match $verdict {
            Verdict::Pass => $whole,
            Verdict::Fail => -1,
            Verdict::EndMidway => {
                let _ = $half;
                seam::end()
            }
        }
    };
}

/// # Safety
/// As `write(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, bytes: *const c_void, count: size_t) -> ssize_t {
    // SAFETY: the caller's own arguments, and a shorter piece of the same bytes.
    let write = |count: size_t| unsafe { syscall(SYS_write, file, bytes, count) as ssize_t };
    pass!(judge_file(WRITE, file), write(count), write(count / 2))
}

/// # Safety
/// As `writev(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(file: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller's own arguments, and fewer of the same pieces.
    let write = |count: c_int| unsafe { syscall(SYS_writev, file, pieces, count) as ssize_t };
    pass!(judge_file(WRITE, file), write(count), write(count / 2))
}

/// # Safety
/// As `pwrite(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(file: c_int, bytes: *const c_void, count: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's own arguments, and a shorter piece of the same bytes.
    let write = |count: size_t| unsafe { syscall(SYS_pwrite64, file, bytes, count, at) as ssize_t };
    pass!(judge_file(WRITE, file), write(count), write(count / 2))
}

/// # Safety
/// As `pwrite(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(file: c_int, bytes: *const c_void, count: size_t, at: off_t) -> ssize_t {
    // SAFETY: the same function by its other name.
    unsafe { pwrite64(file, bytes, count, at) }
}

/// # Safety
/// As `read(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(file: c_int, bytes: *mut c_void, count: size_t) -> ssize_t {
    // SAFETY: the caller's own arguments.
    let read = || unsafe { syscall(SYS_read, file, bytes, count) as ssize_t };
    pass!(judge_file(READ, file), read(), ())
}

/// # Safety
/// As `pread(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread64(file: c_int, bytes: *mut c_void, count: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's own arguments.
    let read = || unsafe { syscall(SYS_pread64, file, bytes, count, at) as ssize_t };
    pass!(judge_file(READ, file), read(), ())
}

/// # Safety
/// As `fsync(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(file: c_int) -> c_int {
    // SAFETY: the caller's own argument.
    let sync = || unsafe { syscall(SYS_fsync, file) as c_int };
    pass!(judge_file(SYNC, file), sync(), sync())
}

/// # Safety
/// As `fdatasync(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    // SAFETY: the caller's own argument.
    let sync = || unsafe { syscall(SYS_fdatasync, file) as c_int };
    pass!(judge_file(SYNC, file), sync(), sync())
}

/// # Safety
/// As `ftruncate(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(file: c_int, length: off_t) -> c_int {
    // SAFETY: the caller's own arguments.
    let cut = || unsafe { syscall(SYS_ftruncate, file, length) as c_int };
    pass!(judge_file(TRUNCATE, file), cut(), cut())
}

/// # Safety
/// As `ftruncate(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(file: c_int, length: off_t) -> c_int {
    // SAFETY: the same function by its other name.
    unsafe { ftruncate64(file, length) }
}

/// # Safety
/// As `rename(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's own arguments.
    let rename = || unsafe { syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0) as c_int };
    // SAFETY: a path, as the caller promises.
    pass!(unsafe { judge_path(RENAME, AT_FDCWD, to) }, rename(), rename())
}

/// # Safety
/// As `openat(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's own arguments. The kernel takes no notice of a mode where none is asked for.
    let open = || unsafe { syscall(SYS_openat, folder, path, flags, mode) as c_int };
    if flags & O_ACCMODE == O_RDONLY && flags & (O_CREAT | O_TRUNC) == 0 {
        return open();
    }
    // SAFETY: a path, as the caller promises.
    pass!(unsafe { judge_path(OPEN, folder, path) }, open(), open())
}

/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function where paths are relative to the current folder.
    unsafe { openat64(AT_FDCWD, path, flags, mode) }
}

/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function by its other name.
    unsafe { open64(path, flags, mode) }
}

/// # Safety
/// As `unlinkat(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's own arguments.
    let remove = || unsafe { syscall(SYS_unlinkat, folder, path, flags) as c_int };
    // SAFETY: a path, as the caller promises.
    pass!(unsafe { judge_path(REMOVE, folder, path) }, remove(), remove())
}

/// # Safety
/// As `unlink(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the same function where paths are relative to the current folder.
    unsafe { unlinkat(AT_FDCWD, path, 0) }
}

/// # Safety
/// As `rmdir(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: the same function for folders.
    unsafe { unlinkat(AT_FDCWD, path, AT_REMOVEDIR) }
}

/// # Safety
/// As `mkdir(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's own arguments.
    let make = || unsafe { syscall(SYS_mkdirat, AT_FDCWD, path, mode) as c_int };
    // SAFETY: a path, as the caller promises.
    pass!(unsafe { judge_path(FOLDER, AT_FDCWD, path) }, make(), make())
}

/// # Safety
/// As `clock_gettime(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the caller's own arguments; what the kernel has filled in can be written to.
    unsafe {
        let done = syscall(SYS_clock_gettime, clock, time) as c_int;
        if done == 0 && clock == libc::CLOCK_REALTIME {
            (*time).tv_sec += seconds_off();
        }
        done
    }
}

/// # Safety
/// As `gettimeofday(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let now = now();
    if !time.is_null() {
        // SAFETY: the caller's own place for it.
        unsafe {
            *time = timeval {
                tv_sec: now.tv_sec,
                tv_usec: now.tv_nsec / 1_000,
            };
        }
    }
    0
}

/// # Safety
/// As `time(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(place: *mut time_t) -> time_t {
    let seconds = now().tv_sec;
    if !place.is_null() {
        // SAFETY: the caller's own place for it.
        unsafe { *place = seconds };
    }
    seconds
}

/// The time of day as the process is to see it.
fn now() -> timespec {
    let mut now = timespec {
        tv_sec: 0 as c_long,
        tv_nsec: 0,
    };
    // SAFETY: a place for it.
    unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    now
}
