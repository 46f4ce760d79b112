//! The order in which a file is judged: by its name, its size, its bytes, its text.

use std::io::Read as _;

use super::{Read, ReadError, ReadLimits, Text, decode, generated, minified};
use crate::open::{self, Refused};
use crate::reason::SkipReason;
use crate::relpath::RelPath;
use crate::root::Root;
use crate::rules::{Force, names};
use crate::secret;
use crate::stat::Stat;

/// Reads the file at `path` if it is text worth indexing. `stat` is what the walk saw: files beyond the limit are
/// not even opened. No link is followed, nothing but a regular file is opened, and never more than the limit is read,
/// however the file grows.
pub fn read(root: &Root, path: &RelPath, stat: &Stat, limits: &ReadLimits) -> Result<Read, ReadError> {
    let free = limits.force != Force::No;
    let cap = if free {
        limits.max_forced_bytes.max(limits.max_bytes)
    } else {
        limits.max_bytes
    };
    if let Some((reason, detail)) = by_name(path, limits.force) {
        return Ok(skipped(reason, detail, None));
    }
    let too_large = |size: u64| {
        skipped(
            SkipReason::TooLarge,
            format!("{size} bytes, the limit is {cap}"),
            None,
        )
    };
    if cap < stat.size {
        return Ok(too_large(stat.size));
    }
    let (file, metadata) = match open::regular(&path.to_path(root)) {
        Ok(opened) => opened,
        Err(Refused::Vanished) => return Err(ReadError::Vanished { path: path.clone() }),
        Err(Refused::Symlink) => return Ok(skipped(SkipReason::Symlink, "links are not followed", None)),
        Err(Refused::Special) => return Ok(skipped(SkipReason::Special, "not a regular file", None)),
        Err(Refused::Io(source)) => return Err(failed(path, source)),
    };
    let stat = Stat::of(&metadata);
    if cap < stat.size {
        return Ok(too_large(stat.size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or_default() + 1);
    file.take(cap.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| failed(path, source))?;
    if cap < bytes.len() as u64 {
        return Ok(too_large(bytes.len() as u64));
    }
    let hash = *blake3::hash(&bytes).as_bytes();
    let skip = |reason: SkipReason, detail: &str| Ok(skipped(reason, detail, Some(hash)));

    let decoded = match decode::decode(bytes) {
        Ok(decoded) => decoded,
        Err(detail) => return skip(SkipReason::Binary, detail),
    };
    let mut text = decoded.text;
    if text.trim().is_empty() {
        return skip(SkipReason::Blank, "nothing but white space");
    }
    if limits.force != Force::Exact
        && let Some(rule) = secret::whole_text(path, &text)
    {
        return skip(SkipReason::Secret, rule);
    }
    if !free {
        if let Some(marker) = generated::by_marker(path, &text) {
            return skip(SkipReason::Generated, marker);
        }
        if let Some(why) = minified::by_shape(path, &text) {
            return skip(SkipReason::Minified, why);
        }
    }
    let redactions = if limits.force == Force::Exact {
        Vec::new()
    } else {
        secret::redact(&mut text)
    };
    Ok(Read::Text(Text {
        text,
        redactions,
        hash,
        stat,
        was_lossy: decoded.was_lossy,
    }))
}

/// The bytes of a regular file as they are, at most `cap`; none when it cannot be read. To look whether [`read`] is worth
/// it, not to be shown.
pub fn bytes(root: &Root, path: &RelPath, cap: u64) -> Option<Vec<u8>> {
    open::small(&path.to_path(root), cap)
}

fn by_name(path: &RelPath, force: Force) -> Option<(SkipReason, &'static str)> {
    if force != Force::Exact
        && let Some(rule) = secret::whole_file(path)
    {
        return Some((SkipReason::Secret, rule));
    }
    if force != Force::No {
        return None;
    }
    if names::vendored_path(path.as_bytes()) {
        return Some((SkipReason::Vendored, "copies of other projects"));
    }
    if let Some(detail) = minified::by_name(path) {
        return Some((SkipReason::Minified, detail));
    }
    generated::by_name(path).map(|detail| (SkipReason::Generated, detail))
}

fn skipped(reason: SkipReason, detail: impl Into<String>, hash: Option<[u8; 32]>) -> Read {
    Read::Skipped {
        reason,
        detail: detail.into(),
        hash,
    }
}

fn failed(path: &RelPath, source: std::io::Error) -> ReadError {
    let path = path.clone();
    match source.kind() {
        std::io::ErrorKind::PermissionDenied => ReadError::PermissionDenied { path },
        std::io::ErrorKind::NotFound => ReadError::Vanished { path },
        _ => ReadError::Io { path, source },
    }
}
