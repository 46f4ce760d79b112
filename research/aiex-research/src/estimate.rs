//! What a request would cost.

use serde::{Deserialize, Serialize};

use crate::gather::WINDOWS;
use crate::ports::{ModelStage, Ports, Prompt, SourceKind};
use crate::request::{Limits, Request};
use crate::run::RunState;
use crate::scope::parts_without_model;
use crate::settings::Settings;
use crate::store::RunRow;
use crate::template::Template;
use crate::terms;

/// Tokens of the instructions and the question in every prompt.
const FRAME: u64 = 350;
/// Tokens of a page as it is shown, of a section's quotes, of an outline's list.
const PAGE: u64 = 1900;
const QUOTES: u64 = 2400;
const LIST: u64 = 1500;
/// Milliseconds that a run may take where nothing is known of others like it: in code that is indexed, for each round; for
/// packages and histories that are read for the first time; outside, for each round with a slow engine and slow pages; for
/// each call of a model that waits for the one before. What was kept takes none of it, so the least is nothing.
/// Found by running ten questions to this repository (`benches/RESULTS.md`, "Research").
const IN_CODE: u64 = 2_000;
const FIRST_READ: u64 = 10_000;
const OUTSIDE: u64 = 15_000;
const MODEL_CALL: u64 = 20_000;
/// Runs from which others like them are judged: so many at least, and the newest of them at most.
const LEAST_LIKE: usize = 3;
const MOST_LIKE: usize = 20;
/// Questions differ: a run may take this part of the quickest like it, and as many times the slowest.
const SPREAD: u64 = 2;

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
    /// Wall time in seconds: of the quickest run to be expected, 0 where that may take less than one, and of the slowest.
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
    past: &[RunRow],
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
    // The model's calls along the longest chain.
    let chain = if model_calls == 0 { 0 } else { 6 + 2 * rounds };
    let reads_first = kinds
        .iter()
        .any(|kind| matches!(kind, SourceKind::Docs | SourceKind::Git));
    let outside = if pages == 0 { 0 } else { OUTSIDE };
    let slow = rounds * (IN_CODE + outside) + u64::from(reads_first) * FIRST_READ + chain * MODEL_CALL;
    let (low, high) = learned(request, model_calls > 0, past).unwrap_or((0, slow));
    Estimate {
        searches: searches as u32,
        fetches: fetches as u32,
        model_calls: model_calls as u32,
        tokens: tokens.min(limits.tokens),
        micro_dollars: money.map(|money| limits.micro_dollars.map_or(money, |cap| money.min(cap))),
        wall_seconds: (
            low.min(limits.wall_ms) / 1000,
            high.min(limits.wall_ms).div_ceil(1000),
        ),
        limits,
    }
}

/// The least and the most milliseconds by what runs like this one took; `None` when there are too few.
fn learned(request: &Request, has_model: bool, past: &[RunRow]) -> Option<(u64, u64)> {
    let is_like = |run: &&RunRow| {
        run.state == RunState::Done
            && (run.request.depth, &run.request.sources) == (request.depth, &request.sources)
            && run.request.template == request.template
            && (run.ledger.model_calls > 0) == has_model
    };
    let took = past
        .iter()
        .filter(is_like)
        .take(MOST_LIKE)
        .map(|run| run.ledger.wall_ms);
    let took: Vec<u64> = took.collect();
    let (least, most) = (took.iter().min()?, took.iter().max()?);
    // What was asked before may be answered by what was kept.
    let same = terms::same_query(&request.question);
    let is_repeated = past
        .iter()
        .any(|run| terms::same_query(&run.request.question) == same);
    let least = if is_repeated { 0 } else { least / SPREAD };
    (took.len() >= LEAST_LIKE).then_some((least, most * SPREAD))
}
