//! A value of a type out of a model, however badly it writes. A ladder, from what works best to what works at
//! all; no rung of it ends the caller's work.
//!
//! 1. The provider is told to produce nothing but the schema.
//! 2. The last JSON value of the right shape is taken from the answer, then from the thoughts.
//! 3. Broken JSON is mended.
//! 4. The model is asked once more and told what was wrong.
//! 5. A smaller schema is asked for.
//! 6. There is no value: the caller has a way without one.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::json::{self, How};
use crate::models::{Spent, Told};
use crate::pack::LeftOut;
use crate::{Finish, Message, NoAnswer, Prompt, Request, Role, Run, Schema, Stage};

/// The most of a broken answer that is shown to the model again, in characters.
const LONGEST_QUOTE: usize = 1500;

/// What gave the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The provider kept to the schema.
    Constrained,
    /// It stood in the answer of a model that was only asked for it, alone or among other text.
    Found,
    /// It stood among the thoughts.
    Thoughts,
    /// It was broken and could be mended.
    Mended,
    /// It came when the model was asked again.
    AskedAgain,
    /// It came when less was asked for.
    Smaller,
    /// It never came.
    None,
}

/// What came of asking for a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Structured<T> {
    /// The value, if there is one.
    pub value: Option<T>,
    /// What gave it.
    pub rung: Rung,
    /// How many answers it took.
    pub attempts: u32,
    /// What they took, failed tries included.
    pub spent: Spent,
    /// The provider that gave the last answer, by name, and its model.
    pub answered_by: Option<(String, String)>,
    /// Why there is no value, or what was wrong with the first answer.
    pub problem: Option<String>,
    /// What the last model was not shown of the material.
    pub left_out: Vec<LeftOut>,
}

/// Asks for a value of the shape `schema`, which must be one that `T` can be read from. `smaller` is a schema that
/// asks for less and that `T` can be read from too; without it, optional fields and bounds are left out.
///
/// Fails only when no model answered at all; then [`NoAnswer::spent`] says what was spent on it.
pub async fn structured<T: DeserializeOwned>(
    run: &Arc<Run>,
    stage: Stage,
    request: &Request,
    schema: &Schema,
    smaller: Option<&Schema>,
    cancel: &CancellationToken,
) -> Result<Structured<T>, NoAnswer> {
    let smaller = smaller.cloned().or_else(|| {
        json::reduced(&schema.value).map(|value| Schema {
            name: schema.name.clone(),
            value,
        })
    });
    let mut ladder = Ladder {
        run,
        stage,
        request,
        cancel,
        attempts: 0,
        spent: Spent::default(),
        problem: None,
        last: None,
        left_out: Vec::new(),
    };
    let starts_small = run.starts_small(stage, request);
    let first = match &smaller {
        Some(smaller) if starts_small => smaller,
        _ => schema,
    };
    let prompt = asking_for(&request.prompt, first);
    let told = ladder.ask(prompt.clone(), Some(first)).await?;
    let constrained = told.constrained;
    let problem = match ladder.read::<T>(&told, first) {
        Ok((value, how)) => {
            let rung = match how {
                _ if starts_small => Rung::Smaller,
                How::Whole if constrained => Rung::Constrained,
                How::Whole | How::Within => Rung::Found,
                How::Thoughts => Rung::Thoughts,
                How::Mended => Rung::Mended,
            };
            return Ok(ladder.reached(rung, Some(value)));
        }
        Err(problem) => problem,
    };

    // A model that produced nothing of use under the schema may do better when it is only asked for it.
    let hindered = constrained && told.finish != Finish::Length;
    let again = asking_again(prompt, &told, &problem);
    let Some(told) = ladder.ask_on(again, (!hindered).then_some(first)).await? else {
        return Ok(ladder.reached(Rung::None, None));
    };
    if let Ok((value, _)) = ladder.read::<T>(&told, first) {
        if hindered {
            run.models().no_schema_for(&told.provider);
        }
        return Ok(ladder.reached(Rung::AskedAgain, Some(value)));
    }

    if let Some(smaller) = smaller.filter(|_| !starts_small) {
        let prompt = asking_for(&request.prompt, &smaller);
        let told = ladder.ask_on(prompt, Some(&smaller)).await?;
        if let Some(told) = told
            && let Ok((value, _)) = ladder.read::<T>(&told, &smaller)
        {
            return Ok(ladder.reached(Rung::Smaller, Some(value)));
        }
    }
    Ok(ladder.reached(Rung::None, None))
}

