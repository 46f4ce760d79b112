//! Setting a damaged store aside while the daemon runs, and keeping stores in shape.

use std::sync::atomic::Ordering;

use super::{RepoIndex, Writer};
use crate::error::IndexError;

impl RepoIndex {
    /// Sets the store that `error` names aside and opens the repository anew around the hole; what
    /// was in it is made again from the other stores or from the files.
    pub(super) fn repair(&self, writer: &mut Writer, error: &IndexError) -> Result<(), IndexError> {
        let IndexError::Damaged { store, path, source } = error else {
            return Ok(());
        };
        tracing::warn!(root = %self.root.path.display(), store, "a damaged store is built anew: {source}");
        if *store == "content" {
            self.shared.content.begin_anew()?;
            writer.quarantined.push(format!("content ({source})"));
        } else if *store != "catalogue" {
            writer.quarantined.push(format!("{store} ({source})"));
            let path = path.clone();
            let quarantined = std::mem::take(&mut writer.quarantined);
            self.release(writer)?;
            writer.quarantined = quarantined;
            crate::content::set_aside(&path).map_err(|e| IndexError::io(store, &path, e))?;
        }
        // Opening checks every store, and the catalogue first.
        self.reopen(writer)
    }

    /// Compares every stored content with its digest, once after a large repository was opened. What is damaged is noted,
    /// and the next update reads its file again.
    fn verify_contents(&self, is_cancelled: &dyn Fn() -> bool) -> Result<(), IndexError> {
        if !self.is_unverified.load(Ordering::Acquire) {
            return Ok(());
        }
        let served = self.served();
        for file in served.snapshot.files() {
            if is_cancelled() {
                return Ok(());
            }
            if !self.shared.content.is_sound(&file.key)? {
                self.text_is_lost(file.version);
            }
        }
        self.is_unverified.store(false, Ordering::Release);
        Ok(())
    }

    /// Long, optional work that keeps searches quick: merges segments of full text and vectors.
    /// Called when nothing else is to be done.
    ///
    /// # Errors
    /// When a store fails.
    pub fn maintain(&self, is_cancelled: &dyn Fn() -> bool) -> Result<(), IndexError> {
        self.verify_contents(is_cancelled)?;
        let writer = self.writer_if_open()?;
        if let Err(error) = writer.outlines.log.tidy() {
            tracing::info!(%error, "outlines that are not used stay on the disk for now");
        }
        let lexical = self.served().lexical.clone();
        let fail = |e| self.lexical_error(e);
        let mut text = lexical.begin(self.shared.settings.writer_memory).map_err(fail)?;
        let has_merged = text.settle(is_cancelled).map_err(fail)?;
        drop(text);
        if has_merged {
            lexical.publish().map_err(fail)?;
        }
        if let Some(store) = &self.served().vectors {
            store
                .optimize(is_cancelled)
                .map_err(|e| IndexError::vector(&self.vector_dir(), e))?;
        }
        self.refresh_facts(&writer)
    }
}
