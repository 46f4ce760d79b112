//! From the URL a user configured to the URL that is asked. It does not know whether anything listens there.

use reqwest::Url;

use crate::ProviderKind;

/// Where requests go, and how that place may be shown.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    /// Without user name, password and query: those can hold keys.
    pub(crate) shown: String,
    pub(crate) loopback: bool,
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
        let loopback = match url.host_str() {
            Some(host) => {
                let host = host.trim_matches(['[', ']']);
                host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            None => false,
        };
        Ok(Self {
            shown: shown(&url),
            url,
            loopback,
        })
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
        use ProviderKind::{Ollama, OpenAi};
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
    fn other_schemes_and_nonsense_are_refused() {
        assert!(Endpoint::new(ProviderKind::OpenAi, "file:///etc/passwd").is_err());
        assert!(Endpoint::new(ProviderKind::OpenAi, "localhost:1234").is_err());
        assert!(Endpoint::new(ProviderKind::OpenAi, "api.openai.com/v1").is_err());
    }
}
