//! Several models as one: order, limits, fail-over, and what is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aiex_llm::models::{Heard, ModelConfig, Policy, Settings, Stages, Tried};
use aiex_llm::price::{Cost, Prices};
use aiex_llm::standin::{Fault, Received, Said, StandIn, openai};
use aiex_llm::{Failure, Models, Prompt, ProviderConfig, ProviderKind, Request, Run, Secret, Stage};
use tokio_util::sync::CancellationToken;

fn model(name: &str, server: &StandIn) -> ModelConfig {
    let mut config = ProviderConfig::new(name, ProviderKind::OpenAi, server.url(), format!("{name}-model"));
    config.deadlines.connect = Duration::from_secs(5);
    ModelConfig::from(config)
}

fn settings(policy: Policy) -> Settings {
    let mut settings = Settings::new(Prices::built_in().unwrap());
    settings.stages = Stages::all(policy);
    settings.pause = Duration::from_millis(2);
    settings
}

fn run(configs: Vec<ModelConfig>, policy: Policy) -> Arc<Run> {
    Models::new(configs, settings(policy)).unwrap().run()
}

fn question() -> Request {
    Request::from(Prompt::question("", "Why?"))
}

async fn complete(run: &Arc<Run>) -> Result<aiex_llm::models::Told, aiex_llm::NoAnswer> {
    run.complete(Stage::Write, question(), &CancellationToken::new())
        .await
}

fn saying(text: &'static str) -> StandIn {
    StandIn::answering(move |_: &Received| text).unwrap()
}

fn failing(fault: Fault) -> StandIn {
    StandIn::answering(move |_: &Received| fault.clone()).unwrap()
}

#[tokio::test]
async fn the_first_model_answers_and_the_others_are_left_alone() {
    let (a, b) = (saying("from a"), saying("from b"));
    let run = run(vec![model("a", &a), model("b", &b)], Policy::Best);
    let told = complete(&run).await.unwrap();
    assert_eq!(
        (told.text.as_str(), told.provider.as_str(), told.model.as_str()),
        ("from a", "a", "a-model")
    );
    assert_eq!(
        (told.notices.len(), told.spent.requests, told.spent.estimated),
        (0, 1, false)
    );
    assert_eq!(told.spent.cost, Cost::FREE);
    assert_eq!((a.requests(), b.requests()), (1, 0));
}

