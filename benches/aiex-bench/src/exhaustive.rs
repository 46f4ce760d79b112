//! Exhaustive searches, before and after postings cover the files. In this process: a daemon covers when it likes.

use std::path::Path;
use std::time::Instant;

use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexSettings, Matches, Mode, RepoIndex, Scope, SearchRequest, Silent};

use crate::Failure;
use crate::corpus::Corpus;
use crate::measure::{mb, row};
use crate::quantile::Times;

/// What is looked for: how it is called, how it is read, and the pattern.
const PATTERNS: &[(&str, Mode, &str)] = &[
    ("nowhere", Mode::Literal, "zq_nowhere_at_all"),
    ("rare literal", Mode::Literal, "memory_order_acq_rel"),
    ("literal", Mode::Literal, "unwrap_or_default()"),
    ("common literal", Mode::Literal, "pub fn new("),
    ("rare", Mode::Regex, r"fn \w+_spin_lock\("),
    ("of two words", Mode::Regex, r"impl.*\bIterator for \w+Iter\b"),
    ("either case", Mode::Regex, "(?i)deprecated since"),
    ("alternatives", Mode::Regex, r"(SAFETY|NOTE|WARNING): \w+ly\b"),
    ("classes", Mode::Regex, r"0x[0-9a-f]{8}_u(32|64)"),
    ("no three letters in a row", Mode::Regex, r"[A-Z]\d[A-Z]\d[A-Z]\d"),
];

/// Measures on one repository.
pub(crate) fn all(scratch: &Path, corpus: &Corpus) -> Result<(), Failure> {
    let dir = tempfile::tempdir_in(scratch)?;
    let engine = Engine::open(dir.path(), None, IndexSettings::default())?;
    let repo = engine.open_repo(Root::discover(&corpus.root, None, true)?, true)?;
    let rules = Rules::load(repo.root(), RulesOptions::default());
    repo.update(Scope::All, &rules, &Silent)?;
    let mut uncovered = Vec::new();
    for (_, mode, pattern) in PATTERNS {
        uncovered.push(ask(&repo, *mode, pattern, 5)?.0);
    }
    let before = repo.facts();
    let began = Instant::now();
    let covered = repo.cover(&Silent)?.covered;
    let took = began.elapsed().as_secs_f64();
    let after = repo.facts();
    let bytes = after.disk_bytes.saturating_sub(before.disk_bytes);
    let result = format!(
        "{covered} files in {took:.2} s; {:.1} MB on disk, {:.2} × the indexed source",
        mb(bytes),
        bytes as f64 / after.source_bytes as f64
    );
    row("covering with postings", corpus, &result);
    for ((what, mode, pattern), uncovered) in PATTERNS.iter().zip(uncovered) {
        let (times, matches) = ask(&repo, *mode, pattern, 100)?;
        let result = format!(
            "{}; uncovered {}; {} matches in {} files",
            times.show(),
            uncovered.show(),
            matches.lines,
            matches.files
        );
        row(
            &format!("exhaustive search, {what}: `{}`", pattern.replace('|', "\\|")),
            corpus,
            &result,
        );
    }
    Ok(())
}

/// Asks for a pattern a number of times, each time for another number of hits: answers are remembered.
fn ask(repo: &RepoIndex, mode: Mode, pattern: &str, times: usize) -> Result<(Times, Matches), Failure> {
    let mut took = Vec::new();
    let mut matches = Matches::default();
    for limit in (50..).take(times) {
        let request = SearchRequest {
            query: pattern.to_owned(),
            mode,
            limit,
            ..SearchRequest::default()
        };
        let began = Instant::now();
        let outcome = repo.search(&request, &mut |_| {}, &|| false)?;
        took.push(began.elapsed());
        matches = outcome.matches.unwrap_or_default();
    }
    Ok((Times::new(took), matches))
}
