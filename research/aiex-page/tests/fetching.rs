//! How pages are fetched: manners, limits, deadlines. Against a real server on this machine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod local;

use std::io::Write;
use std::time::Duration;

use aiex_page::fetch::{
    Asked, FetchError, Fetched, Fetcher, Media, PageRequest, Part, RedirectProblem, Reply, Stage, Validators,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use local::{Act, Server, answer, fetcher, fetcher_with, html, missing, redirect};
use tokio_util::sync::CancellationToken;
use url::Url;

fn url(path: &str) -> Url {
    Url::parse("http://site.example").unwrap().join(path).unwrap()
}

async fn fetch(fetcher: &Fetcher, path: &str) -> Result<Fetched, FetchError> {
    fetcher.fetch(&url(path), &CancellationToken::new()).await
}

async fn get(fetcher: &Fetcher, request: &PageRequest) -> Result<Reply, FetchError> {
    fetcher.get(request, &CancellationToken::new()).await
}

fn by_user(path: &str) -> PageRequest {
    PageRequest {
        url: url(path),
        asked: Asked::ByUser,
        validators: None,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A server without a robots.txt.
async fn serve(script: impl Fn(&str) -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/robots.txt" => missing(),
        path => script(path),
    })
    .await
}

#[tokio::test]
async fn a_page_comes_with_all_that_is_known_of_it() {
    let server = serve(|path| match path {
        "/old" => redirect("/new?x=1#part"),
        _ => answer(
            200,
            &[
                ("content-type", "text/html; charset=Shift_JIS"),
                ("content-encoding", "gzip"),
                ("etag", "\"v1\""),
                ("last-modified", "Tue, 01 Sep 2026 10:00:00 GMT"),
            ],
            gzip(b"\x93\xfa\x96{"),
        ),
    })
    .await;
    let page = fetch(&fetcher(&server), "/old#top").await.unwrap();
    assert_eq!(page.requested, url("/old#top"));
    assert_eq!(page.url, url("/new?x=1"));
    assert_eq!(page.media, Media::Html);
    assert_eq!(page.decode().text, "日本");
    assert_eq!(page.validators.etag.as_deref(), Some("\"v1\""));
    assert_eq!(
        page.validators.last_modified.as_deref(),
        Some("Tue, 01 Sep 2026 10:00:00 GMT")
    );
}

#[tokio::test]
async fn requests_are_honest_and_carry_nothing_of_others() {
    let server = serve(|_| {
        answer(
            200,
            &[("content-type", "text/html"), ("set-cookie", "id=1")],
            "hello",
        )
    })
    .await;
    let fetcher = fetcher(&server);
    fetch(&fetcher, "/first").await.unwrap();
    fetch(&fetcher, "/second").await.unwrap();
    let agent = format!(
        "aiex/{} (+https://contact.example/bot)",
        env!("CARGO_PKG_VERSION")
    );
    for request in server.requests() {
        assert_eq!(request.header("user-agent"), Some(agent.as_str()));
        assert_eq!(request.host, "site.example");
        for name in ["cookie", "referer", "authorization", "if-none-match"] {
            assert_eq!(request.header(name), None, "{}", request.path);
        }
    }
    assert_eq!(server.requests().len(), 3, "robots.txt once, and two pages");
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let server = Server::start(|request| {
        let known = request.header("if-none-match") == Some("\"v1\"");
        match request.path.as_str() {
            "/moved" => redirect("/page"),
            "/page" if known => answer(304, &[], ""),
            _ => answer(200, &[("content-type", "text/plain"), ("etag", "\"v1\"")], "text"),
        }
    })
    .await;
    let fetcher = fetcher(&server);
    let Reply::Page(page) = get(&fetcher, &by_user("/page")).await.unwrap() else {
        panic!()
    };
    let again = |path: &str, validators: &Validators| PageRequest {
        validators: Some(validators.clone()),
        ..by_user(path)
    };
    for path in ["/page", "/moved"] {
        let reply = get(&fetcher, &again(path, &page.validators)).await.unwrap();
        assert_eq!(reply, Reply::NotModified(page.validators.clone()), "{path}");
    }
    // Another version, and another page: both are sent whole.
    let older = Validators {
        etag: Some("\"v0\"".to_owned()),
        ..page.validators.clone()
    };
    assert!(matches!(
        get(&fetcher, &again("/page", &older)).await,
        Ok(Reply::Page(_))
    ));
    assert!(matches!(
        get(&fetcher, &again("/other", &page.validators)).await,
        Ok(Reply::Page(_))
    ));
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.path == "/page" || request.header("if-none-match").is_none())
    );
}

