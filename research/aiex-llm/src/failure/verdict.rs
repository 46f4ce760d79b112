//! From a refused request to its class: by the code in the body first, by the status second, because vendors
//! agree on neither. It does not know the request.

use std::time::Duration;

use aiex_remote::clipped;
use serde_json::Value;

use super::Failure;

/// An error body, in whichever shape it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) code: String,
    pub(crate) kind: String,
    pub(crate) param: String,
}

impl Fault {
    /// The error in `body`, if it is one: `{"error":{…}}`, `{"error":"…"}`, `{"object":"error","message":…}`,
    /// `{"detail":…}`.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        match body.get("error") {
            Some(Value::String(message)) => {
                return Some(Self {
                    message: message.clone(),
                    ..Self::fields(body)
                });
            }
            Some(error @ Value::Object(_)) => return Some(Self::fields(error)),
            Some(Value::Null) | None => {}
            Some(other) => {
                return Some(Self {
                    message: other.to_string(),
                    ..Self::default()
                });
            }
        }
        if let Some(detail) = body.get("detail") {
            let message = detail.as_str().map_or_else(|| detail.to_string(), str::to_owned);
            return Some(Self {
                message,
                ..Self::default()
            });
        }
        let is_error = ["object", "type"]
            .iter()
            .any(|key| body.get(key).and_then(Value::as_str) == Some("error"));
        is_error.then(|| Self::fields(body))
    }

    /// The fields of an error object itself.
    pub(crate) fn fields(error: &Value) -> Self {
        // Codes are strings at most vendors and numbers at some.
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        Self {
            message: text("message"),
            code: text("code"),
            kind: text("type"),
            param: text("param"),
        }
    }

    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.code == *name || self.kind == *name)
    }
}

/// The class of a refusal.
pub(crate) fn judge(status: u16, retry_after: Option<Duration>, fault: &Fault, model: &str) -> Failure {
    let message = if fault.message.is_empty() {
        format!("HTTP {status}")
    } else {
        clipped(&fault.message)
    };
    let words = fault.message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let model = model.to_owned();

    if fault.is(&[
        "invalid_api_key",
        "authentication_error",
        "invalid_authentication",
    ]) {
        return Failure::KeyRejected { status, message };
    }
    let broke = says(&[
        "exceeded your current quota",
        "credit balance is too low",
        "not enough credits",
    ]);
    if status == 402 || fault.is(&["insufficient_quota", "billing_error", "billing_not_active"]) || broke {
        return Failure::KeyExhausted { message };
    }
    // "Request too large … tokens per min" is a rate limit by status, but no waiting makes it smaller.
    let overflow = fault.is(&[
        "context_length_exceeded",
        "request_too_large",
        "exceed_context_size_error",
    ]) || status == 413
        || says(&[
            "context length",
            "context size",
            "context window",
            "prompt is too long",
            "request too large",
        ]);
    if overflow && (400..=599).contains(&status) {
        let (limit, requested) = sizes(&words);
        return Failure::ContextOverflow {
            model,
            limit,
            requested,
            message,
        };
    }
    if says(&["requires more system memory", "more memory than is available"]) {
        return Failure::ModelTooLarge { model, message };
    }
    let no_model = status == 404 && says(&["model"]) || fault.is(&["model_not_found"]);
    if no_model {
        return Failure::ModelMissing { model, message };
    }
    match status {
        403 if fault.is(&["unsupported_country_region_territory"]) => Failure::Http { status, message },
        401 | 403 => Failure::KeyRejected { status, message },
        429 => Failure::RateLimited { retry_after, message },
        502 | 503 | 504 | 529 => Failure::Overloaded {
            status,
            retry_after,
            message,
        },
        _ if fault.is(&["rate_limit_exceeded", "rate_limit_error"]) => {
            Failure::RateLimited { retry_after, message }
        }
        _ if fault.is(&["overloaded_error"]) => Failure::Overloaded {
            status,
            retry_after,
            message,
        },
        _ => Failure::Http { status, message },
    }
}

/// `(limit, requested)` from the usual sentences: "maximum context length is 128000 tokens … resulted in
/// 140000 tokens", "208310 tokens > 200000 maximum", "Limit 30000, Requested 49372".
fn sizes(words: &str) -> (Option<u64>, Option<u64>) {
    let number_after = |mark: &str| {
        let rest = &words[words.find(mark)? + mark.len()..];
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    };
    let first = |marks: &[&str]| marks.iter().find_map(|mark| number_after(mark));
    (
        first(&["context length is", "context length of", "tokens >", "limit"]),
        first(&["resulted in", "you requested", "requested", "prompt is too long:"]),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(status: u16, body: &Value) -> Failure {
        judge(status, None, &Fault::read(body).unwrap_or_default(), "m")
    }

    #[test]
    fn every_shape_of_an_error_body_is_read() {
        for body in [
            json!({"error": {"message": "no", "type": "t", "code": null}}),
            json!({"error": "no"}),
            json!({"object": "error", "message": "no", "code": 400}),
            json!({"type": "error", "error": {"type": "x", "message": "no"}}),
            json!({"detail": "no"}),
        ] {
            assert_eq!(Fault::read(&body).unwrap().message, "no", "{body}");
        }
        assert_eq!(Fault::read(&json!({"error": null, "choices": []})), None);
        assert_eq!(Fault::read(&json!({"choices": []})), None);
        assert_eq!(Fault::read(&json!(null)), None);
    }

    #[test]
    fn sizes_are_read_from_the_message() {
        for (message, limit, requested) in [
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens.",
                128_000,
                140_000,
            ),
            (
                "prompt is too long: 208310 tokens > 200000 maximum",
                200_000,
                208_310,
            ),
            (
                "Request too large for gpt-4.1 on tokens per min (TPM): Limit 30000, Requested 49372.",
                30_000,
                49_372,
            ),
        ] {
            let failure = judged(
                if message.starts_with("Request") { 429 } else { 400 },
                &json!({"error": message}),
            );
            let Failure::ContextOverflow {
                limit: l,
                requested: r,
                ..
            } = &failure
            else {
                panic!("{failure:?}")
            };
            assert_eq!((*l, *r), (Some(limit), Some(requested)), "{message}");
        }
    }

    #[test]
    fn overflow_is_known_in_every_dialect() {
        for message in [
            "the input length exceeds the context length",
            "the request exceeds the available context SIZE",
        ] {
            assert!(
                matches!(
                    judged(400, &json!({"error": message})),
                    Failure::ContextOverflow { .. }
                ),
                "{message}"
            );
        }
    }

    #[test]
    fn the_code_counts_more_than_the_status() {
        let body =
            json!({"error": {"message": "x", "type": "insufficient_quota", "code": "insufficient_quota"}});
        assert!(matches!(judged(429, &body), Failure::KeyExhausted { .. }));
        let region = json!({"error": {"message": "x", "code": "unsupported_country_region_territory"}});
        assert!(matches!(judged(403, &region), Failure::Http { status: 403, .. }));
        assert!(matches!(
            judged(403, &json!({"error": "no"})),
            Failure::KeyRejected { .. }
        ));
        let memory =
            json!({"error": "model requires more system memory (8.4 GiB) than is available (5.1 GiB)"});
        assert!(matches!(judged(500, &memory), Failure::ModelTooLarge { .. }));
        assert!(matches!(
            judged(404, &json!({"detail": "Not Found"})),
            Failure::Http { status: 404, .. }
        ));
    }
}
