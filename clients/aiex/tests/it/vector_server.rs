//! A server for vectors that is away, silent, or something else: the program answers by full text and says so.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::world::{World, wait_until};

/// Takes connections and does with each of them what it is told.
struct Peer {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Peer {
    fn new(treat: impl Fn(TcpStream) -> Option<TcpStream> + Send + 'static) -> Self {
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
                held.extend(stream.ok().and_then(&treat));
            }
        });
        Self {
            address,
            ends,
            thread: Some(thread),
        }
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

fn configure(world: &World, address: SocketAddr) {
    world.configure(&format!("[vector]\nurl = \"http://{address}\"\n"));
}

fn status(world: &World, repo: &std::path::Path) -> Value {
    serde_json::from_str(&world.ok(repo, &["status", "--json"]).stdout).unwrap()
}

/// What holds whatever is wrong with the server.
fn full_text_serves_alone(address: SocketAddr) {
    let world = World::new();
    configure(&world, address);
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let found = world.ok(
        &repo,
        &["search", "--json", "how long to wait before the next attempt"],
    );
    assert_eq!(found.paths()[0], "src/retry.rs");
    assert!(
        found.stderr.contains("ranked without meaning"),
        "{}",
        found.stderr
    );
    assert!(found.stderr.contains(&address.to_string()), "{}", found.stderr);

    // A saved file is seen, as soon as without a server.
    std::fs::write(
        repo.join("src/new.rs"),
        "/// Frobnicates the gizmo.\npub fn frobnicate() {}\n",
    )
    .unwrap();
    let found = world.ok(&repo, &["search", "--json", "--wait-fresh", "frobnicate"]);
    assert_eq!(found.paths()[0], "src/new.rs");

    let state = status(&world, &repo);
    assert_eq!(state["vector_server"], Value::from(format!("http://{address}")));
    assert!(
        state["vector_server_problem"]
            .as_str()
            .unwrap()
            .contains("vector.url"),
        "{state}"
    );
    assert_eq!(state["repos"][0]["chunks_embedded"], 0);
    assert!(
        state["repos"][0]["vector_collection"]
            .as_str()
            .unwrap()
            .starts_with("aiex_"),
        "{state}"
    );
    wait_until("the repository says what it lacks", || {
        let problem = &status(&world, &repo)["repos"][0]["problem"];
        problem
            .as_str()
            .is_some_and(|problem| problem.contains("the vector server at"))
    });
    let doctor = world.run(&repo, &["doctor"]).stdout;
    assert!(doctor.contains("it does not answer"), "{doctor}");
    let told = world.ok(&repo, &["status"]).stdout;
    assert!(
        told.contains("on the server") && told.contains("it does not answer"),
        "{told}"
    );

    // Back to this machine, which needs no server; then everything is as if there had never been one.
    world.run(&repo, &["repos", "move-vectors", "--to", "local"]);
    wait_until("the vectors are here", || {
        let repo = &status(&world, &repo)["repos"][0];
        repo["vector_collection"].is_null() && repo["chunks_embedded"] == repo["chunks"]
    });
    let found = world.ok(
        &repo,
        &["search", "--json", "how long to wait before the next attempt"],
    );
    assert!(
        !found.stderr.contains("ranked without meaning"),
        "{}",
        found.stderr
    );
    world.configure("");
    let found = world.ok(
        &repo,
        &["search", "--json", "how long to wait before the next attempt"],
    );
    assert_eq!(found.paths()[0], "src/retry.rs");
    wait_until("nothing is wrong any more", || {
        status(&world, &repo)["repos"][0]["problem"].is_null()
    });
}

#[test]
fn nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    full_text_serves_alone(address);
}

#[test]
fn somebody_listens_and_says_nothing() {
    let peer = Peer::new(Some);
    full_text_serves_alone(peer.address);
}

#[test]
fn somebody_says_something_else() {
    let peer = Peer::new(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        None
    });
    full_text_serves_alone(peer.address);
}

#[test]
fn there_is_no_moving_to_a_server_that_nobody_named() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let refused = world.run(&repo, &["repos", "move-vectors", "--to", "server"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("vector.url"), "{}", refused.stderr);
    world.ok(&repo, &["repos", "move-vectors", "--to", "local"]);
    assert!(status(&world, &repo)["repos"][0]["vector_collection"].is_null());
}

#[test]
fn the_key_of_the_server_is_kept_under_its_name_and_shown_nowhere() {
    let world = World::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.configure(&format!(
        "[vector]\nurl = \"http://{address}\"\nkey_env = \"QDRANT_TEST_KEY\"\n"
    ));
    let repo = world.sample();
    let run = |args: &[&str]| {
        let mut command = world.aiex(&repo, args);
        command.env("QDRANT_TEST_KEY", "qd-secret-key");
        crate::world::outcome(command.output().unwrap())
    };
    let listed = run(&["keys", "list", "--json"]);
    assert!(listed.stdout.contains("\"qdrant\""), "{}", listed.stdout);
    let found = run(&["search", "next attempt"]);
    let told = run(&["doctor"]);
    for outcome in [listed, found, told] {
        assert!(!outcome.stdout.contains("qd-secret") && !outcome.stderr.contains("qd-secret"));
    }
    let log = world.aiex_home().join("state/daemon.log");
    let log = std::fs::read_to_string(log).unwrap_or_default();
    assert!(!log.contains("qd-secret"));
}
