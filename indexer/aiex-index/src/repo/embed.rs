//! Filling in vectors behind the full text, newest files first.

use std::time::Instant;

use aiex_embed::{Cost, Embedder};
use aiex_vector::quantise;

use super::RepoIndex;
use crate::content::{ContentKey, ContentStore};
use crate::error::IndexError;
use crate::observer::{Observer, Phase, Progress};
use crate::seating::Seat;
use crate::snapshot::{Outline, chunk_id};

/// What filling in vectors did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmbedReport {
    /// Chunks whose vector was computed.
    pub embedded: u64,
    /// Chunks whose vector was known from an equal content.
    pub reused: u64,
    /// Whether every chunk has a vector now.
    pub is_complete: bool,
    /// Whether many have none, because the observer spares power.
    pub is_paused: bool,
}

/// The vectors of a content's chunks.
enum Embedded {
    Vectors(Vec<i8>),
    /// The observer cancelled first.
    NotYet,
    /// The stored text is damaged.
    Lost,
}

/// The place of a content in its round, and its vectors unless its text is damaged.
type Computed = (usize, Option<Vec<i8>>);

/// Vectors of so many chunks are made even when power is spared: they take about a tenth of a second.
const FEW_CHUNKS: u64 = 1000;

/// Files of one round; a crash costs one round.
const ROUND_FILES: usize = 512;

/// A chunk's text as the embedder sees it: where it lies, then what it says. The path is left out,
/// so that equal contents have equal vectors wherever they lie.
fn embedded_text(outline: &Outline, span: &crate::snapshot::Span, text: &str) -> String {
    let body = text
        .get(span.start as usize..span.end as usize)
        .unwrap_or_default();
    let crumb = outline.breadcrumb(span);
    if crumb.is_empty() {
        body.to_owned()
    } else {
        format!("{crumb}\n{body}")
    }
}

