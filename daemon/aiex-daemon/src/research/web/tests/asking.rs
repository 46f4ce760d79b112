//! What engines are told of the age of pages, and what is told of them when none answers.

use super::*;

#[tokio::test]
async fn an_age_is_told_to_the_engines_and_keeps_searches_apart() {
    let engines = StandIn::start().unwrap();
    engines.publish(pages());
    let web = two_engines(&engines);
    let never = CancellationToken::new();
    for since in [None, Some(Since::Week), Some(Since::Week), Some(Since::Year)] {
        let search = Search {
            since,
            ..search("retry")
        };
        let answer = web.search(&search, &Surroundings::default(), &Deaf, &never).await;
        assert_eq!(answer.unwrap().findings.found.len(), 1, "{since:?}");
    }
    let received = engines.received();
    let asked_of = |engine: &'static str| received.iter().filter(move |request| request.engine == engine);
    let of_serper: Vec<_> = asked_of("serper")
        .map(|request| request.json()["tbs"].as_str().map(str::to_owned))
        .collect();
    let of_searxng: Vec<_> = asked_of("searxng")
        .map(|request| request.parameter("time_range"))
        .collect();
    let told = |ages: [Option<&str>; 3]| ages.map(|age| age.map(str::to_owned)).to_vec();
    assert_eq!(of_serper, told([None, Some("qdr:w"), Some("qdr:y")]), "each once");
    assert_eq!(of_searxng, told([None, Some("week"), Some("year")]), "each once");
}

#[tokio::test]
async fn every_age_is_a_search_of_its_own() {
    let engines = StandIn::start().unwrap();
    let web = two_engines(&engines);
    let coordinator = web.engines.current().await.coordinator.unwrap();
    let key = |since: Option<Since>| {
        let search = Search {
            since,
            ..search("retry")
        };
        web.key(&web.query(&search, &Surroundings::default()), &coordinator)
    };
    let ages = [
        None,
        Some(Since::Day),
        Some(Since::Week),
        Some(Since::Month),
        Some(Since::Year),
    ];
    for (place, one) in ages.iter().enumerate() {
        let differs = ages[..place].iter().all(|other| key(*other) != key(*one));
        assert!(differs, "{one:?}");
    }
}

#[tokio::test]
async fn a_search_fails_when_every_engine_does() {
    let nowhere = StandIn::nowhere().unwrap();
    let web = web(&format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{nowhere}\"\n\
         [[web.engine]]\nkind = \"brave\"\nkey_env = \"NOT_SET\"\n"
    ))
    .unwrap();
    let never = CancellationToken::new();
    let failure = web
        .search(&search("retry"), &Surroundings::default(), &Deaf, &never)
        .await
        .unwrap_err();
    assert!(failure.retryable && !failure.hint.is_empty(), "{failure:?}");
    assert!(failure.message.contains("searxng: no connection"), "{failure}");
    assert!(failure.message.contains("brave: "), "{failure}");
}

#[tokio::test]
async fn when_every_engine_fails_each_is_told_with_its_failure() {
    let engines = StandIn::start().unwrap();
    engines.script(&EngineKind::Serper, [Fault::KeyExhausted]);
    let elsewhere = Fault::Redirect("http://127.0.0.1:9/".to_owned());
    engines.script(&EngineKind::SearxNg, [elsewhere]);
    let web = two_engines(&engines);
    let never = CancellationToken::new();
    let early = watch::Sender::default();
    let answer = web
        .search_telling(&search("retry"), &Surroundings::default(), &never, early)
        .await;
    let unanswered = answer.unwrap_err();
    let mut told: Vec<_> = unanswered.engines.iter().collect();
    told.sort_by(|a, b| a.engine.cmp(&b.engine));
    let names: Vec<&str> = told.iter().map(|run| run.engine.as_str()).collect();
    assert_eq!(names, ["searxng", "serper"]);
    for run in told {
        let failure = run.failure.as_deref().unwrap();
        assert!(unanswered.failure.message.contains(failure), "{unanswered:?}");
        assert_eq!(run.found, 0);
    }
}
