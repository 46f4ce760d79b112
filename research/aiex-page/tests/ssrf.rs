//! Nothing but the public internet can be reached, whatever a URL, a name or a redirect says. A server on this
//! machine stands for everything that must not be reached, and counts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod local;

use std::net::SocketAddr;
use std::sync::Arc;

use aiex_page::fetch::{
    Asked, Block, FetchError, FetchSettings, Fetcher, PageRequest, RedirectProblem, Reply,
};
use local::{Book, Server, html, missing, redirect, settings};
use tokio_util::sync::CancellationToken;
use url::Url;

/// `PORT` is the port of the server inside.
const HOSTILE: &[&str] = &[
    // Loopback in every notation of IPv4 that a URL can be written in.
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.00.00.01:PORT/",
    "http://127.255.255.254:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.0.0.0x1:PORT/",
    "http://00000177.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127．0．0．1:PORT/",
    "http://\u{ad}127.0.0.1:PORT/",
    "http://12\u{200b}7.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http:/\\127.0.0.1:PORT/",
    "ht\ntp://127.0.0.\t1:PORT/",
    "  http://127.0.0.1:PORT/  ",
    "https://127.0.0.1:PORT/",
    "http://127.0.0.1:80/",
    "http://127.0.0.1/",
    // This machine by its other names.
    "http://0.0.0.0:PORT/",
    "http://0:PORT/",
    "http://0.1.2.3:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://ⓛocalhost:PORT/",
    "http://foo.localhost:PORT/",
    "http://localhost.localdomain:PORT/",
    "http://ip6-localhost:PORT/",
    // Loopback in IPv6, plain and wrapped.
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:7f00:0001]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::7f00:1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::a9fe:a9fe]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2002:a9fe:a9fe::]:PORT/",
    "http://[2001::7f00:1]:PORT/",
    "http://[2001:0:0:0:0:0:80ff:fffe]:PORT/",
    "http://[::ffff:0:7f00:1]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[ff02::1]:PORT/",
    // Private networks and clouds' metadata.
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://192.168.257:PORT/",
    "http://100.64.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xA9FEA9FE/latest/meta-data/",
    "http://0251.0376.0251.0376/latest/meta-data/",
    "http://[::ffff:a9fe:a9fe]/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/opc/v1/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA.GOOGLE.INTERNAL./computeMetadata/v1/",
    "http://metadata/computeMetadata/v1/",
    "http://metadata.packet.net/",
    "http://instance-data/latest/",
    "http://kubernetes.default.svc/",
    "http://printer.local/",
    "http://router.lan/",
    "http://intranet/",
    "http://nas.home.arpa/",
    "http://hidden.onion/",
    // Public names that lead inside.
    "http://127.0.0.1.nip.example:PORT/",
    "http://inside.example:PORT/",
    "http://inside.example/",
    "http://mapped.example:PORT/",
    "http://six.example:PORT/",
    "http://cloud.example/",
    "http://wildcard.inside.example:PORT/",
    // Other ways around.
    "http://example.org@127.0.0.1:PORT/",
    "http://user:pass@example.org/",
    "http://127.0.0.1:PORT@example.org/",
    "http://127.0.0.1:PORT#@example.org/",
    "http://127.0.0.1:PORT\\@example.org/",
    "http://127.0.0.1:PORT?@example.org/",
    "http://example.org:22/",
    "http://example.org:6379/",
    "https://example.org:11211/",
    "file:///etc/passwd",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_GET",
    "data:text/html,hello",
    "javascript:alert(1)",
    "ws://127.0.0.1:PORT/",
    "blob:http://127.0.0.1:PORT/x",
];

fn inside_names() -> Book {
    Book::new()
        .name("127.0.0.1.nip.example", &[&["127.0.0.1"]])
        .name("inside.example", &[&["127.0.0.1", "::1", "10.0.0.1"]])
        .name("wildcard.inside.example", &[&["0.0.0.0"]])
        .name("mapped.example", &[&["::ffff:127.0.0.1"]])
        .name("six.example", &[&["::1"]])
        .name("cloud.example", &[&["169.254.169.254"]])
}

