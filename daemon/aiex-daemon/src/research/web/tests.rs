//! The web against engines and a host that keep count of what they are asked.

mod asking;

use std::fs;
use std::net::SocketAddr;

use aiex_config::{Home, MapEnvironment};
use aiex_evidence::{Catalogue, Document};
use aiex_llm::Secret;
use aiex_protocol::keys::KeyPlace;
use aiex_research::{Deaf, SourceKind};
use aiex_web::EngineKind;
use aiex_web::standin::{Fault, Page, StandIn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const SECONDS: Duration = Duration::from_secs(10);

fn web(text: &str) -> Option<Web> {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("config.toml");
    fs::write(&file, text).unwrap();
    let environment = MapEnvironment::new([("SERPER", aiex_web::standin::KEY)]);
    let settings = Settings::load_file(&file, &environment, &[]).unwrap().0;
    let cache = Cache::in_memory(aiex_cache::Settings::default());
    let keys = Keys::in_environment(&Home::at(place.path()), Arc::new(environment));
    Web::new(&settings, cache, Arc::new(keys))
}

fn two_engines(engines: &StandIn) -> Web {
    let serper = engines.url(&EngineKind::Serper);
    let searxng = engines.url(&EngineKind::SearxNg);
    web(&format!(
        "[web]\nenabled = true\nkeyless = false\ndeny = [\"bad.example\"]\n\
         [[web.engine]]\nkind = \"serper\"\nurl = \"{serper}\"\nkey_env = \"SERPER\"\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{searxng}\"\n"
    ))
    .unwrap()
}

fn search(query: &str) -> Search {
    Search {
        run: "20260131-0af3c9".to_owned(),
        source: SourceKind::Web,
        query: query.to_owned(),
        limit: 5,
        repos: Vec::new(),
        since: None,
        deadline: SECONDS,
        kept_since_ms: 0,
        answered: Vec::new(),
    }
}

fn pages() -> [Page; 2] {
    [
        Page::new("https://docs.example/retry", "Retry", "How a retry is done"),
        Page::new("https://bad.example/retry", "Bad", "How a retry is not done"),
    ]
}

#[tokio::test]
async fn nothing_is_asked_unless_the_user_says_so() {
    let engine = "[[web.engine]]\nkind = \"searxng\"\nurl = \"http://127.0.0.1:9\"\n";
    assert!(web("").is_none());
    assert!(web(engine).is_none());
    assert!(web("[web]\nenabled = true\nkeyless = false\n").is_none());
    let enabled = web(&format!("[web]\nenabled = true\nkeyless = false\n{engine}")).unwrap();
    assert_eq!(enabled.reach, Reach::Configured);
    assert_eq!(web("[web]\nenabled = true\n").unwrap().reach, Reach::Web);
}

#[tokio::test]
async fn a_search_is_asked_once_and_leaves_out_hosts_that_are_not_wanted() {
    let engines = StandIn::start().unwrap();
    engines.publish(pages());
    let web = two_engines(&engines);
    let never = CancellationToken::new();
    for _ in 0..2 {
        let answer = web
            .search(&search("retry"), &Surroundings::default(), &Deaf, &never)
            .await
            .unwrap();
        let [found] = &answer.findings.found[..] else {
            panic!("{answer:?}")
        };
        let url = "https://docs.example/retry".to_owned();
        assert_eq!(found.origin, Origin::Web { url });
        assert_eq!((found.title.as_str(), &found.text), ("Retry", &None));
    }
    assert_eq!(engines.count(&EngineKind::Serper), 1);
    assert_eq!(engines.count(&EngineKind::SearxNg), 1);

    let fresh = Search {
        kept_since_ms: u64::MAX,
        ..search("retry")
    };
    web.search(&fresh, &Surroundings::default(), &Deaf, &never)
        .await
        .unwrap();
    assert_eq!(engines.count(&EngineKind::Serper), 2);
}

#[tokio::test]
async fn a_part_that_failed_is_told_and_asked_again() {
    let engines = StandIn::start().unwrap();
    engines.publish(pages());
    engines.script(&EngineKind::Serper, [Fault::KeyExhausted]);
    let web = two_engines(&engines);
    let never = CancellationToken::new();
    for asked in 1..=2 {
        let none = Surroundings::default();
        let answer = web.search(&search("retry"), &none, &Deaf, &never).await.unwrap();
        assert_eq!(answer.findings.found.len(), 1);
        let mut engines_asked = answer.findings.engines.clone();
        engines_asked.sort_by(|a, b| a.engine.cmp(&b.engine));
        let [searxng, serper] = &engines_asked[..] else {
            panic!("{answer:?}")
        };
        assert_eq!((searxng.engine.as_str(), searxng.found), ("searxng", 1));
        assert_eq!(searxng.failure, None);
        assert_eq!((serper.engine.as_str(), serper.found), ("serper", 0));
        assert!(serper.failure.is_some());
        let partial = answer.partial.unwrap();
        assert!(partial.message.starts_with("serper: "), "{partial}");
        assert!(partial.hint.contains("serper"), "{partial:?}");
        assert_eq!(engines.count(&EngineKind::SearxNg), asked);
    }
}

#[tokio::test]
async fn a_wrong_engine_says_so_in_every_search() {
    let web = web(
        "[web]\nenabled = true\n[[web.engine]]\nkind = \"json\"\nurl = \"https://x.example/find\"\n\
         title = \"/t\"\nlink = \"/l\"\n",
    )
    .unwrap();
    let never = CancellationToken::new();
    let failure = web
        .search(&search("retry"), &Surroundings::default(), &Deaf, &never)
        .await
        .unwrap_err();
    assert!(failure.message.contains("{query}"), "{failure}");
    assert!(failure.hint.contains("json"), "{failure:?}");
}

/// A host with one page that has a tag. It counts the requests for the page by their status.
struct Host {
    address: SocketAddr,
    told: Arc<Mutex<Vec<u16>>>,
}

const ARTICLE: &str = "# Retry\n\nA request is sent again after a pause that doubles each time.\n";

impl Host {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told: Arc<Mutex<Vec<u16>>> = Arc::default();
        let log = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap().to_lowercase();
                let (status, body) = if !request.starts_with("get /retry.md ") {
                    (404, "")
                } else if request.contains("if-none-match: \"one\"") {
                    (304, "")
                } else {
                    (200, ARTICLE)
                };
                if !request.contains("/robots.txt") {
                    log.lock().unwrap().push(status);
                }
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} -\r\ncontent-type: text/markdown\r\netag: \"one\"\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let reply = head + body;
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        });
        Self { address, told }
    }

    fn web(&self) -> Web {
        let address = self.address;
        web(&format!(
            "[web]\nenabled = true\nreachable = [\"{address}\"]\ndeny = [\"bad.example\"]\n"
        ))
        .unwrap()
    }

    fn page(&self, path: &str) -> Found {
        page(&format!("http://{}/{path}", self.address))
    }
}

