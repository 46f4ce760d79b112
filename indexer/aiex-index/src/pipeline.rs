//! Reading: from files that may have changed to contents that can be stored.
//!
//! Workers take files in the order given (hottest first) and hand over what they found through a
//! bounded gate, so that the text in flight stays within its budget however fast they read.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aiex_chunk::{Language, Limits};
use aiex_files::RelPath;
use aiex_files::filter::{self, Read, ReadLimits};
use aiex_files::root::Root;
use aiex_files::rules::Force;
use aiex_files::stat::Stat;

use crate::catalogue::{Outcome, Row};
use crate::content::{Blob, ContentKey, ContentStore, Packed};
use crate::error::IndexError;
use crate::observer::Observer;
use crate::snapshot::Outline;
use crate::suspects::Suspects;

/// A file that may have changed.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) path: RelPath,
    pub(crate) stat: Stat,
    /// What the catalogue knew of it.
    pub(crate) before: Option<Row>,
    /// Whether the text stored for it was found damaged.
    pub(crate) is_lost: bool,
    /// Its git blob, if git vouches for the file being clean.
    pub(crate) blob: Option<[u8; 20]>,
    /// Whether `.aiexignore` forces it in.
    pub(crate) force: Force,
}

/// What reading a candidate gave.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) path: RelPath,
    pub(crate) stat: Stat,
    pub(crate) read_at_ns: i64,
    pub(crate) old_version: Option<u32>,
    pub(crate) finding: Finding,
}

/// What a file turned out to be.
#[derive(Debug)]
pub(crate) enum Finding {
    /// Its bytes are what they were.
    Unchanged,
    /// It has a content to index.
    Content(Box<Found>),
    /// It is left out.
    Skipped {
        reason: &'static str,
        detail: String,
        hash: Option<[u8; 32]>,
    },
    /// It cannot be read or chunked.
    Failed { detail: String },
    /// It is gone.
    Vanished,
}

/// A content.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: ContentKey,
    pub(crate) hash: [u8; 32],
    pub(crate) text: String,
    pub(crate) outline: Arc<Outline>,
    /// For the store, unless it has the content already.
    pub(crate) packed: Option<Packed>,
    pub(crate) blob: Option<Blob>,
    pub(crate) redactions: u32,
}

/// Holds back readers while more than a budget of bytes is on its way to the writer.
#[derive(Debug)]
pub(crate) struct Gate {
    budget: usize,
    in_flight: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            budget,
            in_flight: Mutex::new(0),
            freed: Condvar::new(),
        }
    }

    /// Waits until `bytes` fit, or until nothing else is in flight (a single text may exceed the budget).
    fn enter(&self, bytes: usize, is_cancelled: &dyn Fn() -> bool) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        while *in_flight > 0 && *in_flight + bytes > self.budget && !is_cancelled() {
            let wait = std::time::Duration::from_millis(50);
            in_flight = self
                .freed
                .wait_timeout(in_flight, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *in_flight += bytes;
    }

    pub(crate) fn leave(&self, bytes: usize) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        *in_flight = in_flight.saturating_sub(bytes);
        self.freed.notify_all();
    }
}

/// What workers need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) root: &'a Root,
    pub(crate) content: &'a ContentStore,
    pub(crate) suspects: &'a Suspects,
    pub(crate) limits: &'a ReadLimits,
}

