//! What the log holds. Alone in its process: whether an event is logged is decided once for all threads, so tests
//! beside it that log nowhere would silence it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use aiex_remote::Secret;
use aiex_web::standin::{Fault, StandIn, every_kind};
use aiex_web::{Coordinator, Dependency, Ecosystem, Query};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

const KEY: &str = "a-key-that-nobody-may-see";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stack Exchange wants its key in the address and most engines the question, so neither may a library log them.
#[tokio::test]
async fn the_log_holds_neither_keys_nor_questions() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let server = StandIn::start().unwrap();
    let mut configured = server.configured();
    for engine in &mut configured.engines {
        engine.keys = vec![Secret::new(KEY)];
        server.script(&engine.kind, [Fault::None, Fault::KeyRejected]);
    }
    let coordinator = Coordinator::new(&configured).unwrap();
    let mut query = Query::new("tokio question");
    query.dependencies = vec![Dependency {
        name: "tokio".to_owned(),
        version: Some("1.45.0".to_owned()),
        ecosystem: Ecosystem::Rust,
    }];
    query.engines = Some(every_kind().iter().map(|kind| kind.label().to_owned()).collect());
    for _ in 0..2 {
        let searching = coordinator.search(&query, &CancellationToken::new());
        searching.finish().await;
    }
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.engine == "docs.rs" || request.key.is_some() || !request.query.is_empty())
    );
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // Events of the client, not of the server, which shares the process.
    let ours: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("aiex_web") || line.contains("reqwest"))
        .collect();
    assert!(
        ours.iter()
            .any(|line| line.contains("no answer") && line.contains("key_rejected")),
        "{log}"
    );
    for secret in [KEY, "question"] {
        let shown: Vec<&&str> = ours.iter().filter(|line| line.contains(secret)).collect();
        assert!(shown.is_empty(), "{shown:#?}");
    }
}
