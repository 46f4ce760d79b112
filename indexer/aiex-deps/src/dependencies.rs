//! What was found, and the questions that can be asked of it.

use std::collections::BTreeMap;

use crate::mention::Mentions;
use crate::notice::Notice;
use crate::package::{Ecosystem, Origin, Package};
use crate::quota::{self, Chosen, Quota};

/// The dependencies of a repository.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dependencies {
    /// Every package once, ordered by ecosystem, name and version.
    pub packages: Vec<Package>,
    /// What went wrong on the way.
    pub notices: Vec<Notice>,
}

impl Dependencies {
    pub(crate) fn new(packages: Vec<Package>, notices: Vec<Notice>) -> Self {
        Self { packages, notices }
    }

    /// The words for the repository's languages, the one with the most direct dependencies first.
    pub fn languages(&self) -> Vec<&'static str> {
        let mut counts: BTreeMap<Ecosystem, usize> = BTreeMap::new();
        for package in &self.packages {
            *counts.entry(package.ecosystem).or_default() += if package.direct { 100 } else { 1 };
        }
        let mut ordered: Vec<(Ecosystem, usize)> = counts.into_iter().collect();
        ordered.sort_by_key(|(ecosystem, count)| (std::cmp::Reverse(*count), *ecosystem));
        ordered
            .into_iter()
            .filter_map(|(ecosystem, _)| ecosystem.language())
            .collect()
    }

    /// The packages that a query names, the clearest mention first.
    ///
    /// `-`, `_` and blanks are one (`tokio util` names `tokio-util`), of scoped and nested names the last part counts
    /// too, and names that are everyday words (`log`, `time`) count only where the query marks them as a package:
    /// in backquotes, before `::` or a version, or beside a word such as "crate".
    pub fn mentioned_in(&self, query: &str) -> Vec<&Package> {
        let mentions = Mentions::of(query);
        let mut found: Vec<(u32, &Package)> = self
            .packages
            .iter()
            .filter_map(|package| Some((mentions.strength(package)?, package)))
            .collect();
        found.sort_by_key(|(strength, package)| (std::cmp::Reverse(*strength), !package.direct));
        found.into_iter().map(|(_, package)| package).collect()
    }

    /// Every package that is not the repository's own code, by how likely a query is about it: mentioned ones first,
    /// then those whose name shares a word with the query, direct ones before others. The manual takes part only
    /// when it is mentioned.
    pub fn ranked(&self, query: &str) -> Vec<&Package> {
        self.ranked_with(query, &|_| 0)
    }

    fn ranked_with(&self, query: &str, likelihood: &dyn Fn(&Package) -> u32) -> Vec<&Package> {
        let mentions = Mentions::of(query);
        let mut ranked: Vec<(u32, u32, bool, &Package)> = self
            .packages
            .iter()
            .filter(|package| package.origin != Origin::Path)
            .filter_map(|package| {
                let strength = mentions.strength(package);
                if package.ecosystem == Ecosystem::Man && strength.is_none() {
                    return None;
                }
                // A mention outweighs any number of shared words.
                let relevance =
                    strength.map_or_else(|| mentions.shared_words(package), |strength| 1_000 + strength);
                Some((relevance, likelihood(package), package.direct, package))
            })
            .collect();
        // The sort is stable, so equals stay in the order of their names.
        ranked.sort_by_key(|(relevance, likelihood, direct, _)| {
            std::cmp::Reverse((*relevance, *likelihood, *direct))
        });
        ranked.into_iter().map(|(_, _, _, package)| package).collect()
    }

    /// Picks packages to index for a query, within a quota, in the order of [`ranked`](Self::ranked); of those that the
    /// query tells nothing of, the ones first that are likelier by what else the caller knows.
    ///
    /// Only packages whose sources lie on this machine count. A package that does not fit into what is left of the bytes is
    /// passed over for the next one. Indirect packages that share nothing with the query are never chosen. It reads
    /// directories to measure them, and blocks meanwhile.
    pub fn choose(
        &self,
        query: &str,
        quota: &Quota,
        likelihood: &dyn Fn(&Package) -> u32,
    ) -> Vec<Chosen<'_>> {
        let mentions = Mentions::of(query);
        let likely = self.ranked_with(query, likelihood).into_iter().filter(|package| {
            package.direct || mentions.strength(package).is_some() || mentions.shared_words(package) > 0
        });
        quota::choose(likely, quota)
    }
}
