//! The settings file and the embedder that it asks for.

use std::path::Path;

use aiex_config::{EmbedderKind, EmbedderSettings, Environment, Home, ProviderSettings, Settings};
use aiex_protocol::status::DaemonStatus;

use super::Finding;

const EMBEDDER: &str = "embedder";

pub(super) fn check(environment: &dyn Environment, home: &Home) -> (Option<Settings>, Vec<Finding>) {
    let file = home.config_file.display().to_string();
    match Settings::load(environment, &[]) {
        Ok((settings, warnings)) => {
            let state = if home.config_file.exists() {
                file.clone()
            } else {
                format!("defaults ({file} does not exist)")
            };
            let mut findings = vec![Finding::ok("settings", state)];
            let known = aiex_daemon::ranking_constants();
            let unknown = settings
                .ranking
                .keys()
                .filter(|name| !known.contains(&name.as_str()));
            // Of these only the crate that ranks knows the names.
            let unknown = unknown.map(|name| format!("{file}: unknown setting `ranking.{name}`, ignored"));
            let warnings = warnings.iter().map(ToString::to_string).chain(unknown);
            findings.extend(warnings.map(|warning| {
                Finding::warn(
                    "settings",
                    warning,
                    "mend or remove it; it has no effect as it stands",
                )
            }));
            (Some(settings), findings)
        }
        Err(error) => {
            let mut detail = error.to_string();
            let mut next = std::error::Error::source(&error);
            while let Some(cause) = next {
                detail.push_str(&format!(": {cause}"));
                next = cause.source();
            }
            let hint =
                format!("mend {file}, or the variable that is named; `aiex util env` lists the variables");
            (None, vec![Finding::fail("settings", detail, hint)])
        }
    }
}

/// The prices of models that are asked: the user's file before the built-in ones, which grow old.
pub(super) fn check_prices(settings: &Settings, environment: &dyn Environment) -> Option<Finding> {
    const PRICES: &str = "prices";
    let (research, own) = (&settings.research, &settings.research.prices);
    if own.is_empty() && settings.providers.is_empty() {
        return None;
    }
    Some(match aiex_daemon::check_prices(research, environment) {
        Ok(dated) if own.is_empty() => {
            let told = format!("built in, of {dated}; `research.prices` of the settings names others");
            Finding::ok(PRICES, told)
        }
        Ok(dated) => Finding::ok(PRICES, format!("{own}, and those built in of {dated}")),
        Err(problem) => {
            let detail = format!(
                "`research.prices`: {}; no model is asked without them",
                problem.message
            );
            Finding::fail(PRICES, detail, problem.hint)
        }
    })
}

/// The vocabularies of models, where the settings name some.
pub(super) fn check_tokenizers(
    providers: &[ProviderSettings],
    environment: &dyn Environment,
) -> Vec<Finding> {
    const TOKENIZER: &str = "tokenizer";
    let named = providers.iter().filter(|provider| !provider.tokenizer.is_empty());
    let check = |provider: &ProviderSettings| match aiex_daemon::check_tokenizer(provider, environment) {
        Ok(()) => Finding::ok(TOKENIZER, format!("{}: {}", provider.name, provider.tokenizer)),
        Err(problem) => {
            let detail = format!("{}; the model is not asked without it", problem.message);
            Finding::fail(TOKENIZER, detail, problem.hint)
        }
    };
    named.map(check).collect()
}

/// The daemon has asked the server for vectors just now; nothing when there is none.
pub(super) fn check_vector_server(status: &DaemonStatus) -> Option<Finding> {
    const SERVER: &str = "vectors";
    let server = status.vector_server.as_ref()?;
    Some(match &status.vector_server_problem {
        None => Finding::ok(SERVER, format!("{server} answers")),
        Some(problem) => Finding::warn(
            SERVER,
            problem.clone(),
            "until then full text serves alone where vectors are kept there",
        ),
    })
}

/// The daemon knows best whether the embedder works; without one, what can be seen from outside is checked.
pub(super) fn check_embedder(settings: &EmbedderSettings, status: Option<&DaemonStatus>) -> Finding {
    if let Some(status) = status {
        return match &status.embedder_problem {
            None => Finding::ok(EMBEDDER, status.embedder.clone()),
            Some(problem) => {
                let detail = format!("`{}` is not in use: {problem}", settings.kind);
                Finding::warn(EMBEDDER, detail, hint_for(settings.kind))
            }
        };
    }
    let missing = |what: &str, path: &str| {
        let is_missing = !path.is_empty() && !Path::new(path).exists();
        is_missing.then(|| {
            Finding::fail(
                EMBEDDER,
                format!("{what} {path} does not exist"),
                hint_for(settings.kind),
            )
        })
    };
    let is_remote = matches!(settings.kind, EmbedderKind::OpenAi | EmbedderKind::Ollama);
    if is_remote && settings.url.is_empty() {
        return Finding::fail(
            EMBEDDER,
            format!("`{}` needs a url", settings.kind),
            hint_for(settings.kind),
        );
    }
    missing("the model's folder", &settings.folder)
        .or_else(|| missing("the ONNX Runtime library", &settings.runtime))
        .unwrap_or_else(|| Finding::ok(EMBEDDER, format!("{} (not tried)", settings.kind)))
}

fn hint_for(kind: EmbedderKind) -> &'static str {
    match kind {
        EmbedderKind::Onnx => {
            "install ONNX Runtime and set embedder.runtime to its library, or use embedder.kind = \"built-in\""
        }
        EmbedderKind::OpenAi | EmbedderKind::Ollama => {
            "set embedder.url to a service that runs, and embedder.key_env if it wants a key, or use \
             embedder.kind = \"built-in\""
        }
        EmbedderKind::BuiltIn | EmbedderKind::Off => "look at `aiex daemon logs`",
    }
}
