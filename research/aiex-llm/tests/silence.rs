//! A service that says nothing: one that is at work is waited for, one that is gone is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use aiex_llm::models::{ModelConfig, Patience, Policy, Settings, Stages, Told, Tried};
use aiex_llm::price::Prices;
use aiex_llm::standin::{Fault, Received, Said, StandIn};
use aiex_llm::{Failure, Models, NoAnswer, Prompt, ProviderConfig, ProviderKind, Request, Run, Stage};
use tokio_util::sync::CancellationToken;

const MOMENT: Duration = Duration::from_millis(60);
/// Long enough for any server that is there to answer a call, on the slowest machine.
const CALL: Duration = Duration::from_secs(2);
/// Far longer than a service that is gone is waited for, so that what ends before it has not waited.
const LONG: Duration = Duration::from_secs(600);

/// Nobody is waited for who does not answer a call.
const STRICT: Patience = Patience {
    quiet: MOMENT,
    call: CALL,
    near_call: CALL,
    stall: LONG,
};

fn run(urls: &[String], silence: Patience) -> Arc<Run> {
    let configs = urls.iter().enumerate().map(|(at, url)| {
        let mut config = ProviderConfig::new(format!("m{at}"), ProviderKind::OpenAi, url, "m");
        config.deadlines.first_byte = LONG;
        config.deadlines.idle = LONG;
        config.deadlines.total = LONG;
        ModelConfig::from(config)
    });
    let settings = Settings {
        stages: Stages::all(Policy::Best),
        rounds: 1,
        silence,
        ..Settings::new(Prices::built_in().unwrap())
    };
    Models::new(configs.collect(), settings).unwrap().run()
}

async fn complete(run: &Arc<Run>) -> Result<Told, NoAnswer> {
    let question = Request::from(Prompt::question("", "Why?"));
    run.complete(Stage::Write, question, &CancellationToken::new())
        .await
}

fn saying(said: impl Into<Said>) -> StandIn {
    let said = said.into();
    StandIn::answering(move |_: &Received| said.clone()).unwrap()
}

/// One that says this and answers no call beside it.
fn deaf(said: impl Into<Said>) -> StandIn {
    let server = saying(said);
    server.go_deaf();
    server
}

fn failure(none: &NoAnswer) -> &Failure {
    match &none.tried[..] {
        [Tried::Failed(error)] => &error.failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_that_is_gone_is_given_up_and_not_asked_again_until_it_has_rested() {
    for fault in [
        Fault::Hang,
        Fault::StallAfter(String::new()),
        Fault::StallAfter("half of it".into()),
    ] {
        let server = deaf(fault.clone());
        let run = run(&[server.url()], STRICT);
        let none = complete(&run).await.unwrap_err();
        assert!(
            matches!(failure(&none), Failure::Silent { .. }),
            "{fault:?}: {none}"
        );
        assert!(none.hint().contains("says nothing"), "{}", none.hint());
        let none = complete(&run).await.unwrap_err();
        assert!(
            matches!(&none.tried[..], [Tried::Resting { passes: false, .. }]),
            "{none}"
        );
        assert_eq!(server.requests(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn another_model_goes_on_where_one_is_gone() {
    let (gone, there) = (
        deaf(Fault::StallAfter("half of it".into())),
        saying("the whole of it"),
    );
    let run = run(&[gone.url(), there.url()], STRICT);
    let told = complete(&run).await.unwrap();
    assert_eq!(
        (told.text.as_str(), told.provider.as_str()),
        ("the whole of it", "m1")
    );
}

#[tokio::test]
async fn a_model_that_thinks_long_is_waited_for_as_long_as_its_service_is_there() {
    let server = saying(Said::Slowly(MOMENT * 12, "at last".into()));
    let told = complete(&run(&[server.url()], STRICT)).await.unwrap();
    assert_eq!((told.text.as_str(), server.requests()), ("at last", 1));
}

#[tokio::test]
async fn a_server_at_hand_may_do_one_thing_at_a_time() {
    let server = deaf(Said::Slowly(CALL + MOMENT * 12, "at last".into()));
    let patience = Patience {
        near_call: LONG,
        ..STRICT
    };
    let told = complete(&run(&[server.url()], patience)).await.unwrap();
    assert_eq!(told.text, "at last");
}

#[tokio::test]
async fn text_that_flowed_from_elsewhere_does_not_stop_for_long() {
    let server = saying(Fault::StallAfter("half of it".into()));
    let patience = Patience {
        stall: MOMENT * 4,
        ..STRICT
    };
    let none = complete(&run(&[server.url_from_elsewhere()], patience))
        .await
        .unwrap_err();
    assert!(matches!(failure(&none), Failure::IdleTimeout { .. }), "{none}");
}
