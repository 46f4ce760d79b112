//! The port against providers that answer, stumble and stay silent.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use aiex_config::{Home, MapEnvironment};
use aiex_llm::Secret;
use aiex_llm::standin::{Counts, Fault, Reply as Sent, StandIn, openai};
use aiex_protocol::keys::KeyPlace;
use aiex_research::{Allowance, Cut, Material, ModelStage, Part, Reach};
use serde_json::json;

use super::*;
use crate::keys::Keys;

/// Prices at which a call shows in its usage.
const PRICES: &str = "[[price]]\nmodel = \"m\"\ninput = 1.0\noutput = 10.0\n";

fn provider(name: &str, url: &str) -> String {
    format!("[[provider]]\nname = \"{name}\"\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"m\"\n")
}

fn settings(place: &Path, text: &str) -> Settings {
    let prices = place.join("prices.toml");
    fs::write(&prices, PRICES).unwrap();
    let file = place.join("config.toml");
    let research = format!("[research]\nprices = {:?}\n", prices.to_str().unwrap());
    fs::write(&file, research + text).unwrap();
    let nothing = MapEnvironment::default();
    Settings::load_file(&file, &nothing, &[]).unwrap().0
}

fn port(text: &str) -> Arc<Asked> {
    let place = tempfile::tempdir().unwrap();
    let settings = settings(place.path(), text);
    asked(&settings, keys_in(place.path()))
}

fn asked(settings: &Settings, keys: Arc<Keys>) -> Arc<Asked> {
    let models = Models::new(settings, keys);
    let cache = Cache::in_memory(cache_settings(settings));
    Arc::new(Asked::new(Arc::new(models), cache))
}

fn keys_in(place: &Path) -> Arc<Keys> {
    let nothing = Arc::new(MapEnvironment::default());
    Arc::new(Keys::in_environment(&Home::at(place), nothing))
}

fn prompt() -> Prompt {
    Prompt {
        run: "20260131-0af3c9".to_owned(),
        stage: ModelStage::Write,
        system: "Be brief.".to_owned(),
        user: "Why is it retried?".to_owned(),
        material: None,
        schema: None,
        max_tokens: 100,
        deadline: Duration::from_secs(20),
        kept_since_ms: 0,
        allowance: None,
    }
}

fn json_prompt() -> Prompt {
    Prompt {
        stage: ModelStage::Plan,
        schema: Some(json!({
            "type": "object",
            "properties": {
                "steps": { "type": "array", "items": { "type": "string" } },
                "doubts": { "type": "string" },
            },
            "required": ["steps"],
        })),
        ..prompt()
    }
}

/// Asks with the most that the call can use, and checks that it was enough and that it held.
async fn ask(port: &dyn Model, prompt: &Prompt) -> (Result<Reply, ModelFailure>, String) {
    ask_within(port, prompt, port.bound(prompt).most).await
}

/// Asks, and checks that no more was spent than that.
async fn ask_within(port: &dyn Model, prompt: &Prompt, most: Usage) -> (Result<Reply, ModelFailure>, String) {
    let tokens = |usage: &Usage| usage.input_tokens + usage.output_tokens;
    let allowed = Prompt {
        allowance: Some(Allowance {
            tokens: tokens(&most),
            micro_dollars: most.micro_dollars,
        }),
        ..prompt.clone()
    };
    let heard = Mutex::new(String::new());
    let listen = |text: &str| heard.lock().unwrap().push_str(text);
    let answer = port.ask(&allowed, &CancellationToken::new(), &listen).await;
    let spent = match &answer {
        Ok(reply) => reply.usage,
        Err(failure) => failure.spent,
    };
    assert!(tokens(&spent) <= tokens(&most), "{spent:?} > {most:?}");
    assert!(spent.micro_dollars <= most.micro_dollars, "{spent:?} > {most:?}");
    (answer, heard.into_inner().unwrap())
}

#[tokio::test]
async fn prose_is_heard_as_it_comes_and_costs_nothing_the_second_time() {
    let model = StandIn::start([openai::answer(&["It is ", "retried."])]).unwrap();
    let port = port(&provider("a", &model.url()));
    let (first, heard) = ask(port.as_ref(), &prompt()).await;
    let first = first.unwrap();
    assert_eq!(
        (first.text.as_str(), heard.as_str()),
        ("It is retried.", "It is retried.")
    );
    // The stand-in counts 19 and 10 tokens, at 1 and 10 micro-dollars.
    assert_eq!((first.usage.input_tokens, first.usage.output_tokens), (19, 10));
    assert_eq!(first.usage.micro_dollars, Some(19 + 100));

    let (again, heard) = ask(port.as_ref(), &prompt()).await;
    let again = again.unwrap();
    assert_eq!(
        (again.text.as_str(), heard.as_str()),
        ("It is retried.", "It is retried.")
    );
    assert_eq!(again.usage, NOTHING);
    assert_eq!(model.requests(), 1);

    let other = Prompt {
        max_tokens: 101,
        ..prompt()
    };
    ask(port.as_ref(), &other).await.0.unwrap();
    assert_eq!(model.requests(), 2);

    let fresh = Prompt {
        kept_since_ms: 1,
        ..prompt()
    };
    ask(port.as_ref(), &fresh).await.0.unwrap();
    assert_eq!(model.requests(), 2, "it was kept since");
    let fresh = Prompt {
        kept_since_ms: u64::MAX,
        ..prompt()
    };
    ask(port.as_ref(), &fresh).await.0.unwrap();
    assert_eq!(model.requests(), 3);
}

