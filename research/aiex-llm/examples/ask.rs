//! Asks a real model and reports what happened: streaming, cancelling, overflow, structured output.
//!
//! `cargo run -p aiex-llm --example ask -- http://127.0.0.1:8080 2048 [KIND [MODEL]]`, where `KIND` is `openai` (the
//! default), `responses`, `anthropic`, `ollama` or `lmstudio`. `scripts/local-model/run.sh` starts a server and runs this.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use aiex_llm::models::{Heard, ModelConfig, Settings};
use aiex_llm::price::Prices;
use aiex_llm::tokens::Counter;
use aiex_llm::{Models, Prompt, Provider, ProviderConfig, ProviderKind, Request, Schema, Stage, structured};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is printed whole")]
struct Plan {
    kind: String,
    queries: Vec<String>,
}

const QUESTIONS: [&str; 6] = [
    "How do retries with exponential back-off work?",
    "Compare tokio and async-std.",
    "Why is my build slow?",
    "Where are TLS certificates checked?",
    "What breaks when I move from version 1 to 2?",
    "Explain write-ahead logging.",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("say the server's URL")?;
    let context: u32 = arguments.next().ok_or("say the context in tokens")?.parse()?;
    let kind = match arguments.next().as_deref() {
        Some("responses") => ProviderKind::OpenAiResponses,
        Some("anthropic") => ProviderKind::Anthropic,
        Some("ollama") => ProviderKind::Ollama,
        Some("lmstudio") => ProviderKind::LmStudio,
        _ => ProviderKind::OpenAi,
    };
    let model = arguments.next().unwrap_or_else(|| "local".to_owned());
    let mut config = ProviderConfig::new("local", kind, url, model);
    config.max_output_tokens = 120;
    let provider = Provider::new(config.clone())?;
    let cancel = CancellationToken::new();

    overflow(&provider, context).await;
    cancelling(&provider).await?;
    config.context_tokens = Some(context);
    let models = Models::new(
        vec![ModelConfig::from(config)],
        Settings::new(Prices::built_in()?),
    )?;

    println!("\n== streaming");
    let run = models.run();
    for question in &QUESTIONS[..2] {
        let begun = Instant::now();
        let request = Request::from(Prompt::question("You answer in two sentences.", *question));
        let estimate = run.estimate(Stage::Write, &request);
        let mut asking = run.ask(Stage::Write, request, &cancel);
        let (mut first, mut pieces) = (None, 0);
        while let Some(heard) = asking.next().await {
            match heard? {
                Heard::Text(_) => {
                    pieces += 1;
                    first.get_or_insert_with(|| begun.elapsed());
                }
                Heard::LeftOut(_) => {}
                Heard::Restart(notice) | Heard::Notice(notice) => println!("notice: {notice}"),
                Heard::Done(told) => println!(
                    "{question}\n  first text {first:?}, all {:?}, {pieces} pieces, {:?}, estimated {estimate:?}, spent {:?}\n  {:?}",
                    begun.elapsed(),
                    told.finish,
                    told.spent,
                    told.text.chars().take(160).collect::<String>(),
                ),
            }
        }
    }

    println!("\n== structured output");
    let schema = Schema {
        name: "plan".to_owned(),
        value: json!({"type": "object", "additionalProperties": false, "required": ["kind", "queries"], "properties": {
            "kind": {"type": "string", "enum": ["find", "compare", "explain"]},
            "queries": {"type": "array", "maxItems": 3, "items": {"type": "string"}}}}),
    };
    for question in QUESTIONS {
        let begun = Instant::now();
        let request = Request::from(Prompt::question(
            "You plan web searches for a developer's question.",
            question,
        ));
        match structured::<Plan>(&run, Stage::Plan, &request, &schema, None, &cancel).await {
            Ok(got) => println!(
                "{question}\n  {:?} in {} answers, {:?}, problem {:?}\n  {:?}",
                got.rung,
                got.attempts,
                begun.elapsed(),
                got.problem,
                got.value
            ),
            Err(none) => println!("{question}\n  {none}. {}", none.hint()),
        }
    }
    println!("\n== health\n{:?}", models.health());
    Ok(())
}

/// A prompt that the server must refuse and that the estimate must see.
async fn overflow(provider: &Provider, context: u32) {
    let text = "fn main() { println!(\"{}\", 1 + 1); }\n".repeat(context as usize / 8);
    let prompt = Prompt::question("", text);
    println!(
        "== overflow\nestimated {} tokens of {context}",
        Counter::ESTIMATE.prompt(&prompt)
    );
    match provider.stream(&prompt, &CancellationToken::new()).await {
        Ok(_) => println!("the server answered all the same"),
        Err(error) => println!("{error}\n  {}", error.hint()),
    }
}

/// An answer that is given up after a moment.
async fn cancelling(provider: &Provider) -> Result<(), Box<dyn Error>> {
    let cancel = CancellationToken::new();
    let prompt = Prompt::question("", "Write a long story about a lighthouse.");
    let mut answer = provider.stream(&prompt, &cancel).await?;
    let begun = Instant::now();
    let mut bytes = 0;
    while let Some(delta) = answer.next().await {
        match delta {
            Ok(aiex_llm::Delta::Text(text)) => bytes += text.len(),
            Ok(aiex_llm::Delta::Done { .. }) => break,
            Err(error) => println!(
                "== cancelling\n{bytes} bytes, then {error} after {:?}",
                begun.elapsed()
            ),
        }
        if begun.elapsed() > Duration::from_millis(300) {
            cancel.cancel();
        }
    }
    Ok(())
}