fn page(url: &str) -> Found {
    Found {
        origin: Origin::Web { url: url.to_owned() },
        title: String::new(),
        snippet: String::new(),
        score: 1.0,
        text: None,
        date: None,
        licence: None,
        instructs: false,
    }
}

fn source(found: &Found) -> Source {
    let mut catalogue = Catalogue::new();
    let id = catalogue.add(Document {
        origin: found.origin.clone(),
        title: String::new(),
        date: None,
        read_at: 0,
        text: String::new(),
        licence: None,
        instructs: false,
    });
    catalogue.get(id).unwrap().clone()
}

#[tokio::test]
async fn a_page_is_fetched_once_and_later_asked_for_by_its_tag() {
    let host = Host::start().await;
    let web = host.web();
    let never = CancellationToken::new();
    let found = host.page("retry.md");
    for _ in 0..2 {
        let read = web.read(&found, 0, SECONDS, &never).await.unwrap();
        assert!(read.text.contains("a pause that doubles"), "{read:?}");
        assert!(!read.instructs);
    }
    assert_eq!(*host.told.lock().unwrap(), [200]);

    let present = web.revisit(&source(&found), SECONDS, &never).await;
    let Present::There { text } = present else {
        panic!("{present:?}")
    };
    assert!(text.contains("a pause that doubles"), "{text}");
    assert_eq!(*host.told.lock().unwrap(), [200, 304]);

    // A run that takes nothing older than itself has its host say whether it changed.
    let soon = u64::MAX;
    let fresh = web.read(&found, soon, SECONDS, &never).await.unwrap();
    assert!(fresh.text.contains("a pause that doubles"), "{fresh:?}");
    assert_eq!(*host.told.lock().unwrap(), [200, 304, 304]);
}

#[tokio::test]
async fn what_is_gone_or_forbidden_is_told() {
    let host = Host::start().await;
    let web = host.web();
    let never = CancellationToken::new();
    let missing = host.page("missing.md");
    let failure = web.read(&missing, 0, SECONDS, &never).await.unwrap_err();
    assert!(
        failure.message.contains("404") && !failure.retryable,
        "{failure:?}"
    );
    assert_eq!(
        web.revisit(&source(&missing), SECONDS, &never).await,
        Present::Gone
    );

    for (url, expected) in [
        ("https://www.bad.example/x", "the settings do not allow its host"),
        ("http://127.0.0.1:1/x", "not an address of the public internet"),
        ("file:///etc/passwd", "the scheme file is not fetched"),
        ("no address", "is no address of a page"),
    ] {
        let failure = web.read(&page(url), 0, SECONDS, &never).await.unwrap_err();
        assert!(failure.message.contains(expected), "{url}: {failure}");
    }
    let report = Found {
        origin: Origin::Report { run: "x".to_owned() },
        ..page("")
    };
    assert!(web.read(&report, 0, SECONDS, &never).await.is_err());
}

