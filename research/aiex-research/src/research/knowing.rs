//! What runs have found out, as a graph. It is stored beside the reports and changes with them.

use aiex_evidence::KnowledgeGraph;
use aiex_evidence::graph::{Look, Neighbourhood};

use super::Research;
use crate::error::ResearchError;
use crate::run::RunId;

impl Research {
    /// The entities, claims and sources of a run's report.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn graph(&self, run: &RunId) -> Result<KnowledgeGraph, ResearchError> {
        self.inner.store.run(run).await?;
        self.inner
            .store
            .graph_of(run)
            .await?
            .ok_or_else(|| ResearchError::NoReport(run.clone()))
    }

    /// The entities, claims and sources of every report together: everything is read.
    ///
    /// # Errors
    /// [`ResearchError::Store`].
    pub async fn whole_graph(&self) -> Result<KnowledgeGraph, ResearchError> {
        self.inner.store.whole_graph().await
    }

    /// The nodes that a look is for, and what is beside them: at most as many nodes as it allows, with as many of the
    /// heaviest edges of each, are read, however much is known. Of one run, or of all.
    ///
    /// # Errors
    /// As [`report`](Self::report) for a run, else [`ResearchError::Store`].
    pub async fn neighbourhood(
        &self,
        run: Option<&RunId>,
        look: &Look,
    ) -> Result<Neighbourhood, ResearchError> {
        match run {
            // One report bounds its graph.
            Some(run) => Ok(self.graph(run).await?.around(look)),
            None => self.inner.store.neighbourhood(look).await,
        }
    }
}
