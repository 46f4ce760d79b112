//! Every way in which every engine can fail, and the class it is given.

use aiex_remote::Failure;
use aiex_web::EngineKind::{
    self, ArXiv, Brave, DocsRs, Exa, GitHub, SearxNg, Serper, StackExchange, Tavily, Wikipedia,
};
use aiex_web::standin::{Fault, StandIn, Wait, every_kind};

use crate::{ask_one, hurried, pages};

/// The class of the failure of one request, and how many requests it took.
async fn class(kind: &EngineKind, fault: Fault) -> (&'static str, usize) {
    let server = StandIn::start().unwrap();
    server.always(kind, pages("example.org", 3));
    server.script(kind, vec![fault.clone(); 9]);
    let mut engine = server.engine(kind.clone());
    if *kind == GitHub {
        engine.keys = vec![aiex_remote::Secret::new("github-key")];
    }
    let engine = if matches!(fault, Fault::Stall | Fault::Late(_)) {
        hurried(engine)
    } else {
        engine
    };
    let told = ask_one(&server, engine, "tokio").await;
    let class = match told.classes().as_slice() {
        [class] => *class,
        [] => "none",
        _ => panic!("{told:?}"),
    };
    (class, server.count(kind))
}

#[tokio::test]
async fn keys_quotas_and_rates_are_told_apart() {
    let json = every_kind().pop().unwrap();
    let limited = || Fault::RateLimited(Wait::Seconds(30));
    for (kind, fault, expected) in [
        (Serper, Fault::KeyRejected, "key_rejected"),
        (Serper, Fault::KeyExhausted, "key_exhausted"),
        (Serper, limited(), "rate_limited"),
        (Serper, Fault::TooLong, "bad_request"),
        (Tavily, Fault::KeyRejected, "key_rejected"),
        (Tavily, Fault::KeyExhausted, "key_exhausted"),
        (Tavily, limited(), "rate_limited"),
        (Tavily, Fault::TooLong, "bad_request"),
        (Brave, Fault::KeyRejected, "key_rejected"),
        (Brave, Fault::KeyExhausted, "key_exhausted"),
        (Brave, limited(), "rate_limited"),
        (Brave, Fault::TooLong, "bad_request"),
        (Exa, Fault::KeyRejected, "key_rejected"),
        (Exa, Fault::KeyExhausted, "key_exhausted"),
        (Exa, limited(), "rate_limited"),
        (Exa, Fault::TooLong, "bad_request"),
        (SearxNg, limited(), "rate_limited"),
        (SearxNg, Fault::TooLong, "bad_request"),
        (StackExchange, Fault::KeyRejected, "key_rejected"),
        (StackExchange, Fault::KeyExhausted, "key_exhausted"),
        (StackExchange, limited(), "rate_limited"),
        (StackExchange, Fault::TooLong, "bad_request"),
        (GitHub, Fault::KeyRejected, "key_rejected"),
        (GitHub, limited(), "rate_limited"),
        (GitHub, Fault::TooLong, "bad_request"),
        (Wikipedia, limited(), "rate_limited"),
        (Wikipedia, Fault::TooLong, "bad_request"),
        (ArXiv, limited(), "rate_limited"),
        (ArXiv, Fault::TooLong, "bad_request"),
        (DocsRs, limited(), "rate_limited"),
        (json.clone(), Fault::KeyExhausted, "key_exhausted"),
        (json.clone(), limited(), "rate_limited"),
        (json, Fault::TooLong, "bad_request"),
    ] {
        assert_eq!(
            class(&kind, fault.clone()).await,
            (expected, 1),
            "{kind:?} {fault:?}"
        );
    }
}

