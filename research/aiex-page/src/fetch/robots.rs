//! What a host allows programs to fetch: robots.txt by RFC 9309, remembered, and asked for once at a time.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use texting_robots::Robot;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use url::Url;

use super::settings::PRODUCT;

/// Bytes of a robots.txt that are read; RFC 9309 asks for at least this (2.5).
pub(crate) const MAX_ROBOTS: usize = 500 << 10;

/// The longest that a file is believed (RFC 9309, 2.4).
const MAX_TTL: Duration = Duration::from_secs(24 * 3600);

/// How long a refusal for lack of an answer is believed: hosts come back.
const UNKNOWN_TTL: Duration = Duration::from_secs(10 * 60);

/// Origins that are remembered.
const MAX_ORIGINS: usize = 1024;

/// What came back for a robots.txt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RobotsFile {
    /// The file.
    Found(Vec<u8>),
    /// 4xx: there is none, so everything is allowed (2.3.1.3).
    Absent,
    /// 5xx or no answer: nothing is allowed (2.3.1.4).
    Unknown(String),
}

/// A host's word on a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed { crawl_delay: Option<Duration> },
    Disallowed,
    Unknown(String),
}

/// The rules of all hosts asked so far.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    ttl: Duration,
    origins: Mutex<HashMap<String, Arc<AsyncMutex<Option<Entry>>>>>,
}

