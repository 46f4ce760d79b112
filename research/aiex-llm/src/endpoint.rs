//! From the URL a user configured to the URL that is asked. It does not know whether anything listens there.

use std::net::IpAddr;

use reqwest::Url;

use crate::ProviderKind;

/// Where requests go, and how that place may be shown.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    /// Without user name, password and query: those can hold keys.
    pub(crate) shown: String,
    pub(crate) loopback: bool,
    /// On this machine or in its own network: nobody asks money for it.
    pub(crate) near: bool,
}

impl Endpoint {
    /// Completes `base_url`; the error says what is wrong with it.
    pub(crate) fn new(kind: ProviderKind, base_url: &str) -> Result<Self, String> {
        let mut url = Url::parse(base_url.trim()).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` is neither http nor https", url.scheme()));
        }
        let given = url.path().trim_end_matches('/').to_owned();
        let path = match kind {
            ProviderKind::OpenAi if given.ends_with("/chat/completions") => given,
            ProviderKind::OpenAi if given.is_empty() => "/v1/chat/completions".to_owned(),
            ProviderKind::OpenAi => format!("{given}/chat/completions"),
            ProviderKind::OpenAiResponses => {
                let root = ["/responses", "/chat/completions"]
                    .iter()
                    .find_map(|end| given.strip_suffix(end))
                    .unwrap_or(&given);
                format!("{}/responses", if root.is_empty() { "/v1" } else { root })
            }
            ProviderKind::Anthropic => {
                let root = ["/v1/messages", "/v1"]
                    .iter()
                    .find_map(|end| given.strip_suffix(end));
                format!("{}/v1/messages", root.unwrap_or(&given))
            }
            ProviderKind::LmStudio => {
                // Its older and newer interfaces of its own have no structured output.
                let root = [
                    "/v1/chat/completions",
                    "/api/v1/chat",
                    "/api/v1",
                    "/api/v0",
                    "/v1",
                ]
                .iter()
                .find_map(|end| given.strip_suffix(end));
                format!("{}/v1/chat/completions", root.unwrap_or(&given))
            }
            ProviderKind::Ollama => {
                // People paste the address of either of its interfaces.
                let root = ["/api/chat", "/api", "/v1"]
                    .iter()
                    .find_map(|end| given.strip_suffix(end));
                format!("{}/api/chat", root.unwrap_or(&given))
            }
        };
        url.set_path(&path);
        url.set_fragment(None);
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let near = loopback || is_near(host);
        Ok(Self {
            shown: shown(&url),
            url,
            loopback,
            near,
        })
    }
}

/// Private addresses, and names that no public name server knows.
fn is_near(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => {
            let ends = [".local", ".internal", ".lan", ".localhost"];
            !host.is_empty() && !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    }
}

/// `url` without anything that can hold a key.
pub(crate) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_completed() {
        use ProviderKind::{Anthropic, LmStudio, Ollama, OpenAi, OpenAiResponses};
        for (kind, given, expected) in [
            (
                OpenAi,
                "https://api.openai.com/v1",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                OpenAi,
                "http://localhost:1234",
                "http://localhost:1234/v1/chat/completions",
            ),
            (OpenAi, "http://x/api/v3/", "http://x/api/v3/chat/completions"),
            (
                OpenAi,
                "http://x/v1/chat/completions?api-version=2",
                "http://x/v1/chat/completions?api-version=2",
            ),
            (
                Ollama,
                "http://127.0.0.1:11434",
                "http://127.0.0.1:11434/api/chat",
            ),
            (
                Ollama,
                "http://127.0.0.1:11434/v1/",
                "http://127.0.0.1:11434/api/chat",
            ),
            (Ollama, "http://x/ollama/api", "http://x/ollama/api/chat"),
            (OpenAiResponses, "http://x", "http://x/v1/responses"),
            (OpenAiResponses, "http://x/v1/", "http://x/v1/responses"),
            (
                OpenAiResponses,
                "http://x/v2/chat/completions",
                "http://x/v2/responses",
            ),
            (
                Anthropic,
                "https://api.anthropic.com",
                "https://api.anthropic.com/v1/messages",
            ),
            (Anthropic, "http://x/proxy/v1", "http://x/proxy/v1/messages"),
            (Anthropic, "http://x/v1/messages", "http://x/v1/messages"),
            (LmStudio, "http://x:1234", "http://x:1234/v1/chat/completions"),
            (LmStudio, "http://x/api/v0", "http://x/v1/chat/completions"),
        ] {
            assert_eq!(Endpoint::new(kind, given).unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn what_is_shown_holds_no_secrets() {
        let endpoint =
            Endpoint::new(ProviderKind::OpenAi, "https://me:pass@x.example:8443/v1?key=k#f").unwrap();
        assert_eq!(endpoint.shown, "https://x.example:8443/v1/chat/completions");
    }

    #[test]
    fn loopback_is_recognised() {
        let loopback = |url| Endpoint::new(ProviderKind::OpenAi, url).unwrap().loopback;
        assert!(
            loopback("http://localhost:1") && loopback("http://127.0.0.2") && loopback("http://[::1]:8080")
        );
        assert!(!loopback("http://10.0.0.1") && !loopback("https://localhost.example"));
    }

    #[test]
    fn the_own_network_is_near() {
        let near = |host: &str| {
            Endpoint::new(ProviderKind::Ollama, &format!("http://{host}:1"))
                .unwrap()
                .near
        };
        for host in [
            "localhost",
            "192.168.1.4",
            "10.1.1.1",
            "[fd00::1]",
            "gpu",
            "gpu.local",
        ] {
            assert!(near(host), "{host}");
        }
        for host in ["8.8.8.8", "api.openai.com", "[2606:4700::1]", "local.example"] {
            assert!(!near(host), "{host}");
        }
    }

    #[test]
    fn other_schemes_and_nonsense_are_refused() {
        assert!(Endpoint::new(ProviderKind::OpenAi, "file:///etc/passwd").is_err());
        assert!(Endpoint::new(ProviderKind::OpenAi, "localhost:1234").is_err());
        assert!(Endpoint::new(ProviderKind::OpenAi, "api.openai.com/v1").is_err());
    }
}
