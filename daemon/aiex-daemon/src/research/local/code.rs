//! The code of a repository, from its index.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aiex_evidence::{Origin, PROSE, check};
use aiex_files::root::Root;
use aiex_files::{git, secret};
use aiex_history::CommittedFiles;
use aiex_index::{Constant, Hit, Mode, SearchRequest};
use aiex_page::untrusted::instructs;
use aiex_protocol::repos::{Phase, RepoStatus};
use aiex_research::{Findings, Found, Search, SearchFailure};

use super::file::Files;
use super::name_of;
use super::passage::{Passage, passages};
use super::stop::{Stop, blocking};
use crate::repository::{Repository, search_error};

/// On an unknown repository a search waits this long for the whole index; as long as `aiex ask` does.
const FIRST_INDEX: Duration = Duration::from_secs(12);
/// The share of a search's time that waiting for an index may take.
const WAITING: f64 = 0.7;
/// Every so many results, one is of the repository's documents.
const DOCUMENTS: usize = 3;
/// Hits to look at for each result: neighbours become one passage.
const HITS_PER_RESULT: usize = 2;
/// Hits whose files tell which dependencies a question may be about.
const MATCHING: usize = 12;
/// The most hits to look at.
const MAX_HITS: usize = 60;

/// Searches one repository.
pub(super) async fn search(
    repository: Arc<dyn Repository>,
    search: &Search,
    files: &Files,
    stop: &Stop,
) -> Result<Findings, SearchFailure> {
    settled(&repository, &stop.part(WAITING, FIRST_INDEX)).await;
    // Before the search: what is taken in meanwhile, it may have missed.
    if is_behind(&repository.status()) {
        stop.fall_short();
    }
    let (query, limit, files) = (search.query.clone(), search.limit, files.clone());
    blocking(stop, move |stop| {
        let request = request(query, limit);
        let outcome = repository
            .search(&request, &mut |_| {}, &|| stop.is_due())
            .map_err(|error| {
                let error = search_error(&error);
                SearchFailure {
                    message: error.message,
                    hint: error.hint.unwrap_or_default(),
                    retryable: false,
                }
            })?;
        let root = repository.root();
        let also = |request: &SearchRequest| {
            let outcome = repository.search(request, &mut |_| {}, &|| stop.is_due());
            outcome.map_or_else(|_| Vec::new(), |outcome| outcome.hits)
        };
        // Of a part of it nobody knows what stands nowhere.
        let nowhere = if repository.status().is_complete {
            outcome.nowhere
        } else {
            Vec::new()
        };
        let hits = if is_name(&request.query) {
            with_places(outcome.hits, also(&places(&request)))
        } else {
            with_documents(outcome.hits, also(&documents(&request)))
        };
        let tree = files.of_repository(root).ok();
        let mut found: Vec<Found> = passages(hits, tree.as_ref())
            .into_iter()
            .map(|(hit, passage)| result(hit, passage, root))
            .take(limit)
            .collect();
        if let Some(tree) = &tree {
            at_commit(&mut found, tree.root());
        }
        Ok(Findings {
            found,
            nowhere,
            ..Findings::default()
        })
    })
    .await?
}

/// The question to an index.
pub(super) fn request(query: String, limit: usize) -> SearchRequest {
    SearchRequest {
        query,
        limit: (HITS_PER_RESULT * limit).clamp(1, MAX_HITS),
        ..SearchRequest::default()
    }
}

/// The same question to the repository's documents: whoever looks for code has little use for them, and they are where
/// a report finds out why.
fn documents(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        limit: request.limit.div_ceil(DOCUMENTS),
        paths: PROSE.map(|ending| format!("**/*{ending}")).into(),
        ranking: vec![Constant::new("prose", 1.0)],
        ..request.clone()
    }
}

/// Whether a query is one name out of code, and nothing else.
fn is_name(query: &str) -> bool {
    let mut pairs = query.chars().zip(query.chars().skip(1));
    let has_hump = pairs.any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    query.chars().all(|c| c.is_alphanumeric() || c == '_') && (has_hump || query.contains('_'))
}

/// Every place where a name stands: who asks for nothing but a name wants its uses as well as its definition.
fn places(request: &SearchRequest) -> SearchRequest {
    SearchRequest {
        mode: Mode::Literal,
        limit: MAX_HITS,
        ..request.clone()
    }
}