/// The inside listens on one port at all addresses of this machine.
async fn inside() -> Server {
    Server::start_on("0.0.0.0:0", |_| html("secret")).await.unwrap()
}

fn by_user(url: &Url) -> PageRequest {
    PageRequest {
        url: url.clone(),
        asked: Asked::ByUser,
        validators: None,
    }
}

async fn try_fetch(fetcher: &Fetcher, url: &str) -> Result<Reply, FetchError> {
    fetcher
        .get(&by_user(&Url::parse(url).unwrap()), &CancellationToken::new())
        .await
}

fn blocked(result: &Result<Reply, FetchError>) -> bool {
    matches!(result, Err(FetchError::Blocked { .. }))
}

#[tokio::test]
async fn no_hostile_url_escapes() {
    assert!(HOSTILE.len() >= 60, "{}", HOSTILE.len());
    let inside = inside().await;
    let port = inside.address.port();
    // The port itself is allowed: only the address can be the reason.
    let open = FetchSettings {
        ports: vec![80, 443, port],
        ..settings(&[])
    };
    let fetcher = Fetcher::with_names(open, Arc::new(inside_names())).unwrap();
    let mut judged = 0;
    for hostile in HOSTILE {
        let url = hostile.replace("PORT", &port.to_string());
        // What is no URL cannot be fetched either.
        let Ok(url) = Url::parse(&url) else { continue };
        for asked in [Asked::ByUser, Asked::Automatically] {
            let request = PageRequest {
                asked,
                ..by_user(&url)
            };
            let result = fetcher.get(&request, &CancellationToken::new()).await;
            // Asked automatically, a name that leads inside already fails at its robots.txt.
            let refused = blocked(&result) || matches!(result, Err(FetchError::RobotsUnknown { .. }));
            assert!(refused, "{hostile} {asked:?}: {result:?}");
        }
        judged += 1;
    }
    assert!(judged >= 100, "{judged}");
    assert!(inside.requests().is_empty(), "{:?}", inside.requests());
}

#[tokio::test]
async fn the_inside_would_have_been_reached() {
    let inside = inside().await;
    let port = inside.address.port();
    let open = settings(&[SocketAddr::from(([127, 0, 0, 1], port))]);
    let fetcher = Fetcher::with_names(open, Arc::new(inside_names())).unwrap();
    let url = format!("http://2130706433:{port}/");
    assert!(matches!(try_fetch(&fetcher, &url).await, Ok(Reply::Page(_))));
    assert_eq!(inside.requests().len(), 1);
}

/// A server that counts as the internet, and one inside that must not be reached, on another address and port.
struct Border {
    outside: Server,
    inside: Server,
    fetcher: Fetcher,
}

/// Another address of this machine than the one that counts as outside. Where there is only one loopback
/// address for IPv4, IPv6 has the other.
async fn other_address() -> Server {
    match Server::start_on("127.0.0.2:0", |_| html("secret")).await {
        Ok(server) => server,
        Err(_) => Server::start_on("[::1]:0", |_| html("secret")).await.unwrap(),
    }
}

async fn border(script: fn(&str, &SocketAddr) -> local::Act, book: fn(&str) -> Book) -> Border {
    let inside = other_address().await;
    let address = inside.address;
    let outside = Server::start(move |request| match request.path.as_str() {
        "/robots.txt" => missing(),
        path => script(path, &address),
    })
    .await;
    let open = FetchSettings {
        ports: vec![80, 443, address.port()],
        ..settings(&[outside.address])
    };
    let names = book(&address.ip().to_string()).name("outside.example", &[&["127.0.0.1"]]);
    let fetcher = Fetcher::with_names(open, Arc::new(names)).unwrap();
    Border {
        outside,
        inside,
        fetcher,
    }
}