#[tokio::test]
async fn robots_are_asked_once_and_obeyed() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => redirect("/rules.txt"),
        "/rules.txt" => answer(200, &[], "User-agent: aiex\nDisallow: /private\n"),
        _ => html("text"),
    })
    .await;
    let fetcher = fetcher(&server);
    let (one, two, refused) = tokio::join!(
        fetch(&fetcher, "/one"),
        fetch(&fetcher, "/two"),
        fetch(&fetcher, "/private/three"),
    );
    assert!(one.is_ok() && two.is_ok());
    assert!(matches!(refused, Err(FetchError::Robots { .. })), "{refused:?}");
    let rules = server
        .requests()
        .iter()
        .filter(|request| request.path == "/rules.txt")
        .count();
    assert_eq!(rules, 1);
    // A URL that the user named is read all the same.
    assert!(get(&fetcher, &by_user("/private/three")).await.is_ok());
}

#[tokio::test]
async fn redirects_into_what_robots_forbid_are_not_followed() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => answer(200, &[], "User-agent: *\nDisallow: /private\n"),
        "/public" => redirect("/private"),
        _ => html("text"),
    })
    .await;
    let result = fetch(&fetcher(&server), "/public").await;
    assert!(
        matches!(&result, Err(FetchError::Robots { url, .. }) if url.ends_with("/private")),
        "{result:?}"
    );
    assert!(!server.requests().iter().any(|request| request.path == "/private"));
}

#[tokio::test]
async fn without_an_answer_about_robots_nothing_is_fetched() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => answer(503, &[], ""),
        _ => html("text"),
    })
    .await;
    let result = fetch(&fetcher(&server), "/page").await;
    assert!(
        matches!(&result, Err(FetchError::RobotsUnknown { reason, .. }) if reason.contains("503")),
        "{result:?}"
    );
    assert!(server.pages().is_empty());
}

#[tokio::test]
async fn a_huge_robots_file_is_cut_not_refused() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => {
            let filler = "# nothing\n".repeat(60_000);
            answer(
                200,
                &[],
                format!("User-agent: *\nDisallow: /private\n{filler}Disallow: /\n"),
            )
        }
        _ => html("text"),
    })
    .await;
    let fetcher = fetcher(&server);
    assert!(fetch(&fetcher, "/page").await.is_ok());
    assert!(matches!(
        fetch(&fetcher, "/private").await,
        Err(FetchError::Robots { .. })
    ));
}

