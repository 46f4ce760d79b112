//! Where to look: the words of `--sources` and `--since`, and where documents lie, as people read it.

use aiex_protocol::source::{Origin, Since, SourceKind};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::hit_list::line_range;
use crate::snippet::displayable;

/// What a search can ask.
const SEARCHABLE: [SourceKind; 4] = [
    SourceKind::Code,
    SourceKind::Docs,
    SourceKind::Git,
    SourceKind::Web,
];

/// Reads a source that a search can ask.
pub(crate) fn searchable() -> impl TypedValueParser<Value = SourceKind> {
    parser(&SEARCHABLE)
}

/// Reads a source that research can ask: earlier reports as well.
pub(crate) fn any() -> impl TypedValueParser<Value = SourceKind> {
    parser(&SourceKind::ALL)
}

fn parser(kinds: &'static [SourceKind]) -> impl TypedValueParser<Value = SourceKind> {
    PossibleValuesParser::new(kinds.iter().map(|kind| kind.as_str())).try_map(|word| {
        let kind = kinds.iter().find(|kind| kind.as_str() == word);
        kind.copied().ok_or("there is no such source")
    })
}

/// Reads how old a page of the web may be.
pub(crate) fn since() -> impl TypedValueParser<Value = Since> {
    PossibleValuesParser::new(Since::ALL.map(Since::as_str)).try_map(|word| {
        let since = Since::ALL.into_iter().find(|since| since.as_str() == word);
        since.ok_or("there is no such age")
    })
}

/// Whether any of these sources lies in repositories.
pub(crate) fn need_a_repository(sources: &[SourceKind]) -> bool {
    sources.is_empty()
        || sources
            .iter()
            .any(|source| matches!(source, SourceKind::Code | SourceKind::Docs | SourceKind::Git))
}

/// Where a document lies: an address, `src/lib.rs:10-12@1a2b3c4`, `tokio 1.48.0 src/lib.rs:4`, `queue@1a2b3c4`.
pub(crate) fn place(origin: &Origin) -> String {
    let place = match origin {
        Origin::Web { url } => url.clone(),
        Origin::Code {
            commit,
            path,
            first_line,
            last_line,
            ..
        } => {
            let lines = line_range(*first_line, *last_line);
            match commit {
                Some(commit) => format!("{path}:{lines}@{}", short(commit)),
                None => format!("{path}:{lines}"),
            }
        }
        Origin::Docs {
            package,
            version,
            path,
            first_line,
            last_line,
            ..
        } => format!(
            "{package} {version} {path}:{}",
            line_range(*first_line, *last_line)
        ),
        Origin::Commit { repo, commit, .. } => format!("{repo}@{}", short(commit)),
        Origin::Report { run } => format!("report {run}"),
    };
    displayable(&place)
}

/// A commit's id as git shortens it.
fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_like_addresses() {
        let code = |commit: Option<&str>| Origin::Code {
            repo: "queue".into(),
            root: "/src/queue".into(),
            commit: commit.map(str::to_owned),
            path: "src/a.rs".into(),
            first_line: 3,
            last_line: 3,
        };
        let docs = Origin::Docs {
            package: "tokio".into(),
            version: "1.48.0".into(),
            root: "/x".into(),
            path: "src/lib.rs".into(),
            first_line: 4,
            last_line: 9,
        };
        let commit = Origin::Commit {
            repo: "queue".into(),
            root: "/src/queue".into(),
            commit: "1a2b3c4d5e".into(),
        };
        let web = Origin::Web {
            url: "https://example.org/\u{1b}[0m".into(),
        };
        let report = Origin::Report {
            run: "20260131-0af3c9".into(),
        };
        assert_eq!(
            [
                place(&code(None)),
                place(&code(Some("1a2b3c4d5e"))),
                place(&docs),
                place(&commit)
            ],
            [
                "src/a.rs:3",
                "src/a.rs:3@1a2b3c4",
                "tokio 1.48.0 src/lib.rs:4-9",
                "queue@1a2b3c4"
            ]
        );
        assert_eq!(
            [place(&web), place(&report)],
            ["https://example.org/\u{fffd}[0m", "report 20260131-0af3c9"]
        );
    }

    #[test]
    fn only_what_lies_in_repositories_needs_one() {
        assert!(need_a_repository(&[]));
        assert!(need_a_repository(&[SourceKind::Web, SourceKind::Git]));
        assert!(!need_a_repository(&[SourceKind::Web, SourceKind::Reports]));
    }
}
