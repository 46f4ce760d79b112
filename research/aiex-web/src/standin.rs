//! One HTTP server on 127.0.0.1 that speaks the wire format of every engine, fails as they fail, and counts what it was
//! asked. For tests of this and other crates. It runs on a thread of its own, so it serves blocking and asynchronous
//! tests alike.
//!
//! What it finds are the [`Page`]s it was given; what goes wrong is a [`Fault`] by engine, by key, or by chance.

mod fault;
mod refusals;
mod replies;
mod reply;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use aiex_remote::{Backoff, Rate, Secret};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

pub use fault::{Fault, Wait};

use crate::{Configured, EngineConfig, EngineKind, JsonEndpoint};

/// The key that the stand-in takes, and every other one it was not told about.
pub const KEY: &str = "stand-in-key-1";

/// A page that the stand-in's engines find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// What engines show of it.
    pub text: String,
}

impl Page {
    /// A page.
    pub fn new(url: impl Into<String>, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            title: title.into(),
            text: text.into(),
        }
    }
}

/// A request as it was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The engine's usual name: `serper`.
    pub engine: String,
    /// What it was asked.
    pub query: String,
    /// The key that was sent, if one was.
    pub key: Option<String>,
    /// Path and query below the engine's base.
    pub path: String,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The reply was sent to its end.
    pub answered: bool,
    /// The client closed the connection before that.
    pub hung_up: bool,
}

impl Received {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The value of a parameter of the address.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?')?.1;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A running stand-in; it stops when dropped.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<World>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct World {
    /// Found by the words of a query.
    published: Vec<Page>,
    /// What an engine always finds.
    fixed: HashMap<String, Vec<Page>>,
    scripts: HashMap<String, VecDeque<Fault>>,
    keys: HashMap<String, Fault>,
    latency: HashMap<String, Duration>,
    chance: Option<(f64, fastrand::Rng)>,
    received: Vec<Received>,
}

impl StandIn {
    /// Begins to listen.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (state, stopped) = (Arc::clone(&shared), stop.clone());
        thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                        return;
                    };
                    let serve = async {
                        while let Ok((stream, _)) = listener.accept().await {
                            tokio::spawn(handle(Arc::clone(&state), stream));
                        }
                    };
                    tokio::select! {
                        () = stopped.cancelled() => {}
                        () = serve => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            shared,
            stop,
        })
    }

    /// The base URL of an engine.
    pub fn url(&self, kind: &EngineKind) -> String {
        format!("http://{}/{}", self.address, kind.label())
    }

    /// Where nothing listens: the stand-in's own address with its port taken away from under it.
    pub fn nowhere() -> io::Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(format!("http://{}", listener.local_addr()?))
    }

    /// Settings for an engine at this stand-in: with a key if it needs one, and a rate that no test meets.
    pub fn engine(&self, kind: EngineKind) -> EngineConfig {
        let kind = match kind {
            EngineKind::Json(_) => EngineKind::Json(self.json()),
            kind => kind,
        };
        let mut config = EngineConfig::new(kind);
        config.base_url = Some(self.url(&config.kind));
        if config.kind.needs_key() {
            config.keys = vec![Secret::new(KEY)];
        }
        config.rate = Some(Rate::per(10_000, Duration::from_secs(1)));
        config
    }

    /// Settings for all engines at this stand-in, with short pauses between tries.
    pub fn configured(&self) -> Configured {
        Configured {
            engines: every_kind().into_iter().map(|kind| self.engine(kind)).collect(),
            backoff: Backoff {
                attempts: 2,
                first: Duration::from_millis(2),
                longest: Duration::from_millis(10),
            },
            ..Configured::default()
        }
    }

    /// The generic endpoint of this stand-in.
    pub fn json(&self) -> JsonEndpoint {
        JsonEndpoint {
            template: format!("http://{}/json/find?q={{query}}&n={{count}}", self.address),
            results: "/data/items".to_owned(),
            title: "/name".to_owned(),
            url: "/where/link".to_owned(),
            snippet: Some("/about".to_owned()),
            date: None,
            key_header: Some("x-token".to_owned()),
            key_prefix: String::new(),
        }
    }

    /// Pages that every engine finds when a word of the query is in them, those with most words first.
    pub fn publish(&self, pages: impl IntoIterator<Item = Page>) {
        self.world().published.extend(pages);
    }

    /// Pages that this engine finds, whatever it is asked.
    pub fn always(&self, kind: &EngineKind, pages: impl IntoIterator<Item = Page>) {
        let pages = pages.into_iter().collect();
        self.world().fixed.insert(kind.label().to_owned(), pages);
    }

    /// What happens to the next requests to an engine, one each; then all is well again.
    pub fn script(&self, kind: &EngineKind, faults: impl IntoIterator<Item = Fault>) {
        let mut world = self.world();
        world
            .scripts
            .entry(kind.label().to_owned())
            .or_default()
            .extend(faults);
    }

    /// What happens to every request with this key.
    pub fn on_key(&self, key: &str, fault: Fault) {
        self.world().keys.insert(key.to_owned(), fault);
    }

    /// How long an engine thinks before it answers.
    pub fn slow(&self, kind: &EngineKind, latency: Duration) {
        self.world().latency.insert(kind.label().to_owned(), latency);
    }

    /// Lets requests fail by chance: `share` of them, between 0 and 1, in ways that pass.
    pub fn fail_by_chance(&self, share: f64, seed: u64) {
        self.world().chance = (share > 0.0).then(|| (share, fastrand::Rng::with_seed(seed)));
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.world().received.clone()
    }

    /// How often an engine was asked.
    pub fn count(&self, kind: &EngineKind) -> usize {
        let world = self.world();
        world
            .received
            .iter()
            .filter(|request| request.engine == kind.label())
            .count()
    }

    /// How often an engine was asked this.
    pub fn count_of(&self, kind: &EngineKind, query: &str) -> usize {
        let world = self.world();
        let same = |request: &&Received| request.engine == kind.label() && request.query == query;
        world.received.iter().filter(same).count()
    }

    /// Waits until what was received satisfies `condition`; `false` if it does not within `within`.
    pub fn wait_until(&self, within: Duration, condition: impl Fn(&[Received]) -> bool) -> bool {
        let world = self.world();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(world, within, |world| !condition(&world.received));
        let (world, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&world.received)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Every kind of engine; the generic one with an empty endpoint.
pub fn every_kind() -> Vec<EngineKind> {
    let empty = JsonEndpoint {
        template: String::new(),
        results: String::new(),
        title: String::new(),
        url: String::new(),
        snippet: None,
        date: None,
        key_header: None,
        key_prefix: String::new(),
    };
    let mut kinds = vec![
        EngineKind::Serper,
        EngineKind::Tavily,
        EngineKind::Brave,
        EngineKind::SearxNg,
        EngineKind::Exa,
    ];
    kinds.extend(EngineKind::KEYLESS);
    kinds.push(EngineKind::Json(empty));
    kinds
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, at: usize, change: impl FnOnce(&mut Received)) {
        if let Some(received) = self.world().received.get_mut(at) {
            change(received);
        }
        self.changed.notify_all();
    }
}

