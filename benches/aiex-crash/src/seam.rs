//! Whether an operation of this process is one that is to go wrong.

use std::ffi::{CStr, c_char, c_int, c_long};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{
    AT_FDCWD, MAP_FAILED, MAP_SHARED, O_CLOEXEC, O_RDONLY, O_RDWR, PROT_READ, PROT_WRITE, SYS_close,
    SYS_exit_group, SYS_getpid, SYS_kill, SYS_nanosleep, SYS_openat, SYS_read, SYS_readlinkat, syscall,
    timespec,
};

use crate::control::{self, DELAY, END_BEFORE, END_MIDWAY, FAIL, PATH_AT, PATH_MOST, SIZE, Word};

/// What becomes of an operation.
pub(crate) enum Verdict {
    Pass,
    /// It fails; the error number is set.
    Fail,
    /// It is done by half, and then [`end`] is called.
    EndMidway,
}

/// The control file, and the folder it is about.
struct Seam {
    words: &'static [AtomicU64; PATH_AT / 8],
    path: *mut u8,
    under: &'static [u8],
}

// SAFETY: the words are atomic, and the path is written by the one operation that is the first to be hit.
unsafe impl Send for Seam {}
// SAFETY: as above.
unsafe impl Sync for Seam {}

static SEAM: OnceLock<Option<Seam>> = OnceLock::new();

impl Seam {
    /// The seam of this process, if it is the daemon and somebody wants to hurt it.
    fn of_this_process() -> Option<&'static Self> {
        SEAM.get_or_init(Self::open).as_ref()
    }

    fn open() -> Option<Self> {
        let file = variable(control::FILE)?;
        let under = variable(control::UNDER)?.to_bytes();
        if !is_daemon() {
            return None;
        }
        // SAFETY: a path that ends with a zero byte, and a mapping of a file that the other side has made large enough
        // and never shortens.
        unsafe {
            let file = syscall(SYS_openat, AT_FDCWD, file.as_ptr(), O_RDWR | O_CLOEXEC) as c_int;
            if file < 0 {
                return None;
            }
            let place = libc::mmap(ptr::null_mut(), SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            syscall(SYS_close, file);
            (place != MAP_FAILED).then(|| Self {
                words: &*place.cast(),
                path: place.cast::<u8>().add(PATH_AT),
                under,
            })
        }
    }

    fn word(&self, word: Word) -> &AtomicU64 {
        &self.words[word as usize]
    }

    fn get(&self, word: Word) -> u64 {
        self.word(word).load(Ordering::Acquire)
    }

    fn judge(&self, kind: u64, path: &[u8]) -> Verdict {
        let is_inside = path
            .strip_prefix(self.under)
            .is_some_and(|rest| rest.first() == Some(&b'/'));
        if !is_inside {
            return Verdict::Pass;
        }
        let number = self.word(Word::Seen).fetch_add(1, Ordering::AcqRel);
        let past = number.checked_sub(self.get(Word::Skip));
        if past.is_none_or(|past| past >= self.get(Word::Times)) {
            return Verdict::Pass;
        }
        if self.word(Word::Hit).fetch_add(1, Ordering::AcqRel) == 0 {
            self.word(Word::HitKind).store(kind, Ordering::Release);
            let length = path.len().min(PATH_MOST - 1);
            // SAFETY: the place holds as many bytes, and nobody else is the first.
            unsafe {
                ptr::copy_nonoverlapping(path.as_ptr(), self.path, length);
                *self.path.add(length) = 0;
            }
        }
        match self.get(Word::Effect) {
            FAIL => {
                // SAFETY: this thread's own error number.
                unsafe { *libc::__errno_location() = self.get(Word::Value) as c_int };
                Verdict::Fail
            }
            END_BEFORE => end(),
            END_MIDWAY => Verdict::EndMidway,
            DELAY => {
                pause(self.get(Word::Value));
                Verdict::Pass
            }
            _ => Verdict::Pass,
        }
    }
}

/// Judges an operation on an open file.
pub(crate) fn judge_file(kind: u64, file: c_int) -> Verdict {
    let Some(seam) = armed(kind) else {
        return Verdict::Pass;
    };
    let mut path = [0; PATH_MOST];
    seam.judge(kind, path_of(file, &mut path))
}

