//! Asks once, ranks often: for tuning the constants and for measuring what each signal is worth.

use std::sync::Arc;

use super::arms::{self, Arms};
use super::filter::Filter;
use super::query::Query;
use super::rank;
use super::request::SearchRequest;
use super::settings::RankSettings;
use crate::engine::Shared;
use crate::error::SearchError;
use crate::repo::{RepoIndex, Served};

/// A query and what the arms found for it.
pub struct Case {
    query: Query,
    arms: Arms,
    served: Arc<Served>,
    shared: Arc<Shared>,
}

/// A span in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Path inside the repository.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// Higher is better.
    pub score: f32,
}

impl Case {
    /// Asks all arms; nothing for an empty query.
    ///
    /// # Errors
    /// When a store fails.
    pub fn ask(repo: &RepoIndex, text: &str, settings: &RankSettings) -> Result<Option<Self>, SearchError> {
        let served = repo.served();
        let Some(query) = Query::parse(text) else {
            return Ok(None);
        };
        let filter = Filter::new(&SearchRequest::default(), &served.snapshot)?;
        let arms = arms::ask(repo, &served, &query, &filter, settings, &mut |_| {})?;
        Ok(Some(Self {
            query,
            arms,
            served,
            shared: repo.shared().clone(),
        }))
    }

    /// How the query was read.
    pub fn route(&self) -> &'static str {
        self.query.route.name()
    }

    /// Ranks what was found.
    ///
    /// # Errors
    /// When the texts of what was found cannot be read.
    pub fn rank(&self, settings: &RankSettings, limit: usize) -> Result<Vec<Placed>, SearchError> {
        let filter = Filter::new(&SearchRequest::default(), &self.served.snapshot)?;
        let ranked = rank::rank(
            &self.query,
            &self.arms,
            &self.served.snapshot,
            settings,
            &filter,
            &|file| Ok(self.shared.content.shown(&file.key)?),
            rank::Listing {
                explains: false,
                limit,
            },
        )?;
        Ok(ranked
            .into_iter()
            .map(|span| {
                let place = &span.outline.spans[span.ordinal];
                Placed {
                    path: span.file.path.to_string(),
                    start_line: place.first_line,
                    end_line: place.last_line,
                    score: span.score,
                }
            })
            .collect())
    }
}
