//! Ends an answer where the model's turn ends.
//!
//! A small model behind a chat template that is not quite its own writes the template's marks as text: it closes its turn
//! and goes on with a talk that nobody has, or says its prompt back first. The marks are not part of an answer, and nothing
//! behind the turn is. What the question itself holds is no such mark, nor is what stands in code: who asks about templates is
//! answered in theirs. That the evidence holds marks says nothing: code that talks to models is full of them.

use crate::Request;
use crate::thinking::Part;

/// What a mark of a template says of the text behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// A turn, the first line of which may name who speaks.
    Turn,
    /// The model speaks.
    Answer,
    /// Somebody else speaks.
    Other,
    /// What the mark before said.
    Same,
}

/// The marks of ChatML, Gemma, Harmony, Llama 2 and 3, Mistral, Phi, Zephyr and DeepSeek, as their chat templates write
/// them.
const MARKS: &[(&str, Behind)] = &[
    ("<|im_start|>", Behind::Turn),
    ("<|im_end|>", Behind::Turn),
    ("<|endoftext|>", Behind::Turn),
    ("<start_of_turn>", Behind::Turn),
    ("<end_of_turn>", Behind::Turn),
    ("<|begin_of_text|>", Behind::Turn),
    ("<|start_header_id|>", Behind::Turn),
    ("<|end_header_id|>", Behind::Answer),
    ("<|eot_id|>", Behind::Turn),
    ("[INST]", Behind::Other),
    ("[/INST]", Behind::Answer),
    ("<|system|>", Behind::Other),
    ("<|user|>", Behind::Other),
    ("<|assistant|>", Behind::Answer),
    ("<|end|>", Behind::Turn),
    ("<|start|>", Behind::Turn),
    ("<|channel|>", Behind::Turn),
    ("<|message|>", Behind::Same),
    ("<|return|>", Behind::Turn),
    ("<\u{ff5c}User\u{ff5c}>", Behind::Other),
    ("<\u{ff5c}Assistant\u{ff5c}>", Behind::Answer),
    ("<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>", Behind::Turn),
];
/// Who speaks in a model's own turn, as templates name it.
const MODEL: &[&str] = &["assistant", "model", "final"];
/// Its thoughts.
const THOUGHTS: &[&str] = &["analysis", "commentary"];
/// Anybody else.
const OTHERS: &[&str] = &["user", "system", "tool", "developer"];
/// No name of a speaker is longer, in bytes.
const LONGEST_NAME: usize = 16;
/// A part of a line of the prompt that is shorter than this, in bytes, may be the model's own words, too.
const TELLING: usize = 30;

/// A filter for one answer, fed piece by piece.
#[derive(Debug)]
pub(crate) struct Turns {
    /// The marks that are not asked about.
    marks: Vec<(&'static str, Behind)>,
    /// What the model may say back.
    prompt: Vec<String>,
    state: State,
    /// What may be the beginning of a mark, or of the name of who speaks.
    held: String,
    /// What was let through of this turn, for as long as it may be an echo of the prompt; for where it stands in its line.
    said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Behind a mark: the first line may be a name.
    Name,
    Answer,
    Thoughts,
    /// Somebody else speaks; nothing of it is let through.
    Other,
    Over,
}

impl Turns {
    pub(crate) fn of(request: &Request) -> Self {
        let (prompt, asked) = (&request.prompt, request.asked.as_str());
        // Values quote the evidence as it is, marks and all, and not as code.
        let is_value = request.schema.is_some() || request.thoughts_count;
        let is_strange = |mark: &str| {
            if asked.is_empty() || is_value {
                !prompt.turns().any(|(_, text)| text.contains(mark))
            } else {
                !asked.contains(mark)
            }
        };
        let lines = prompt.turns().flat_map(|(_, text)| text.lines());
        Self {
            marks: MARKS
                .iter()
                .filter(|(mark, _)| is_strange(mark))
                .copied()
                .collect(),
            prompt: lines
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect(),
            state: State::Answer,
            held: String::new(),
            said: String::new(),
        }
    }

