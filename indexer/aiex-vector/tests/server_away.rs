//! A server that is not there, says nothing, or says something else: every call ends soon, with a reason and a hint.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aiex_vector::{
    KeyTrouble, Server, ServerKey, ServerKeySource, ServerSettings, ServerStore, Trouble, VectorError,
    VectorStore,
};

const DIMENSIONS: usize = 8;

/// Longer than the most patient call may take; a machine that is busy is allowed as much again.
const SOON: Duration = Duration::from_secs(25);

fn server(url: String, key: ServerKeySource) -> Arc<Server> {
    Arc::new(Server::new(ServerSettings { url, key }))
}

fn store(address: std::net::SocketAddr, key: ServerKeySource) -> ServerStore {
    ServerStore::new(server(format!("http://{address}"), key), "aiex_test", DIMENSIONS)
}

fn trouble(error: VectorError) -> Trouble {
    match error {
        VectorError::Server { trouble, .. } => trouble,
        other => panic!("not about the server: {other}"),
    }
}

/// A port that nobody listens on: it was just given back.
fn closed() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Takes connections and does with each of them what it is told.
struct Peer {
    address: std::net::SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Peer {
    fn new(mut treat: impl FnMut(TcpStream) -> Option<TcpStream> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let seen = ends.clone();
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                if seen.load(Ordering::Acquire) {
                    return;
                }
                held.extend(treat(stream.unwrap()));
            }
        });
        Self {
            address,
            ends,
            thread: Some(thread),
        }
    }

    /// Never says anything.
    fn silent() -> Self {
        Self::new(Some)
    }

    /// Speaks, but not this language.
    fn babbling() -> Self {
        Self::new(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
            None
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Every call of the store at once, each of which must fail.
fn all_calls(store: &ServerStore) -> Vec<(&'static str, VectorError)> {
    const VECTOR: [f32; DIMENSIONS] = [0.5; DIMENSIONS];
    type Call = fn(&ServerStore) -> Result<(), VectorError>;
    let calls: [(&str, Call); 7] = [
        ("prepare", |store| store.prepare()),
        ("search", |store| store.search(&VECTOR, 3, None).map(drop)),
        ("upsert", |store| store.upsert(&[1], &[1; DIMENSIONS])),
        ("delete", |store| store.delete(&[1])),
        ("len", |store| store.len().map(drop)),
        ("ids", |store| store.ids(&mut |_| true)),
        ("remove", |store| store.remove()),
    ];
    std::thread::scope(|scope| {
        let running = calls.map(|(name, call)| (name, scope.spawn(move || call(store).unwrap_err())));
        running
            .into_iter()
            .map(|(name, thread)| (name, thread.join().unwrap()))
            .collect()
    })
}

fn every_call_says_that_it_is_silent(address: std::net::SocketAddr) {
    let store = store(address, ServerKeySource::none());
    for (call, error) in all_calls(&store) {
        assert!(!error.calls_for_rebuild(), "{call}: {error}");
        assert!(
            error.to_string().contains(&address.to_string()),
            "{call}: {error}"
        );
        assert!(error.hint().unwrap().contains("vector.url"), "{call}");
        assert!(matches!(trouble(error), Trouble::Silent { .. }), "{call}");
    }
}

#[test]
fn nobody_listens() {
    every_call_says_that_it_is_silent(closed());
}

#[test]
fn somebody_listens_and_says_nothing() {
    let peer = Peer::silent();
    every_call_says_that_it_is_silent(peer.address);
}

#[test]
fn somebody_says_something_else() {
    let peer = Peer::babbling();
    every_call_says_that_it_is_silent(peer.address);
}

#[test]
fn a_server_that_was_silent_is_left_alone_by_those_who_have_an_answer_without_it() {
    let peer = Peer::silent();
    let store = store(peer.address, ServerKeySource::none());
    let vector = [0.5_f32; DIMENSIONS];
    let first = store.search(&vector, 3, None).unwrap_err();
    // Twenty waits of their own would take half a minute.
    let began = Instant::now();
    let mut told = 0;
    while told < 20 && began.elapsed() < SOON {
        let error = store.search(&vector, 3, None).unwrap_err();
        assert_eq!(
            trouble(error),
            Trouble::Silent {
                what: "no answer in time".to_owned()
            }
        );
        told += 1;
    }
    assert_eq!(told, 20, "{first}");
}

#[test]
fn calls_from_many_threads_and_from_within_another_runtime_end() {
    let peer = Peer::silent();
    let store = store(peer.address, ServerKeySource::none());
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| store.len().unwrap_err());
        }
    });
    // A worker of a runtime may drop the last handle, and a thread that may block may call.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async move {
        let store = tokio::task::spawn_blocking(move || {
            store.search(&[0.5; DIMENSIONS], 1, None).unwrap_err();
            store
        })
        .await
        .unwrap();
        drop(store);
    });
}

#[test]
fn a_key_that_cannot_be_had_is_told_and_nothing_is_sent() {
    let contacted = Arc::new(AtomicBool::new(false));
    let seen = contacted.clone();
    let peer = Peer::new(move |stream| {
        seen.store(true, Ordering::Release);
        Some(stream)
    });
    let locked = ServerKeySource::new(|| {
        Err(KeyTrouble {
            what: "the key file is locked".to_owned(),
            hint: "run `aiex keys unlock`".to_owned(),
        })
    });
    for (key, what) in [
        (locked, "the key file is locked"),
        (ServerKey::new("qd-secret\n").into(), "characters"),
    ] {
        let store = store(peer.address, key);
        for (call, error) in all_calls(&store) {
            let told = format!("{error} {error:?} {}", error.hint().unwrap());
            assert!(told.contains(what), "{call}: {told}");
            assert!(!told.contains("secret"), "{call}: {told}");
        }
    }
    assert!(
        !contacted.load(Ordering::Acquire),
        "a call was made without the key"
    );
}

#[test]
fn an_address_that_is_none_is_told_by_every_call_at_once() {
    for (url, expected) in [
        ("http://exa mple:x", "cannot be used"),
        ("", "vector.url is not set"),
    ] {
        let server = server(url.to_owned(), ServerKeySource::none());
        assert_eq!(server.is_set(), !url.is_empty());
        for (call, error) in all_calls(&ServerStore::new(server.clone(), "aiex_test", DIMENSIONS)) {
            assert!(error.to_string().contains(expected), "{call}: {error}");
            assert!(error.hint().unwrap().contains("vector.url"), "{call}");
        }
    }
}

#[test]
fn credentials_in_the_address_are_in_no_message() {
    let address = closed();
    let server = server(
        format!("http://user:qd-secret@{address}"),
        ServerKeySource::none(),
    );
    let error = server.look().unwrap_err();
    let known = server.trouble().unwrap();
    let told = format!("{server:?} {error} {error:?} {known}");
    assert!(
        told.contains(&address.to_string()) && !told.contains("qd-secret"),
        "{told}"
    );
}
