//! The index's words turned into the wire's. The only place that knows both.

use std::path::Path;

use aiex_index::{Hit, Mode, SearchOutcome, SearchRequest};
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
        paths: args.filters.paths.clone(),
        languages: args.filters.languages.clone(),
        kinds: args.filters.kinds.clone(),
        explain: args.explain,
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
            route: explanation.route,
            arms: explanation
                .arms
                .into_iter()
                .map(|(arm, (rank, score))| (arm.to_owned(), wire::ArmPlace { rank, score }))
                .collect(),
            steps: explanation
                .steps
                .into_iter()
                .map(|(rule, detail, score)| wire::ScoreStep {
                    rule: rule.to_owned(),
                    detail,
                    score,
                })
                .collect(),
        }),
    }
}

/// What the answer reflects.
pub(crate) fn summary(outcome: &SearchOutcome, status: &RepoStatus, took_us: u64) -> SearchSummary {
    SearchSummary {
        repo: status.root.clone(),
        route: outcome.route.to_owned(),
        generation: outcome.generation,
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
        is_cached: outcome.is_cached,
        took_us,
        is_exhaustive: outcome.is_exhaustive,
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