/// A budget is spent as the service counts, whatever we expected.
#[tokio::test]
async fn a_service_that_counts_more_than_expected_is_reserved_for_what_it_counts() {
    let counts = Counts {
        prompt: 4000,
        answer: 10,
    };
    let model = StandIn::start([openai::counted_answer("", &["It is retried."], counts)]).unwrap();
    let port = port(&provider("a", &model.url()));
    let prompt = prompt_with_material();
    let before = port.bound(&prompt).least;
    assert!(
        before.input_tokens < 4000 && before.input_tokens > 64,
        "{before:?}"
    );
    let cancel = CancellationToken::new();
    port.ask(&prompt, &cancel, &|_| {}).await.unwrap();
    let after = port.bound(&prompt).least;
    assert!(after.input_tokens >= 4000, "{after:?}");

    let allowance = Allowance {
        tokens: 3900 + u64::from(prompt.max_tokens),
        micro_dollars: None,
    };
    let next = Prompt {
        kept_since_ms: u64::MAX,
        allowance: Some(allowance),
        ..prompt
    };
    let refused = port.ask(&next, &cancel, &|_| {}).await.unwrap_err();
    assert_eq!(refused.reach, Reach::Prompt, "{refused:?}");
    assert_eq!(model.requests(), 1, "what could pass the allowance is not sent");
}

/// A prompt about a dozen quotes of some hundred tokens each.
fn prompt_with_material() -> Prompt {
    let part = |n: u32| Part {
        head: format!("[S{n}.1] a page"),
        text: format!("{}\n\n", "It is retried with back-off. ".repeat(12)),
        rank: n,
        cut: Cut::Never,
    };
    let user = "Why is it retried?\n".to_owned();
    Prompt {
        material: Some(Material {
            at: user.len(),
            parts: (1..=12).map(part).collect(),
            question: "why".to_owned(),
            held_back: 0,
        }),
        user,
        ..prompt()
    }
}

#[tokio::test]
async fn material_is_packed_for_the_model_that_answers() {
    let full = StandIn::start([openai::empty()]).unwrap();
    let small = StandIn::start([openai::answer(&["It is retried."])]).unwrap();
    let both = provider("full", &full.url())
        + "context_tokens = 100000\n"
        + &provider("small", &small.url())
        + "context_tokens = 1024\n";
    let port = port(&both);
    let prompt = prompt_with_material();
    let (reply, _) = ask(port.as_ref(), &prompt).await;
    let reply = reply.unwrap();
    let parts = |model: &StandIn| model.received()[0].asked().matches("] a page").count();
    assert_eq!((parts(&full), reply.unseen.shortened), (12, 0));
    assert!(reply.unseen.left_out > 0, "{reply:?}");
    assert_eq!(parts(&small) + reply.unseen.left_out as usize, 12);
    // Kept with the answer.
    let (again, _) = ask(port.as_ref(), &prompt).await;
    assert_eq!(again.unwrap().unseen, reply.unseen);
    assert_eq!((full.requests(), small.requests()), (1, 1));
}

#[tokio::test]
async fn a_prompt_that_is_refused_as_too_long_is_sent_once_more_with_less_and_within_the_bound() {
    let model = StandIn::start([openai::context_overflow(), openai::answer(&["It is retried."])]).unwrap();
    let port = port(&(provider("a", &model.url()) + "context_tokens = 100000\n"));
    let (reply, _) = ask(port.as_ref(), &prompt_with_material()).await;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), model.requests()), ("It is retried.", 2));
    assert!(reply.unseen.left_out > 0, "{reply:?}");
    let sent = model.received();
    assert!(sent[1].body.len() < sent[0].body.len());
}

