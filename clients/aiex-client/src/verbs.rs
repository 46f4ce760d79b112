//! The verbs, typed: a stream where events are of interest, the result where only that is.

use aiex_protocol::keys::{ForgetKey, KeyReport, SetKey, UnlockKeys};
use aiex_protocol::repos::{AddRepo, MoveVectors, ReindexRepo, RemoveRepo, RepoStatus};
use aiex_protocol::search::{AskArgs, SearchArgs};
use aiex_protocol::status::{DaemonStatus, SkippedArgs, SkippedReport, StatusArgs};
use aiex_protocol::{Call, Event};

use crate::client::{Client, RequestOptions};
use crate::error::RequestError;
use crate::stream::EventStream;

impl Client {
    /// Ranked spans.
    pub async fn search(
        &self,
        args: SearchArgs,
        options: RequestOptions,
    ) -> Result<EventStream, RequestError> {
        self.request(Call::Search(args), options).await
    }

    /// Ranked spans, then an answer.
    pub async fn ask(&self, args: AskArgs, options: RequestOptions) -> Result<EventStream, RequestError> {
        self.request(Call::Ask(args), options).await
    }

    /// The daemon's state.
    pub async fn status(
        &self,
        args: StatusArgs,
        options: RequestOptions,
    ) -> Result<DaemonStatus, RequestError> {
        self.result(Call::Status(args), options, |event| match event {
            Event::Status(status) => Some(*status),
            _ => None,
        })
        .await
    }

    /// The files that are not in the index.
    pub async fn skipped(
        &self,
        args: SkippedArgs,
        options: RequestOptions,
    ) -> Result<SkippedReport, RequestError> {
        self.result(Call::Skipped(args), options, |event| match event {
            Event::Skipped(report) => Some(report),
            _ => None,
        })
        .await
    }

    /// The registered repositories.
    pub async fn list_repos(&self, options: RequestOptions) -> Result<Vec<RepoStatus>, RequestError> {
        self.result(Call::ListRepos {}, options, |event| match event {
            Event::Repos { repos } => Some(repos),
            _ => None,
        })
        .await
    }

    /// Registers and indexes a repository.
    pub async fn add_repo(
        &self,
        args: AddRepo,
        options: RequestOptions,
    ) -> Result<EventStream, RequestError> {
        self.request(Call::AddRepo(args), options).await
    }

    /// Builds the index of a repository anew.
    pub async fn reindex_repo(
        &self,
        args: ReindexRepo,
        options: RequestOptions,
    ) -> Result<EventStream, RequestError> {
        self.request(Call::ReindexRepo(args), options).await
    }

    /// Moves the vectors of a repository to the server or back.
    pub async fn move_vectors(
        &self,
        args: MoveVectors,
        options: RequestOptions,
    ) -> Result<EventStream, RequestError> {
        self.request(Call::MoveVectors(args), options).await
    }

    /// Forgets a repository and deletes its index.
    pub async fn remove_repo(&self, args: RemoveRepo, options: RequestOptions) -> Result<(), RequestError> {
        let mut stream = self.request(Call::RemoveRepo(args), options).await?;
        while stream.next().await?.is_some() {}
        Ok(())
    }

    /// Keeps the key of a provider or search engine.
    pub async fn set_key(&self, args: SetKey, options: RequestOptions) -> Result<KeyReport, RequestError> {
        self.keys(Call::KeysSet(args), options).await
    }

    /// Which keys there are and where.
    pub async fn list_keys(&self, options: RequestOptions) -> Result<KeyReport, RequestError> {
        self.keys(Call::KeysList {}, options).await
    }

    /// Keeps a key no longer.
    pub async fn forget_key(
        &self,
        args: ForgetKey,
        options: RequestOptions,
    ) -> Result<KeyReport, RequestError> {
        self.keys(Call::KeysForget(args), options).await
    }

    /// Opens the encrypted file of keys until it is locked or the daemon ends.
    pub async fn unlock_keys(
        &self,
        args: UnlockKeys,
        options: RequestOptions,
    ) -> Result<KeyReport, RequestError> {
        self.keys(Call::KeysUnlock(args), options).await
    }

    /// Locks the encrypted file of keys.
    pub async fn lock_keys(&self, options: RequestOptions) -> Result<KeyReport, RequestError> {
        self.keys(Call::KeysLock {}, options).await
    }

    async fn keys(&self, call: Call, options: RequestOptions) -> Result<KeyReport, RequestError> {
        self.result(call, options, |event| match event {
            Event::Keys(report) => Some(report),
            _ => None,
        })
        .await
    }

    /// Reads a request to its end and keeps the last event that `pick` takes.
    async fn result<T>(
        &self,
        call: Call,
        options: RequestOptions,
        pick: fn(Event) -> Option<T>,
    ) -> Result<T, RequestError> {
        let verb = call.verb();
        let mut stream = self.request(call, options).await?;
        let mut result = None;
        while let Some(event) = stream.next().await? {
            if let Some(picked) = pick(event) {
                result = Some(picked);
            }
        }
        result.ok_or_else(|| RequestError::Protocol {
            detail: format!("{verb} ended without a result"),
        })
    }
}
