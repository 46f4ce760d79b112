//! One name for all addresses of a page. It fetches nothing: it knows the habits of addresses, not the pages.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// What names a page: scheme, `www.`, mobile and AMP variants, default ports, tracking, line anchors, index files and
/// trailing slashes left out. It is a name, not an address: what is read is [`Found::url`](crate::Found::url).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Canonical(String);

/// Parameters that say where a reader came from. A name that ends in `*` is a beginning.
const TRACKING: &[&str] = &[
    "utm_*",
    "gclid",
    "gclsrc",
    "dclid",
    "fbclid",
    "msclkid",
    "yclid",
    "twclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "_hsenc",
    "_hsmi",
    "_ga",
    "_gl",
    "ref_src",
    "ref_url",
    "referrer",
    "spm",
    "scid",
    "srsltid",
    "vero_id",
    "wt_mc",
    "cmpid",
    "trk",
    "oly_*",
    "pk_*",
    "mtm_*",
    "ck_subscriber_id",
    "amp",
    "outputtype",
    "share_id",
    "share_source",
];

/// Hosts on which `ref` names a branch; elsewhere it names the site one came from.
const CODE_HOSTS: &[&str] = &[
    "github.com",
    "gitlab.com",
    "codeberg.org",
    "bitbucket.org",
    "sr.ht",
];

