//! How each engine refuses: status, headers and body as the services send them.

use serde_json::{Value, json};

use super::fault::{Fault, Wait};
use super::reply::Reply;

const JSON: &str = "application/json";

/// The engine's way of saying `what`.
pub(super) fn refusal(engine: &str, what: &Fault) -> Reply {
    match engine {
        "serper" => serper(what),
        "tavily" => tavily(what),
        "brave" => brave(what),
        "searxng" => searxng(what),
        "exa" => exa(what),
        "stackexchange" => stack_exchange(what),
        "github" => github(what),
        "wikipedia" => wikipedia(what),
        "arxiv" => arxiv(what),
        _ => other(what),
    }
}

fn json(status: u16, body: &Value) -> Reply {
    Reply::new(status, JSON, body.to_string())
}

fn overload(what: &Fault) -> u16 {
    if let Fault::Overloaded(status) = what {
        *status
    } else {
        400
    }
}

fn serper(what: &Fault) -> Reply {
    let (status, message) = match what {
        Fault::KeyRejected => (403, "Unauthorized."),
        Fault::KeyExhausted => (400, "Not enough credits"),
        Fault::RateLimited(_) => (429, "Too many requests"),
        Fault::TooLong => (400, "Query too long. Max 2048 characters"),
        _ => (overload(what), "Internal server error"),
    };
    json(status, &json!({"message": message, "statusCode": status}))
}

fn tavily(what: &Fault) -> Reply {
    let (status, message) = match what {
        Fault::KeyRejected => (401, "Unauthorized: missing or invalid API key."),
        Fault::KeyExhausted => (
            432,
            "This request exceeds your plan's set usage limit. Please upgrade your plan or contact support@tavily.com",
        ),
        Fault::RateLimited(_) => (
            429,
            "Your request has been blocked due to excessive requests. Please reduce rate of requests.",
        ),
        Fault::TooLong => (400, "Query is too long. Max query length is 400 characters."),
        _ => (overload(what), "Internal Server Error"),
    };
    json(status, &json!({"detail": {"error": message}}))
}

fn brave(what: &Fault) -> Reply {
    let (status, code, detail, meta) = match what {
        Fault::KeyRejected => (
            422,
            "SUBSCRIPTION_TOKEN_INVALID",
            "The provided subscription token is invalid.",
            json!({"component": "authentication"}),
        ),
        Fault::KeyExhausted => (
            429,
            "RATE_LIMITED",
            "Request rate limit exceeded for plan",
            json!({"plan": "Free", "rate_limit": 1, "rate_current": 0, "quota_limit": 2000, "quota_current": 2000, "component": "rate_limiter"}),
        ),
        Fault::RateLimited(_) => (
            429,
            "RATE_LIMITED",
            "Request rate limit exceeded for plan",
            json!({"plan": "Free", "rate_limit": 1, "rate_current": 1, "quota_limit": 2000, "quota_current": 15, "component": "rate_limiter"}),
        ),
        Fault::TooLong => (
            422,
            "VALIDATION",
            "Unable to validate request parameter(s)",
            json!({"errors": [{"type": "string_too_long", "loc": ["query", "q"], "msg": "String should have at most 400 characters"}]}),
        ),
        _ => (overload(what), "INTERNAL", "Internal error", json!({})),
    };
    let error = json!({"id": "5d83", "status": status, "code": code, "detail": detail, "meta": meta});
    let mut response = json(
        status,
        &json!({"type": "ErrorResponse", "error": error, "time": 1_773_685_964}),
    );
    if !matches!(what, Fault::RateLimited(_) | Fault::KeyExhausted) {
        return response;
    }
    response = response.with("x-ratelimit-limit", "1, 2000");
    response = response.with("x-ratelimit-reset", "1, 1419704");
    let left = if *what == Fault::KeyExhausted {
        "1, 0"
    } else {
        "0, 1985"
    };
    response = response.with("x-ratelimit-remaining", left);
    response
}

fn searxng(what: &Fault) -> Reply {
    match what {
        // The instance does not give JSON.
        Fault::KeyRejected => Reply::new(
            403,
            "text/html; charset=utf-8",
            "<!doctype html><html><head><title>403 Forbidden</title></head></html>",
        ),
        Fault::RateLimited(_) | Fault::KeyExhausted => {
            Reply::new(429, "text/plain; charset=utf-8", "Too Many Requests")
        }
        Fault::TooLong => json(
            400,
            &json!({"error": "Invalid value \"False\" for parameter safesearch"}),
        ),
        _ => json(overload(what), &json!({"error": "search error"})),
    }
}

