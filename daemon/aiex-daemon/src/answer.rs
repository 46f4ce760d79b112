//! Answers from evidence: by a model whose citations are checked, or put together from the evidence
//! alone. Nothing here searches.

mod citation;
pub(crate) mod extractive;
pub(crate) mod kept;
pub(crate) mod model;
mod prompt;
pub(crate) mod provider;
pub(crate) mod stale;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aiex_config::ProviderSettings;
use aiex_llm::Provider;
use aiex_protocol::search::{Citation, Hit};
use aiex_protocol::{ErrorCode, WireError};

use crate::keys::Keys;

/// Who writes an answer.
pub(crate) enum Writer {
    /// A configured model.
    Model(Arc<Model>),
    /// Nobody: the evidence speaks.
    Evidence,
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    /// In its own words.
    pub(crate) text: String,
    /// With the words that count from before.
    pub(crate) with_words: String,
    /// The questions that it follows up on, the nearest first.
    pub(crate) before: Vec<String>,
}

/// A model and its limits.
pub(crate) struct Model {
    pub(crate) provider: Provider,
    pub(crate) settings: ProviderSettings,
}

/// The configured models, opened when they are first asked, and again when their keys have changed.
pub(crate) struct Providers {
    settings: Vec<ProviderSettings>,
    keys: Arc<Keys>,
    open: Mutex<HashMap<String, Arc<Model>>>,
}

impl Providers {
    pub(crate) fn new(settings: Vec<ProviderSettings>, keys: Arc<Keys>) -> Self {
        Self {
            settings,
            keys,
            open: Mutex::default(),
        }
    }

    /// Who answers: the model named, the first one, or nobody.
    pub(crate) async fn choose(&self, name: Option<&str>, extractive: bool) -> Result<Writer, WireError> {
        let settings = match name {
            Some(name) => {
                let known = self.settings.iter().find(|settings| settings.name == name);
                Some(known.ok_or_else(|| self.unknown(name))?)
            }
            None => self.settings.first(),
        };
        match settings {
            Some(settings) if !extractive => self.model(settings).await.map(Writer::Model),
            _ => Ok(Writer::Evidence),
        }
    }

    /// Lets go of every model, and with it of its key. Requests that run keep theirs to their end.
    pub(crate) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn model(&self, settings: &ProviderSettings) -> Result<Arc<Model>, WireError> {
        let mut taken = self.keys.take(vec![provider::wanted(settings)]).await;
        let keys = taken.pop().unwrap_or(Ok(Vec::new())).map_err(|problem| {
            let message = format!("provider `{}`: {problem}", settings.name);
            WireError::new(ErrorCode::Provider, message).with_hint(problem.hint())
        })?;
        let key = keys.into_iter().next();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = open.get(&settings.name)
            && model.provider.config().key == key
        {
            return Ok(model.clone());
        }
        let provider =
            Provider::new(provider::alone(settings, key)).map_err(|error| provider_error(&error))?;
        let model = Arc::new(Model {
            provider,
            settings: settings.clone(),
        });
        open.insert(settings.name.clone(), model.clone());
        Ok(model)
    }

    fn unknown(&self, name: &str) -> WireError {
        let known: Vec<&str> = self
            .settings
            .iter()
            .map(|settings| settings.name.as_str())
            .collect();
        let hint = if known.is_empty() {
            "add a [[provider]] to the settings file".to_owned()
        } else {
            format!("configured are: {}", known.join(", "))
        };
        WireError::new(
            ErrorCode::InvalidRequest,
            format!("no provider is named `{name}`"),
        )
        .with_hint(hint)
    }
}

/// A provider's failure as it travels.
fn provider_error(error: &aiex_llm::LlmError) -> WireError {
    let code = match error.failure {
        aiex_llm::Failure::Cancelled => ErrorCode::Cancelled,
        _ => ErrorCode::Provider,
    };
    let hint = format!(
        "{}; the evidence above stands on its own",
        error.hint().trim_end_matches('.')
    );
    WireError::new(code, crate::error::chain(error)).with_hint(hint)
}

/// The sources that an answer cites, resolved from the evidence.
fn resolve(ids: impl IntoIterator<Item = u32>, evidence: &[Hit]) -> Vec<Citation> {
    ids.into_iter()
        .filter_map(|id| {
            let hit = evidence.get((id as usize).checked_sub(1)?)?;
            Some(Citation {
                id,
                path: hit.path.clone(),
                start_line: hit.start_line,
                end_line: hit.end_line,
            })
        })
        .collect()
}

#[cfg(test)]
fn hit(path: &str, start_line: u32, snippet: &str) -> Hit {
    Hit {
        rank: 1,
        score: 1.0,
        repo: "/r".to_owned(),
        path: path.to_owned(),
        start_line,
        end_line: start_line + 9,
        symbol: Some("retry".to_owned()),
        kind: Some("function".to_owned()),
        language: Some("rust".to_owned()),
        snippet: snippet.to_owned(),
        focus_line: start_line + 1,
        why: vec!["defines \"retry\"".to_owned()],
        explain: None,
    }
}