/// One list of both: the best, then one place of each file, those of code first, then the rest of them.
fn with_places(best: Vec<Hit>, places: Vec<Hit>) -> Vec<Hit> {
    let mut mixed: Vec<Hit> = best.into_iter().take(1).collect();
    let is_prose = |hit: &Hit| PROSE.iter().any(|ending| hit.path.ends_with(ending));
    let mut seen = HashSet::new();
    let mut places: Vec<(bool, bool, Hit)> = places
        .into_iter()
        .map(|hit| (!seen.insert(hit.path.clone()), is_prose(&hit), hit))
        .collect();
    // Stable, so that files stay in their order.
    places.sort_by_key(|(is_further, is_prose, _)| (*is_prose, *is_further));
    mixed.extend(places.into_iter().map(|(_, _, hit)| hit));
    mixed
}

/// The files that a question's best hits lie in, as text, the best first.
pub(super) fn matching(repository: &dyn Repository, query: &str, files: &Files, stop: &Stop) -> Vec<String> {
    let request = SearchRequest {
        query: query.to_owned(),
        limit: MATCHING,
        ..SearchRequest::default()
    };
    let found = repository.search(&request, &mut |_| {}, &|| stop.is_due());
    let hits = found.map_or_else(|_| Vec::new(), |outcome| outcome.hits);
    let Ok(tree) = files.of_repository(repository.root()) else {
        return Vec::new();
    };
    let mut paths = HashSet::new();
    hits.into_iter()
        .filter(|hit| paths.insert(hit.path.clone()))
        .filter_map(|hit| tree.text(&hit.path).ok())
        .collect()
}

/// One list of both: after each two of code, one of the documents.
fn with_documents(code: Vec<Hit>, documents: Vec<Hit>) -> Vec<Hit> {
    let is_same = |a: &Hit, b: &Hit| a.path == b.path && a.start_line == b.start_line;
    let mut documents = documents
        .into_iter()
        .filter(|document| !code.iter().any(|hit| is_same(hit, document)))
        .collect::<Vec<_>>()
        .into_iter();
    let mut mixed = Vec::new();
    for (place, hit) in code.into_iter().enumerate() {
        mixed.push(hit);
        if place % (DOCUMENTS - 1) == DOCUMENTS - 2 {
            mixed.extend(documents.next());
        }
    }
    mixed.extend(documents);
    mixed
}

