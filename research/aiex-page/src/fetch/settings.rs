//! How fetching behaves. Values only; where they come from is the caller's matter.

use std::net::SocketAddr;
use std::time::Duration;

/// Limits, deadlines and manners of a [`Fetcher`](super::Fetcher).
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Whom a host's owner can write to or read about us: a URL or a mail address, part of the user agent.
    pub contact: Option<String>,
    /// Ports that pages are fetched from.
    pub ports: Vec<u16>,
    /// Addresses that may be reached though they are not public, each exact to the port.
    pub reachable: Vec<SocketAddr>,
    /// How many redirects are followed.
    pub max_redirects: usize,
    /// Bytes of a page after decompression.
    pub max_body: usize,
    /// Bytes of an answer's header names and values together.
    pub max_headers: usize,
    /// How long each stage may take.
    pub deadlines: FetchDeadlines,
    /// How hosts are spared.
    pub pace: Pace,
    /// How long a robots.txt is believed; at most a day (RFC 9309, 2.4).
    pub robots_ttl: Duration,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            contact: None,
            ports: vec![80, 443],
            reachable: Vec::new(),
            max_redirects: 5,
            max_body: 8 << 20,
            max_headers: 64 << 10,
            deadlines: FetchDeadlines::default(),
            pace: Pace::default(),
            robots_ttl: Duration::from_secs(24 * 3600),
        }
    }
}

impl FetchSettings {
    /// `aiex/VERSION (+contact)`.
    pub fn user_agent(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match &self.contact {
            Some(contact) => format!("{PRODUCT}/{version} (+{contact})"),
            None => format!("{PRODUCT}/{version}"),
        }
    }
}

/// The name that robots.txt files can address.
pub(crate) const PRODUCT: &str = "aiex";

/// How long each stage of a fetch may take.
#[derive(Debug, Clone, Copy)]
pub struct FetchDeadlines {
    /// Resolving the name and connecting.
    pub connect: Duration,
    /// From the request to the end of the answer's headers.
    pub first_byte: Duration,
    /// From one part of the answer to the next.
    pub idle: Duration,
    /// All of it, redirects, robots.txt and the pause that the host wants included, but not waiting for others' connections
    /// to it.
    pub total: Duration,
    /// Waiting for a connection to the host, of which others have all.
    pub turn: Duration,
}

impl Default for FetchDeadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(5),
            total: Duration::from_secs(20),
            turn: Duration::from_secs(30),
        }
    }
}

/// How hosts are spared.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Connections to one host at a time.
    pub connections: usize,
    /// From the start of one request to a host to the start of the next.
    pub spacing: Duration,
    /// The longest `Crawl-delay` that is obeyed in full; a longer one is cut to this.
    pub max_crawl_delay: Duration,
    /// The longest `Retry-After` that is obeyed in full; a longer one is cut to this.
    pub max_retry_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connections: 2,
            spacing: Duration::from_millis(500),
            max_crawl_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(3600),
        }
    }
}