struct Ladder<'a> {
    run: &'a Arc<Run>,
    stage: Stage,
    request: &'a Request,
    cancel: &'a CancellationToken,
    attempts: u32,
    spent: Spent,
    problem: Option<String>,
    last: Option<(String, String)>,
    left_out: Vec<LeftOut>,
}

impl Ladder<'_> {
    async fn ask(&mut self, prompt: Prompt, schema: Option<&Schema>) -> Result<Told, NoAnswer> {
        let request = Request {
            prompt,
            material: self.request.material.clone(),
            asked: self.request.asked.clone(),
            schema: schema.cloned(),
            max_output_tokens: self.request.max_output_tokens,
            thoughts_count: true,
            allowance: self.request.allowance.map(|all| all.less(&self.spent)),
        };
        self.attempts += 1;
        match self.run.complete(self.stage, request, self.cancel).await {
            Ok(told) => {
                self.spent += told.spent;
                self.last = Some((told.provider.clone(), told.model.clone()));
                self.left_out.clone_from(&told.left_out);
                Ok(told)
            }
            Err(mut none) => {
                let mut spent = self.spent;
                spent += none.spent;
                none.spent = spent;
                Err(none)
            }
        }
    }

    /// Asks once more; `None` when what is left of the allowance does not pay for it.
    async fn ask_on(&mut self, prompt: Prompt, schema: Option<&Schema>) -> Result<Option<Told>, NoAnswer> {
        match self.ask(prompt, schema).await {
            Ok(told) => Ok(Some(told)),
            Err(none) if none.is_too_dear() => Ok(None),
            Err(none) => Err(none),
        }
    }

    fn read<T: DeserializeOwned>(&mut self, told: &Told, schema: &Schema) -> Result<(T, How), String> {
        let found = json::find(&told.text, &told.thoughts, &schema.value);
        let value = found.and_then(|(value, how)| {
            let value = T::deserialize(value).map_err(|error| error.to_string())?;
            Ok((value, how))
        });
        value.map_err(|problem| {
            let problem = match &told.finish {
                Finish::Length => format!("{problem}; the answer was cut off by its limit"),
                finish if finish.is_loop() => format!("{problem}; the answer repeated itself"),
                _ => problem,
            };
            debug!(
                provider = told.provider,
                attempt = self.attempts,
                problem,
                "no value in the answer"
            );
            self.problem.get_or_insert_with(|| problem.clone());
            problem
        })
    }

    fn reached<T>(self, rung: Rung, value: Option<T>) -> Structured<T> {
        if let Some((provider, _)) = &self.last {
            self.run.models().remember(provider, rung);
        }
        Structured {
            value,
            rung,
            attempts: self.attempts,
            spent: self.spent,
            answered_by: self.last,
            problem: self.problem,
            left_out: self.left_out,
        }
    }
}

/// The prompt with the schema at its end. It is said even to providers that are bound to it: some produce endless
/// white space when the model does not know what it is to write.
fn asking_for(prompt: &Prompt, schema: &Schema) -> Prompt {
    let words = format!(
        "Answer with JSON only, no other text, of this JSON Schema:\n{}",
        Value::to_string(&schema.value)
    );
    let mut prompt = prompt.clone();
    match prompt.messages.last_mut() {
        Some(message) if message.role == Role::User => {
            message.text.push_str("\n\n");
            message.text.push_str(&words);
        }
        _ => prompt.messages.push(Message {
            role: Role::User,
            text: words,
        }),
    }
    prompt
}

fn asking_again(mut prompt: Prompt, told: &Told, problem: &str) -> Prompt {
    let said: String = told.text.trim().chars().take(LONGEST_QUOTE).collect();
    // A loop shown to a model is a loop begun again.
    if !said.is_empty() && !told.finish.is_loop() {
        prompt.messages.push(Message {
            role: Role::Assistant,
            text: said,
        });
    }
    let shorter = match told.finish {
        Finish::Length => " Be shorter.",
        _ => "",
    };
    let text = format!(
        "That cannot be used: {problem}.{shorter} Write the JSON again, complete and correct, and nothing else."
    );
    match prompt.messages.last_mut() {
        Some(message) if message.role == Role::User => {
            message.text.push_str("\n\n");
            message.text.push_str(&text);
        }
        _ => prompt.messages.push(Message {
            role: Role::User,
            text,
        }),
    }
    prompt
}