/// Waits until the index holds everything or cannot get there now.
async fn settled(repository: &Arc<dyn Repository>, stop: &Stop) {
    let mut changes = repository.changes();
    loop {
        changes.borrow_and_update();
        if is_enough(&repository.status()) {
            return;
        }
        tokio::select! {
            () = stop.due() => return,
            // An error says that the repository was forgotten meanwhile.
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// Half of the vectors are enough: the newest files come first, and words find the rest.
fn is_enough(status: &RepoStatus) -> bool {
    let is_embedded = status.phase == Phase::Idle || 2 * status.chunks_embedded >= status.chunks;
    status.phase == Phase::Failed || (status.is_complete && is_embedded)
}

/// Whether an index lacks so much that the same search may find more later: files, or the vectors of more than a tenth of
/// the chunks.
fn is_behind(status: &RepoStatus) -> bool {
    // Where nothing is embedded on purpose, an index rests without vectors and without a problem.
    let awaits_vectors = status.phase != Phase::Idle || status.problem.is_some();
    let is_embedded = 10 * status.chunks_embedded >= 9 * status.chunks;
    !status.is_complete || (awaits_vectors && !is_embedded)
}

/// Says of each result at which commit it can be looked up: at the one that is checked out, if its lines say there what
/// they say here. What was edited since has no commit yet.
fn at_commit(found: &mut [Found], root: &Root) {
    let Some(head) = git::head(root).and_then(|head| head.commit) else {
        return;
    };
    let files = match CommittedFiles::at(&root.path, &head) {
        Ok(files) => files,
        Err(error) => {
            tracing::debug!(root = %root.path.display(), %error, "nothing is cited at a commit");
            return;
        }
    };
    let mut texts: HashMap<String, Option<String>> = HashMap::new();
    for found in found {
        let (Some(path), Some(text)) = (found.origin.path(), &found.text) else {
            continue;
        };
        let committed = texts.entry(path.to_owned()).or_insert_with(|| {
            let mut text = files.text(path).ok().flatten()?;
            // As it was when it was indexed.
            secret::redact(&mut text);
            Some(text)
        });
        let is_committed = committed
            .as_deref()
            .is_some_and(|file| check::stands(&found.origin, text, file));
        if let Origin::Code { commit, .. } = &mut found.origin
            && is_committed
        {
            *commit = Some(head.clone());
        }
    }
}

fn result(hit: Hit, passage: Passage, root: &Path) -> Found {
    Found {
        title: hit.symbol.unwrap_or_else(|| hit.path.clone()),
        origin: Origin::Code {
            repo: name_of(root),
            root: root.display().to_string(),
            commit: None,
            path: hit.path,
            first_line: passage.first_line,
            last_line: passage.last_line,
        },
        snippet: hit.snippet,
        score: hit.score,
        instructs: instructs(&passage.text).is_some(),
        text: Some(passage.text),
        date: None,
        licence: None,
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::repos::WatchMode;

    use super::super::passage::hit;
    use super::*;

    #[test]
    fn an_index_is_behind_while_files_or_many_vectors_are_missing() {
        let whole = RepoStatus {
            root: "/home/ada/shop".to_owned(),
            branch: None,
            phase: Phase::Idle,
            done: 0,
            total: 0,
            rate: 0.0,
            generation: 1,
            is_complete: true,
            files_seen: 10,
            files_indexed: 10,
            files_skipped: 0,
            files_failed: 0,
            stale_files: 0,
            chunks: 100,
            chunks_embedded: 100,
            symbols: 0,
            source_bytes: 0,
            disk_bytes: 0,
            watch: WatchMode::Events { watches: 1 },
            fresh_at_ms: 1,
            problem: None,
            quarantined: Vec::new(),
            vector_collection: None,
            vectors_moving_to: None,
            is_at_rest: false,
        };
        let embedding = |chunks_embedded| RepoStatus {
            phase: Phase::Embedding,
            chunks_embedded,
            ..whole.clone()
        };
        assert!(!is_behind(&whole) && !is_behind(&embedding(95)));
        assert!(is_behind(&embedding(60)));
        let first = RepoStatus {
            is_complete: false,
            phase: Phase::Indexing,
            ..whole.clone()
        };
        assert!(is_behind(&first));
        let without_vectors = |problem: Option<&str>| RepoStatus {
            chunks_embedded: 0,
            problem: problem.map(str::to_owned),
            ..whole.clone()
        };
        assert!(!is_behind(&without_vectors(None)), "none are made");
        assert!(is_behind(&without_vectors(Some("the embedder does not answer"))));
    }

    #[test]
    fn documents_stand_between_the_code_and_none_twice() {
        let hits =
            |paths: &[&str]| -> Vec<Hit> { paths.iter().map(|path| hit(path, (1, 2), "", 1.0)).collect() };
        let mixed = with_documents(hits(&["a.rs", "b.md", "c.rs"]), hits(&["b.md", "d.md", "e.md"]));
        let paths: Vec<&str> = mixed.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(paths, ["a.rs", "b.md", "d.md", "c.rs", "e.md"]);
    }

    #[test]
    fn a_name_is_followed_to_each_file_before_any_twice_and_to_documents_last() {
        let hits =
            |paths: &[&str]| -> Vec<Hit> { paths.iter().map(|path| hit(path, (1, 2), "", 1.0)).collect() };
        let mixed = with_places(hits(&["c.rs"]), hits(&["a.md", "a.rs", "a.rs", "b.rs"]));
        let paths: Vec<&str> = mixed.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(paths, ["c.rs", "a.rs", "b.rs", "a.rs", "a.md"]);
        assert!(is_name("busy_timeout") && is_name("busyTimeout"));
        assert!(!is_name("timeout") && !is_name("busy_timeout set"));
    }

    #[test]
    fn a_result_says_where_its_text_stands() {
        let mut hit = hit("src/retry.rs", (3, 4), "fn retry() {\n}", 0.7);
        hit.symbol = Some("Policy > retry".to_owned());
        let passage = Passage {
            first_line: 1,
            last_line: 9,
            text: "…".to_owned(),
        };
        let found = result(hit, passage, Path::new("/home/ada/shop"));
        assert_eq!(found.title, "Policy > retry");
        assert_eq!(
            found.origin,
            Origin::Code {
                repo: "shop".to_owned(),
                root: "/home/ada/shop".to_owned(),
                commit: None,
                path: "src/retry.rs".to_owned(),
                first_line: 1,
                last_line: 9,
            }
        );
        assert_eq!(found.text.as_deref(), Some("…"));
    }
}
