//! Whatever a model says, a report cites only what was read.

use std::collections::HashSet;
use std::sync::Arc;

use aiex_evidence::render;
use aiex_research::{Budget, Depth, ModelStage, Prompt, Request};
use comrak::nodes::NodeValue;
use proptest::prelude::*;

use super::world::{World, good_answer, report, request};

/// Pieces of hostile prose.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Retries are decided by the client".to_owned()),
        Just("[click](javascript:alert(1))".to_owned()),
        Just("` [click](javascript:alert(1)) `".to_owned()),
        Just("![x](http://evil.example/a.png)".to_owned()),
        Just("<a href='http://evil.example'>x</a>".to_owned()),
        Just("<http://evil.example>".to_owned()),
        Just("http://evil.example/?q=secret".to_owned()),
        Just("[1]: http://evil.example".to_owned()),
        Just("## References\n- [evil](http://evil.example)".to_owned()),
        (0_u32..40, 0_u32..9).prop_map(|(source, quote)| format!("[S{source}.{quote}]")),
        (0_u32..40).prop_map(|source| format!("[S{source}]")),
        (0_u32..9, 0_u32..9).prop_map(|(one, other)| format!("(S{one}.1, S{other}.2)")),
        "[ -~]{0,30}",
        "\\PC{0,12}",
        Just(". ".to_owned()),
        Just("\n\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_citation_and_link_of_a_report_is_in_its_catalogue(
        prose in prop::collection::vec(hostile(), 1..5),
        json_too in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let script = move |prompt: &Prompt| {
            if prompt.schema.is_some() && !json_too {
                return Ok(good_answer(prompt));
            }
            let place = prompt.whole().len() % prose.len();
            Ok(prose[place].clone())
        };
        let world = Arc::new(World { script: Some(Arc::new(script)), ..World::default() });
        let budget = Budget::default();
        let report = runtime.block_on(report(&world, Request { depth: Depth::Quick, budget, ..request() }));
        for sentence in report.sentences() {
            for id in &sentence.cites {
                prop_assert!(report.evidence().quote(*id).is_some(), "{id} in {sentence:?}");
            }
        }
        for quote in &report.quotes {
            prop_assert!(quote.is_in(report.sources.get(quote.id.source).unwrap()));
        }
        let known: HashSet<String> = report.sources.iter().filter_map(|source| source.origin.link()).collect();
        let markdown = render::markdown(&report);
        for link in links(&markdown) {
            prop_assert!(link.starts_with('#') || known.contains(&link), "{link} in:\n{markdown}");
        }
    }
}

/// Where the links and pictures of a Markdown text go, and its raw HTML. The judge is not ours: what looks like a link inside of
/// code is none, and a bare address is one.
fn links(markdown: &str) -> Vec<String> {
    let arena = comrak::Arena::new();
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    comrak::parse_document(&arena, markdown, &options)
        .descendants()
        .filter_map(|node| match &node.data.borrow().value {
            NodeValue::Link(link) | NodeValue::Image(link) => Some(link.url.clone()),
            NodeValue::HtmlInline(html) => Some(format!("html: {html}")),
            NodeValue::HtmlBlock(html) => Some(format!("html: {}", html.literal)),
            _ => None,
        })
        .collect()
}

/// What small models behind a strange template do: they say their prompt back.
#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_is_said_back_is_no_answer() {
    let told = async |answers: fn(&Prompt) -> String| {
        let script = move |prompt: &Prompt| {
            Ok(match prompt.stage {
                ModelStage::Write => answers(prompt),
                _ => good_answer(prompt),
            })
        };
        let world = World {
            script: Some(Arc::new(script)),
            ..World::plain()
        };
        super::world::report(&Arc::new(world), request()).await
    };
    let echo = |prompt: &Prompt| format!("{}\n", prompt.whole());
    let report = told(echo).await;
    assert_eq!(report.model, None, "it wrote nothing");
    assert!(report.tally().supported > 3 && report.partial.is_some());
    let and_answers = |prompt: &Prompt| {
        let echo = format!("{}\n{}\n", prompt.system, prompt.user);
        format!("{echo}{}\n{echo}", good_answer(prompt))
    };
    let answered = told(and_answers).await;
    assert_eq!(answered.model.as_deref(), Some("scripted"));
    assert_eq!(answered.partial, None);
    for report in [report, answered] {
        for sentence in report.sentences() {
            let text = &sentence.text;
            assert!(!text.contains("The data begins"), "{text}");
        }
    }
}
