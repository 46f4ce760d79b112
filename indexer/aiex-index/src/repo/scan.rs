//! Comparing the disk with the catalogue.

use std::collections::{BTreeSet, HashMap, HashSet};

use aiex_files::RelPath;
use aiex_files::git;
use aiex_files::rules::{Force, Rules};
use aiex_files::stat::Stat;
use aiex_files::walk::{self, Seen, WalkError};

use super::{RepoIndex, Writer, identity};
use crate::catalogue::{LeftOut, Outcome, Row};
use crate::content;
use crate::error::IndexError;
use crate::observer::{Observer, Phase, Progress};
use crate::pipeline::Candidate;

/// What has to be looked at.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// May have changed; hottest first.
    pub(super) candidates: Vec<Candidate>,
    /// Gone, with the version that was indexed.
    pub(super) removed: Vec<(RelPath, Option<u32>)>,
    /// What the walk left out; none when only some paths were looked at.
    pub(super) left_out: Option<Vec<LeftOut>>,
    pub(super) unchanged: u64,
    /// Versions whose stored text is damaged: their files are read again, changed or not.
    lost: HashSet<u32>,
    /// Whether the catalogue was made by other rules: every file is read again.
    pub(super) is_by_other_rules: bool,
}

impl Plan {
    /// Sorts a file into changed or not by its stat and, when that leaves doubt, by git.
    fn consider(&mut self, path: RelPath, stat: Stat, before: Option<Row>, force: Force) {
        let is_lost = before
            .as_ref()
            .and_then(Row::version)
            .is_some_and(|version| self.lost.contains(&version));
        // It may have been forced in since it was left out.
        let is_forced = force != Force::No
            && matches!(&before, Some(row) if matches!(row.outcome, Outcome::Skipped { .. }));
        if let Some(row) = &before
            && !is_lost
            && !is_forced
            && !self.is_by_other_rules
            && row.stat == stat
            && !row.stat.is_racy(row.read_at_ns)
            && !matches!(row.outcome, Outcome::Failed { .. })
        {
            self.unchanged += 1;
            return;
        }
        self.candidates.push(Candidate {
            path,
            stat,
            before,
            is_lost,
            blob: None,
            force,
        });
    }

    /// Newest first: what was edited last is asked for first.
    fn finish(mut self) -> Self {
        self.candidates.sort_by(|a, b| {
            b.stat
                .mtime_ns
                .cmp(&a.stat.mtime_ns)
                .then_with(|| a.path.cmp(&b.path))
        });
        self
    }
}

impl RepoIndex {
    /// Names the rules by which files are taken in.
    pub(super) fn rules(&self) -> String {
        let largest = self.shared.settings.max_file_bytes;
        format!("{}, at most {largest} bytes", content::rules())
    }

    /// Looks at the whole tree.
    pub(super) fn scan_tree(
        &self,
        writer: &Writer,
        rules: &Rules,
        lost: &HashSet<u32>,
        observer: &dyn Observer,
    ) -> Result<Plan, IndexError> {
        let mut known = writer.catalogue.rows()?;
        let mut plan = Plan {
            lost: lost.clone(),
            is_by_other_rules: writer.catalogue.text("rules")? != Some(self.rules()),
            ..Plan::default()
        };
        let mut left_out = Vec::new();
        let mut seen_files = 0_u64;
        let walked = walk::walk(
            &self.root,
            rules,
            &|| observer.is_cancelled(),
            &mut |seen| match seen {
                Seen::File(file) => {
                    seen_files += 1;
                    if seen_files.is_multiple_of(512) {
                        observer.progress(Progress {
                            phase: Phase::Scanning,
                            done: seen_files,
                            total: seen_files,
                            rate: 0.0,
                        });
                    }
                    let before = known.remove(&file.path);
                    plan.consider(file.path, file.stat, before, file.force);
                }
                Seen::Skipped(skipped) => left_out.push(LeftOut {
                    path: skipped.path,
                    reason: skipped.reason.name().to_owned(),
                    detail: skipped.detail,
                }),
            },
        );
        match walked {
            Ok(_) => {}
            Err(WalkError::Cancelled { .. }) => return Err(IndexError::Cancelled),
            Err(error) => {
                return Err(IndexError::RootGone {
                    path: self.root.path.clone(),
                    source: Box::new(error),
                });
            }
        }
        if seen_files == 0 && !known.is_empty() {
            identity::see_that_it_is(&self.root, &writer.catalogue)?;
        }
        plan.removed
            .extend(known.into_iter().map(|(path, row)| (path, row.version())));
        plan.left_out = Some(left_out);
        // Worth the reading of git's index only when many files are to be read.
        if plan.candidates.len() > 16 {
            self.ask_git(&mut plan);
        }
        Ok(plan.finish())
    }

    /// Looks at some files and folders.
    pub(super) fn scan_paths(
        &self,
        writer: &Writer,
        rules: &Rules,
        paths: &BTreeSet<RelPath>,
        observer: &dyn Observer,
    ) -> Result<Plan, IndexError> {
        let mut plan = Plan::default();
        let mut done: BTreeSet<RelPath> = BTreeSet::new();
        for path in paths {
            if observer.is_cancelled() {
                return Err(IndexError::Cancelled);
            }
            let mut known: HashMap<RelPath, Row> = writer.catalogue.rows_below(path)?;
            if let Some(row) = writer.catalogue.row(path)? {
                known.insert(path.clone(), row);
            }
            let walked = walk::walk_below(
                &self.root,
                rules,
                path,
                &|| observer.is_cancelled(),
                &mut |seen| {
                    if let Seen::File(file) = seen {
                        let before = known.remove(&file.path);
                        if done.insert(file.path.clone()) {
                            plan.consider(file.path, file.stat, before, file.force);
                        }
                    }
                },
            );
            match walked {
                Ok(_) => {}
                Err(WalkError::Cancelled { .. }) => return Err(IndexError::Cancelled),
                Err(error) => {
                    return Err(IndexError::RootGone {
                        path: self.root.path.clone(),
                        source: Box::new(error),
                    });
                }
            }
            for (path, row) in known {
                if done.insert(path.clone()) {
                    plan.removed.push((path, row.version()));
                }
            }
        }
        Ok(plan.finish())
    }

    /// Notes the git blob of every candidate that git's index vouches for.
    fn ask_git(&self, plan: &mut Plan) {
        let Ok(clean) = git::clean_blobs(&self.root) else {
            return;
        };
        for candidate in &mut plan.candidates {
            candidate.blob = clean.clean(&candidate.path, &candidate.stat);
        }
    }
}