struct Entry {
    rule: Rule,
    until: Instant,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

enum Rule {
    Robot(Box<Robot>),
    Everything,
    Nothing(String),
}

impl Rules {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl: ttl.min(MAX_TTL),
            origins: Mutex::default(),
        }
    }

    /// Judges a URL; `load` fetches the robots.txt at the URL it is given. Several callers of one origin wait for
    /// one load.
    pub(crate) async fn judge<F, L>(&self, url: &Url, load: L) -> Verdict
    where
        L: FnOnce(Url) -> F,
        F: Future<Output = RobotsFile>,
    {
        let slot = self.slot(&url.origin().ascii_serialization());
        let mut entry = slot.lock().await;
        let fresh = entry.take().filter(|entry| entry.until > Instant::now());
        let current = match fresh {
            Some(entry) => entry,
            None => {
                let mut file = url.clone();
                file.set_path("/robots.txt");
                file.set_query(None);
                file.set_fragment(None);
                self.entry(load(file).await)
            }
        };
        let verdict = match &current.rule {
            Rule::Robot(robot) if robot.allowed(url.as_str()) => Verdict::Allowed {
                crawl_delay: robot
                    .delay
                    .and_then(|seconds| Duration::try_from_secs_f32(seconds).ok()),
            },
            Rule::Robot(_) => Verdict::Disallowed,
            Rule::Everything => Verdict::Allowed { crawl_delay: None },
            Rule::Nothing(reason) => Verdict::Unknown(reason.clone()),
        };
        *entry = Some(current);
        verdict
    }

    fn entry(&self, file: RobotsFile) -> Entry {
        let (rule, ttl) = match file {
            RobotsFile::Found(bytes) => {
                // A byte-order mark would hide the first line from the parser.
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
                match Robot::new(PRODUCT, bytes) {
                    Ok(robot) => (Rule::Robot(Box::new(robot)), self.ttl),
                    Err(error) => (Rule::Nothing(error.to_string()), UNKNOWN_TTL.min(self.ttl)),
                }
            }
            RobotsFile::Absent => (Rule::Everything, self.ttl),
            RobotsFile::Unknown(reason) => (Rule::Nothing(reason), UNKNOWN_TTL.min(self.ttl)),
        };
        Entry {
            rule,
            until: Instant::now() + ttl,
        }
    }

    fn slot(&self, origin: &str) -> Arc<AsyncMutex<Option<Entry>>> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= MAX_ORIGINS && !origins.contains_key(origin) {
            let now = Instant::now();
            let lives = |slot: &Arc<AsyncMutex<Option<Entry>>>| match slot.try_lock() {
                Ok(entry) => entry.as_ref().is_some_and(|entry| entry.until > now),
                Err(_) => true,
            };
            origins.retain(|_, slot| lives(slot));
            if origins.len() >= MAX_ORIGINS {
                // All still hold: forgetting them costs a request each, not a promise.
                origins.retain(|_, slot| Arc::strong_count(slot) > 1);
            }
        }
        Arc::clone(origins.entry(origin.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://host.example").unwrap().join(path).unwrap()
    }

    async fn verdict(file: RobotsFile, path: &str) -> Verdict {
        Rules::new(MAX_TTL).judge(&url(path), |_| async { file }).await
    }

    const OPEN: Verdict = Verdict::Allowed { crawl_delay: None };

    #[tokio::test]
    async fn rules_are_those_of_the_rfc() {
        let file = |text: &str| RobotsFile::Found(text.as_bytes().to_vec());
        for (text, path, expected) in [
            ("", "/a", OPEN),
            (
                "User-agent: *\nDisallow: /private",
                "/private/a",
                Verdict::Disallowed,
            ),
            ("User-agent: *\nDisallow: /private", "/public", OPEN),
            ("User-agent: *\nDisallow: /", "/robots.txt", OPEN),
            // The most specific rule wins, and `Allow` wins a draw.
            ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", OPEN),
            ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", OPEN),
            // Wildcards and the end mark.
            (
                "User-agent: *\nDisallow: /*.pdf$",
                "/x/y.pdf",
                Verdict::Disallowed,
            ),
            ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?v=1", OPEN),
            // Our own group replaces the general one; names have no case.
            (
                "User-agent: *\nDisallow: /\n\nUser-agent: AIEX\nDisallow: /x",
                "/a",
                OPEN,
            ),
            (
                "User-agent: *\nDisallow:\n\nUser-agent: aiex\nDisallow: /",
                "/a",
                Verdict::Disallowed,
            ),
            // Groups with several names, and a byte-order mark before the first.
            (
                "\u{feff}User-agent: b\nUser-agent: aiex\nDisallow: /",
                "/a",
                Verdict::Disallowed,
            ),
            // Not a robots.txt at all, but a page that says "not found".
            ("<html><body>Not found</body></html>", "/a", OPEN),
        ] {
            assert_eq!(verdict(file(text), path).await, expected, "{text:?} {path}");
        }
        let slow = verdict(file("User-agent: *\nCrawl-delay: 2.5"), "/").await;
        assert_eq!(
            slow,
            Verdict::Allowed {
                crawl_delay: Some(Duration::from_millis(2500))
            }
        );
    }

    #[tokio::test]
    async fn no_file_allows_and_no_answer_refuses() {
        assert_eq!(verdict(RobotsFile::Absent, "/a").await, OPEN);
        let unknown = RobotsFile::Unknown("HTTP 503".to_owned());
        assert_eq!(
            verdict(unknown, "/a").await,
            Verdict::Unknown("HTTP 503".to_owned())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_load_serves_everybody_for_a_day() {
        let rules = Arc::new(Rules::new(Duration::from_secs(1_000_000)));
        let loads = Arc::new(AtomicUsize::new(0));
        let judge = |path: &'static str| {
            let (rules, loads) = (Arc::clone(&rules), Arc::clone(&loads));
            async move {
                let load = |file: Url| async move {
                    assert_eq!(file.as_str(), "https://host.example/robots.txt");
                    loads.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    RobotsFile::Absent
                };
                rules.judge(&url(path), load).await
            }
        };
        let both = tokio::join!(judge("/a?q=1"), judge("/b#c"));
        assert_eq!(both, (OPEN, OPEN));
        judge("/c").await;
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        tokio::time::advance(MAX_TTL).await;
        judge("/d").await;
        assert_eq!(loads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let rules = Rules::new(MAX_TTL);
        for number in 0..2 * MAX_ORIGINS {
            let url = Url::parse(&format!("https://{number}.example/")).unwrap();
            rules.judge(&url, |_| async { RobotsFile::Absent }).await;
        }
        assert!(rules.origins.lock().unwrap().len() <= MAX_ORIGINS);
    }
}
