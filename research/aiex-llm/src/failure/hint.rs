//! What to do about each failure. It does not know where the settings are kept, only what they are called.

use super::{Failure, Target};
use crate::ProviderKind;

pub(super) fn hint(target: &Target, failure: &Failure) -> String {
    let Target {
        provider,
        kind,
        model,
        endpoint,
        has_key,
    } = target;
    match failure {
        Failure::BadSettings { .. } => format!("Correct the settings of provider `{provider}`."),
        Failure::KeyRejected { .. } if !has_key => {
            format!("Set a key for provider `{provider}`: the server asks for one.")
        }
        Failure::KeyRejected { .. } => {
            format!(
                "Check the key of provider `{provider}`: is it complete, still valid, and allowed to use `{model}`?"
            )
        }
        Failure::KeyExhausted { .. } => format!(
            "Add credit to the account behind the key of provider `{provider}`, or configure another provider; waiting does not help."
        ),
        Failure::RateLimited {
            retry_after: Some(after),
            ..
        } => {
            format!(
                "Ask again in {} s, or configure another provider.",
                after.as_secs().max(1)
            )
        }
        Failure::RateLimited { .. } => "Ask again in a minute, or configure another provider.".to_owned(),
        Failure::Overloaded { .. } => {
            format!(
                "Ask again in a minute; if it lasts, look at the server of provider `{provider}` or configure another."
            )
        }
        Failure::ContextOverflow { .. } if *kind == ProviderKind::Ollama => format!(
            "Ask with less evidence, or raise `context_tokens` of provider `{provider}` if the model and its memory allow it."
        ),
        Failure::ContextOverflow { .. } => format!(
            "Ask with less evidence, lower `context_tokens` of provider `{provider}` to the model's real limit, or choose a model with a longer context."
        ),
        Failure::ModelMissing { .. } if *kind == ProviderKind::Ollama => {
            format!("Run `ollama pull {model}`.")
        }
        Failure::ModelMissing { .. } => {
            format!("Set `model` of provider `{provider}` to one that the server lists under `/models`.")
        }
        Failure::ModelTooLarge { .. } => {
            format!("Choose a smaller model or a smaller `context_tokens` for provider `{provider}`.")
        }
        Failure::Unreachable { .. } if *kind == ProviderKind::Ollama => {
            format!("Start it with `ollama serve`, or correct `url` of provider `{provider}`.")
        }
        Failure::Unreachable { .. } => format!(
            "Start the server, check the network, or correct `url` of provider `{provider}` (asked: {endpoint})."
        ),
        Failure::FirstByteTimeout { .. } if *kind == ProviderKind::Ollama => format!(
            "The model may still be loading: ask again, or raise the `first_byte` deadline of provider `{provider}`."
        ),
        Failure::FirstByteTimeout { .. } => {
            format!("Ask again, or raise the `first_byte` deadline of provider `{provider}`.")
        }
        Failure::IdleTimeout { .. } => {
            format!(
                "Ask again; if the model is just slow, raise the `idle` deadline of provider `{provider}`."
            )
        }
        Failure::Silent { .. } => format!(
            "Look at the server of provider `{provider}` and at the network: it takes requests and says nothing (asked: {endpoint})."
        ),
        Failure::TotalTimeout { .. } => {
            format!("Ask a narrower question, or raise the `total` deadline of provider `{provider}`.")
        }
        Failure::EmptyAnswer { only_thinking: true } => format!(
            "Raise `max_output_tokens` of provider `{provider}`: the model spent all of them on thinking."
        ),
        Failure::EmptyAnswer { .. } => {
            format!(
                "Ask again; if it stays empty, try another model than `{model}` for provider `{provider}`."
            )
        }
        Failure::BrokenStream { text_seen: true, .. } => {
            "Ask again; the text so far is all that the model sent.".to_owned()
        }
        Failure::BrokenStream { .. } => {
            format!("Ask again; if it happens again, look at the log of the server of provider `{provider}`.")
        }
        Failure::NotJson { .. } => format!(
            "Check `url` of provider `{provider}`: no model server answers at {endpoint}, but a web page or a proxy."
        ),
        Failure::Redirected { to, .. } => {
            format!("Set `url` of provider `{provider}` to where the server is (it points to {to}).")
        }
        Failure::Http {
            status: 404 | 405, ..
        } => {
            format!("Check `url` of provider `{provider}`: nothing answers at {endpoint}.")
        }
        Failure::Http {
            status: 500..=599, ..
        } => {
            format!("Ask again; if it happens again, look at the log of the server of provider `{provider}`.")
        }
        Failure::Http { .. } => {
            format!("Check the settings of provider `{provider}` against the server's message.")
        }
        Failure::Cancelled => "Ask again when you want the answer.".to_owned(),
    }
}