#[tokio::test]
async fn a_model_that_fails_is_left_for_the_next_and_the_run_stays_there() {
    for fault in [
        Fault::KeyRejected,
        Fault::KeyExhausted,
        Fault::RateLimited("30".to_owned()),
        Fault::Overloaded,
        Fault::Broken,
        Fault::ContextOverflow,
        Fault::ModelMissing,
        Fault::Empty,
        Fault::Page(200),
        Fault::CutAfter(String::new()),
    ] {
        let (a, b) = (failing(fault.clone()), saying("from b"));
        let run = run(vec![model("a", &a), model("b", &b)], Policy::Best);
        let told = complete(&run).await.unwrap();
        assert_eq!(
            (told.text.as_str(), told.notices.len()),
            ("from b", 1),
            "{fault:?}: {:?}",
            told.notices
        );
        let notice = told.notices[0].to_string();
        assert!(
            notice.starts_with("provider `a`: ") && notice.ends_with("; going on with another model"),
            "{notice}"
        );
        complete(&run).await.unwrap();
        assert_eq!((a.requests(), b.requests()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_begins_anew_with_the_next_model() {
    for fault in [
        Fault::ErrorAfter("half of it".to_owned()),
        Fault::CutAfter("half of it".to_owned()),
        Fault::EndAfter("half of it".to_owned()),
    ] {
        let (a, b) = (failing(fault.clone()), saying("the whole of it"));
        let run = run(vec![model("a", &a), model("b", &b)], Policy::Best);
        let mut asking = run.ask(Stage::Write, question(), &CancellationToken::new());
        let (mut text, mut restarts) = (String::new(), 0);
        let told = loop {
            match asking.next().await.unwrap().unwrap() {
                Heard::Text(more) => text.push_str(&more),
                Heard::Restart(_) => {
                    assert_eq!(text, "half of it", "{fault:?}");
                    text.clear();
                    restarts += 1;
                }
                other @ (Heard::Notice(_) | Heard::LeftOut(_)) => panic!("{other:?}"),
                Heard::Done(told) => break told,
            }
        };
        assert_eq!((text.as_str(), restarts), ("the whole of it", 1), "{fault:?}");
        assert_eq!(told.text, text);
        // What the broken answer took is not forgotten.
        assert_eq!((told.spent.requests, told.spent.estimated), (2, true));
        assert!(told.spent.answer_tokens > 4);
        assert_eq!(asking.next().await, None);
    }
}

#[tokio::test]
async fn keys_take_turns_and_a_rejected_one_is_not_used_again() {
    let server = StandIn::answering(|request: &Received| match request.header("authorization") {
        Some("Bearer bad") => Said::from(Fault::KeyRejected),
        Some("Bearer broke") => Said::from(Fault::KeyExhausted),
        Some(key) => Said::from(key.to_owned()),
        None => Said::from("no key"),
    })
    .unwrap();
    let mut config = model("a", &server);
    config.keys = ["bad", "broke", "good", "fine"].map(Secret::new).to_vec();
    let run = run(vec![config], Policy::Best);
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(complete(&run).await.unwrap().text);
    }
    assert_eq!(said, ["Bearer good", "Bearer fine", "Bearer good", "Bearer fine"]);
    assert_eq!(server.requests(), 6);
    let health = &run.models().health()[0];
    assert_eq!((health.parked.len(), health.resting.is_none()), (2, true));
}

#[tokio::test]
async fn a_limit_that_passes_is_waited_for() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let server = StandIn::answering(move |_: &Received| match seen.fetch_add(1, Ordering::SeqCst) {
        0 => Said::from(Fault::RateLimited("0".to_owned())),
        1 => Said::from(Fault::Overloaded),
        _ => Said::from("at last"),
    })
    .unwrap();
    let told = complete(&run(vec![model("a", &server)], Policy::Best))
        .await
        .unwrap();
    assert_eq!((told.text.as_str(), server.requests()), ("at last", 3));
    assert_eq!(told.notices.len(), 2);
}

#[tokio::test]
async fn a_limit_beyond_the_patience_is_told_at_once() {
    let server = failing(Fault::RateLimited("50".to_owned()));
    let mut settings = settings(Policy::Best);
    settings.patience = Duration::from_secs(1);
    let run = Models::new(vec![model("a", &server)], settings).unwrap().run();
    let none = complete(&run).await.unwrap_err();
    assert!(
        matches!(&none.tried[0], Tried::Failed(error) if matches!(error.failure, Failure::RateLimited { .. }))
    );
    assert_eq!(none.hint(), "Ask again in 50 s, or configure another provider.");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn when_all_are_down_it_is_told_soon_and_of_each() {
    let begun = Instant::now();
    let (a, b) = (failing(Fault::Overloaded), failing(Fault::Broken));
    let mut settings = settings(Policy::Best);
    settings.pause = Duration::from_millis(400);
    let mut gone = model("gone", &a);
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    gone.provider.base_url = format!("http://{free}");
    let run = Models::new(vec![gone, model("a", &a), model("b", &b)], settings)
        .unwrap()
        .run();
    let none = complete(&run).await.unwrap_err();
    let providers: Vec<&str> = none.tried.iter().map(Tried::provider).collect();
    assert_eq!(providers, ["gone", "a", "b"]);
    assert_eq!((a.requests(), b.requests()), (3, 3));
    assert!(
        none.to_string()
            .starts_with("no model answered: provider `gone`: cannot connect"),
        "{none}"
    );
    assert!(none.hint().starts_with("Start the server"), "{}", none.hint());
    // Far below the five seconds that a user would wait; not a measurement.
    assert!(begun.elapsed() < Duration::from_secs(5));
    // The breakers are open now: the next one does not even ask.
    let none = complete(&run).await.unwrap_err();
    assert!(
        none.tried
            .iter()
            .skip(1)
            .all(|tried| matches!(tried, Tried::Resting { .. })),
        "{none}"
    );
    assert_eq!((a.requests(), b.requests()), (3, 3));
}

#[tokio::test]
async fn a_model_that_is_being_loaded_is_waited_for_however_seldom_others_are_asked() {
    let server = StandIn::start([openai::loading(), openai::answer(&["Here ", "I am."])]).unwrap();
    let models = Models::new(vec![model("a", &server)], settings(Policy::Best)).unwrap();
    let told = complete(&models.run_once()).await.unwrap();
    assert_eq!((told.text.as_str(), server.requests()), ("Here I am.", 2));
    assert_eq!(told.spent.requests, 1, "what was refused has cost nothing");
    assert_eq!(models.health()[0].resting, None);
}

#[tokio::test]
async fn without_models_it_says_so() {
    let none = complete(&run(vec![], Policy::Best)).await.unwrap_err();
    assert_eq!(none.to_string(), "no model is configured");
    assert!(none.hint().starts_with("Configure a model provider"));
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_not_sent() {
    let (small, large) = (saying("small"), saying("large"));
    let mut first = model("small", &small);
    first.provider.context_tokens = Some(2000);
    let mut second = model("large", &large);
    second.provider.context_tokens = Some(100_000);
    let request = Request::from(Prompt::question("", "word ".repeat(3000)));
    let cancel = CancellationToken::new();
    let both = run(vec![first.clone(), second], Policy::Best);
    let told = both
        .complete(Stage::Write, request.clone(), &cancel)
        .await
        .unwrap();
    assert_eq!((told.text.as_str(), small.requests()), ("large", 0));
    assert!(
        told.notices[0]
            .to_string()
            .contains("the model's context has 2000"),
        "{:?}",
        told.notices
    );

    let none = run(vec![first], Policy::Best)
        .complete(Stage::Write, request, &cancel)
        .await
        .unwrap_err();
    assert!(none.is_too_long());
    assert!(
        none.hint().starts_with("Ask with less evidence"),
        "{}",
        none.hint()
    );
    assert_eq!((small.requests(), none.spent.tokens()), (0, 0));
}

#[tokio::test]
async fn policies_choose_the_first_model() {
    let server = saying("yes");
    let remote = |name: &str, model: &str| {
        let url = "https://api.openai.com/v1";
        ModelConfig::from(ProviderConfig::new(name, ProviderKind::OpenAi, url, model))
    };
    let configs = || {
        vec![
            remote("dear", "gpt-4.1"),
            remote("cheap", "gpt-4.1-nano"),
            remote("odd", "gpt-99"),
            model("local", &server),
        ]
    };
    for (policy, cost) in [
        (Policy::LocalFirst, Cost::FREE),
        (Policy::Cheapest, Cost::FREE),
        (Policy::Named("local".to_owned()), Cost::FREE),
    ] {
        let run = run(configs(), policy.clone());
        assert_eq!(
            run.estimate(Stage::Plan, &question()).unwrap().cost,
            cost,
            "{policy:?}"
        );
        assert_eq!(complete(&run).await.unwrap().provider, "local", "{policy:?}");
    }
    let without_local = |policy| run(configs().drain(..3).collect(), policy);
    let cost = |run: Arc<Run>| run.estimate(Stage::Plan, &question()).unwrap().cost;
    assert!(cost(without_local(Policy::Cheapest)) != cost(without_local(Policy::Best)));
    let worst = without_local(Policy::Cheapest).worst(&question()).unwrap();
    assert_eq!(worst.cost, Cost::UNKNOWN);
}

#[tokio::test]
async fn each_stage_has_its_own_policy() {
    let (a, b) = (saying("a"), saying("b"));
    let mut settings = settings(Policy::Best);
    settings.stages.verify = Policy::Named("b".to_owned());
    let run = Models::new(vec![model("a", &a), model("b", &b)], settings)
        .unwrap()
        .run();
    let cancel = CancellationToken::new();
    for stage in Stage::ALL {
        let told = run.complete(stage, question(), &cancel).await.unwrap();
        assert_eq!(
            told.text,
            if stage == Stage::Verify { "b" } else { "a" },
            "{stage:?}"
        );
    }
}

#[tokio::test]
async fn for_the_fastest_each_is_measured_once() {
    let (a, b) = (saying("a"), saying("b"));
    let models = Models::new(vec![model("a", &a), model("b", &b)], settings(Policy::Fastest)).unwrap();
    for _ in 0..2 {
        complete(&models.run()).await.unwrap();
    }
    assert_eq!((a.requests(), b.requests()), (1, 1));
    assert!(models.health().iter().all(|health| health.speed.is_some()));
}

#[tokio::test]
async fn cancelling_and_dropping_close_the_request() {
    for dropped in [false, true] {
        let server = failing(Fault::StallAfter("half of it".to_owned()));
        let run = run(vec![model("a", &server)], Policy::Best);
        let cancel = CancellationToken::new();
        let mut asking = run.ask(Stage::Write, question(), &cancel);
        assert!(matches!(asking.next().await, Some(Ok(Heard::Text(_)))));
        let waiting = if dropped {
            drop(asking);
            None
        } else {
            cancel.cancel();
            Some(asking)
        };
        let hung_up = tokio::task::spawn_blocking(move || {
            server.wait_until(Duration::from_secs(30), |received| received[0].hung_up)
        });
        assert!(hung_up.await.unwrap());
        if let Some(mut asking) = waiting {
            let last = loop {
                match asking.next().await.unwrap() {
                    Ok(_) => {}
                    Err(none) => break none,
                }
            };
            assert!(last.cancelled);
            assert_eq!(last.to_string(), "cancelled");
        }
    }
}

#[tokio::test]
async fn many_at_once_keep_the_rate_of_their_key() {
    let server = saying("yes");
    let mut config = model("a", &server);
    config.requests_per_minute = Some(6000);
    config.tokens_per_minute = Some(60_000_000);
    let run = run(vec![config], Policy::Best);
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let run = Arc::clone(&run);
            tokio::spawn(async move { complete(&run).await.map(|told| told.text) })
        })
        .collect();
    for told in asked {
        assert_eq!(told.await.unwrap().unwrap(), "yes");
    }
    assert_eq!(server.requests(), 20);
}

#[tokio::test]
async fn each_key_has_tokens_of_its_own() {
    let server = saying("yes");
    let mut config = model("a", &server);
    config.provider.max_output_tokens = 100;
    config.keys = vec![Secret::new("one"), Secret::new("two")];
    // Enough for one request with each key.
    config.tokens_per_minute = Some(190);
    let mut settings = settings(Policy::Best);
    settings.patience = Duration::from_millis(100);
    let run = Models::new(vec![config], settings).unwrap().run();
    for _ in 0..2 {
        assert_eq!(complete(&run).await.unwrap().text, "yes");
    }
    let received = server.received();
    let mut keys: Vec<&str> = received
        .iter()
        .filter_map(|request| request.header("authorization"))
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["Bearer one", "Bearer two"]);
    let none = complete(&run).await.unwrap_err();
    assert!(
        matches!(none.tried[..], [Tried::Resting { passes: true, .. }]),
        "{none}"
    );
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_model_that_fails_at_random_is_survived() {
    let (a, b) = (flaky(7), flaky(11));
    let models = Models::new(vec![model("a", &a), model("b", &b)], settings(Policy::Best)).unwrap();
    let mut answered = 0;
    for _ in 0..100 {
        match complete(&models.run()).await {
            Ok(told) => {
                assert_eq!(told.text, "a good answer");
                answered += 1;
            }
            Err(none) => assert!(!none.tried.is_empty() && !none.hint().is_empty()),
        }
    }
    assert!(answered >= 90, "{answered} of 100");
}

/// Fails in three of ten requests, each time in another way.
fn flaky(seed: usize) -> StandIn {
    let count = AtomicUsize::new(seed);
    StandIn::answering(move |_: &Received| {
        let faults = [
            Fault::RateLimited("0".to_owned()),
            Fault::Overloaded,
            Fault::CutAfter("half".to_owned()),
            Fault::ErrorAfter("half".to_owned()),
            Fault::Empty,
            Fault::Broken,
        ];
        let n = count.fetch_add(1, Ordering::SeqCst);
        // A fixed shuffle: multiplication by a number that shares no factor with ten.
        if (n * 7 + n / 10) % 10 < 3 {
            Said::from(faults[n % faults.len()].clone())
        } else {
            Said::from("a good answer")
        }
    })
    .unwrap()
}
