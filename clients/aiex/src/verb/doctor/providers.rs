//! The model providers: is somebody listening. No request is made and no key is sent.

use std::time::Duration;

use aiex_config::ProviderSettings;
use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;

const PROVIDER: &str = "provider";
/// A service that takes longer than this to take a connection is as good as absent while somebody waits.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn check(providers: &[ProviderSettings]) -> Vec<Finding> {
    if providers.is_empty() {
        return vec![Finding::ok(
            PROVIDER,
            "none configured; answers are made of the evidence alone",
        )];
    }
    join_all(providers.iter().map(check_one)).await
}

async fn check_one(provider: &ProviderSettings) -> Finding {
    let name = &provider.name;
    let Some((host, port)) = host_and_port(&provider.url) else {
        let detail = format!("{name}: `{}` is not an http or https address", provider.url);
        return Finding::fail(PROVIDER, detail, "write it as in \"http://127.0.0.1:11434\"");
    };
    let failure = match timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => return Finding::ok(PROVIDER, format!("{name}: {} at {host}:{port}", provider.model)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no connection within {} s", PATIENCE.as_secs()),
    };
    let detail = format!("{name}: {host}:{port} cannot be reached: {failure}");
    Finding::fail(
        PROVIDER,
        detail,
        "start the service or mend its url; `aiex ask --extractive` works without it",
    )
}

/// Where an address leads, without what stands behind it.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => default,
    };
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_a_host_and_a_port() {
        let place = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(host_and_port("http://127.0.0.1:11434"), place("127.0.0.1", 11434));
        assert_eq!(
            host_and_port("https://user:pw@api.example/v1?x"),
            place("api.example", 443)
        );
        assert_eq!(host_and_port("http://[::1]:8080/v1"), place("::1", 8080));
        assert_eq!(host_and_port("HTTP://h"), place("h", 80));
        for wrong in ["", "host:80", "ftp://h", "http://", "http://h:port"] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
