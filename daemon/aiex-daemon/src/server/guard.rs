//! Who may come in by the loopback port. Any program of any user, and any web page in a browser, can
//! connect there: so the token is asked for, and `Host` and `Origin` must be ours.

use aiex_protocol::RefusalReason;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Trusted;
use crate::handle::Handle;
use crate::session;
use crate::token;

/// The loopback door.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) handle: Handle,
    pub(super) port: u16,
}

/// Lets a request through, or says why not.
pub(super) async fn check(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    // A page of another site that had its name point here would show that name.
    if !header_of(headers, header::HOST).is_some_and(|host| is_ours(host, door.port)) {
        return door.refuse("the Host header is not this daemon's address");
    }
    if headers.contains_key(header::ORIGIN) {
        let host = header_of(headers, header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
        if !host.is_some_and(|host| is_ours(host, door.port)) {
            return door.refuse("the Origin header is not this daemon's address");
        }
    }
    let given = bearer(headers).or_else(|| query_token(request.uri().query()));
    let is_trusted = given.is_some_and(|given| token::is_equal(given, &door.handle.info.token));
    // A websocket may show its token in its hello.
    let may_show_later = request.uri().path() == "/v1/stream" && given.is_none();
    let is_harmless = request.uri().path() == "/healthz";
    if !is_trusted && !may_show_later && !is_harmless {
        let hint = "send `Authorization: Bearer` with the token of the daemon's info file";
        let reason = RefusalReason::TokenRejected;
        let refusal = session::refusal(&door.handle, reason, "the token is missing or wrong", hint);
        return (StatusCode::FORBIDDEN, Json(refusal)).into_response();
    }
    request.extensions_mut().insert(Trusted(is_trusted));
    next.run(request).await
}

impl Door {
    fn refuse(&self, message: &str) -> Response {
        tracing::warn!(message, "a connection to the loopback port was refused");
        let hint = format!("connect to 127.0.0.1:{} directly", self.port);
        let refusal = session::refusal(&self.handle, RefusalReason::OriginRejected, message, &hint);
        (StatusCode::FORBIDDEN, Json(refusal)).into_response()
    }
}

fn header_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn is_ours(host: &str, port: u16) -> bool {
    let Some((name, given)) = host.rsplit_once(':') else {
        return false;
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") && given.parse() == Ok(port)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    header_of(headers, header::AUTHORIZATION)?.strip_prefix("Bearer ")
}

fn query_token(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_address_is_ours() {
        for host in ["127.0.0.1:80", "localhost:80", "[::1]:80"] {
            assert!(is_ours(host, 80), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:81",
            "evil.example:80",
            "127.0.0.1.evil.example:80",
            "0.0.0.0:80",
        ] {
            assert!(!is_ours(host, 80), "{host}");
        }
    }

    #[test]
    fn the_token_may_stand_in_the_query() {
        assert_eq!(query_token(Some("a=b&token=t0ken")), Some("t0ken"));
        assert_eq!(query_token(Some("nottoken=x")), None);
    }
}
