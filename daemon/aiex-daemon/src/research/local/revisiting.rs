//! What has become of a source since a report cited it.

use std::path::Path;
use std::time::Duration;

use aiex_evidence::{Origin, Source};
use aiex_research::{Boxed, Present, Revisit};
use tokio_util::sync::CancellationToken;

use super::Local;
use super::file::{Files, Unread};
use super::stop::{Stop, blocking};

/// Looking at one source may take so long.
const PATIENCE: Duration = Duration::from_secs(20);

impl Revisit for Local {
    fn revisit<'a>(&'a self, source: &'a Source, cancel: &'a CancellationToken) -> Boxed<'a, Present> {
        Box::pin(async move {
            let stop = Stop::new(PATIENCE, cancel);
            let _ends = stop.ends_with_caller();
            let unknown = |reason: &str| Present::Unknown {
                reason: reason.to_owned(),
            };
            match &source.origin {
                Origin::Code { root, path, .. } => self.file(root, path, in_repository, &stop).await,
                Origin::Docs { root, path, .. } => self.file(root, path, in_package, &stop).await,
                Origin::Commit { root, commit, .. } => {
                    let root = Path::new(root);
                    if !root.exists() {
                        return Present::Gone;
                    }
                    self.histories.clone().revisit(source, root, commit, &stop).await
                }
                Origin::Web { .. } => unknown("web pages are not fetched again"),
                Origin::Report { .. } => unknown("earlier reports are not read again"),
            }
        })
    }
}

/// Reads a file of a root.
type ReadFile = fn(&Files, &Path, &str) -> Result<String, Unread>;

fn in_repository(files: &Files, root: &Path, path: &str) -> Result<String, Unread> {
    files.of_repository(root)?.text(path)
}

fn in_package(files: &Files, root: &Path, path: &str) -> Result<String, Unread> {
    files.of_package(root).text(path)
}

impl Local {
    async fn file(&self, root: &str, path: &str, read: ReadFile, stop: &Stop) -> Present {
        let (files, root, path) = (self.files.clone(), root.to_owned(), path.to_owned());
        let text = blocking(stop, move |_| read(&files, Path::new(&root), &path)).await;
        match text {
            Ok(Ok(text)) => Present::There { text },
            Ok(Err(Unread::Gone)) => Present::Gone,
            Ok(Err(Unread::Refused(reason))) => Present::Unknown { reason },
            Err(failure) => Present::Unknown {
                reason: failure.message,
            },
        }
    }
}
