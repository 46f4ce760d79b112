//! `[web]` and `[[web.engine]]`: what of the web may be asked and read.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use crate::quantity::show_list;

/// `[web]`
#[derive(Debug, Clone, PartialEq)]
pub struct WebSettings {
    /// Whether anything of the web is searched or read at all.
    pub enabled: bool,
    /// Whether engines that need neither key nor settings are asked beside those of `engines`.
    pub keyless: bool,
    /// Whom the owner of a host can write to or read about us: a mail address or a URL; empty for nobody.
    pub contact: String,
    /// Only these hosts and what lies below them; all when empty.
    pub allow: Vec<String>,
    /// Not these hosts, nor what lies below them.
    pub deny: Vec<String>,
    /// Addresses that pages are read from though they are not public.
    pub reachable: Vec<SocketAddr>,
    /// How many pages of one host may stand among the first ten.
    pub per_host: usize,
    /// The proxy through which engines are asked; empty for none.
    pub proxy: String,
    /// `[web.trust]`: factors by host, before the built-in ones. 1 is neutral, 0 removes a host from the results.
    pub trust: BTreeMap<String, f32>,
    /// `[[web.engine]]`
    pub engines: Vec<EngineSettings>,
}

/// `[[web.engine]]`: a search engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// Whose wire format it speaks.
    pub kind: EngineKind,
    /// The name it is shown by; the kind's when the file says none.
    pub name: String,
    /// Where it is; empty for the service's own address. For `json` the template of the address, with `{query}`.
    pub url: String,
    /// The name of the variable that holds the key, or several with commas between them; empty for the one that is
    /// kept under `name`, if there is one.
    pub key_env: String,
    /// What its ranks are worth beside those of other engines.
    pub weight: f32,
    /// The most requests a minute with each key; 0 for what the service's smallest plan allows.
    pub requests_per_minute: u32,
    /// How many requests may be on their way at once; 0 for what suits the kind.
    pub parallel: usize,
    /// `json`: where in an answer the results are.
    pub places: JsonPlaces,
}

/// Where a `json` engine has what, as JSON pointers (RFC 6901). Empty where there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonPlaces {
    /// The list of results, from the answer.
    pub results: String,
    /// The title, from a result.
    pub title: String,
    /// The address.
    pub link: String,
    /// The snippet.
    pub snippet: String,
    /// The date.
    pub date: String,
    /// The header that carries the key.
    pub key_header: String,
    /// What stands before the key in it.
    pub key_prefix: String,
}

named_choices! {
    /// The interface that a search engine speaks.
    EngineKind {
        /// Serper: Google's results.
        Serper = "serper",
        /// Tavily.
        Tavily = "tavily",
        /// Brave Search.
        Brave = "brave",
        /// A SearXNG instance.
        SearxNg = "searxng",
        /// Exa.
        Exa = "exa",
        /// Stack Overflow.
        StackExchange = "stackexchange",
        /// GitHub.
        GitHub = "github",
        /// The documentation of crates.
        DocsRs = "docs_rs",
        /// Wikipedia, or any MediaWiki.
        Wikipedia = "wikipedia",
        /// arXiv.
        ArXiv = "arxiv",
        /// Any service that answers in JSON.
        Json = "json",
    }
}

impl EngineSettings {
    /// The key that it must have and does not.
    pub(crate) fn lacks(&self) -> Option<&'static str> {
        let needs: &[(&'static str, &String)] = match self.kind {
            EngineKind::SearxNg => &[("url", &self.url)],
            EngineKind::Json => &[
                ("url", &self.url),
                ("title", &self.places.title),
                ("link", &self.places.link),
            ],
            _ => &[],
        };
        let missing = needs.iter().find(|(_, value)| value.is_empty());
        missing.map(|(key, _)| *key)
    }
}

impl WebSettings {
    pub(super) fn entries(&self) -> Vec<(String, String)> {
        let Self {
            enabled,
            keyless,
            contact,
            allow,
            deny,
            reachable,
            per_host,
            proxy,
            trust,
            engines,
        } = self;
        let mut entries: Vec<(String, String)> = [
            ("web.enabled", enabled.to_string()),
            ("web.keyless", keyless.to_string()),
            ("web.contact", contact.clone()),
            ("web.allow", show_list(allow)),
            ("web.deny", show_list(deny)),
            ("web.reachable", show_list(reachable)),
            ("web.per_host", per_host.to_string()),
            ("web.proxy", proxy.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        entries.extend(
            trust
                .iter()
                .map(|(host, factor)| (format!("web.trust.{host}"), factor.to_string())),
        );
        for (place, engine) in engines.iter().enumerate() {
            let JsonPlaces {
                results,
                title,
                link,
                snippet,
                date,
                key_header,
                key_prefix,
            } = &engine.places;
            let mut fields = vec![
                ("kind", engine.kind.to_string()),
                ("name", engine.name.clone()),
                ("url", engine.url.clone()),
                ("key_env", engine.key_env.clone()),
                ("weight", engine.weight.to_string()),
                ("requests_per_minute", engine.requests_per_minute.to_string()),
                ("parallel", engine.parallel.to_string()),
            ];
            if engine.kind == EngineKind::Json {
                let json = [
                    ("results", results),
                    ("title", title),
                    ("link", link),
                    ("snippet", snippet),
                    ("date", date),
                    ("key_header", key_header),
                    ("key_prefix", key_prefix),
                ];
                fields.extend(json.map(|(field, value)| (field, value.clone())));
            }
            let named = fields.into_iter();
            entries.extend(named.map(|(field, value)| (format!("web.engine[{place}].{field}"), value)));
        }
        entries
    }
}
