//! Which URLs may be fetched at all, as far as the URL itself tells. What a name resolves to is judged when it
//! is resolved (see [`super::dns`]), because nothing known before the connection is made is worth anything.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::FetchSettings;
use super::address::is_public;
use super::error::Block;

/// Last labels of names that belong to a machine or a private network: RFC 6761, RFC 6762, RFC 7686, RFC 8375,
/// RFC 9476, the `internal` that ICANN reserves, and what routers and companies use without asking.
const PRIVATE_SUFFIXES: &[&str] = &[
    "alt",
    "arpa",
    "corp",
    "domain",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
    "workgroup",
];

/// Public-looking names under which hosting companies answer questions about the machine that asks.
const METADATA_NAMES: &[&str] = &[
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

/// Refuses a URL that must not be fetched whatever its name resolves to.
pub(crate) fn check(url: &Url, settings: &FetchSettings) -> Result<(), Block> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Block::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Block::Credentials);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    // The `url` crate has by now turned decimal, octal, hexadecimal, short, full-width and percent-encoded
    // notations of IPv4 into the address they mean.
    let address = match url.host() {
        None => return Err(Block::NoHost),
        Some(Host::Domain(name)) => {
            check_name(name)?;
            None
        }
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
    };
    if let Some(address) = address {
        if settings.reachable.contains(&SocketAddr::new(address, port)) {
            return Ok(());
        }
        if !is_public(address) {
            return Err(Block::Address(address));
        }
    }
    if !settings.ports.contains(&port) {
        return Err(Block::Port(port));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Block> {
    let plain = name.trim_end_matches('.');
    let last = plain.rsplit('.').next().unwrap_or_default();
    let refused = !plain.contains('.') // `metadata`, `intranet`, `kubernetes`: a search domain would complete it
        || PRIVATE_SUFFIXES.contains(&last)
        || METADATA_NAMES.contains(&plain);
    if refused {
        return Err(Block::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str) -> Result<(), Block> {
        check(&Url::parse(url).unwrap(), &FetchSettings::default())
    }

    #[test]
    fn ordinary_pages_pass() {
        for url in [
            "https://docs.rs/tokio/latest/tokio/",
            "http://example.org:80/",
            "http://example.org:443/",
            "https://example.org./x",
            "https://1.1.1.1/",
            "https://münchen.de/",
        ] {
            assert_eq!(verdict(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_exempted_address_is_exact_to_the_port() {
        let settings = FetchSettings {
            reachable: vec!["127.0.0.1:8080".parse().unwrap()],
            ports: vec![80, 443, 8080, 8081],
            ..FetchSettings::default()
        };
        let check = |url: &str| check(&Url::parse(url).unwrap(), &settings);
        assert_eq!(check("http://127.0.0.1:8080/"), Ok(()));
        assert_eq!(check("http://127.1:8080/"), Ok(()));
        assert!(check("http://127.0.0.1:8081/").is_err());
        assert!(check("http://127.0.0.1/").is_err());
        assert!(check("http://localhost:8080/").is_err());
    }

    #[test]
    fn the_reason_is_named() {
        assert_eq!(
            verdict("ftp://example.org/"),
            Err(Block::Scheme("ftp".to_owned()))
        );
        assert_eq!(verdict("https://me:pass@example.org/"), Err(Block::Credentials));
        assert_eq!(verdict("https://me@example.org/"), Err(Block::Credentials));
        assert_eq!(verdict("http://example.org:6379/"), Err(Block::Port(6379)));
        assert_eq!(
            verdict("http://LOCALHOST./"),
            Err(Block::Name("localhost.".to_owned()))
        );
        assert_eq!(
            verdict("http://0x7f.1/"),
            Err(Block::Address("127.0.0.1".parse().unwrap()))
        );
    }
}