/// An engine whose key is in the file, and one that needs none.
fn one_locked(place: &std::path::Path, engines: &StandIn) -> (Web, Arc<Keys>) {
    let keys = Keys::in_environment(&Home::at(place), Arc::new(MapEnvironment::default()));
    keys.unlock(Secret::new("passphrase"), true).unwrap();
    let key = Secret::new(aiex_web::standin::KEY);
    keys.set("serper", &key, Some(KeyPlace::File)).unwrap();
    keys.lock();
    let keys = Arc::new(keys);
    let file = place.join("config.toml");
    let (serper, searxng) = (
        engines.url(&EngineKind::Serper),
        engines.url(&EngineKind::SearxNg),
    );
    fs::write(
        &file,
        format!(
            "[web]\nenabled = true\nkeyless = false\n\
             [[web.engine]]\nkind = \"serper\"\nurl = \"{serper}\"\n\
             [[web.engine]]\nkind = \"searxng\"\nurl = \"{searxng}\"\n"
        ),
    )
    .unwrap();
    let settings = Settings::load_file(&file, &MapEnvironment::default(), &[])
        .unwrap()
        .0;
    let cache = Cache::in_memory(aiex_cache::Settings::default());
    (Web::new(&settings, cache, keys.clone()).unwrap(), keys)
}

#[tokio::test]
async fn an_engine_whose_key_is_locked_away_is_told_and_asked_once_it_is_not() {
    let place = tempfile::tempdir().unwrap();
    let engines = StandIn::start().unwrap();
    engines.publish(pages());
    let (web, keys) = one_locked(place.path(), &engines);
    let never = CancellationToken::new();
    let answer = async |query: &str| {
        let answer = web
            .search(&search(query), &Surroundings::default(), &Deaf, &never)
            .await;
        answer.unwrap()
    };
    let partly = answer("retry").await;
    assert!(!partly.findings.found.is_empty(), "the other answers");
    let partial = partly.partial.unwrap();
    assert_eq!(
        partial.message,
        "serper: the key of `serper` is in the key file, which is locked"
    );
    assert!(partial.hint.contains("aiex keys unlock"), "{partial:?}");
    assert_eq!(engines.count(&EngineKind::Serper), 0);

    keys.unlock(Secret::new("passphrase"), false).unwrap();
    assert_eq!(answer("retry").await.partial, None);
    assert_eq!(engines.count(&EngineKind::Serper), 1);

    keys.lock();
    web.close_keys();
    assert!(answer("another").await.partial.is_some());
    assert_eq!(engines.count(&EngineKind::Serper), 1);
}

#[tokio::test]
async fn a_run_asks_for_the_locked_version_once_and_keeps_the_licence() {
    let engines = StandIn::start().unwrap();
    engines.publish([Page::new(
        "https://stackoverflow.com/questions/7/spawn",
        "How to spawn",
        "tokio spawn",
    )]);
    let web = web(&format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"stackexchange\"\nurl = \"{}\"\n\
         [[web.engine]]\nkind = \"docs_rs\"\nurl = \"{}\"\n",
        engines.url(&EngineKind::StackExchange),
        engines.url(&EngineKind::DocsRs),
    ))
    .unwrap();
    let surroundings = Surroundings {
        languages: vec!["Rust".to_owned()],
        dependencies: vec![Dependency {
            name: "tokio".to_owned(),
            version: Some("1.45.0".to_owned()),
            ecosystem: aiex_web::Ecosystem::Rust,
        }],
    };
    let never = CancellationToken::new();
    let answer = web
        .search(&search("tokio spawn"), &surroundings, &Deaf, &never)
        .await
        .unwrap();
    let asked: Vec<String> = engines
        .received()
        .iter()
        .filter_map(|request| request.parameter("q"))
        .collect();
    assert_eq!(asked, ["tokio 1.45 spawn"], "in one wording");
    assert!(
        engines.count(&EngineKind::DocsRs) > 0,
        "it is asked for the package"
    );
    let licences: Vec<_> = answer
        .findings
        .found
        .iter()
        .filter_map(|found| found.licence.as_deref())
        .collect();
    assert!(
        licences.iter().any(|licence| licence.contains("CC BY-SA")),
        "{licences:?}"
    );
}
