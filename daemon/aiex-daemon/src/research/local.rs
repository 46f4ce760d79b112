//! What lies on this machine: code, the sources and documentation of dependencies, commits.
//!
//! ```text
//! code ─► Repositories ─► their index            ┐
//! docs ─► lockfiles ─► packages ─► an own index  ├─► passages, as the index reads files, with where they lie
//! git  ─► histories                              ┘
//! ```
//!
//! Everything that blocks runs on worker threads and ends when the search does. Secrets are blotted out on every way.

mod code;
mod commits;
pub(crate) mod file;
mod glance;
mod lockfiles;
mod merging;
mod packages;
mod passage;
mod revisiting;
mod shelf;
mod stop;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aiex_config::{Environment as _, Home, ProcessEnvironment, Settings};
use aiex_deps::Dependencies;
use aiex_protocol::{ErrorCode, WireError};
use aiex_research::{Findings, Search, SearchFailure};
use futures_util::stream::{self, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::web::Surroundings;
use crate::repository::{Repositories, Repository};
use commits::Histories;
use file::Files;
use lockfiles::Lockfiles;
use merging::together;
use packages::{Likely, Packages};
use stop::{Stop, blocking};

/// The most repositories that one search looks at, those registered last first.
const MAX_REPOSITORIES: usize = 16;
/// Repositories that are searched side by side.
const AT_ONCE: usize = 2;
/// The longest context for a planner, in bytes.
const MAX_CONTEXT: usize = 2_000;
/// Finding what a run is told of its repositories may take so long.
const CONTEXT_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// …and seeing whether their dependencies are as they were, so long: asking a question anew is always right.
const GLANCE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// The sources that lie on this machine.
pub(crate) struct Local {
    repositories: Arc<dyn Repositories>,
    files: Files,
    lockfiles: Arc<Lockfiles>,
    packages: Arc<Packages>,
    histories: Arc<Histories>,
}

impl Local {
    /// The sources of this user. Nothing is opened yet.
    pub(crate) fn new(repositories: Arc<dyn Repositories>, home: &Home, settings: &Settings) -> Self {
        let files = Files::new(ProcessEnvironment.home_dir(), settings.index.max_file_size);
        Self {
            repositories,
            files: files.clone(),
            lockfiles: Arc::new(Lockfiles::of_this_process()),
            packages: Arc::new(Packages::new(home, settings, files)),
            histories: Arc::new(Histories::new(&home.cache_dir().join("history"))),
        }
    }

    /// Searches the code of repositories. One that is just being indexed is waited for, within reason.
    ///
    /// # Errors
    /// When no repository can be searched.
    pub(crate) async fn code(
        &self,
        search: &Search,
        cancel: &CancellationToken,
    ) -> Result<Findings, SearchFailure> {
        let stop = Stop::new(search.deadline, cancel);
        let _ends = stop.ends_with_caller();
        let repositories = self.open(&search.repos, &stop).await?;
        // A list of futures, for a closure of borrows would not do for a task that moves between threads.
        let searches: Vec<_> = repositories
            .into_iter()
            .map(|repository| code::search(repository, search, &self.files, &stop))
            .collect();
        let lists: Vec<_> = stream::iter(searches).buffered(AT_ONCE).collect().await;
        let nowhere = nowhere_in(&lists);
        let lists = lists
            .into_iter()
            .map(|list| list.map(|findings| findings.found))
            .collect();
        Ok(Findings {
            found: together(lists, &search.query, search.limit)?,
            nowhere,
            is_unready: stop.fell_short(),
            ..Findings::default()
        })
    }

    /// Searches the dependencies of repositories, at the versions that these lock. What is not indexed yet is indexed
    /// for as long as the search has time; it finds what is there by then.
    ///
    /// # Errors
    /// When the index of packages cannot be used.
    pub(crate) async fn docs(
        &self,
        search: &Search,
        cancel: &CancellationToken,
    ) -> Result<Findings, SearchFailure> {
        let stop = Stop::new(search.deadline, cancel);
        let _ends = stop.ends_with_caller();
        let dependencies = self.dependencies(&search.repos, &stop).await?;
        let opened = self.open(&search.repos, &stop).await?;
        let (query, files) = (search.query.clone(), self.files.clone());
        let wanted = blocking(&stop, move |stop| {
            let likely = if packages::names_one(&dependencies, &query) {
                Likely::default()
            } else {
                let texts = opened
                    .iter()
                    .flat_map(|repository| code::matching(repository.as_ref(), &query, &files, stop));
                Likely::new(&dependencies, &query, &texts.collect::<Vec<_>>())
            };
            packages::wanted(&dependencies, &query, &likely)
        })
        .await?;
        let found = self.packages.clone().search(wanted, search, &stop).await?;
        Ok(Findings {
            found,
            is_unready: stop.fell_short(),
            ..Findings::default()
        })
    }

    /// Searches the commits of repositories: messages and what was changed.
    ///
    /// # Errors
    /// When no repository has a history that can be read.
    pub(crate) async fn git(
        &self,
        search: &Search,
        cancel: &CancellationToken,
    ) -> Result<Findings, SearchFailure> {
        let stop = Stop::new(search.deadline, cancel);
        let _ends = stop.ends_with_caller();
        let mut roots = self.roots(&search.repos, &stop).await?;
        if !search.run.is_empty() {
            // A run asks every source that there is; that a folder has no history is no failure of it.
            roots.retain(|root| root.ancestors().any(|folder| folder.join(".git").exists()));
        }
        let searches: Vec<_> = roots
            .into_iter()
            .map(|root| self.histories.clone().search(root, search, &stop))
            .collect();
        let lists: Vec<Result<Findings, SearchFailure>> =
            stream::iter(searches).buffered(AT_ONCE).collect().await;
        let lacks: Vec<String> = lists
            .iter()
            .flatten()
            .filter_map(|findings| findings.lacks.clone())
            .collect();
        let lists = lists
            .into_iter()
            .map(|list| list.map(|findings| findings.found))
            .collect();
        Ok(Findings {
            found: together(lists, &search.query, search.limit)?,
            is_unready: stop.fell_short(),
            lacks: (!lacks.is_empty()).then(|| lacks.join("; ")),
            ..Findings::default()
        })
    }

    /// What a planner should know of repositories: languages, and direct dependencies with their versions. Empty when
    /// that cannot be found out.
    pub(crate) async fn context(&self, repos: &[String]) -> String {
        let stop = Stop::new(CONTEXT_PATIENCE, &CancellationToken::new());
        let _ends = stop.ends_with_caller();
        match self.dependencies(repos, &stop).await {
            Ok(dependencies) => lockfiles::summary(&dependencies, MAX_CONTEXT),
            Err(error) => {
                tracing::debug!(%error, "the repositories' dependencies are not known");
                String::new()
            }
        }
    }

    /// A word for what repositories depend on as it lies on this machine, and another one when that is seen to have changed.
    /// None when it cannot be told in a moment.
    pub(crate) async fn state_of_dependencies(&self, repos: &[String]) -> Option<String> {
        let stop = Stop::new(GLANCE_PATIENCE, &CancellationToken::new());
        let _ends = stop.ends_with_caller();
        let dependencies = self.dependencies(repos, &stop).await.ok()?;
        let seen = blocking(&stop, move |stop| glance::glance(&dependencies, stop)).await;
        seen.ok()?
    }

    /// What search engines may be told of repositories; nothing when none is named, or one is not registered.
    pub(crate) async fn surroundings(&self, repos: &[String]) -> Surroundings {
        if repos.is_empty() {
            return Surroundings::default();
        }
        let stop = Stop::new(CONTEXT_PATIENCE, &CancellationToken::new());
        let _ends = stop.ends_with_caller();
        match self.dependencies(repos, &stop).await {
            Ok(dependencies) => lockfiles::surroundings(&dependencies),
            Err(_) => Surroundings::default(),
        }
    }

    /// The dependencies of repositories, in their order.
    async fn dependencies(
        &self,
        repos: &[String],
        stop: &Stop,
    ) -> Result<Vec<Arc<Dependencies>>, SearchFailure> {
        let roots = self.roots(repos, stop).await?;
        let lockfiles = self.lockfiles.clone();
        blocking(stop, move |stop| {
            let find = |root: &PathBuf| lockfiles.dependencies(root, &|| stop.is_due());
            roots.iter().map(find).collect()
        })
        .await
    }

    /// The roots of the named repositories, or of all.
    async fn roots(&self, repos: &[String], stop: &Stop) -> Result<Vec<PathBuf>, SearchFailure> {
        let opened = self.open(repos, stop).await?;
        Ok(opened
            .iter()
            .map(|repository| repository.root().to_owned())
            .collect())
    }

    /// Opens the named repositories, or all that are registered. Those that cannot be opened are left out unless none can.
    async fn open(&self, repos: &[String], stop: &Stop) -> Result<Vec<Arc<dyn Repository>>, SearchFailure> {
        let repositories = self.repositories.clone();
        let places: Vec<PathBuf> = repos.iter().map(PathBuf::from).collect();
        blocking(stop, move |_| open_all(repositories.as_ref(), places)).await?
    }
}

/// The words that stand nowhere in any of the repositories; none when one of them could not be asked.
fn nowhere_in(lists: &[Result<Findings, SearchFailure>]) -> Vec<String> {
    let mut each = lists
        .iter()
        .map(|list| list.as_ref().map_or(&[][..], |findings| &findings.nowhere));
    let mut nowhere = each.next().unwrap_or_default().to_vec();
    for other in each {
        nowhere.retain(|word| other.contains(word));
    }
    nowhere
}

/// Blocks.
fn open_all(
    repositories: &dyn Repositories,
    mut places: Vec<PathBuf>,
) -> Result<Vec<Arc<dyn Repository>>, SearchFailure> {
    if places.is_empty() {
        let registered = repositories.list().into_iter().rev();
        places = registered.map(|status| PathBuf::from(status.root)).collect();
    }
    let mut roots = HashSet::new();
    let mut opened = Vec::new();
    let mut failed = None;
    for place in places.iter().take(MAX_REPOSITORIES) {
        match open(repositories, place) {
            Ok(repository) => {
                if roots.insert(repository.root().to_owned()) {
                    opened.push(repository);
                }
            }
            Err(error) => {
                tracing::warn!(place = %place.display(), %error, "not searched");
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        Some(error) if opened.is_empty() => Err(SearchFailure {
            message: error.message,
            hint: error.hint.unwrap_or_default(),
            retryable: false,
        }),
        None if opened.is_empty() => Err(SearchFailure {
            message: "no repository is registered".to_owned(),
            hint: "name one, or register it with `aiex repos add`".to_owned(),
            retryable: false,
        }),
        _ => Ok(opened),
    }
}

fn open(repositories: &dyn Repositories, place: &Path) -> Result<Arc<dyn Repository>, WireError> {
    if !place.is_absolute() {
        let message = format!("`{}` is not an absolute path", place.display());
        return Err(WireError::new(ErrorCode::InvalidRequest, message)
            .with_hint("name the folder from the root of the file system"));
    }
    // A run registers its repositories when it is started; one that was removed since stays removed.
    repositories.find(place)
}

/// What a repository is called: its folder's name.
fn name_of(root: &Path) -> String {
    root.file_name().map_or_else(
        || root.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}