    /// Whether the model's turn has ended: there is nothing more to come.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// The parts of the model's turn that `piece` makes certain.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<Part> {
        let mut unread = std::mem::take(&mut self.held);
        unread.push_str(piece);
        let mut parts = Vec::new();
        let mut rest = unread.as_str();
        while self.state != State::Over && !rest.is_empty() {
            let begin =
                |(mark, behind): &(&'static str, Behind)| rest.find(mark).map(|at| (at, mark.len(), *behind));
            let mark = self.marks.iter().filter_map(begin).min_by_key(|(at, ..)| *at);
            let certain = mark.map_or_else(|| rest.len() - self.begun(rest), |(at, ..)| at);
            let (before, behind) = rest.split_at(certain);
            if !self.read(before, mark.is_some(), &mut parts) {
                before.clone_into(&mut self.held);
                self.held.push_str(behind);
                return parts;
            }
            let Some((_, length, next)) = mark else {
                behind.clone_into(&mut self.held);
                return parts;
            };
            let (mark, behind) = behind.split_at(length);
            if self.is_in_code() {
                self.say(mark, &mut parts);
            } else {
                self.turn(next);
            }
            rest = behind;
        }
        parts
    }

    /// The answer is over: what was held because it looked like a mark is what it looks like without one.
    pub(crate) fn finish(&mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        let mut parts = Vec::new();
        self.read(&held, true, &mut parts);
        parts
    }

    /// Takes in text without marks; `false` when it may be a name of which the end is yet to come.
    fn read(&mut self, piece: &str, is_whole: bool, parts: &mut Vec<Part>) -> bool {
        match self.state {
            State::Answer => self.say(piece, parts),
            State::Thoughts if piece.is_empty() => {}
            State::Thoughts => parts.push(Part::Thought(piece.to_owned())),
            State::Other | State::Over => {}
            State::Name => {
                let line = piece.trim_start().split('\n').next().unwrap_or_default();
                let is_line = is_whole || piece.trim_start().contains('\n');
                if !is_line && line.len() <= LONGEST_NAME {
                    return false;
                }
                let name = line.trim();
                if OTHERS.contains(&name) {
                    self.state = State::Other;
                } else if THOUGHTS.contains(&name) {
                    self.state = State::Thoughts;
                } else if !name.is_empty() {
                    self.state = State::Answer;
                    let named = if MODEL.contains(&name) { line.len() } else { 0 };
                    self.say(&piece.trim_start()[named..], parts);
                }
            }
        }
        true
    }

    fn say(&mut self, piece: &str, parts: &mut Vec<Part>) {
        let is_first = self.said.trim().is_empty();
        let piece = if is_first { piece.trim_start() } else { piece };
        self.said.push_str(piece);
        if !piece.is_empty() {
            parts.push(Part::Text(piece.to_owned()));
        }
    }

    /// Goes on behind a mark, unless the model has said what it had to say.
    fn turn(&mut self, next: Behind) {
        let next = match next {
            Behind::Turn => State::Name,
            Behind::Answer => State::Answer,
            Behind::Other => State::Other,
            Behind::Same => return,
        };
        let has_answered = self.said.lines().any(|line| !self.is_echo(line));
        self.said.clear();
        self.state = if has_answered { State::Over } else { next };
    }

    fn is_echo(&self, line: &str) -> bool {
        let line = line.trim();
        let stands = |told: &String| told == line || line.len() >= TELLING && told.contains(line);
        line.is_empty() || self.prompt.iter().any(stands)
    }

    /// Whether what comes next stands in code: between backquotes of its line, or in a block.
    fn is_in_code(&self) -> bool {
        let line = self.said.rsplit('\n').next().unwrap_or_default();
        let fences = self
            .said
            .lines()
            .filter(|line| line.trim_start().starts_with("```"));
        line.matches('`').count() % 2 == 1 || fences.count() % 2 == 1
    }