/// Judges an operation on a path, which a relative one takes from `folder`.
///
/// # Safety
/// `path` ends with a zero byte.
pub(crate) unsafe fn judge_path(kind: u64, folder: c_int, path: *const c_char) -> Verdict {
    let Some(seam) = armed(kind) else {
        return Verdict::Pass;
    };
    // SAFETY: as promised.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    if path.first() == Some(&b'/') {
        return seam.judge(kind, path);
    }
    if folder == AT_FDCWD {
        return Verdict::Pass;
    }
    // What lies in a folder is told by the folder and the name.
    let mut whole = [0; PATH_MOST];
    let length = path_of(folder, &mut whole).len();
    let most = path.len().min(PATH_MOST - length - 1);
    whole[length] = b'/';
    whole[length + 1..length + 1 + most].copy_from_slice(&path[..most]);
    seam.judge(kind, &whole[..(length + 1 + most).min(PATH_MOST)])
}

/// Seconds by which the clock is to be wrong.
pub(crate) fn seconds_off() -> i64 {
    Seam::of_this_process().map_or(0, |seam| seam.get(Word::ClockOffset) as i64)
}

/// Ends the process as the system's last resort does.
pub(crate) fn end() -> ! {
    // SAFETY: no memory is involved.
    unsafe {
        syscall(SYS_kill, syscall(SYS_getpid), libc::SIGKILL);
        syscall(SYS_exit_group, 137);
    }
    loop {
        pause(1_000_000);
    }
}

fn armed(kind: u64) -> Option<&'static Seam> {
    Seam::of_this_process().filter(|seam| seam.get(Word::Kinds) & kind != 0)
}

/// The path of an open file; none for what is not a file.
fn path_of(file: c_int, path: &mut [u8; PATH_MOST]) -> &[u8] {
    // No memory is asked for: this may be called where that is not allowed.
    let mut link = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0\0";
    let mut digits = [0; 10];
    let (mut left, mut count) = (file.unsigned_abs(), 0);
    while count == 0 || left > 0 {
        digits[count] = b'0' + (left % 10) as u8;
        left /= 10;
        count += 1;
    }
    for (place, digit) in link[14..].iter_mut().zip(digits[..count].iter().rev()) {
        *place = *digit;
    }
    // SAFETY: the link ends with a zero byte, and no more bytes are filled in than there are; one is left free.
    let length = unsafe {
        syscall(
            SYS_readlinkat,
            AT_FDCWD,
            link.as_ptr(),
            path.as_mut_ptr(),
            PATH_MOST - 1,
        )
    };
    &path[..usize::try_from(length).unwrap_or(0)]
}

fn pause(micros: u64) {
    let time = timespec {
        tv_sec: (micros / 1_000_000) as i64,
        tv_nsec: (micros % 1_000_000 * 1_000) as c_long,
    };
    // SAFETY: a time, and no place for what is left of it.
    unsafe { syscall(SYS_nanosleep, &raw const time, ptr::null::<timespec>()) };
}

fn variable(name: &'static str) -> Option<&'static CStr> {
    let mut key = [0_u8; 64];
    key.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    // SAFETY: a name that ends with a zero byte; nobody changes the environment of a daemon that has just begun.
    unsafe {
        let value = libc::getenv(key.as_ptr().cast());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

/// Whether this is `aiex daemon run`, and not the command that starts it or a program that it starts.
fn is_daemon() -> bool {
    let mut line = [0_u8; 4096];
    // SAFETY: a path that ends with a zero byte, and a place for what is read.
    let length = unsafe {
        let file = syscall(
            SYS_openat,
            AT_FDCWD,
            c"/proc/self/cmdline".as_ptr(),
            O_RDONLY | O_CLOEXEC,
        );
        let length = syscall(SYS_read, file, line.as_mut_ptr(), line.len());
        syscall(SYS_close, file);
        length
    };
    let line = &line[..usize::try_from(length).unwrap_or(0)];
    let mut words = line.split(|byte| *byte == 0).skip(1);
    words.next() == Some(b"daemon") && words.next() == Some(b"run")
}