#[tokio::test]
async fn large_answers_are_refused_before_they_fill_memory() {
    let server = serve(|path| match path {
        "/announced" => Act::Stall(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 99999999\r\n\r\n".to_vec(),
        ),
        "/endless" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
            Act::Send([head.as_bytes(), &vec![b'x'; 3 << 20]].concat())
        }
        "/bomb" => {
            let bomb = gzip(&vec![0; 8 << 20]);
            answer(
                200,
                &[("content-type", "text/html"), ("content-encoding", "gzip")],
                bomb,
            )
        }
        "/layers" => {
            let bomb = gzip(&gzip(&vec![0; 8 << 20]));
            answer(
                200,
                &[("content-type", "text/html"), ("content-encoding", "gzip, gzip")],
                bomb,
            )
        }
        _ => {
            let long = "x".repeat(70 << 10);
            answer(200, &[("content-type", "text/html"), ("x-long", &long)], "hello")
        }
    })
    .await;
    let fetcher = fetcher_with(&server, |settings| settings.max_body = 1 << 20);
    for path in ["/announced", "/endless", "/bomb"] {
        let result = fetch(&fetcher, path).await;
        let expected = FetchError::TooLarge {
            url: url(path).to_string(),
            part: Part::Body,
            limit: 1 << 20,
        };
        assert_eq!(result.unwrap_err(), expected);
    }
    assert!(matches!(
        fetch(&fetcher, "/layers").await,
        Err(FetchError::Encoding { .. })
    ));
    let headers = fetch(&fetcher, "/headers").await;
    assert!(
        matches!(
            headers,
            Err(FetchError::TooLarge {
                part: Part::Headers,
                ..
            })
        ),
        "{headers:?}"
    );
}

#[tokio::test]
async fn only_text_is_taken() {
    let server = serve(|path| match path {
        "/image" => answer(200, &[("content-type", "image/png")], "\u{89}PNG"),
        "/program" => answer(
            200,
            &[("content-type", "application/octet-stream")],
            "\x7fELF\x00\x00",
        ),
        "/liar" => answer(200, &[("content-type", "text/html")], "PK\x03\x04\x00\x00"),
        "/source" => answer(
            200,
            &[("content-type", "application/octet-stream")],
            "fn main() {}",
        ),
        _ => answer(200, &[], "<!doctype html><title>Hello</title>"),
    })
    .await;
    let fetcher = fetcher(&server);
    for path in ["/image", "/program", "/liar"] {
        let result = fetch(&fetcher, path).await;
        assert!(
            matches!(result, Err(FetchError::NotText { .. })),
            "{path}: {result:?}"
        );
    }
    assert_eq!(fetch(&fetcher, "/source").await.unwrap().media, Media::Plain);
    assert_eq!(fetch(&fetcher, "/untyped").await.unwrap().media, Media::Html);
}

#[tokio::test]
async fn a_slow_host_costs_no_more_than_its_deadline() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n";
    let server = serve(|path| match path {
        "/silent" => Act::Stall(Vec::new()),
        "/headers" => Act::Trickle(b"HTTP/1.1 200 OK\r\nx: ".to_vec()),
        "/stalls" => Act::Stall([HEAD, b"<p>begun"].concat()),
        _ => Act::Trickle(HEAD.to_vec()),
    })
    .await;
    let fetcher = fetcher_with(&server, |settings| {
        settings.deadlines.first_byte = Duration::from_millis(100);
        settings.deadlines.idle = Duration::from_millis(100);
        settings.deadlines.total = Duration::from_millis(400);
    });
    for (path, expected) in [
        ("/silent", Stage::FirstByte),
        ("/headers", Stage::FirstByte),
        ("/stalls", Stage::Idle),
        ("/trickles", Stage::Total),
    ] {
        let result = get(&fetcher, &by_user(path)).await;
        assert!(
            matches!(result, Err(FetchError::Timeout { stage, .. }) if stage == expected),
            "{path}: {result:?}"
        );
    }
}

/// Pages that a host with one connection needs more than half of a page's deadline for, all asked for at once.
async fn four_at_once(turn: Duration) -> Vec<Result<Fetched, FetchError>> {
    let slow = Duration::from_millis(250);
    let server = serve(move |_| match html("<p>here") {
        Act::Send(bytes) => Act::Late(slow, bytes),
        other => other,
    })
    .await;
    let fetcher = fetcher_with(&server, |settings| {
        settings.pace.connections = 1;
        settings.deadlines.total = 2 * slow;
        settings.deadlines.turn = turn;
    });
    let page = |path| fetch(&fetcher, path);
    let (a, b, c, d) = tokio::join!(page("/a"), page("/b"), page("/c"), page("/d"));
    vec![a, b, c, d]
}