impl RepoIndex {
    /// Computes the vectors of chunks that have none, or takes them from the content store if it keeps them, and
    /// puts them before searches. Returns early, with what was done, when the observer cancels.
    ///
    /// # Errors
    /// When the embedder or a store fails. Full text is served all the same.
    pub fn embed(&self, observer: &dyn Observer) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport::default();
        let Some(embedder) = self.shared.embedder().cloned() else {
            report.is_complete = true;
            return Ok(report);
        };
        let began = Instant::now();
        self.open_late_vectors()?;
        // A server that is away is in the way of neither: not of a move to this machine, and not of new vectors here.
        if self.seating()?.moving_to == Some(Seat::Local) && !self.move_on(observer)? {
            return Ok(report);
        }
        self.look_over_vectors()?;
        loop {
            if observer.is_cancelled() {
                return Ok(report);
            }
            let snapshot = &self.served().snapshot;
            report.is_paused = FEW_CHUNKS < snapshot.num_chunks.saturating_sub(snapshot.num_embedded)
                && observer.spares_power();
            if report.is_paused {
                return Ok(report);
            }
            // The writer is let go between rounds, so that a saved file never waits for all vectors.
            let mut writer = self.writer_if_open()?;
            let served = self.served();
            let Some(store) = served.vectors.clone() else {
                report.is_complete = true;
                return Ok(report);
            };
            let round = writer.catalogue.unembedded(ROUND_FILES)?;
            if round.is_empty() {
                store
                    .settle()
                    .map_err(|e| IndexError::vector(&self.vector_dir(), e))?;
                self.shared.content.cut_log()?;
                writer.catalogue.cut_log()?;
                self.refresh_facts(&writer)?;
                // A move waits for the last who uses the place that it leaves.
                drop((writer, store, served));
                if !self.move_on(observer)? {
                    return Ok(report);
                }
                self.leave()?;
                report.is_complete = true;
                return Ok(report);
            }
            let keys: Vec<ContentKey> = round.iter().map(|(_, _, key)| *key).collect();
            let vectors = self.vectors_of(embedder.as_ref(), &keys, observer, &mut report)?;
            let mut done = Vec::with_capacity(round.len());
            let mut ids = Vec::new();
            let mut data = Vec::new();
            for ((path, version, _), vectors) in round.into_iter().zip(vectors) {
                let vectors = match vectors {
                    Embedded::Vectors(vectors) => vectors,
                    Embedded::NotYet => continue,
                    Embedded::Lost => {
                        // Done under this version; the next update gives the file a new one.
                        self.text_is_lost(version);
                        Vec::new()
                    }
                };
                let count = vectors.len() / embedder.dimensions();
                ids.extend((0..count).map(|ordinal| chunk_id(version, ordinal)));
                data.extend_from_slice(&vectors);
                done.push((path, version));
            }
            let fail = |e| self.vector_error(e);
            store.upsert(&ids, &data).map_err(fail)?;
            store.flush().map_err(fail)?;
            if done.is_empty() {
                // Cancelled before anything was computed.
                return Ok(report);
            }
            writer.catalogue.mark_embedded(&done)?;
            let embedded = writer.catalogue.embedded_chunks()?;
            self.show_embedded(embedded);
            self.refresh_facts(&writer)?;
            let chunks = report.embedded + report.reused;
            observer.progress(Progress {
                phase: Phase::Embedding,
                done: embedded,
                total: self.served().snapshot.num_chunks,
                rate: chunks as f32 / began.elapsed().as_secs_f32().max(1e-3),
            });
        }
    }

    /// Makes searches among the vectors quick; until then each is compared with the question. The writer is not held: a saved
    /// file does not wait for this. Returns early when the observer cancels.
    ///
    /// # Errors
    /// When the vectors cannot be read.
    pub fn warm(&self, observer: &dyn Observer) -> Result<(), IndexError> {
        let served = self.served();
        let Some(store) = &served.vectors else {
            return Ok(());
        };
        store
            .warm(&|| observer.is_cancelled())
            .map_err(|e| IndexError::vector(&self.vector_dir(), e))
    }

    /// The vectors of contents: from the store, or computed and then stored where they are kept.
    fn vectors_of(
        &self,
        embedder: &dyn Embedder,
        keys: &[ContentKey],
        observer: &dyn Observer,
        report: &mut EmbedReport,
    ) -> Result<Vec<Embedded>, IndexError> {
        let content = &self.shared.content;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let kept = match are_kept(embedder) {
                true => content.vectors(key, embedder.id())?,
                false => None,
            };
            found.push(match kept {
                Some(vectors) => {
                    report.reused += (vectors.len() / embedder.dimensions()) as u64;
                    Embedded::Vectors(vectors)
                }
                None => Embedded::NotYet,
            });
        }
        let missing: Vec<usize> = (0..keys.len())
            .filter(|at| matches!(found[*at], Embedded::NotYet))
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let workers = match embedder.cost() {
            Cost::Cheap => self.shared.settings.workers.max(1),
            // ONNX uses its own threads, and a server has its own queue.
            Cost::Expensive => 1,
        };
        let next = std::sync::atomic::AtomicUsize::new(0);
        let computed = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    let (next, missing) = (&next, &missing);
                    scope.spawn(move || -> Result<Vec<Computed>, IndexError> {
                        let mut mine = Vec::new();
                        while let Some(at) =
                            missing.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                        {
                            if observer.is_cancelled() {
                                break;
                            }
                            let vectors = match content.load(&keys[*at])? {
                                Some((text, outline)) => Some(embed_content(embedder, &text, &outline)?),
                                None => None,
                            };
                            mine.push((*at, vectors));
                        }
                        Ok(mine)
                    })
                })
                .collect();
            let mut all = Vec::new();
            for thread in threads {
                match thread.join() {
                    Ok(result) => all.extend(result?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<_, IndexError>(all)
        })?;
        if are_kept(embedder) {
            let rows: Vec<_> = computed
                .iter()
                .filter_map(|(at, vectors)| Some((keys[*at], vectors.clone()?)))
                .collect();
            content.insert_vectors(embedder.id(), &rows)?;
        }
        for (at, vectors) in computed {
            let Some(vectors) = vectors else {
                found[at] = Embedded::Lost;
                continue;
            };
            report.embedded += (vectors.len() / embedder.dimensions()) as u64;
            found[at] = Embedded::Vectors(vectors);
        }
        Ok(found)
    }
}

/// Whether the content store keeps an embedder's vectors. Those that take microseconds are made again from the text, which
/// costs as much as to unpack them and a quarter of all room on the disk less (decision 16).
pub(crate) fn are_kept(embedder: &dyn Embedder) -> bool {
    embedder.cost() == Cost::Expensive
}

/// The vectors of a content's chunks, one after the other: kept ones, or made on the spot where none are kept. Nothing where
/// they were not made yet, or the text is damaged.
pub(crate) fn vectors_at_hand(
    content: &ContentStore,
    embedder: &dyn Embedder,
    key: &ContentKey,
) -> Result<Option<Vec<i8>>, IndexError> {
    if are_kept(embedder) {
        return content.vectors(key, embedder.id());
    }
    let Some((text, outline)) = content.load(key)? else {
        return Ok(None);
    };
    embed_content(embedder, &text, &outline).map(Some)
}

fn embed_content(embedder: &dyn Embedder, text: &str, outline: &Outline) -> Result<Vec<i8>, IndexError> {
    let dimensions = embedder.dimensions();
    let mut quantised = Vec::with_capacity(outline.spans.len() * dimensions);
    for spans in outline.spans.chunks(embedder.max_batch().max(1)) {
        let texts: Vec<String> = spans
            .iter()
            .map(|span| embedded_text(outline, span, text))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut vectors = Vec::with_capacity(texts.len() * dimensions);
        embedder.embed_documents(&texts, &mut vectors)?;
        for vector in vectors.chunks_exact(dimensions) {
            quantised.extend(quantise(vector));
        }
    }
    Ok(quantised)
}