#[tokio::test]
async fn an_ill_server_is_asked_again_a_few_times() {
    for kind in every_kind() {
        // Stack Exchange says it with status 400 and a number of its own.
        for status in [500, 502, 503, 529] {
            assert_eq!(
                class(&kind, Fault::Overloaded(status)).await,
                ("overloaded", 3),
                "{kind:?} {status}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_such_and_not_asked_for_again() {
    for kind in every_kind() {
        for fault in [
            Fault::Half,
            Fault::NotUtf8,
            Fault::Empty,
            Fault::Null,
            Fault::Html(200),
        ] {
            // Half of a list of items is a list of items.
            if kind == DocsRs && fault == Fault::Half {
                continue;
            }
            assert_eq!(
                class(&kind, fault.clone()).await,
                ("not_what_was_asked", 1),
                "{kind:?} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn connections_that_break_stall_or_lead_elsewhere_have_classes_of_their_own() {
    for kind in every_kind() {
        assert_eq!(class(&kind, Fault::Cut).await, ("broken", 3), "{kind:?}");
        let elsewhere = Fault::Redirect("https://elsewhere.example/".to_owned());
        assert_eq!(class(&kind, elsewhere).await, ("redirected", 1), "{kind:?}");
        // The request and five redirects.
        assert_eq!(
            class(&kind, Fault::Circle).await,
            ("not_what_was_asked", 6),
            "{kind:?}"
        );
        assert_eq!(
            class(&kind, Fault::Bomb(9 << 20)).await,
            ("too_large", 1),
            "{kind:?}"
        );
    }
    for kind in [Serper, StackExchange, ArXiv] {
        assert_eq!(class(&kind, Fault::Stall).await, ("timeout", 1), "{kind:?}");
        assert_eq!(
            class(&kind, Fault::Late(crate::LONG)).await,
            ("timeout", 1),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let server = StandIn::start().unwrap();
    let engine = server.engine(SearxNg).at(StandIn::nowhere().unwrap());
    let told = ask_one(&server, engine, "tokio").await;
    assert_eq!(told.classes(), ["unreachable"]);
    assert!(told.summary.all_failed());
}

#[tokio::test]
async fn an_answer_without_a_search_is_a_failure() {
    let server = StandIn::start().unwrap();
    for (kind, words) in [
        (
            SearxNg,
            "duckduckgo (CAPTCHA), google (Suspended: access denied), bing (timeout)",
        ),
        (GitHub, "ran out of time"),
        (Serper, "neither what was searched nor what was found"),
    ] {
        server.script(&kind, vec![Fault::Unresponsive; 3]);
        let told = ask_one(&server, server.engine(kind.clone()), "tokio").await;
        assert_eq!(told.classes(), ["empty_but_failed"], "{kind:?}");
        assert!(
            told.failed[0].1.to_string().contains(words),
            "{}",
            told.failed[0].1
        );
    }
}

#[tokio::test]
async fn an_instance_that_gives_no_json_is_told_how_to() {
    let server = StandIn::start().unwrap();
    server.script(&SearxNg, [Fault::KeyRejected]);
    let told = ask_one(&server, server.engine(SearxNg), "tokio").await;
    assert_eq!(told.classes(), ["not_what_was_asked"]);
    assert!(
        told.failed[0]
            .1
            .to_string()
            .contains("add `json` under `search.formats`")
    );
}

#[tokio::test]
async fn a_limit_is_waited_for_when_there_is_time() {
    for wait in [
        Wait::Millis(20),
        Wait::Seconds(0),
        Wait::Date(std::time::Duration::ZERO),
    ] {
        let server = StandIn::start().unwrap();
        server.always(&Tavily, pages("example.org", 1));
        server.script(&Tavily, [Fault::RateLimited(wait)]);
        let told = ask_one(&server, server.engine(Tavily), "tokio").await;
        assert_eq!((told.failed.len(), told.ranked.len()), (0, 1), "{wait:?}");
        assert_eq!(told.summary.runs[0].requests, 2);
    }
}

#[tokio::test]
async fn a_server_that_quotes_the_key_does_not_get_it_shown() {
    let server = StandIn::start().unwrap();
    let mut engine = server.engine(Serper);
    // A refusal of this stand-in says "Unauthorized."; a key of those letters is quoted by it.
    engine.keys = vec![aiex_remote::Secret::new("Unauthorized")];
    server.on_key("Unauthorized", Fault::KeyRejected);
    let told = ask_one(&server, engine, "tokio").await;
    assert_eq!(
        told.failed[0].1,
        Failure::KeyRejected {
            message: "***.".to_owned()
        }
    );
}
