//! What a model says back instead of answering.
//!
//! Small models behind a chat template that is not theirs repeat what they were sent, or go on with turns of a talk that
//! nobody has: marks of templates, their instructions, the marks around the quotes, the lines that name them. None of it is
//! an answer, and much of it would pass for one, since it stands word for word in what it cites.

use std::collections::HashSet;

/// What parts turns in the templates of common families: ChatML, Gemma, Llama, Mistral, Phi.
const TURNS: &[&str] = &[
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "[INST]",
    "[/INST]",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
];
/// What templates write behind the mark of a turn.
const ROLES: &[&str] = &["user", "assistant", "system", "model"];
/// A part of a line of the prompt that is shorter than this, in bytes, may be the model's own words, too.
const TELLING: usize = 30;

/// What a model was sent, apart from the texts of its quotes.
pub(crate) struct Prompted {
    lines: HashSet<String>,
    /// The marks of turns that are looked for.
    turns: Vec<&'static str>,
    /// The mark around what is not the prompt's own; see [`crate::prompt`].
    mark: String,
}

impl Prompted {
    /// `told` are instructions, question and the first lines of `quotes`; `mark` is that around the quotes.
    pub(crate) fn new<'a>(
        told: impl IntoIterator<Item = &'a str>,
        quotes: impl Iterator<Item = &'a str> + Clone,
        mark: &str,
    ) -> Self {
        let lines = told.into_iter().flat_map(str::lines).map(str::trim);
        // Who asks about templates is answered in their marks.
        let is_strange = |turn: &&&str| !quotes.clone().any(|quote| quote.contains(**turn));
        Self {
            lines: lines.filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            turns: TURNS.iter().filter(is_strange).copied().collect(),
            mark: mark.to_owned(),
        }
    }

    /// The first turn of a text that says anything of its own, without what it says back. `None` when nothing is to be taken
    /// out.
    pub(crate) fn without_echo(&self, prose: &str) -> Option<String> {
        let mut is_whole = true;
        let mut answer = String::new();
        for (place, turn) in self.turns(prose).into_iter().enumerate() {
            if !answer.trim().is_empty() {
                is_whole &= turn.trim().is_empty();
                break;
            }
            answer.clear();
            for line in turn.split_inclusive('\n') {
                if self.is_echo(line, place) {
                    is_whole = false;
                } else {
                    answer.push_str(line);
                }
            }
        }
        (!is_whole).then_some(answer)
    }

    /// The pieces of a text between marks of turns. What stands in code within a line is about such marks and is none.
    fn turns<'p>(&self, prose: &'p str) -> Vec<&'p str> {
        let mut turns = Vec::new();
        let (mut begin, mut from) = (0, 0);
        while let Some((at, mark)) = self.next_mark(prose, from) {
            from = at + mark.len();
            if !is_in_code(prose, at) {
                turns.push(prose.get(begin..at).unwrap_or_default());
                begin = from;
            }
        }
        turns.push(prose.get(begin..).unwrap_or_default());
        turns
    }

    fn next_mark(&self, prose: &str, from: usize) -> Option<(usize, &'static str)> {
        let rest = prose.get(from..)?;
        let places = self
            .turns
            .iter()
            .filter_map(|mark| rest.find(mark).map(|at| (from + at, *mark)));
        places.min_by_key(|(at, _)| *at)
    }

    fn is_echo(&self, line: &str, turn: usize) -> bool {
        let line = line.trim();
        let is_role = turn > 0 && ROLES.contains(&line);
        let is_part = || line.len() >= TELLING && self.lines.iter().any(|told| told.contains(line));
        is_role
            || (!self.mark.is_empty() && line.contains(&self.mark))
            || self.lines.contains(line)
            || is_part()
    }
}

/// Whether a place is between backquotes of its line.
fn is_in_code(prose: &str, at: usize) -> bool {
    let before = prose.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.matches('`').count() % 2 == 1
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
        let quotes = ["Chunks are cut at boundaries of the tree."];
        Prompted::new([system, &user, "[S1.1] Chunker > cut"], quotes.into_iter(), MARK)
    }

    #[test]
    fn an_answer_of_its_own_stays_as_it_is() {
        for own in [
            "Chunks are cut at syntax boundaries [S1.1].\n\nSmall ones are merged [S1.2].\n",
            "The end of a turn is `<|im_end|>`, and `[INST]` begins one [S1.1].",
            "Chunks are cut where the tree says so [S1.1].<|im_end|>\n",
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
            "\n<|im_start|>user\nQuestion of the whole report: how are chunks cut?\nSection: Cutting\n<|im_end|>\n\
             <|im_start|>assistant\n{MARK}\n[S1.1] Chunker > cut\nChunks are cut at boundaries [S1.1].\n\
             Cite every sentence with the ids of its quotes.\n<|im_end|>\n<|im_start|>user\nAnd how large are they [S1.1]?"
        );
        let answer = prompted().without_echo(&echo).unwrap();
        assert_eq!(answer.trim(), "Chunks are cut at boundaries [S1.1].");
    }

    #[test]
    fn an_answer_about_templates_keeps_their_marks() {
        let quotes = ["A turn ends with <|im_end|> in ChatML."];
        let prompted = Prompted::new(["How do turns end?"], quotes.into_iter(), MARK);
        let answer = "```\n<|im_end|>\n```\nends it [S1.1].";
        assert_eq!(prompted.without_echo(answer), None);
    }

    #[test]
    fn of_a_prompt_alone_nothing_is_left() {
        let all = format!(
            "The quotes. The data begins after the mark {MARK} and ends\n```\n{MARK}<|im_end|>\nuser\n"
        );
        let answer = prompted().without_echo(&all).unwrap();
        assert_eq!(answer.trim(), "```");
    }
}
