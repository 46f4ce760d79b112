//! The world as research sees it: each source behind the one port that they share.

use std::time::Duration;

use aiex_evidence::{Hindrance, Origin, Source};
use aiex_research::{
    Boxed, Deaf, Findings, Found, Hears, PageText, Present, ReadFailure, Reader, Revisit, Search,
    SearchFailure, Searcher, SourceKind,
};
use tokio_util::sync::CancellationToken;

use super::local::Local;
use super::web::Web;

/// How long one page of an old report is waited for, others at its host included.
const REVISIT: Duration = Duration::from_secs(50);

/// What can be searched and read.
pub(crate) struct World {
    pub(crate) local: Local,
    pub(crate) web: Option<Web>,
}

impl World {
    /// The web, if the settings allow it.
    pub(crate) fn web(&self) -> Result<&Web, SearchFailure> {
        self.web.as_ref().ok_or_else(no_web)
    }

    /// The kinds of sources that a search may name.
    pub(crate) fn kinds(&self) -> Vec<SourceKind> {
        let mut kinds = vec![SourceKind::Code, SourceKind::Docs, SourceKind::Git];
        kinds.extend(self.web.is_some().then_some(SourceKind::Web));
        kinds
    }
}

impl Searcher for World {
    fn available(&self) -> Vec<SourceKind> {
        self.kinds()
    }

    fn search<'a>(
        &'a self,
        search: &'a Search,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        self.search_telling(search, &Deaf, cancel)
    }

    fn search_telling<'a>(
        &'a self,
        search: &'a Search,
        hears: &'a dyn Hears,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        Box::pin(async move {
            match (search.source, &self.web) {
                (SourceKind::Code, _) => self.local.code(search, cancel).await,
                (SourceKind::Docs, _) => self.local.docs(search, cancel).await,
                (SourceKind::Git, _) => self.local.git(search, cancel).await,
                (SourceKind::Web, Some(web)) => {
                    let surroundings = self.local.surroundings(&search.repos).await;
                    let answer = web.search(search, &surroundings, hears, cancel).await?;
                    Ok(answer.findings)
                }
                (SourceKind::Web, None) => Err(no_web()),
                (SourceKind::Reports, _) => Err(SearchFailure {
                    message: "earlier reports are searched by research itself".to_owned(),
                    hint: String::new(),
                    retryable: false,
                }),
            }
        })
    }
}

impl Reader for World {
    fn read<'a>(
        &'a self,
        found: &'a Found,
        kept_since_ms: u64,
        deadline: Duration,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<PageText, ReadFailure>> {
        Box::pin(async move {
            match &self.web {
                Some(web) => web.read(found, kept_since_ms, deadline, cancel).await,
                None => Err(ReadFailure {
                    message: no_web().message,
                    retryable: false,
                    hindrance: Hindrance::Refused,
                }),
            }
        })
    }
}

impl Revisit for World {
    fn revisit<'a>(&'a self, source: &'a Source, cancel: &'a CancellationToken) -> Boxed<'a, Present> {
        match (&source.origin, &self.web) {
            (Origin::Web { .. }, Some(web)) => Box::pin(web.revisit(source, REVISIT, cancel)),
            (Origin::Web { .. }, None) => Box::pin(async {
                Present::Unknown {
                    reason: no_web().message,
                }
            }),
            _ => self.local.revisit(source, cancel),
        }
    }
}

/// Why the web is not asked.
pub(crate) const NO_WEB: &str = "the web is not searched unless you say so";

fn no_web() -> SearchFailure {
    SearchFailure {
        message: NO_WEB.to_owned(),
        hint: "set `enabled = true` below `[web]` in the settings file".to_owned(),
        retryable: false,
    }
}
