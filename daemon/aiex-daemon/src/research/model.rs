//! The models that research asks: the pool of the settings, behind the one port that it knows.

mod asking;
mod port;

use std::sync::{Arc, Mutex, PoisonError};

use aiex_cache::Cache;
use aiex_config::{CacheSettings, Settings};
use aiex_research::{Bound, Boxed, Model, ModelFailure, Prompt, Reach, Reply, Usage};
use tokio_util::sync::CancellationToken;

use self::port::Port;
use crate::models::{Models, Pool, Problem};

/// The models as research asks them, with the keys that they have now.
pub(crate) struct Asked {
    models: Arc<Models>,
    cache: Cache,
    /// To every model, without keys: for what calls cost at most.
    bounds: Result<Port, Problem>,
    /// To the last pool.
    built: Mutex<Option<(Arc<Pool>, Arc<Port>)>>,
}

impl Asked {
    /// Settings that cannot work are told by every call.
    pub(crate) fn new(models: Arc<Models>, cache: Cache) -> Self {
        let bounds = models
            .keyless()
            .map(|pool| Port::new(Arc::new(pool), cache.clone()));
        if let Err(problem) = &bounds {
            tracing::warn!(%problem, "no model can be asked");
        }
        Self {
            models,
            cache,
            bounds,
            built: Mutex::default(),
        }
    }

    /// Lets go of the last pool, and with it of its keys.
    pub(crate) fn close(&self) {
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The port to the pool of now. The last one as long as the pool is the same.
    async fn port(&self) -> Result<Arc<Port>, Problem> {
        let pool = self.models.pool().await?;
        if pool.models.is_empty() {
            return Err(pool.problem(None));
        }
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some((known, port)) if Arc::ptr_eq(known, &pool) => Ok(port.clone()),
            _ => {
                let port = Arc::new(Port::new(pool.clone(), self.cache.clone()));
                *built = Some((pool, port.clone()));
                Ok(port)
            }
        }
    }
}

impl Model for Asked {
    fn bound(&self, prompt: &Prompt) -> Bound {
        self.bounds
            .as_ref()
            .map_or(NOTHING.into(), |bounds| bounds.bound(prompt))
    }

    fn ask<'a>(
        &'a self,
        prompt: &'a Prompt,
        cancel: &'a CancellationToken,
        on_delta: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>> {
        Box::pin(async move {
            let port = self.port().await.map_err(unasked)?;
            port.ask(prompt, cancel, on_delta).await
        })
    }
}

/// How much the cache keeps. How long is its own matter. Pages take most of the memory, because they are the largest.
pub(crate) fn cache_settings(settings: &Settings) -> aiex_cache::Settings {
    let CacheSettings {
        memory,
        searches,
        pages,
        model_calls,
        answers,
        dependencies: _,
    } = &settings.cache;
    let mut limits = aiex_cache::Settings::default();
    let fifth = memory / 5;
    for (kind, memory, disk) in [
        (&mut limits.search, fifth, searches),
        (&mut limits.page, 2 * fifth, pages),
        (&mut limits.model_call, fifth, model_calls),
        (&mut limits.answer, fifth, answers),
    ] {
        kind.memory_bytes = memory;
        kind.disk_bytes = *disk;
    }
    limits
}

/// A failure before anything was sent.
fn unasked(problem: Problem) -> ModelFailure {
    ModelFailure {
        message: problem.message,
        hint: problem.hint,
        reach: Reach::Run,
        spent: NOTHING,
    }
}

/// What a call costs that was not made.
const NOTHING: Usage = Usage {
    input_tokens: 0,
    output_tokens: 0,
    micro_dollars: Some(0),
};

#[cfg(test)]
mod tests;
