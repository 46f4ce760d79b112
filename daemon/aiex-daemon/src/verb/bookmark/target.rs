//! What is kept of pages, commits and quotes.

use std::ops::RangeInclusive;
use std::path::Path;

use aiex_evidence::{QuoteId, Report, SourceId};
use aiex_files::secret;
use aiex_history::{Commits, HistoryError};
use aiex_protocol::journal::QuoteRef;
use aiex_protocol::{ErrorCode, WireError};
use aiex_sessions::Mark;
use url::Url;

use super::invalid;
use crate::error::chain;

/// Bytes of an address.
const MAX_ADDRESS_BYTES: usize = 2 << 10;
/// Digits that name a commit: the beginning of its id, or all of it.
const DIGITS: RangeInclusive<usize> = 7..=40;

/// A page of the web, which is not looked at.
///
/// # Errors
/// When the address is none of a page, too long, or holds a secret.
pub(super) fn page(address: &str) -> Result<Mark, WireError> {
    let address = address.trim();
    if address.len() > MAX_ADDRESS_BYTES {
        return Err(invalid(
            "the address is too long",
            "a bookmark holds one of 2 KiB at most",
        ));
    }
    let url = Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            invalid(
                &format!("`{address}` is no address of a page"),
                "write it as in `https://example.org/page`",
            )
        })?;
    let mut redacted = url.as_str().to_owned();
    if url.password().is_some() || !secret::redact(&mut redacted).is_empty() {
        return Err(invalid(
            "the address holds a password or a key, which is not kept",
            "leave it out of the address",
        ));
    }
    Ok(Mark::Page { url: redacted })
}

/// The commit of the repository at `root` whose id begins like this, and what its message says below the subject. Blocks.
///
/// # Errors
/// When there is no such commit, there are several, or git cannot be read.
pub(super) fn commit(root: &Path, beginning: &str) -> Result<(Mark, String), WireError> {
    let is_id = DIGITS.contains(&beginning.len()) && beginning.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_id {
        return Err(invalid(
            &format!("`{beginning}` is no commit's id"),
            "write its hexadecimal digits: the first 7 of them, or more",
        ));
    }
    let commits = Commits::open(root).map_err(|error| no_git(&error))?;
    let mut named = commits
        .named(&beginning.to_ascii_lowercase())
        .map_err(|error| no_git(&error))?;
    let Some(found) = named.pop() else {
        let message = format!("there is no commit {beginning} in {}", root.display());
        return Err(WireError::new(ErrorCode::NotFound, message)
            .with_hint("name one of this repository, or another repository with `--repo`"));
    };
    if let Some(other) = named.pop() {
        let message = format!("{beginning} may be {} or {}", other.id, found.id);
        return Err(invalid(&message, "write more digits"));
    }
    let mark = Mark::Commit {
        root: root.display().to_string(),
        commit: found.id,
        subject: found.subject,
    };
    Ok((mark, found.paragraph))
}

fn no_git(error: &HistoryError) -> WireError {
    match error {
        HistoryError::NotARepository { .. } | HistoryError::ObjectFormat { .. } => {
            WireError::new(ErrorCode::NotFound, error.to_string())
                .with_hint("name the git repository that the commit is in with `--repo`")
        }
        _ => WireError::new(ErrorCode::Storage, chain(error)).with_hint(error.hint()),
    }
}

/// A quote of a report, and what is quoted.
///
/// # Errors
/// When the report has no such quote.
pub(super) fn quote(report: &Report, quote: QuoteRef) -> Result<(Mark, String), WireError> {
    let id = QuoteId {
        source: SourceId(quote.source),
        number: quote.number,
    };
    let evidence = report.evidence();
    let found = evidence.quote(id).zip(evidence.source(id.source));
    let (quoted, source) = found.ok_or_else(|| {
        let message = format!("the report of run {} has no quote {id}", report.run);
        WireError::new(ErrorCode::NotFound, message)
            .with_hint("the report names its quotes in brackets, as in `[S1.2]`")
    })?;
    let (mut text, mut place) = (quoted.text.clone(), quoted.label(source));
    secret::redact(&mut text);
    secret::redact(&mut place);
    let mark = Mark::Quote {
        run: report.run.clone(),
        source: quote.source,
        number: quote.number,
        place,
    };
    Ok((mark, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_a_page_and_holds_no_secret() {
        let kept = |address: &str| match page(address) {
            Ok(Mark::Page { url }) => Some(url),
            _ => None,
        };
        assert_eq!(
            kept(" https://Example.org/a?b=c#d ").as_deref(),
            Some("https://example.org/a?b=c#d")
        );
        let key = format!("https://example.org/?key=AKIA{}", "IOSFODNN7QWERTZU");
        let long = format!("https://example.org/{}", "a".repeat(MAX_ADDRESS_BYTES));
        for wrong in [
            "ftp://example.org",
            "https://",
            "example.org",
            "https://ada:secret@example.org",
            &key,
            &long,
        ] {
            assert_eq!(kept(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_commit_is_named_by_7_digits_at_least() {
        let dir = tempfile::tempdir().unwrap();
        for wrong in ["", "abcdef", "abcdefg", "0af3c9d^", &"0".repeat(41)] {
            let error = commit(dir.path(), wrong).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{wrong}");
        }
        let error = commit(dir.path(), "0af3c9d").unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        assert!(
            error.message.contains("is not a git repository"),
            "{}",
            error.message
        );
    }
}
