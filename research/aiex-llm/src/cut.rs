//! Whether a server read less than it was sent. Ollama drops the oldest messages of a prompt that is too long, or cuts a
//! single one in its middle, and answers with success; it is told not to, and how much it read is compared all the same.

use crate::{Failure, Prompt};

/// Fewer tokens than this part of what a prompt has at least were not the whole prompt.
const WHOLE: f64 = 0.6;

/// Shorter prompts are not judged, in tokens: no model's context is so short, and what a template adds weighs too much.
const JUDGED: u64 = 1024;

/// Prose has 4 to 5 characters a token in large vocabularies, code fewer. The estimate of [`tokens`](crate::tokens) lies
/// on the high side, which is the wrong one here: whoever read all must not be called one who did not.
const CHARS_PER_TOKEN: u64 = 4;

/// The tokens that `prompt` has at least, give or take what [`WHOLE`] allows for; `None` if it is too short to be
/// judged.
pub(crate) fn expected(prompt: &Prompt) -> Option<u64> {
    let chars: u64 = prompt.turns().map(|(_, text)| chars(text)).sum();
    Some(chars / CHARS_PER_TOKEN).filter(|tokens| *tokens >= JUDGED)
}

/// Characters, rows of the same one counted once: blanks and rules are one token, however long.
fn chars(text: &str) -> u64 {
    let mut before = None;
    let new = |c: &char| before.replace(*c) != Some(*c);
    text.chars().filter(new).count() as u64
}

/// The failure of a server that counted `read` tokens of a prompt of `expected`, if it cut the prompt.
pub(crate) fn overflow(model: &str, expected: Option<u64>, read: Option<u64>) -> Option<Failure> {
    let (expected, read) = (expected?, read?);
    #[expect(clippy::cast_precision_loss, reason = "no prompt has 2^52 tokens")]
    let is_cut = (read as f64) < expected as f64 * WHOLE;
    is_cut.then(|| Failure::ContextOverflow {
        model: model.to_owned(),
        limit: None,
        requested: Some(expected),
        message: format!(
            "the server read {read} tokens of a prompt of about {expected}, and said nothing of the rest"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_count_that_no_vocabulary_explains_is_a_cut() {
        let prose = "Retries are decided by the scheduler in the background thread. ".repeat(100);
        let expected = expected(&Prompt::question("", prose)).unwrap();
        assert_eq!(expected, 1575);
        // Gemma 3, whose vocabulary of 262 thousand is the largest that is common, takes 11 tokens for the sentence.
        assert_eq!(overflow("m", Some(expected), Some(1100)), None);
        assert!(overflow("m", Some(expected), Some(900)).is_some());
        assert_eq!(
            overflow("m", Some(expected), None),
            None,
            "a cached prompt has no count"
        );
    }

    #[test]
    fn short_prompts_and_long_rules_are_not_judged() {
        assert_eq!(expected(&Prompt::question("Be brief.", "Why?")), None);
        let table = format!("{}\n", "-".repeat(200)).repeat(200);
        assert_eq!(expected(&Prompt::question("", table)), None);
    }
}
