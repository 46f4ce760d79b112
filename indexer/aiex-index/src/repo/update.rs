//! Bringing the index in line with the disk.

use std::collections::HashSet;
use std::time::Instant;

use aiex_files::filter::ReadLimits;
use aiex_files::rules::Rules;

use super::commit::Making;
use super::{RepoIndex, Scope, UpdateReport, Writer, identity};
use crate::error::IndexError;
use crate::observer::{Observer, Phase, Progress};
use crate::pipeline::{Gate, Reader, read_all};
use crate::snapshot::Snapshot;

impl RepoIndex {
    /// Finds what changed on disk, reads it, and serves it as one or more new generations. Vectors
    /// are [`RepoIndex::embed`]'s. A store found damaged on the way is repaired and the update runs
    /// again.
    ///
    /// # Errors
    /// When the root is gone, a store cannot be written, or the observer cancels; what was
    /// published until then stays.
    pub fn update(
        &self,
        scope: Scope<'_>,
        rules: &Rules,
        observer: &dyn Observer,
    ) -> Result<UpdateReport, IndexError> {
        let mut writer = self.writer_if_open()?;
        let mut scope = scope;
        if self.settle(&mut writer)? {
            scope = Scope::All;
        }
        let found = self
            .damage
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(error) = found {
            self.repair(&mut writer, &error)?;
            scope = Scope::All;
        }
        let lost = std::mem::take(&mut *self.lost());
        if !lost.is_empty() {
            scope = Scope::All;
        }
        let updated = match self.update_once(&mut writer, scope, &lost, rules, observer) {
            Err(error @ IndexError::Damaged { .. }) => {
                self.repair(&mut writer, &error)?;
                self.update_once(&mut writer, Scope::All, &lost, rules, observer)
            }
            other => other,
        };
        if updated.is_err() {
            self.lost().extend(lost);
        }
        updated
    }

    /// After a generation that failed: a commit whose last sync fails is on the disk all the same, and one that follows would
    /// add to it what it has. Then everything is opened anew, which brings the stores to one generation. Whether it was.
    fn settle(&self, writer: &mut Writer) -> Result<bool, IndexError> {
        if !writer.is_half_made {
            return Ok(false);
        }
        let served = self.served();
        // Otherwise the last opening failed, and none of the stores is open.
        if served.lexical.path() == self.lexical_dir() {
            let committed = served.lexical.committed_generation();
            let committed = committed.map_err(|e| self.lexical_error(e))?;
            if committed == writer.catalogue.generation()? && committed == served.snapshot.generation {
                writer.is_half_made = false;
                return Ok(false);
            }
        }
        tracing::info!(root = %self.root.path.display(), "a generation failed halfway; the stores are opened anew");
        drop(served);
        self.reopen(writer)?;
        Ok(true)
    }

    fn update_once(
        &self,
        writer: &mut Writer,
        scope: Scope<'_>,
        lost: &HashSet<u32>,
        rules: &Rules,
        observer: &dyn Observer,
    ) -> Result<UpdateReport, IndexError> {
        // An update that was cut short may have left an intent; nothing of it was committed, or `settle` has seen to it.
        writer.catalogue.clear_intent()?;
        let plan = match scope {
            Scope::All => self.scan_tree(writer, rules, lost, observer)?,
            Scope::Paths(paths) => self.scan_paths(writer, rules, paths, observer)?,
        };
        let settings = &self.shared.settings;
        let is_first = !self.served().snapshot.is_complete;
        let served = self.served();
        let mut making = Making::new(self, writer, &served.lexical)?;
        for (path, version) in plan.removed {
            making.remove(path, version)?;
        }

        let total = plan.candidates.len() as u64;
        let began = Instant::now();
        let mut done = 0_u64;
        let mut published = false;
        let gate = Gate::new(settings.bytes_in_flight);
        let reader = Reader {
            root: &self.root,
            content: &self.shared.content,
            suspects: &self.shared.suspects,
            limits: &ReadLimits {
                max_bytes: settings.max_file_bytes,
                ..ReadLimits::default()
            },
        };
        read_all(
            reader,
            &plan.candidates,
            settings.workers,
            &gate,
            observer,
            &mut |prepared| {
                let bytes = prepared.text_bytes();
                let taken = making.take(prepared);
                gate.leave(bytes);
                taken?;
                done += 1;
                if done.is_multiple_of(64) || done == total {
                    let rate = done as f32 / began.elapsed().as_secs_f32().max(1e-3);
                    observer.progress(Progress {
                        phase: Phase::Indexing,
                        done,
                        total,
                        rate,
                    });
                }
                let due = if is_first && !published {
                    settings.first_checkpoint
                } else {
                    settings.checkpoint_interval
                };
                let is_due = making.began.elapsed() >= due || making.num_files() >= settings.checkpoint_files;
                if is_due && let Some(generation) = making.publish()? {
                    published = true;
                    observer.published(generation);
                }
                Ok(())
            },
        )?;
        if let Some(generation) = making.publish()? {
            observer.published(generation);
        }
        let mut report = making.report;
        drop(making);
        report.unchanged += plan.unchanged;

        if let Some(left_out) = plan.left_out {
            if writer.left_out.as_ref() != Some(&left_out) {
                writer.catalogue.set_left_out(&left_out)?;
                writer.left_out = Some(left_out);
            }
            identity::keep(&self.root, &mut writer.catalogue)?;
            if plan.is_by_other_rules {
                writer.catalogue.set_rules(&self.rules())?;
            }
            if is_first {
                writer.catalogue.set_complete(true)?;
                self.serve(|served| super::Served {
                    snapshot: std::sync::Arc::new(Snapshot::completed(&served.snapshot)),
                    lexical: served.lexical.clone(),
                    vectors: served.vectors.clone(),
                });
            }
            self.refresh_facts(writer)?;
        }
        report.generation = self.served().snapshot.generation;
        Ok(report)
    }
}