impl World {
    /// What `request` is met with.
    fn fate(&mut self, request: &Received) -> Option<Fault> {
        if let Some(fault) = request.key.as_ref().and_then(|key| self.keys.get(key)) {
            return Some(fault.clone());
        }
        if let Some(fault) = self
            .scripts
            .get_mut(&request.engine)
            .and_then(VecDeque::pop_front)
        {
            return Some(fault);
        }
        let needs_key = every_kind()
            .iter()
            .any(|kind| kind.label() == request.engine && kind.needs_key());
        if needs_key && request.key.is_none() {
            return Some(Fault::KeyRejected);
        }
        let (share, chance) = self.chance.as_mut()?;
        (chance.f64() < *share).then(|| Fault::by_chance(chance))
    }

    fn found(&self, engine: &str, query: &str) -> Vec<Page> {
        if let Some(pages) = self.fixed.get(engine) {
            return pages.clone();
        }
        let query = query.to_lowercase();
        let words: Vec<&str> = query
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .collect();
        let mut found: Vec<(usize, &Page)> = self
            .published
            .iter()
            .map(|page| {
                let text = format!("{} {}", page.title, page.text).to_lowercase();
                (words.iter().filter(|word| text.contains(**word)).count(), page)
            })
            .filter(|(count, _)| *count > 0)
            .collect();
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        found.into_iter().map(|(_, page)| page.clone()).collect()
    }
}

async fn handle(shared: Arc<Shared>, mut stream: TcpStream) {
    let Ok(Some(asked)) = reply::receive(&mut stream).await else {
        return;
    };
    let received = read(asked);
    let (at, fate, pages, latency) = {
        let mut world = shared.world();
        world.received.push(received.clone());
        let fate = world.fate(&received).unwrap_or(Fault::None);
        let pages = world.found(&received.engine, &received.query);
        let latency = world.latency.get(&received.engine).copied().unwrap_or_default();
        (world.received.len() - 1, fate, pages, latency)
    };
    shared.changed.notify_all();
    let latency = latency
        + if let Fault::Late(pause) = fate {
            pause
        } else {
            Duration::ZERO
        };
    let stayed = tokio::select! {
        () = tokio::time::sleep(latency) => true,
        () = reply::left(&mut stream) => false,
    };
    let reply = fault::reply(&received, &pages, &fate);
    if stayed && reply.send(&mut stream).await.is_ok() {
        shared.mark(at, |received| received.answered = true);
    } else {
        shared.mark(at, |received| received.hung_up = true);
    }
}

fn read(asked: reply::Asked) -> Received {
    let whole = asked.path.as_str();
    let (engine, path) = whole
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((whole, ""));
    let mut received = Received {
        engine: engine.to_owned(),
        path: format!("/{path}"),
        headers: asked.headers,
        body: String::from_utf8_lossy(&asked.body).into_owned(),
        ..Received::default()
    };
    let json = received.json();
    let in_body = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let parameter = |name: &str| received.parameter(name);
    let query = match engine {
        "serper" => in_body("q"),
        "tavily" | "exa" => in_body("query"),
        "wikipedia" => parameter("gsrsearch"),
        "arxiv" => parameter("search_query"),
        "docs.rs" => Some(path.to_owned()),
        _ => parameter("q"),
    };
    let header = |name: &str| received.header(name).map(str::to_owned);
    let key = header("x-api-key")
        .or_else(|| header("x-subscription-token"))
        .or_else(|| header("x-token"))
        .or_else(|| header("authorization").map(|value| value.trim_start_matches("Bearer ").to_owned()))
        .or_else(|| parameter("key"));
    received.query = query.unwrap_or_default();
    received.key = key;
    received
}