    /// The length of the end of `text` that may be the beginning of a mark.
    fn begun(&self, text: &str) -> usize {
        let begun = |mark: &str| {
            let ends = mark.char_indices().map(|(at, _)| at).skip(1);
            ends.filter(|end| text.ends_with(&mark[..*end])).max()
        };
        self.marks
            .iter()
            .filter_map(|(mark, _)| begun(mark))
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Prompt;

    const SYSTEM: &str = "Answer in a few sentences and cite the excerpts by their numbers.";

    fn prompt() -> Request {
        Request::from(Prompt::question(
            SYSTEM,
            "Question: how are chunks cut?\nExcerpts:\n[1] fn cut(tree: &Tree) -> Vec<Chunk>",
        ))
    }

    /// What is let through as text, and whether the turn ended before the text did.
    fn turn<'a>(prompt: &Request, pieces: impl IntoIterator<Item = &'a str>) -> (String, bool) {
        let mut turns = Turns::of(prompt);
        let mut parts: Vec<Part> = pieces.into_iter().flat_map(|piece| turns.push(piece)).collect();
        let is_over = turns.is_over();
        parts.extend(turns.finish());
        let text = parts.into_iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Thought(_) => None,
        });
        (text.collect(), is_over)
    }

    #[test]
    fn an_answer_ends_with_its_turn() {
        for (given, text, is_over) in [
            (
                "By the tree [1].<|im_end|>\n<|im_start|>user\nAnd how large?",
                "By the tree [1].",
                true,
            ),
            ("By the tree.<end_of_turn>", "By the tree.", true),
            (
                "By the tree.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd?",
                "By the tree.",
                true,
            ),
            ("<|im_start|>assistant\nBy the tree.", "By the tree.", false),
            (
                "<start_of_turn>model\nBy the tree.<end_of_turn>\n",
                "By the tree.",
                true,
            ),
            (
                "<|start_header_id|>assistant<|end_header_id|>\n\nBy the tree.",
                "By the tree.",
                false,
            ),
            (
                "[INST] how are chunks cut? [/INST] By the tree.",
                "By the tree.",
                false,
            ),
            (
                "<|im_end|>\n<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\nYes, it is.",
                "Yes, it is.",
                false,
            ),
            (
                "<|im_start|>search-by-value\n<|im_start|>search-by-name\n",
                "search-by-value\n",
                true,
            ),
            (
                "By the tree.<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
                "By the tree.",
                true,
            ),
            ("<|im_end|>model trees are cut", "model trees are cut", false),
            (
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>By it.",
                "By it.",
                false,
            ),
            ("a < b and <|im", "a < b and <|im", false),
            ("<|im_end|>\n<|im_start|>user\n", "", false),
        ] {
            assert_eq!(turn(&prompt(), [given]), (text.to_owned(), is_over), "{given:?}");
        }
    }

    #[test]
    fn a_prompt_said_back_is_not_the_answer_yet() {
        let echo = format!(
            "{SYSTEM}\nQuestion: how are chunks cut?\n<|im_end|>\n<|im_start|>assistant\nBy the tree."
        );
        let (text, _) = turn(&prompt(), [echo.as_str()]);
        assert!(text.ends_with("By the tree."), "{text}");
    }

    #[test]
    fn marks_in_code_and_marks_that_were_asked_about_are_text() {
        let code = "The mark `<|im_end|>` ends it:\n```\n<|im_start|>user\n```\nSo it is.";
        assert_eq!(turn(&prompt(), [code]), (code.to_owned(), false));
        let asked = Request::from(Prompt::question("", "What does <|im_end|> mean?"));
        let answer = "<|im_end|> ends a turn.";
        assert_eq!(turn(&asked, [answer]), (answer.to_owned(), false));
        // Evidence that holds a mark does not make it the model's own word.
        let evidence = "Excerpts:\n[1] const END: &str = \"<|im_end|>\";\nHow does a turn end?";
        let about = Request {
            asked: "How does a turn end?".to_owned(),
            ..Request::from(Prompt::question("", evidence))
        };
        let value = "{\"text\": \"END: &str = <|im_end|>\"}";
        let of_value = Request {
            thoughts_count: true,
            ..about.clone()
        };
        assert_eq!(turn(&of_value, [value]), (value.to_owned(), false));
        assert_eq!(
            turn(&about, ["With a mark [1].<|im_end|>\n<|im_start|>user"]),
            ("With a mark [1].".to_owned(), true)
        );
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_text(
            parts in prop::collection::vec(
                r"(<\|im_start\|>|<\|im_end\|>|\[INST\]|\[/INST\]|<\|im|user\n|model\n|`|<|[a-z \n<|é]{0,9})", 0..12
            ),
            every in 1usize..5,
        ) {
            let whole: String = parts.concat();
            let chars: Vec<char> = whole.chars().collect();
            let pieces: Vec<String> = chars.chunks(every).map(|c| c.iter().collect()).collect();
            let (cut, _) = turn(&prompt(), pieces.iter().map(String::as_str));
            prop_assert_eq!(turn(&prompt(), [whole.as_str()]).0, cut);
        }
    }
}
