//! A slip of the keyboard: a question that is almost the name of an action, and would start a run.

use clap::{Command, Subcommand};

use super::Action;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::run_name::LATEST;

/// Keystrokes that a word may differ by from the action that was meant.
const MOST_EDITS: usize = 2;

/// Refuses a question that is a single word almost like an action, alone or before what looks like a run. One behind
/// `--` is meant.
pub(super) fn refuse(question: &[String], is_quoted: bool) -> Result<(), Failure> {
    let word = match question {
        _ if is_quoted => return Ok(()),
        [word] => word,
        [word, run] if looks_like_a_run(run) => word,
        _ => return Ok(()),
    };
    let Some(action) = meant(word) else {
        return Ok(());
    };
    let said = question.join(" ");
    Err(
        Failure::new(ExitCode::Usage, format!("there is no action `{word}`")).hint(format!(
            "did you mean `{action}`? To research the words themselves: `aiex research -- {said}`"
        )),
    )
}

/// The action that a word is almost the name of.
fn meant(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let actions = Action::augment_subcommands(Command::new("research"));
    let nearest = actions
        .get_subcommands()
        .map(|action| (edits(&word, action.get_name()), action.get_name()))
        .min()?;
    (nearest.0 <= MOST_EDITS).then(|| nearest.1.to_owned())
}

/// `latest`, `20260131`, `20260131-0af3c9`.
fn looks_like_a_run(word: &str) -> bool {
    let is_of_a_name = |c: char| c.is_ascii_hexdigit() || c == '-';
    word == LATEST || (word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(is_of_a_name))
}

/// How many letters have to be put in, taken out or changed to make one word of the other.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, a) in one.chars().enumerate() {
        let mut before = line;
        let mut left = line + 1;
        for (b, above) in other.iter().zip(row.iter_mut().skip(1)) {
            let changed = before + usize::from(a != *b);
            before = *above;
            left = changed.min(before + 1).min(left + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (one, other, number) in [
            ("pause", "pause", 0),
            ("pasue", "pause", 2),
            ("paus", "pause", 1),
            ("", "list", 4),
            ("remove", "resume", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(
                (edits(one, other), edits(other, one)),
                (number, number),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn only_a_word_almost_like_an_action_is_refused() {
        let refused = |question: &[&str], is_quoted| {
            let question: Vec<String> = question.iter().map(|word| (*word).to_owned()).collect();
            refuse(&question, is_quoted).is_err()
        };
        assert_eq!(meant("pasue").as_deref(), Some("pause"));
        assert_eq!(meant("Lists").as_deref(), Some("list"));
        assert_eq!(meant("epxort").as_deref(), Some("export"));
        assert_eq!(meant("tokio"), None);
        assert!(refused(&["pasue"], false));
        assert!(refused(&["resum", "latest"], false));
        assert!(refused(&["cancl", "20260131-0af3c9"], false));
        assert!(!refused(&["pasue"], true));
        assert!(!refused(&["pasue", "behaviour"], false));
        assert!(!refused(&["backoff"], false));
    }
}