impl Canonical {
    /// The name of `url`; `None` for what is no `http` or `https` address.
    pub fn of(url: &str) -> Option<Self> {
        let url = unwrapped(cleaned(url)?);
        let host = bare_host(url.host_str()?);
        // Either scheme's usual port is none: a name has no scheme of its own.
        let port = url.port().filter(|port| !matches!(port, 80 | 443));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let mut name = format!("https://{host}{port}{}", bare_path(url.path()));
        let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        pairs.sort();
        pairs.dedup();
        if !pairs.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish();
            name.push('?');
            name.push_str(&query);
        }
        if let Some(route) = url.fragment() {
            name.push('#');
            name.push_str(route);
        }
        Some(Self(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host in it.
    pub fn host(&self) -> &str {
        let rest = self.0.trim_start_matches("https://");
        let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
        &rest[..end]
    }

    /// The path in it, with the leading slash.
    pub(crate) fn path(&self) -> &str {
        let rest = self.0.trim_start_matches("https://");
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let end = path.find(['?', '#']).unwrap_or(path.len());
        &path[..end]
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address to read: as it came, but without user name, password, tracking and anchors that name no other page.
pub(crate) fn cleaned(url: &str) -> Option<Url> {
    let mut url = Url::parse(url.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?.to_owned();
    // Neither can fail for an address with a host.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    // `#!/x` and `#/x` are how some sites name their pages; `#L10`, `#section` and `#:~:text=` are places in one.
    let is_route = url.fragment().is_some_and(|fragment| {
        fragment.starts_with("!/") || (fragment.starts_with('/') && fragment.len() > 1)
    });
    if !is_route {
        url.set_fragment(None);
    }
    let on_code_host = CODE_HOSTS.iter().any(|code| crate::query::is_below(&host, code));
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_tracking(&name.to_lowercase(), on_code_host))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if kept.is_empty() {
        url.set_query(None);
    } else if kept.len() < url.query_pairs().count() {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    Some(url)
}

fn is_tracking(name: &str, on_code_host: bool) -> bool {
    if name == "ref" {
        return !on_code_host;
    }
    TRACKING.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *known,
    })
}

/// The page behind the address of an AMP cache: `google.com/amp/s/example.org/x`, `….cdn.ampproject.org/c/s/example.org/x`.
fn unwrapped(url: Url) -> Url {
    let host = url.host_str().unwrap_or_default();
    let inner = if crate::query::is_below(host, "cdn.ampproject.org") {
        let mut parts = url.path().trim_start_matches('/').splitn(2, '/');
        matches!(parts.next(), Some("c" | "v" | "a"))
            .then(|| parts.next())
            .flatten()
    } else if bare_host(host).starts_with("google.") {
        url.path().strip_prefix("/amp/")
    } else {
        None
    };
    let Some(inner) = inner else { return url };
    let inner = inner.strip_prefix("s/").unwrap_or(inner);
    let looks_like_host = inner.split('/').next().is_some_and(|host| host.contains('.'));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let whole = looks_like_host
        .then(|| cleaned(&format!("https://{inner}{query}")))
        .flatten();
    // A cache of a cache is not followed for ever: each step is shorter.
    whole.map_or(url, unwrapped)
}

/// `host` without `www.`, and without the labels of mobile and AMP variants.
fn bare_host(host: &str) -> String {
    let mut host = host.trim_end_matches('.').to_lowercase();
    while let Some(rest) = ["www.", "m.", "mobile.", "amp."]
        .iter()
        .find_map(|label| host.strip_prefix(label))
        .filter(|rest| rest.contains('.') && rest.parse::<std::net::Ipv4Addr>().is_err())
    {
        host = rest.to_owned();
    }
    // `en.m.wikipedia.org`, but not `example.m.org`
    while host.matches('.').count() > 2 && host.contains(".m.") {
        host = host.replacen(".m.", ".", 1);
    }
    host
}

/// `path` without doubled and trailing slashes, index files and AMP endings, escapes in one spelling.
fn bare_path(path: &str) -> String {
    let mut segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(respelled)
        .collect();
    while let Some(last) = segments.last() {
        if ["amp", "index.html", "index.htm", "index.php"].contains(&last.as_str()) {
            segments.pop();
        } else {
            break;
        }
    }
    let mut bare = String::new();
    for segment in &segments {
        bare.push('/');
        bare.push_str(segment);
    }
    bare
}

/// Escapes of characters that need none are taken back (RFC 3986 §6.2.2), the rest is in upper case.
fn respelled(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let hex = rest.get(at + 1..at + 3);
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte))
            }
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => {
                out.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(url: &str) -> String {
        Canonical::of(url).unwrap().to_string()
    }

    #[test]
    fn all_addresses_of_a_page_have_one_name() {
        for url in [
            "https://example.org/a/b",
            "http://example.org/a/b/",
            "https://www.example.org:443/a//b",
            "http://EXAMPLE.org:80/a/b#L10-L20",
            "https://m.example.org/a/b?utm_source=x&utm_medium=y&gclid=1",
            "https://amp.example.org/a/b/amp/",
            "https://example.org/a/b/index.html?fbclid=abc",
            "https://user:pass@example.org/a/b?ref=news",
            "https://www.google.com/amp/s/www.example.org/a/b",
            "https://example-org.cdn.ampproject.org/c/s/example.org/a/b?amp=1",
            "https://example.org/%61/b#:~:text=words",
        ] {
            assert_eq!(name(url), "https://example.org/a/b", "{url}");
        }
        assert_eq!(
            name("https://en.m.wikipedia.org/wiki/Rust"),
            "https://en.wikipedia.org/wiki/Rust"
        );
    }

    #[test]
    fn what_names_another_page_is_kept() {
        let different = [
            "https://example.org/",
            "https://example.org/?id=1",
            "https://example.org/?id=2",
            "https://example.org/#!/route",
            "https://example.org/#/other",
            "https://example.org:8443/",
            "https://docs.example.org/",
            "https://github.com/a/b?ref=main",
            "https://github.com/a/b?ref=dev",
        ];
        let mut names: Vec<_> = different.map(name).to_vec();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), different.len());
        assert_eq!(name("https://x.org/?b=2&a=1"), name("https://x.org/?a=1&b=2"));
    }

    #[test]
    fn only_web_addresses_have_names() {
        for url in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ftp://x.org/",
            "example.org",
            "",
            "data:,x",
        ] {
            assert_eq!(Canonical::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_address_that_is_read_keeps_its_host_and_path() {
        let read = |url| cleaned(url).unwrap().to_string();
        assert_eq!(
            read("http://u:p@www.example.org/a/?utm_source=x#top"),
            "http://www.example.org/a/"
        );
        assert_eq!(read("https://x.org/?q=a%20b&b=c"), "https://x.org/?q=a%20b&b=c");
    }

    #[test]
    fn host_and_path_are_found_again() {
        let name = Canonical::of("https://www.x.org:8080/a/b?c=d").unwrap();
        assert_eq!((name.host(), name.path()), ("x.org", "/a/b"));
        assert_eq!(Canonical::of("https://x.org").unwrap().path(), "/");
    }

    fn address() -> impl Strategy<Value = String> {
        let host = prop_oneof![
            "(www\\.|m\\.|amp\\.|mobile\\.|en\\.m\\.){0,3}[a-z]{1,6}\\.(org|rs)",
            Just("www.google.com".to_owned()),
            Just("x.cdn.ampproject.org".to_owned()),
            Just("127.0.0.1".to_owned()),
        ];
        let path = "(/(a|amp|s|c|index\\.html|%41|%2f|%zz|x y|é|b\\.org|www\\.c\\.org)){0,6}/?";
        let query = "(\\?((utm_a|ref|id|q|amp)=[a-z%+ &]{0,4}&?){0,3})?";
        let fragment = "(#(L1|!/r|/r|:~:text=x|)?)?";
        ("https?://", host, "(:80|:443|:8080)?", path, query, fragment)
            .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].concat())
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_name(url in address()) {
            if let Some(once) = Canonical::of(&url) {
                let twice = Canonical::of(once.as_str());
                prop_assert_eq!(Some(once), twice);
            }
        }

        #[test]
        fn the_address_that_is_read_has_the_same_name(url in address()) {
            if let Some(read) = cleaned(&url) {
                prop_assert_eq!(Canonical::of(read.as_str()), Canonical::of(&url));
                prop_assert_eq!(cleaned(read.as_str()), Some(read));
            }
        }

        #[test]
        fn any_text_is_survived(text in ".{0,80}") {
            let _ = Canonical::of(&text);
        }
    }
}