#[tokio::test]
async fn json_comes_down_the_ladder_within_the_bound() {
    let model = StandIn::start([
        openai::answer(&["I would rather talk about it."]),
        openai::answer(&["Still no."]),
        openai::answer(&["{\"steps\": [\"read\"]}"]),
    ])
    .unwrap();
    let port = port(&provider("a", &model.url()));
    let (reply, heard) = ask(port.as_ref(), &json_prompt()).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "{\"steps\":[\"read\"]}");
    assert_eq!((reply.usage.input_tokens, heard.as_str()), (3 * 19, ""));
    assert_eq!(model.requests(), 3);
}

#[tokio::test]
async fn a_model_without_any_json_gives_an_empty_text_that_is_not_kept() {
    let model = StandIn::start([openai::answer(&["No."])]).unwrap();
    let port = port(&provider("a", &model.url()));
    for asked in [3, 6] {
        let (reply, _) = ask(port.as_ref(), &json_prompt()).await;
        assert_eq!(reply.unwrap().text, "");
        assert_eq!(model.requests(), asked);
    }
}

#[tokio::test]
async fn another_model_goes_on_and_what_was_lost_is_counted() {
    let first = StandIn::answering(|_| Fault::CutAfter("It is because".to_owned())).unwrap();
    let second = StandIn::start([openai::answer(&["It failed."])]).unwrap();
    let both = provider("a", &first.url()) + &provider("b", &second.url());
    let port = port(&both);
    let (reply, heard) = ask(port.as_ref(), &prompt()).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "It failed.");
    assert_eq!(heard, "It is because\n\nIt failed.");
    assert!(reply.usage.input_tokens > 19, "{reply:?}");
    assert_eq!((first.requests(), second.requests()), (1, 1));
}

#[tokio::test]
async fn models_in_reserve_take_nothing_of_the_budget_until_they_are_asked() {
    let busy: Vec<StandIn> = (0..4)
        .map(|_| StandIn::start([openai::unavailable()]).unwrap())
        .collect();
    let last = StandIn::start([openai::answer(&["It is retried."])]).unwrap();
    let all = busy.iter().chain([&last]).enumerate();
    let five: String = all
        .map(|(n, model)| provider(&format!("p{n}"), &model.url()))
        .collect();
    let alone = port(&provider("p0", &last.url()));
    let five = port(&five);
    assert_eq!(five.bound(&json_prompt()), alone.bound(&json_prompt()));
    // Refusals cost nothing: what one answer takes pays for all of it.
    let (reply, _) = ask_within(five.as_ref(), &prompt(), alone.bound(&prompt()).least).await;
    assert_eq!(reply.unwrap().text, "It is retried.");
    assert!(busy.iter().all(|model| model.requests() == 1));
}

#[tokio::test]
async fn what_an_answer_that_broke_off_has_cost_is_not_spent_twice() {
    let first = StandIn::answering(|_| Fault::CutAfter("It is because".to_owned())).unwrap();
    let second = StandIn::start([openai::answer(&["It failed."])]).unwrap();
    let both = port(&(provider("a", &first.url()) + &provider("b", &second.url())));
    let bound = both.bound(&prompt());
    let failure = ask_within(both.as_ref(), &prompt(), bound.least)
        .await
        .0
        .unwrap_err();
    assert_eq!((first.requests(), second.requests()), (1, 0));
    assert!(failure.message.contains("are left for it"), "{failure}");
    assert_ne!(failure.reach, Reach::Run, "the next call may be paid for");
}

#[tokio::test]
async fn a_ladder_ends_where_the_next_step_cannot_be_paid_for() {
    let model = StandIn::start([
        openai::answer(&["I would rather talk about it."]),
        openai::answer(&["{\"steps\": [\"read\"]}"]),
    ])
    .unwrap();
    let port = port(&provider("a", &model.url()));
    // The least that pays for the first answer does not pay for the second, which is longer by the first.
    for tokens in 0.. {
        let most = Usage {
            input_tokens: tokens,
            output_tokens: 0,
            micro_dollars: Some(1_000_000),
        };
        let (reply, _) = ask_within(port.as_ref(), &json_prompt(), most).await;
        if model.requests() > 0 {
            assert_eq!((reply.unwrap().text.as_str(), model.requests()), ("", 1));
            return;
        }
        assert_eq!(reply.unwrap_err().reach, Reach::Prompt);
    }
}

#[tokio::test]
async fn a_model_without_a_price_is_not_asked_where_money_counts() {
    let unpriced = provider("a", "https://models.example.org").replace("\"m\"", "\"unheard-of\"");
    let priced = provider("b", "https://models.example.org");
    let bound = port(&(unpriced.clone() + &priced)).bound(&prompt());
    assert!(bound.least.micro_dollars.is_some() && bound.most.micro_dollars.is_some());
    let most = Usage {
        micro_dollars: Some(1_000_000),
        ..bound.most
    };
    let failure = ask_within(port(&unpriced).as_ref(), &prompt(), most).await.0;
    let failure = failure.unwrap_err();
    assert!(
        failure.message.contains("may cost more than is left for it"),
        "{failure}"
    );
}