#[tokio::test]
async fn waiting_for_others_at_a_host_is_no_time_of_the_page() {
    let all = four_at_once(Duration::from_secs(30)).await;
    assert!(
        all.iter().all(Result::is_ok),
        "the last waits for three, longer than it may take itself: {all:?}"
    );
}

#[tokio::test]
async fn nobody_waits_for_others_at_a_host_for_ever() {
    let all = four_at_once(Duration::from_millis(375)).await;
    let late = |result: &&Result<Fetched, FetchError>| {
        matches!(
            result,
            Err(FetchError::Timeout {
                stage: Stage::Total,
                ..
            })
        )
    };
    assert_eq!(all.iter().filter(late).count(), 2, "{all:?}");
}

#[tokio::test]
async fn a_fetch_can_be_cancelled_at_any_time() {
    let server = serve(|_| Act::Stall(Vec::new())).await;
    let fetcher = fetcher(&server);
    let cancel = CancellationToken::new();
    let page = url("/");
    let (result, ()) = tokio::join!(fetcher.fetch(&page, &cancel), async {
        while server.pages().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(result.unwrap_err(), FetchError::Cancelled);
    assert_eq!(
        fetcher.fetch(&page, &cancel).await.unwrap_err(),
        FetchError::Cancelled
    );
}

#[tokio::test]
async fn a_host_that_says_later_is_left_alone() {
    let server = serve(|_| answer(429, &[("retry-after", "3600")], "")).await;
    let fetcher = fetcher(&server);
    let error = fetch(&fetcher, "/a").await.unwrap_err();
    let pause = Some(Duration::from_secs(3600));
    assert!(matches!(error, FetchError::Status { status: 429, retry_after, .. } if retry_after == pause));
    assert!(error.is_passing());
    let refused = fetch(&fetcher, "/b").await;
    assert!(matches!(refused, Err(FetchError::Busy { .. })), "{refused:?}");
    assert_eq!(server.pages().len(), 1);
}

#[tokio::test]
async fn errors_say_what_happened_and_what_to_do() {
    let server = serve(|path| match path {
        "/gone" => missing(),
        "/nowhere" => answer(302, &[], ""),
        "/broken" => answer(
            200,
            &[("content-type", "text/html"), ("content-encoding", "gzip")],
            "not gzip",
        ),
        _ => Act::Send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 50\r\n\r\nshort".to_vec(),
        ),
    })
    .await;
    let fetcher = fetcher(&server);
    let mut told = String::new();
    for path in ["/gone", "/nowhere", "/broken", "/short"] {
        let error = fetch(&fetcher, path).await.unwrap_err();
        assert!(!error.hint().is_empty());
        if let FetchError::Redirect { problem, .. } = &error {
            assert_eq!(*problem, RedirectProblem::NoTarget);
        }
        told.push_str(&format!("{error}\n  {}\n", error.hint()));
    }
    insta::assert_snapshot!(told, @r"
    http://site.example/gone answered with HTTP 404
      The page is gone; search for where it went.
    http://site.example/nowhere: it redirects to nowhere
      Open the page in a browser and use the address that it ends at.
    http://site.example/broken could not be decompressed: corrupt gzip stream does not have a matching checksum
      The host sends broken data; try again later.
    http://site.example/short could not be reached: end of file before message length reached
      Check the connection and the host's name.
    ");
}

#[tokio::test]
async fn a_name_without_addresses_is_no_host() {
    let names = std::sync::Arc::new(local::Book::new());
    let fetcher = Fetcher::with_names(local::settings(&[]), names).unwrap();
    let result = get(&fetcher, &by_user("/")).await;
    assert!(matches!(result, Err(FetchError::NoHost { .. })), "{result:?}");
}
