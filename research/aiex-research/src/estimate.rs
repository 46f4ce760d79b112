//! What a request would cost.

use serde::{Deserialize, Serialize};

use crate::gather::WINDOWS;
use crate::ports::{ModelStage, Ports, Prompt, SourceKind};
use crate::request::{Limits, Request};
use crate::scope::parts_without_model;
use crate::settings::Settings;
use crate::template::Template;

/// Tokens of the instructions and the question in every prompt.
const FRAME: u64 = 350;
/// Tokens of a page as it is shown, of a section's quotes, of an outline's list.
const PAGE: u64 = 1900;
const QUOTES: u64 = 2400;
const LIST: u64 = 1500;
/// Seconds of a round that asks for nothing but what lies on this machine.
const AT_HAND: u64 = 5;

/// What a request would cost if everything that its depth allows were done. Limits cut it off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Searches.
    pub searches: u32,
    /// Pages fetched.
    pub fetches: u32,
    /// Model calls; 0 without a model.
    pub model_calls: u32,
    /// Tokens read and written.
    pub tokens: u64,
    /// Money in millionths of a US dollar; `None` when a price is not known.
    pub micro_dollars: Option<u64>,
    /// Wall time in seconds: when everything answers quickly, and when everything takes its deadline.
    pub wall_seconds: (u64, u64),
    /// What can never be passed.
    pub limits: Limits,
}

struct Calls {
    stage: ModelStage,
    number: u64,
    input: u64,
    output: u32,
}

/// The estimate.
pub(crate) fn of(
    request: &Request,
    template: Option<&Template>,
    ports: &Ports,
    settings: &Settings,
) -> Estimate {
    let shape = request.depth.shape();
    let limits = request.limits();
    let rounds = u64::from(shape.rounds);
    let sections = template.map_or(0, |template| template.sections.len());
    let most = if shape.rounds == 1 {
        shape.sub_questions
    } else {
        shape.sub_questions.max(sections)
    };
    let parts = match ports.model {
        None if template.is_none() => parts_without_model(&request.question, most).len().min(most),
        _ => most,
    } as u64;
    let wanted = |kind: &SourceKind| request.sources.is_empty() || request.sources.contains(kind);
    let kinds: Vec<SourceKind> = ports.searcher.available().into_iter().filter(wanted).collect();
    // Without a plan of a model or a template, the question's own words are all there is to search for.
    let has_queries = ports.model.is_some() || template.is_some();
    let queries = |kind: &SourceKind| match kind {
        SourceKind::Code if has_queries => shape.queries + WINDOWS,
        SourceKind::Code if shape.queries > 1 => 1 + WINDOWS,
        _ if has_queries => shape.queries,
        _ => 1,
    };
    let per_part = kinds.iter().map(queries).sum::<usize>() as u64;
    // The question as it was asked, beside the plan.
    let ahead = u64::from(ports.model.is_some() && kinds.contains(&SourceKind::Web));
    let searches = (ahead + parts * per_part + (rounds - 1) * parts * kinds.len() as u64)
        .min(u64::from(limits.searches));
    let pages = if kinds.contains(&SourceKind::Web) {
        rounds * shape.sources_per_round as u64 / 2
    } else {
        0
    };
    let fetches = pages.min(u64::from(limits.fetches));

    let long_texts = fetches
        + if kinds.contains(&SourceKind::Docs) {
            rounds * 3
        } else {
            0
        };
    let plan = |number, input, output| Calls {
        stage: ModelStage::Plan,
        number,
        input,
        output,
    };
    let calls = [
        plan(1, FRAME, 400),
        plan(1, FRAME, 1200),
        plan(rounds - 1, FRAME + LIST, 600),
        Calls {
            stage: ModelStage::Extract,
            number: long_texts,
            input: FRAME + PAGE,
            output: 900,
        },
        plan(1, FRAME + LIST, 900),
        Calls {
            stage: ModelStage::Write,
            number: parts,
            input: FRAME + QUOTES,
            output: 1100,
        },
        Calls {
            stage: ModelStage::Write,
            number: 1,
            input: FRAME + QUOTES,
            output: 500,
        },
        Calls {
            stage: ModelStage::Verify,
            number: parts.div_ceil(2),
            input: FRAME + QUOTES,
            output: 500,
        },
    ];
    let (mut model_calls, mut tokens, mut money) = (0, 0, Some(0));
    if let Some(model) = &ports.model {
        for call in &calls {
            let prompt = Prompt {
                run: String::new(),
                stage: call.stage,
                system: String::new(),
                // About four characters to a token, as in English prose.
                user: "word ".repeat(usize::try_from(call.input).unwrap_or(0) * 4 / 5),
                material: None,
                schema: None,
                max_tokens: call.output,
                deadline: settings.model_deadline,
                kept_since_ms: 0,
                allowance: None,
            };
            let bound = model.bound(&prompt);
            model_calls += call.number;
            tokens += call.number * (call.input + u64::from(call.output));
            money = money
                .zip(bound.most.micro_dollars)
                .map(|(sum, one)| sum + call.number * one);
        }
    }
    // One after the other: a search and a read in each round, and the model's calls along the longest chain.
    let chain = if model_calls == 0 { 0 } else { 6 + 2 * rounds };
    // What lies on this machine is read in less than a second, and where its index is still being made in a few.
    let (quick, slow_round) = if pages == 0 {
        (1, AT_HAND)
    } else {
        (
            rounds * 2,
            (settings.search_deadline + settings.read_deadline).as_secs(),
        )
    };
    let slow = rounds * slow_round + chain * settings.model_deadline.as_secs();
    Estimate {
        searches: searches as u32,
        fetches: fetches as u32,
        model_calls: model_calls as u32,
        tokens: tokens.min(limits.tokens),
        micro_dollars: money.map(|money| limits.micro_dollars.map_or(money, |cap| money.min(cap))),
        wall_seconds: (
            (quick + chain * 3).min(limits.wall_ms / 1000),
            slow.min(limits.wall_ms / 1000),
        ),
        limits,
    }
}
