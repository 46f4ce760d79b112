//! Resolving names with the guard inside: the connection is made to what was judged, so there is no moment at
//! which a name could turn into another address.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// The addresses of a name, when they are known.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Whom names are asked of.
pub trait Names: Send + Sync + fmt::Debug {
    /// All addresses of a host, in order of preference.
    fn lookup(&self, host: &str) -> Lookup;
}

/// The system's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup(&self, host: &str) -> Lookup {
        let host = host.to_owned();
        Box::pin(async move {
            match tokio::net::lookup_host((host.as_str(), 0)).await {
                Ok(found) => Ok(found.map(|address| address.ip()).collect()),
                Err(error) if is_no_such_host(&error) => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        })
    }
}

/// Whether a look-up says that there is no such name, and not that nobody could be asked. The standard library passes on
/// no code of `getaddrinfo`, only its words: those of `EAI_NONAME` and `EAI_NODATA` in glibc, musl and macOS, which are
/// not translated unless a program asks for it; and the code 11001 (`WSAHOST_NOT_FOUND`) on Windows.
fn is_no_such_host(error: &io::Error) -> bool {
    const WORDS: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
    ];
    let text = error.to_string();
    error.raw_os_error() == Some(11001) || WORDS.iter().any(|words| text.contains(words))
}

/// The resolver of the HTTP client: lets only public addresses through, and those exempted by the settings.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) names: Arc<dyn Names>,
    /// Exempted addresses. They are returned with their port, which the client then uses: so nothing but that
    /// port of that machine becomes reachable.
    pub(crate) reachable: Vec<SocketAddr>,
}

/// No address of a name may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no public address")]
pub(crate) struct Refused {
    /// One of the addresses that the name had; none if it had none at all.
    pub(crate) address: Option<IpAddr>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.names.lookup(name.as_str());
        let reachable = self.reachable.clone();
        Box::pin(async move {
            let found = lookup
                .await
                .map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)?;
            let open: Vec<SocketAddr> = found.iter().filter_map(|&ip| admit(ip, &reachable)).collect();
            if open.is_empty() {
                let refused = Refused {
                    address: found.first().copied(),
                };
                return Err(Box::new(refused) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn admit(ip: IpAddr, reachable: &[SocketAddr]) -> Option<SocketAddr> {
    if is_public(ip) {
        // The client puts the URL's port in place of zero.
        return Some(SocketAddr::new(ip, 0));
    }
    reachable.iter().find(|exempted| exempted.ip() == ip).copied()
}