fn exa(what: &Fault) -> Reply {
    let (status, error, tag) = match what {
        Fault::KeyRejected => (401, "Invalid API key", "INVALID_API_KEY"),
        Fault::KeyExhausted => (402, "You have exceeded your credits limit", "NO_MORE_CREDITS"),
        Fault::RateLimited(_) => (429, "You've exceeded your Exa rate limit", "RATE_LIMIT"),
        Fault::TooLong => (400, "Invalid request body", "INVALID_REQUEST_BODY"),
        _ => (overload(what), "An error occurred", "DEFAULT_ERROR"),
    };
    json(status, &json!({"requestId": "b594", "error": error, "tag": tag}))
}

fn stack_exchange(what: &Fault) -> Reply {
    let throttled = |seconds: u64| {
        let message = format!("too many requests from this IP, more requests available in {seconds} seconds");
        (502, "throttle_violation", message)
    };
    let (id, name, message) = match what {
        Fault::KeyRejected => (
            400,
            "bad_parameter",
            "`key` doesn't match a known application".to_owned(),
        ),
        Fault::KeyExhausted => throttled(81_223),
        Fault::RateLimited(Wait::Seconds(seconds)) => throttled(*seconds),
        Fault::RateLimited(_) => throttled(0),
        Fault::TooLong => (400, "bad_parameter", "q".to_owned()),
        _ => (
            503,
            "temporarily_unavailable",
            "Service temporarily unavailable".to_owned(),
        ),
    };
    json(
        400,
        &json!({"error_id": id, "error_name": name, "error_message": message}),
    )
}

fn github(what: &Fault) -> Reply {
    let (status, message) = match what {
        Fault::KeyRejected => (401, "Bad credentials"),
        Fault::RateLimited(_) => (
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        ),
        Fault::KeyExhausted => (403, "API rate limit exceeded for 192.0.2.1."),
        Fault::TooLong => (422, "Validation Failed"),
        _ => (overload(what), "Service unavailable"),
    };
    let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
    let mut response = json(status, &body);
    let left = if *what == Fault::KeyExhausted { "0" } else { "29" };
    response = response.with("x-ratelimit-remaining", left);
    // Far in the past for a client, which then need not wait.
    response = response.with("x-ratelimit-reset", "1700000000");
    response = response.with("x-ratelimit-resource", "search");
    response
}

fn wikipedia(what: &Fault) -> Reply {
    let (status, code, info) = match what {
        Fault::RateLimited(_) | Fault::KeyExhausted => (
            200,
            "ratelimited",
            "You've exceeded your rate limit. Please wait some time and try again.",
        ),
        Fault::TooLong => (
            200,
            "cirrussearch-query-too-long",
            "Search request is longer than the maximum allowed length.",
        ),
        Fault::KeyRejected => (
            403,
            "blocked",
            "Please set a user-agent and respect our robot policy",
        ),
        _ => (
            overload(what),
            "internal_api_error_DBQueryError",
            "Caught exception of type DBQueryError",
        ),
    };
    let mut response = json(
        status,
        &json!({"error": {"code": code, "info": info}, "servedby": "mw1"}),
    );
    response = response.with("mediawiki-api-error", code);
    response
}

fn arxiv(what: &Fault) -> Reply {
    match what {
        Fault::RateLimited(_) | Fault::KeyExhausted => Reply::new(429, "text/plain", "Rate exceeded."),
        Fault::Overloaded(status) => Reply::new(
            *status,
            "text/html",
            "<html><title>Service Unavailable</title></html>",
        ),
        _ => Reply::new(
            400,
            "application/atom+xml; charset=utf-8",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>ArXiv Query</title>\
             <entry><id>http://arxiv.org/api/errors#malformed_query</id><title>Error</title>\
             <summary>malformed query</summary></entry></feed>",
        ),
    }
}

fn other(what: &Fault) -> Reply {
    let (status, message) = match what {
        Fault::KeyRejected => (401, "unknown token"),
        Fault::KeyExhausted => (402, "no credit left"),
        Fault::RateLimited(_) => (429, "slow down"),
        Fault::TooLong => (400, "too long"),
        _ => (overload(what), "internal error"),
    };
    json(status, &json!({"message": message}))
}