/// Reads candidates on `workers` threads and gives what was found to `take`, on the calling thread.
///
/// # Errors
/// What `take` returns; reading goes no further then. What cannot be read is a finding, not an error.
pub(crate) fn read_all(
    reader: Reader<'_>,
    candidates: &[Candidate],
    workers: usize,
    gate: &Gate,
    observer: &dyn Observer,
    take: &mut dyn FnMut(Prepared) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let is_cancelled = || observer.is_cancelled();
    // A few files are read here and now: threads would cost more than they save.
    if candidates.len() <= 4 {
        for candidate in candidates {
            if is_cancelled() {
                return Err(IndexError::Cancelled);
            }
            take(reader.prepare(candidate)?)?;
        }
        return Ok(());
    }
    let next = AtomicUsize::new(0);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let is_over = || stop.load(Ordering::Relaxed) || is_cancelled();
    std::thread::scope(|scope| {
        let (sender, receiver) = crossbeam_channel::bounded(256);
        for _ in 0..workers.max(1) {
            let (sender, next, is_over) = (sender.clone(), &next, &is_over);
            scope.spawn(move || {
                while let Some(candidate) = candidates.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if is_over() {
                        return;
                    }
                    observer.reading();
                    let prepared = reader.prepare(candidate);
                    if let Ok(prepared) = &prepared {
                        gate.enter(prepared.text_bytes(), &is_over);
                    }
                    if sender.send(prepared).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut result = Ok(());
        for prepared in &receiver {
            result = prepared.and_then(&mut *take);
            if result.is_ok() && is_cancelled() {
                result = Err(IndexError::Cancelled);
            }
            if result.is_err() {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        result
    })
}

impl Prepared {
    /// Bytes of text it carries.
    pub(crate) fn text_bytes(&self) -> usize {
        match &self.finding {
            Finding::Content(found) => found.text.len(),
            _ => 0,
        }
    }
}

impl Reader<'_> {
    fn prepare(self, candidate: &Candidate) -> Result<Prepared, IndexError> {
        let read_at_ns = now_ns();
        let finding = |finding, stat| Prepared {
            path: candidate.path.clone(),
            stat,
            read_at_ns,
            old_version: candidate.before.as_ref().and_then(Row::version),
            finding,
        };
        if let Some(found) = self.known_blob(candidate)? {
            return Ok(finding(Finding::Content(Box::new(found)), candidate.stat));
        }
        // A panic over one file is that file's failure, not the daemon's.
        let read = std::panic::catch_unwind(AssertUnwindSafe(|| self.read(candidate)));
        let (what, stat) = match read {
            Ok(result) => result?,
            Err(_) => {
                tracing::error!(path = %candidate.path.as_str_lossy(), "reading a file panicked; it is left out");
                (
                    Finding::Failed {
                        detail: "aiex could not take it in: a bug".to_owned(),
                    },
                    candidate.stat,
                )
            }
        };
        Ok(finding(what, stat))
    }

    /// The content of a file that git vouches for, if its blob was met before: nothing is read.
    fn known_blob(self, candidate: &Candidate) -> Result<Option<Found>, IndexError> {
        let Some(oid) = candidate
            .blob
            .filter(|_| candidate.stat.size <= self.limits.max_bytes)
        else {
            return Ok(None);
        };
        let Some(path) = candidate.path.as_str() else {
            return Ok(None);
        };
        let Some(blob) = self.content.blob(&oid, Language::detect(path, ""))? else {
            return Ok(None);
        };
        let Some((text, outline)) = self.content.load(&blob.key)? else {
            return Ok(None);
        };
        Ok(Some(Found {
            key: blob.key,
            hash: blob.hash,
            outline: Arc::new(outline),
            text,
            packed: None,
            blob: None,
            redactions: blob.redactions,
        }))
    }

    fn read(self, candidate: &Candidate) -> Result<(Finding, Stat), IndexError> {
        let limits = ReadLimits {
            force: candidate.force,
            ..*self.limits
        };
        let text = match filter::read(self.root, &candidate.path, &candidate.stat, &limits) {
            Ok(Read::Text(text)) => text,
            Ok(Read::Skipped { reason, detail, hash }) => {
                return Ok((
                    Finding::Skipped {
                        reason: reason.name(),
                        detail,
                        hash,
                    },
                    candidate.stat,
                ));
            }
            Err(filter::ReadError::Vanished { .. }) => return Ok((Finding::Vanished, candidate.stat)),
            Err(error) => {
                return Ok((
                    Finding::Failed {
                        detail: chain(&error),
                    },
                    candidate.stat,
                ));
            }
        };
        let path = candidate.path.as_str_lossy();
        let language = Language::detect(&path, head(&text.text));
        let key = ContentKey::new(&text.hash, language);
        let was = candidate.before.as_ref().map(|row| &row.outcome);
        if let Some(Outcome::Indexed { key: old, .. }) = was
            && *old == key
            && !candidate.is_lost
        {
            return Ok((Finding::Unchanged, text.stat));
        }
        let redactions = text.redactions.len() as u32;
        let blob = candidate.blob.filter(|_| self.is_as_seen(candidate, &text.stat));
        let blob = blob.map(|oid| Blob {
            oid,
            named: Language::detect(&path, ""),
            hash: text.hash,
            key,
            redactions,
        });
        let (outline, packed) = match self.content.outline(&key)? {
            Some(outline) => (Arc::new(outline), None),
            None => {
                let outline = self.outline(&path, &text.text, language, &key);
                let packed = Packed::new(key, &text.text, &outline)
                    .map_err(|e| IndexError::io("content", &candidate.path.to_path(&self.root.path), e))?;
                (Arc::new(outline), Some(packed))
            }
        };
        let found = Found {
            key,
            hash: text.hash,
            text: text.text,
            outline,
            packed,
            blob,
            redactions,
        };
        Ok((Finding::Content(Box::new(found)), text.stat))
    }

    /// Whether a file that was just read, with this stat when it was opened, is still the one that the scan saw and
    /// git vouched for. One that changed in between holds another blob, and whoever takes up that blob later, in this
    /// branch or another, would be served the wrong content for good.
    fn is_as_seen(self, candidate: &Candidate, opened: &Stat) -> bool {
        let now = std::fs::symlink_metadata(candidate.path.to_path(&self.root.path));
        *opened == candidate.stat && now.is_ok_and(|metadata| Stat::of(&metadata) == candidate.stat)
    }

    /// Parses a text, unless processes died over it.
    fn outline(self, path: &str, text: &str, language: Option<Language>, key: &ContentKey) -> Outline {
        let language = language.filter(|language| {
            let may_parse = self.suspects.may_parse(key, *language, text);
            if !may_parse {
                tracing::warn!(path, "parsing this file has crashed; it is cut by lines");
            }
            may_parse
        });
        let _note = language.map(|_| self.suspects.note(key));
        Outline::new(text, &aiex_chunk::chunk(text, language, &Limits::default()))
    }
}

/// As much of a text as language detection looks at.
fn head(text: &str) -> &str {
    let mut end = text.len().min(4096);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

/// Now, in nanoseconds since the Unix epoch.
pub(crate) fn now_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
