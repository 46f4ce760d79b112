//! The words of the index, of research, of services, of the caches and of sessions turned into the wire's. The only place that knows
//! both.

pub(crate) mod cache;
pub(crate) mod research;
pub(crate) mod services;
pub(crate) mod sessions;

use std::path::{Path, PathBuf};

use aiex_index::{Constant, Defined, Hit, Mode, PackOutcome, Reference, SearchOutcome, SearchRequest};
use aiex_protocol::code;
use aiex_protocol::repos::RepoStatus;
use aiex_protocol::search::{self as wire, SearchArgs, SearchSummary};
use aiex_protocol::status::{ReasonCount, SkippedFile, SkippedReport};

use crate::repository::Skipped;

/// The request that the index understands.
pub(crate) fn from_wire(args: &SearchArgs, limit: usize) -> SearchRequest {
    SearchRequest {
        query: args.query.clone(),
        limit,
        mode: match args.mode {
            wire::Mode::Auto => Mode::Auto,
            wire::Mode::Regex => Mode::Regex,
            wire::Mode::Literal => Mode::Literal,
        },
        after: (!args.after.is_empty()).then(|| args.after.clone()),
        paths: args.filters.paths.clone(),
        files: Vec::new(),
        languages: args.filters.languages.clone(),
        kinds: args.filters.kinds.clone(),
        explain: args.explain,
        ranking: args
            .ranking
            .iter()
            .map(|(name, value)| Constant::new(name, *value))
            .collect(),
    }
}

/// Hits with ranks and their repository.
pub(crate) fn hits(stage: wire::Stage, hits: Vec<Hit>, root: &Path) -> wire::Hits {
    let repo = root.display().to_string();
    let hits = hits
        .into_iter()
        .zip(1..)
        .map(|(found, rank)| hit(found, rank, &repo))
        .collect();
    wire::Hits { stage, hits }
}

fn hit(hit: Hit, rank: u32, repo: &str) -> wire::Hit {
    wire::Hit {
        rank,
        score: hit.score,
        repo: repo.to_owned(),
        path: hit.path,
        start_line: hit.start_line,
        end_line: hit.end_line,
        symbol: hit.symbol,
        kind: hit.kind.map(str::to_owned),
        language: hit.language.map(str::to_owned),
        snippet: hit.snippet,
        focus_line: hit.focus_line,
        why: hit.why,
        explain: hit.explain.map(|explanation| wire::Explanation {
            route: explanation.route.to_owned(),
            arms: explanation
                .arms
                .into_iter()
                .map(|(arm, (rank, score))| (arm.to_owned(), wire::ArmPlace { rank, score }))
                .collect(),
            steps: explanation
                .steps
                .into_iter()
                .map(|step| wire::ScoreStep {
                    rule: step.rule.to_owned(),
                    detail: step.detail,
                    score: step.score,
                })
                .collect(),
        }),
    }
}

/// Where the relative paths of a request start.
pub(crate) fn from(place: &str, repo: &str) -> PathBuf {
    PathBuf::from(if place.is_empty() { repo } else { place })
}

/// A definition; `fit` says how its name fits.
pub(crate) fn symbol(defined: Defined, fit: Option<&str>) -> code::Symbol {
    code::Symbol {
        path: defined.path,
        name: defined.name,
        container: defined.container,
        kind: defined.kind.to_owned(),
        language: defined.language.map(str::to_owned),
        line: defined.line,
        start_line: defined.start_line,
        end_line: defined.end_line,
        fit: fit.map(str::to_owned),
    }
}

/// A line on which a name stands.
pub(crate) fn reference(reference: Reference) -> code::Reference {
    code::Reference {
        path: reference.path,
        line: reference.line,
        columns: reference.columns,
        text: reference.text,
        symbol: reference.symbol,
        kind: reference.kind.map(str::to_owned),
        language: reference.language.map(str::to_owned),
    }
}

/// A pack.
pub(crate) fn pack(outcome: PackOutcome, budget: u32) -> code::PackReport {
    let spans = outcome.spans.into_iter().map(|span| code::PackedSpan {
        path: span.path,
        start_line: span.start_line,
        end_line: span.end_line,
        symbol: span.symbol,
        language: span.language.map(str::to_owned),
        heading: span.heading,
        tokens: span.tokens,
        text: span.text,
        is_cut: span.is_cut,
    });
    code::PackReport {
        spans: spans.collect(),
        tokens: outcome.tokens,
        budget,
        left_out: outcome.left_out,
        total_left_out: outcome.num_left_out,
        repeats: outcome.num_repeats,
    }
}

/// What the answer reflects.
pub(crate) fn summary(outcome: &SearchOutcome, status: &RepoStatus, took_us: u64) -> SearchSummary {
    SearchSummary {
        route: outcome.route.to_owned(),
        generation: outcome.generation,
        is_cached: outcome.is_cached,
        is_exhaustive: outcome.is_exhaustive,
        matches: outcome.matches.as_ref().map(|matches| wire::Matches {
            lines: matches.lines,
            files: matches.files,
            next: matches.next.clone(),
        }),
        nowhere: if status.is_complete {
            outcome.nowhere.clone()
        } else {
            Vec::new()
        },
        ..standing(status, took_us)
    }
}

/// What any answer from a repository reflects.
pub(crate) fn standing(status: &RepoStatus, took_us: u64) -> SearchSummary {
    SearchSummary {
        repo: status.root.clone(),
        stale_files: status.stale_files,
        is_complete: status.is_complete,
        files_indexed: status.files_indexed,
        // While files are being read the phase knows more than the last generation does.
        files_total: match status.phase {
            aiex_protocol::repos::Phase::Indexing if !status.is_complete => {
                status.files_indexed.max(status.total)
            }
            _ => status.files_indexed,
        },
        chunks_embedded: status.chunks_embedded,
        chunks_total: status.chunks,
        took_us,
        ..SearchSummary::default()
    }
}

/// Files left out, most frequent reason first.
pub(crate) fn skipped(skipped: Skipped) -> SkippedReport {
    let mut reasons: Vec<ReasonCount> = skipped
        .reasons
        .into_iter()
        .map(|(reason, files)| ReasonCount { reason, files })
        .collect();
    reasons.sort_by(|a, b| b.files.cmp(&a.files).then_with(|| a.reason.cmp(&b.reason)));
    let files = skipped
        .files
        .into_iter()
        .map(|file| SkippedFile {
            path: file.path,
            reason: file.reason,
            detail: file.detail,
        })
        .collect();
    SkippedReport {
        reasons,
        files,
        redactions: skipped.redactions,
    }
}