#[tokio::test]
async fn redirects_are_judged_hop_by_hop() {
    let border = border(
        |path, inside| match path {
            "/direct" => redirect(&format!("http://{inside}/")),
            "/name" => redirect(&format!("http://inside.example:{}/", inside.port())),
            "/decimal" => redirect(&format!("//2130706434:{}/", inside.port())),
            "/mapped" => redirect(&format!("http://[::ffff:7f00:2]:{}/", inside.port())),
            "/scheme" => redirect("file:///etc/passwd"),
            "/port" => redirect("http://outside.example:22/"),
            "/credentials" => redirect("http://me:secret@outside.example/"),
            "/metadata" => redirect("http://169.254.169.254/latest/meta-data/"),
            "/chain/3" => redirect(&format!("http://{inside}/")),
            "/chain" => redirect("/chain/1"),
            "/chain/1" => redirect("//outside.example/chain/2"),
            "/chain/2" => redirect("chain/../3"),
            "/3" => redirect("/chain/3"),
            _ => html("fine"),
        },
        |inside| Book::new().name("inside.example", &[&[inside]]),
    )
    .await;
    for path in [
        "direct",
        "name",
        "decimal",
        "mapped",
        "scheme",
        "port",
        "credentials",
        "metadata",
        "chain",
    ] {
        let result = try_fetch(&border.fetcher, &format!("http://outside.example/{path}")).await;
        assert!(blocked(&result), "{path}: {result:?}");
        assert!(!format!("{result:?}").contains("secret"), "{path}: {result:?}");
    }
    assert!(border.outside.pages().len() >= 9);
    assert!(border.inside.requests().is_empty());
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let border = border(|_, _| redirect("/again"), |_| Book::new()).await;
    let result = try_fetch(&border.fetcher, "http://outside.example/").await;
    let expected = RedirectProblem::TooMany(5);
    assert!(
        matches!(&result, Err(FetchError::Redirect { problem, .. }) if *problem == expected),
        "{result:?}"
    );
    assert_eq!(border.outside.pages().len(), 6);
}

#[tokio::test]
async fn a_name_that_turns_inside_is_not_followed() {
    // The first look-up leads outside, every later one inside: between the hops, and between two fetches.
    let border = border(
        |path, inside| match path {
            "/hop" => redirect(&format!("http://turning.example:{}/landed", inside.port())),
            _ => html("fine"),
        },
        |inside| {
            Book::new()
                .name("turning.example", &[&["127.0.0.1"], &[inside]])
                .name("again.example", &[&["127.0.0.1"], &[inside]])
                .name("both.example", &[&[inside, "127.0.0.1"]])
        },
    )
    .await;
    let hop = try_fetch(&border.fetcher, "http://turning.example/hop").await;
    assert!(blocked(&hop), "{hop:?}");

    assert!(try_fetch(&border.fetcher, "http://again.example/").await.is_ok());
    let later = try_fetch(&border.fetcher, "http://again.example/").await;
    let address = border.inside.address.ip();
    assert!(
        matches!(&later, Err(FetchError::Blocked { why: Block::Address(seen), .. }) if *seen == address),
        "{later:?}"
    );
    // Of two addresses only the open one is connected to.
    assert!(try_fetch(&border.fetcher, "http://both.example/").await.is_ok());
    assert!(border.inside.requests().is_empty());
}

#[tokio::test]
async fn an_exempted_address_opens_no_other_port_of_its_machine() {
    let neighbour = Server::start(|_| html("secret")).await;
    let border = border(|_, _| html("fine"), |_| Book::new()).await;
    let port = neighbour.address.port();
    let open = FetchSettings {
        ports: vec![80, 443, port],
        ..settings(&[border.outside.address])
    };
    let names = Book::new().name("outside.example", &[&["127.0.0.1"]]);
    let fetcher = Fetcher::with_names(open, Arc::new(names)).unwrap();
    let result = try_fetch(&fetcher, &format!("http://outside.example:{port}/")).await;
    assert!(blocked(&result), "{result:?}");
    assert!(try_fetch(&fetcher, "http://outside.example/").await.is_ok());
    assert!(neighbour.requests().is_empty());
}
