//! Requests to services that the user configured: a search engine or a model on this machine. They may live
//! where no page is fetched from, so they have a client of their own that reaches nothing else.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use url::Url;

use super::error::{Block, FetchError};
use super::shown;

/// The client for configured services: exactly their scheme, host and port, no redirects, no proxy.
#[derive(Debug, Clone)]
pub struct Services {
    origins: Vec<Url>,
    client: reqwest::Client,
}

impl Services {
    /// A client for these base URLs.
    pub fn new(
        base_urls: impl IntoIterator<Item = Url>,
        user_agent: &str,
        connect: Duration,
    ) -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(connect)
            .build()
            .map_err(|error| FetchError::Setup {
                reason: error.to_string(),
            })?;
        Ok(Self {
            origins: base_urls.into_iter().collect(),
            client,
        })
    }

    /// A request to a URL of one of the services; any other URL is refused. Deadlines of the answer are the
    /// caller's.
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, FetchError> {
        let known = matches!(url.scheme(), "http" | "https")
            && self.origins.iter().any(|base| base.origin() == url.origin());
        let why = if !url.username().is_empty() || url.password().is_some() {
            Some(Block::Credentials)
        } else if !known {
            Some(Block::NoService)
        } else {
            None
        };
        match why {
            Some(why) => Err(FetchError::Blocked { url: shown(url), why }),
            None => Ok(self.client.request(method, url.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_origin_is_served() {
        let base = Url::parse("http://127.0.0.1:8888/searx/").unwrap();
        let services = Services::new([base], "aiex", Duration::from_secs(1)).unwrap();
        let request = |url: &str| services.request(Method::GET, &Url::parse(url).unwrap());
        assert!(request("http://127.0.0.1:8888/search?q=x").is_ok());
        for url in [
            "https://127.0.0.1:8888/",
            "http://127.0.0.1:8889/",
            "http://127.0.0.1/",
            "http://localhost:8888/",
            "http://127.0.0.2:8888/",
            "file:///etc/passwd",
        ] {
            let refused = request(url).unwrap_err();
            assert!(
                matches!(
                    refused,
                    FetchError::Blocked {
                        why: Block::NoService,
                        ..
                    }
                ),
                "{url}"
            );
        }
        let refused = request("http://me:secret@127.0.0.1:8888/").unwrap_err();
        assert!(matches!(
            &refused,
            FetchError::Blocked {
                why: Block::Credentials,
                ..
            }
        ));
        assert!(!refused.to_string().contains("secret"));
    }
}
