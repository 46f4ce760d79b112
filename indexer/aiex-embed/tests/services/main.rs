//! Embedders behind HTTP and model downloads, against a stand-in that answers and fails as the real services do.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stand_in;

use std::time::Duration;

use aiex_embed::http::{HttpEmbedder, HttpSettings, Protocol};
use aiex_embed::onnx::hub::{HubModel, fetch};
use aiex_embed::{EmbedError, Embedder, Secret};
use serde_json::{Value, json};
use stand_in::{Answer, Asked, StandIn};

fn settings(protocol: Protocol, url: &str) -> HttpSettings {
    let mut settings = HttpSettings::new(protocol, url, "m");
    settings.back_off = Duration::from_millis(1);
    settings.dimensions = Some(2);
    settings
}

fn inputs(asked: &Asked) -> Vec<String> {
    serde_json::from_str::<Value>(&asked.body).unwrap()["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// A vector that tells the text's length.
fn vector(text: &str) -> Value {
    json!([text.len(), 1])
}

fn ollama(asked: &Asked) -> Answer {
    Answer::json(
        200,
        json!({ "embeddings": inputs(asked).iter().map(|t| vector(t)).collect::<Vec<_>>() }),
    )
}

fn error_of(protocol: Protocol, answer: Answer) -> EmbedError {
    let service = StandIn::scripted(vec![answer]);
    let embedder = HttpEmbedder::open(settings(protocol, &service.url)).unwrap();
    let mut out = vec![1.0];
    let error = embedder.embed_documents(&["text"], &mut out).unwrap_err();
    assert_eq!(out, [1.0], "a failed call must leave the output as it was");
    error
}

#[test]
fn openai_answers_are_put_in_the_order_of_the_texts() {
    let service = StandIn::start(|asked| {
        let mut data: Vec<Value> = inputs(asked)
            .iter()
            .enumerate()
            .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) }))
            .collect();
        data.reverse();
        Answer::json(200, json!({ "object": "list", "data": data }))
    });
    let mut settings = settings(Protocol::OpenAi, &format!("{}/v1/", service.url));
    settings.key = Secret::new("sk-secret").into();
    settings.batch = 2;
    let embedder = HttpEmbedder::open(settings).unwrap();
    let mut out = Vec::new();
    embedder
        .embed_documents(&["a", "", "bbb", "cc"], &mut out)
        .unwrap();
    let ratios: Vec<f32> = out
        .chunks(2)
        .map(|v| if v[1] == 0.0 { 0.0 } else { (v[0] / v[1]).round() })
        .collect();
    assert_eq!(ratios, [1.0, 0.0, 3.0, 2.0]);
    let asked = service.asked();
    assert_eq!(asked.len(), 2, "three texts that say something, two a request");
    assert_eq!(asked[0].path, "/v1/embeddings");
    assert!(
        asked[0]
            .head
            .to_ascii_lowercase()
            .contains("authorization: bearer sk-secret")
    );
    assert!(!format!("{embedder:?}").contains("sk-secret"));
}

#[test]
fn ollama_is_asked_for_its_dimensions_and_prefixes_are_put_before_texts() {
    let service = StandIn::start(ollama);
    let mut settings = settings(Protocol::Ollama, &service.url);
    settings.dimensions = None;
    settings.query_prefix = "query: ".into();
    let embedder = HttpEmbedder::open(settings).unwrap();
    assert_eq!(embedder.dimensions(), 2);
    embedder.embed_query("x").unwrap();
    let asked = service.asked();
    assert_eq!(asked[1].path, "/api/embed");
    assert_eq!(inputs(&asked[1]), ["query: x"]);
}

#[test]
fn a_busy_service_is_asked_again() {
    let good = Answer::json(200, json!({ "embeddings": [[3, 4]] }));
    let busy = |status| Answer::json(status, json!({ "error": "server busy" }));
    let service = StandIn::scripted(vec![
        busy(503),
        busy(429).header("retry-after-ms", "2"),
        good.clone().cut(),
        good,
    ]);
    let embedder = HttpEmbedder::open(settings(Protocol::Ollama, &service.url)).unwrap();
    assert_eq!(embedder.embed_query("x").unwrap(), [0.6, 0.8]);
    assert_eq!(service.asked().len(), 4);
}

#[test]
fn attempts_are_bounded() {
    let service = StandIn::scripted(vec![Answer::json(503, json!({ "error": "server busy" }))]);
    let embedder = HttpEmbedder::open(settings(Protocol::Ollama, &service.url)).unwrap();
    assert!(matches!(
        embedder.embed_query("x"),
        Err(EmbedError::Busy { status: 503, .. })
    ));
    assert_eq!(service.asked().len(), 4);
}

