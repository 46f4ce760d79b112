//! A request as one model can take it: its material packed into the room that the model's context leaves.

use super::member::Member;
use crate::pack::{self, LeftOut, pack};
use crate::tokens::Counter;
use crate::{Failure, Request};

/// Two texts put together may take so many tokens more than both do.
const SEAMS: u64 = 8;

/// A refusal may count otherwise than we do: of the room that it names this part is used.
const OF_THE_LIMIT: (u64, u64) = (9, 10);

/// A request for one model.
pub(super) struct Fitted {
    /// With its material in the prompt.
    pub(super) request: Request,
    /// Tokens of the prompt, at most about so many.
    pub(super) prompt_tokens: u64,
    /// And of the answer.
    pub(super) answer_tokens: u64,
    /// What there was no room for; `None` for a request without material.
    pub(super) left_out: Option<Vec<LeftOut>>,
}

impl Fitted {
    /// Prompt and answer.
    pub(super) fn needed(&self) -> u64 {
        self.prompt_tokens + self.answer_tokens
    }
}

/// The most that the prompt of a request takes, however it is packed.
pub fn most_prompt_tokens(request: &Request, counter: &Counter) -> u64 {
    let fixed = counter.prompt(&request.prompt) as u64;
    let Some(material) = &request.material else {
        return fixed;
    };
    // Parts are counted one by one while they are chosen, and shortened where the sum of them is too much.
    fixed + counter.count(&pack::whole(&material.pieces)) as u64 + SEAMS * (1 + material.pieces.len() as u64)
}

/// Packs for a model that takes `window` tokens, prompt and answer. The error is what would be needed: even without
/// material there is no room, or none for any piece of it.
pub(super) fn fitted(request: &Request, member: &Member, window: Option<u64>) -> Result<Fitted, u64> {
    let answer_tokens = request
        .max_output_tokens
        .unwrap_or(member.provider.config().max_output_tokens);
    let answer_tokens = u64::from(answer_tokens);
    let fixed = member.counter.prompt(&request.prompt) as u64;
    let bare = fixed + answer_tokens;
    let Some(material) = &request.material else {
        return match window {
            Some(window) if bare > window => Err(bare),
            _ => Ok(Fitted {
                request: request.clone(),
                prompt_tokens: fixed,
                answer_tokens,
                left_out: None,
            }),
        };
    };
    let room = window.map_or(u64::MAX, |window| window.saturating_sub(bare + SEAMS));
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let packed = pack(&material.pieces, &material.question, room, &member.counter);
    if packed.kept.is_empty() && !material.pieces.is_empty() {
        return Err(member.counter.prompt(&request.whole()) as u64 + answer_tokens);
    }
    Ok(Fitted {
        request: Request {
            prompt: request.prompt_with(material, &packed.text),
            material: None,
            asked: material.question.clone(),
            ..request.clone()
        },
        prompt_tokens: fixed + packed.tokens as u64 + SEAMS,
        answer_tokens,
        left_out: Some(packed.left_out),
    })
}

/// How much to send to a model that refused a request of `needed` tokens as too long: what it says it takes, by its own
/// counting; half where it does not say.
pub(super) fn smaller(needed: u64, refusal: &Failure) -> u64 {
    match refusal {
        Failure::ContextOverflow {
            limit: Some(limit),
            requested: Some(requested),
            ..
        } if limit < requested => {
            let (part, of) = OF_THE_LIMIT;
            // A server may claim anything.
            let share = u128::from(needed) * u128::from(*limit) / u128::from(*requested);
            u64::try_from(share).unwrap_or(needed) / of * part
        }
        _ => needed / 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pack::{Piece, Shorten};
    use crate::{Material, Prompt, ProviderConfig, ProviderKind};

    fn refusal(limit: Option<u64>, requested: Option<u64>) -> Failure {
        Failure::ContextOverflow {
            model: "m".to_owned(),
            limit,
            requested,
            message: String::new(),
        }
    }

    proptest! {
        /// What a budget reserves by the one must be enough for the other, or a call is refused for a token.
        #[test]
        fn no_packing_takes_more_than_is_reserved_for_it(
            texts in prop::collection::vec("[a-z \n{}(){};.é]{0,300}", 0..12),
            question in "[a-z ?]{0,80}",
            window in prop::option::of(200_u64..4000),
            is_exact in any::<bool>(),
        ) {
            let model = if is_exact { "gpt-4.1" } else { "some-model" };
            let config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://127.0.0.1:9", model);
            let member = Member::new(config.into(), None).unwrap();
            let piece = |(rank, text): (usize, &String)| {
                let mut piece = Piece::new("p", text.clone(), rank as u32, Shorten::Sample);
                piece.head = format!("[{rank}]");
                piece
            };
            let request = Request {
                material: Some(Material {
                    at: question.len(),
                    pieces: texts.iter().enumerate().map(piece).collect(),
                    question: question.clone(),
                }),
                max_output_tokens: Some(64),
                ..Request::from(Prompt::question("Be brief.", question))
            };
            if let Ok(fitted) = fitted(&request, &member, window) {
                let most = most_prompt_tokens(&request, &member.counter);
                prop_assert!(fitted.prompt_tokens <= most, "{} > {most}", fitted.prompt_tokens);
            }
        }
    }

    #[test]
    fn what_a_refusal_names_decides_how_much_less_is_sent() {
        assert_eq!(smaller(10_000, &refusal(Some(4096), Some(8192))), 4500);
        assert_eq!(smaller(10_000, &refusal(None, None)), 5000);
        assert_eq!(smaller(10_000, &refusal(Some(9000), Some(9000))), 5000);
        assert_eq!(smaller(u64::MAX, &refusal(Some(1), Some(u64::MAX))), 0);
    }
}