#[tokio::test]
async fn what_cost_nothing_is_tried_again() {
    let model = StandIn::start([openai::unavailable(), openai::answer(&["Yes."])]).unwrap();
    let port = port(&provider("a", &model.url()));
    let (reply, _) = ask(port.as_ref(), &prompt()).await;
    assert_eq!(reply.unwrap().text, "Yes.");
    assert_eq!(model.requests(), 2);
}

#[tokio::test]
async fn silence_ends_at_the_deadline_and_is_charged() {
    let model = StandIn::start([Sent::hangs()]).unwrap();
    let port = port(&provider("a", &model.url()));
    let hurried = Prompt {
        deadline: Duration::from_millis(300),
        ..prompt()
    };
    let failure = ask(port.as_ref(), &hurried).await.0.unwrap_err();
    assert!(
        failure.reach == Reach::Passing && failure.spent.input_tokens > 0,
        "{failure:?}"
    );
    assert!(
        failure.message.starts_with("no model answered within"),
        "{failure}"
    );
    assert!(model.wait_until(Duration::from_secs(5), |received| received[0].hung_up));
}

#[tokio::test]
async fn cancelling_ends_a_call() {
    let model = StandIn::start([Sent::hangs()]).unwrap();
    let port = port(&provider("a", &model.url()));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let failure = port.ask(&prompt(), &cancel, &|_| ()).await.unwrap_err();
    assert_eq!(
        (failure.message.as_str(), failure.reach),
        ("cancelled", Reach::Run)
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_by_every_call() {
    let text = provider("a", "http://127.0.0.1:9") + "key_env = \"X_KEY\"\n";
    let port = port(&text);
    let failure = ask(port.as_ref(), &prompt()).await.0.unwrap_err();
    assert_eq!(failure.message, "provider `a`: the variable X_KEY is not set");
    assert!(
        failure.hint.contains("X_KEY") && failure.reach == Reach::Run,
        "{failure:?}"
    );
    assert_eq!(failure.spent, NOTHING);
}

#[tokio::test]
async fn keys_that_change_count_from_the_next_call_on() {
    let model = StandIn::start([openai::answer(&["It is retried."])]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let settings = settings(place.path(), &provider("a", &model.url()));
    let keys = keys_in(place.path());
    let port = asked(&settings, keys.clone());
    let before = port.bound(&prompt());
    // Each question is another one: what was answered is kept.
    let answer_to = async |max_tokens| {
        let prompt = Prompt {
            max_tokens,
            ..prompt()
        };
        ask(port.as_ref(), &prompt).await.0
    };
    answer_to(90).await.unwrap();
    keys.unlock(Secret::new("passphrase"), true).unwrap();
    let set = |key| keys.set("a", &Secret::new(key), Some(KeyPlace::File)).unwrap();
    set("sk-one");
    answer_to(91).await.unwrap();
    set("sk-two");
    answer_to(92).await.unwrap();
    keys.lock();
    port.models.close();
    port.close();
    let failure = answer_to(93).await.unwrap_err();
    assert_eq!(
        failure.message,
        "provider `a`: the key of `a` is in the key file, which is locked"
    );
    assert!(
        failure.hint.contains("aiex keys unlock") && failure.reach == Reach::Run,
        "{failure:?}"
    );
    let received = model.received();
    let sent = received.iter().map(|request| request.header("authorization"));
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [None, Some("Bearer sk-one"), Some("Bearer sk-two")]
    );
    // It may be unlocked before the next call is made: what that may cost does not depend on it.
    assert_eq!(port.bound(&prompt()), before);
}

#[tokio::test]
async fn without_a_price_there_is_no_bound_of_money() {
    let place = tempfile::tempdir().unwrap();
    let text = provider("a", "https://models.example.org").replace("\"m\"", "\"unheard-of\"");
    let settings = settings(place.path(), &text);
    let port = asked(&settings, keys_in(place.path()));
    let bound = port.bound(&prompt()).most;
    assert_eq!((bound.micro_dollars, bound.output_tokens), (None, 100));
    let json = port.bound(&json_prompt()).most;
    assert_eq!(json.output_tokens, 3 * 100);
    assert!(json.input_tokens > 3 * bound.input_tokens);
}

#[test]
fn the_cache_has_the_room_of_the_settings() {
    let settings = Settings::default();
    let limits = cache_settings(&settings);
    let usual = aiex_cache::Settings::default();
    assert_eq!(limits.page, usual.page);
    assert_eq!(limits.search, usual.search);
    assert_eq!(limits.model_call, usual.model_call);
    assert_eq!(limits.answer, usual.answer);
}