#[test]
fn what_cannot_succeed_later_is_not_asked_again() {
    let quota = json!({ "error": { "message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota" } });
    let service = StandIn::scripted(vec![Answer::json(429, quota)]);
    let embedder = HttpEmbedder::open(settings(Protocol::OpenAi, &service.url)).unwrap();
    assert!(matches!(
        embedder.embed_query("x"),
        Err(EmbedError::QuotaExhausted { .. })
    ));
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn errors_are_told_apart_and_say_what_to_do() {
    let key = json!({ "error": { "message": "Incorrect API key provided: sk-abc", "type": "invalid_request_error", "code": "invalid_api_key" } });
    let error = error_of(Protocol::OpenAi, Answer::json(401, key));
    assert!(
        matches!(error, EmbedError::KeyRejected { status: 401, .. }) && !error.to_string().contains("sk-abc")
    );
    let missing = Answer::json(
        404,
        json!({ "error": "model \"m\" not found, try pulling it first" }),
    );
    let error = error_of(Protocol::Ollama, missing);
    assert!(
        matches!(error, EmbedError::ModelMissing { .. }) && error.hint().unwrap().contains("ollama pull m")
    );
    let page = Answer::json(404, "<html>not here</html>");
    let error = error_of(Protocol::Ollama, page);
    assert!(
        matches!(error, EmbedError::Refused { status: 404, .. }) && !error.to_string().contains("<html>")
    );
}

#[test]
fn success_that_is_none_is_an_error() {
    let wrong_path = json!({ "error": "Unexpected endpoint or method. (POST /v1/embeddings)" });
    assert!(matches!(
        error_of(Protocol::OpenAi, Answer::json(200, wrong_path)),
        EmbedError::Refused { status: 200, .. }
    ));
    for body in [
        "<html></html>".to_owned(),
        String::new(),
        "null".to_owned(),
        json!({ "data": [] }).to_string(),
        json!({ "data": [{ "index": 5, "embedding": [1, 2] }] }).to_string(),
        json!({ "data": [{ "index": 0, "embedding": [1, "x"] }] }).to_string(),
        json!({ "data": [{ "index": 0, "embedding": [1, null] }] }).to_string(),
        json!({ "data": [{ "index": 0 }] }).to_string(),
    ] {
        let error = error_of(Protocol::OpenAi, Answer::json(200, &body));
        assert!(matches!(error, EmbedError::Malformed { .. }), "{body}: {error}");
    }
}

#[test]
fn a_changed_model_is_noticed_by_its_dimensions() {
    let error = error_of(
        Protocol::Ollama,
        Answer::json(200, json!({ "embeddings": [[1, 2, 3]] })),
    );
    assert!(
        matches!(
            error,
            EmbedError::Dimensions {
                expected: 2,
                found: 3,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn texts_too_long_together_go_apart_and_a_text_too_long_alone_is_cut() {
    let service = StandIn::start(|asked| {
        let inputs = inputs(asked);
        if inputs.iter().map(String::len).sum::<usize>() > 10 {
            return Answer::json(
                400,
                json!({ "error": "the input length exceeds the context length" }),
            );
        }
        ollama(asked)
    });
    let embedder = HttpEmbedder::open(settings(Protocol::Ollama, &service.url)).unwrap();
    let mut out = Vec::new();
    embedder
        .embed_documents(&["aaaaaa", "bbbbbb", &"c".repeat(32)], &mut out)
        .unwrap();
    let ratios: Vec<f32> = out.chunks(2).map(|v| (v[0] / v[1]).round()).collect();
    assert_eq!(ratios, [6.0, 6.0, 8.0]);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = StandIn::start(ollama);
    let moved = Answer::json(308, "").header("location", &elsewhere.url);
    assert!(matches!(
        error_of(Protocol::Ollama, moved),
        EmbedError::Refused { status: 308, .. }
    ));
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_service_that_is_not_there_is_named_without_credentials() {
    let embedder = HttpEmbedder::open(settings(Protocol::Ollama, "http://user:pass@127.0.0.1:1")).unwrap();
    let error = embedder.embed_query("x").unwrap_err();
    assert!(matches!(error, EmbedError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("pass") && error.hint().unwrap().contains("ollama serve"));
    assert!(!embedder.id().contains("pass"));
}

#[test]
fn a_silent_service_times_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings(
        Protocol::Ollama,
        &format!("http://{}", listener.local_addr().unwrap()),
    );
    settings.request_timeout = Duration::from_millis(50);
    settings.attempts = 2;
    let error = HttpEmbedder::open(settings)
        .unwrap()
        .embed_query("x")
        .unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn wrong_settings_are_refused_at_once() {
    for url in ["", "localhost", "ftp://x", "file:///etc"] {
        let error = HttpEmbedder::open(settings(Protocol::OpenAi, url)).unwrap_err();
        assert!(
            matches!(error, EmbedError::Setting { setting: "url", .. }),
            "{url}: {error}"
        );
    }
}

fn hub_model(url: &str, cache: &std::path::Path) -> HubModel {
    HubModel {
        hub: url.to_owned(),
        ..HubModel::new("owner/name", cache)
    }
}

#[test]
fn a_model_is_downloaded_once_and_only_whole() {
    let cache = tempfile::tempdir().unwrap();
    let service = StandIn::start(
        |asked| match asked.path.strip_prefix("/owner/name/resolve/main/") {
            Some("onnx/model.onnx") => Answer::json(200, "model"),
            Some(name) if name.ends_with(".json") && !name.starts_with("1_") => Answer::json(200, "{}"),
            _ => Answer::json(404, ""),
        },
    );
    let folder = fetch(&hub_model(&service.url, cache.path()), &|| false).unwrap();
    assert_eq!(std::fs::read(folder.join("onnx/model.onnx")).unwrap(), b"model");
    let first = service.asked().len();
    fetch(&hub_model(&service.url, cache.path()), &|| false).unwrap();
    assert_eq!(
        service.asked().len(),
        first + 1,
        "only the optional file that is not there is asked for again"
    );
}

#[test]
fn a_broken_download_leaves_nothing_under_the_files_name() {
    let cache = tempfile::tempdir().unwrap();
    let service = StandIn::scripted(vec![Answer::json(200, "{}").cut()]);
    let model = hub_model(&service.url, cache.path());
    let error = fetch(&model, &|| false).unwrap_err();
    assert!(
        matches!(error, EmbedError::Download { .. }) && error.hint().unwrap().contains("curl -LO"),
        "{error}"
    );
    let folder = cache.path().join("owner--name/main");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    let error = fetch(&model, &|| true).unwrap_err();
    assert!(matches!(error, EmbedError::Cancelled), "{error}");
}
