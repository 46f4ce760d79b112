//! What a model says back instead of answering.
//!
//! Small models behind a chat template that is not theirs repeat what they were sent: their instructions, the marks around
//! the quotes, the lines that name them. None of it is an answer, and much of it would pass for one, since it stands word
//! for word in what it cites. Where a turn ends is the provider's matter.

use std::collections::HashSet;

/// A part of a line of the prompt that is shorter than this, in bytes, may be the model's own words, too.
const TELLING: usize = 30;

/// What a model was sent, apart from the texts of its quotes.
pub(crate) struct Prompted {
    lines: HashSet<String>,
    /// The mark around what is not the prompt's own; see [`crate::prompt`].
    mark: String,
}

impl Prompted {
    /// `told` are instructions, question and the first lines of quotes; `mark` is that around the quotes.
    pub(crate) fn new<'a>(told: impl IntoIterator<Item = &'a str>, mark: &str) -> Self {
        let lines = told.into_iter().flat_map(str::lines).map(str::trim);
        Self {
            lines: lines.filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            mark: mark.to_owned(),
        }
    }

    /// A text without what it says back. `None` when nothing is to be taken out.
    pub(crate) fn without_echo(&self, prose: &str) -> Option<String> {
        let own = prose.split_inclusive('\n').filter(|line| !self.is_echo(line));
        let answer: String = own.collect();
        (answer.len() < prose.len()).then_some(answer)
    }

    fn is_echo(&self, line: &str) -> bool {
        let line = line.trim();
        let is_part = || line.len() >= TELLING && self.lines.iter().any(|told| told.contains(line));
        !self.mark.is_empty() && line.contains(&self.mark) || self.lines.contains(line) || is_part()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "ddc5dfcd7f936f465e73";

    fn prompted() -> Prompted {
        let user = format!(
            "Question of the whole report: how are chunks cut?\nSection: Cutting\nThe quotes. The data begins after the mark \
             {MARK} and ends before it comes again.\n{MARK}\n"
        );
        let system = "Write one section of a report. Cite every sentence with the ids of its quotes.";
        Prompted::new([system, &user, "[S1.1] Chunker > cut"], MARK)
    }

    #[test]
    fn an_answer_of_its_own_stays_as_it_is() {
        for own in [
            "Chunks are cut at syntax boundaries [S1.1].\n\nSmall ones are merged [S1.2].\n",
            "[S1.1] Chunker > cut says that it is so.",
            "user",
            "",
        ] {
            assert_eq!(prompted().without_echo(own), None, "{own}");
        }
    }

    #[test]
    fn what_is_said_back_is_left_out() {
        let echo = format!(
            "Question of the whole report: how are chunks cut?\nSection: Cutting\n{MARK}\n[S1.1] Chunker > cut\n\
             Chunks are cut at boundaries [S1.1].\nCite every sentence with the ids of its quotes.\n"
        );
        let answer = prompted().without_echo(&echo).unwrap();
        assert_eq!(answer.trim(), "Chunks are cut at boundaries [S1.1].");
    }

    #[test]
    fn of_a_prompt_alone_nothing_is_left() {
        let all = format!("The quotes. The data begins after the mark {MARK} and ends\n{MARK}\n");
        let answer = prompted().without_echo(&all).unwrap();
        assert_eq!(answer.trim(), "");
    }
}
