//! An answer as it is written: streamed to people, whole to pipes, its sources beneath it.

use std::fmt::Write;

use aiex_protocol::search::{Answer, EXTRACTIVE};

use crate::failure::Failure;
use crate::hit_list::line_range;
use crate::printer::Printer;
use crate::quantity::count;
use crate::snippet::{displayable, displayable_text};

/// Shows one answer.
#[derive(Debug)]
pub(crate) struct AnswerView<'a> {
    printer: &'a Printer,
    streamed: String,
}

impl<'a> AnswerView<'a> {
    /// Nothing is shown yet.
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self {
            printer,
            streamed: String::new(),
        }
    }

    /// The next piece. Pipes get the whole text instead, with every citation checked.
    pub(crate) fn delta(&mut self, text: &str) -> Result<(), Failure> {
        if self.printer.is_terminal {
            if self.streamed.is_empty() {
                self.printer.data("\n")?;
            }
            self.printer.data(&displayable_text(text))?;
        }
        self.streamed.push_str(text);
        Ok(())
    }

    /// The end: the text unless that is what was streamed last, then the sources.
    pub(crate) fn whole(&mut self, answer: &Answer) -> Result<(), Failure> {
        // What was streamed before it, another model had begun.
        let was_streamed =
            self.printer.is_terminal && !answer.text.is_empty() && self.streamed.ends_with(&answer.text);
        let mut text = if was_streamed {
            if self.streamed.ends_with('\n') {
                String::new()
            } else {
                "\n".to_owned()
            }
        } else {
            format!("\n{}\n", displayable_text(answer.text.trim_end()))
        };
        let palette = self.printer.palette;
        // What no model wrote names path and lines with every span.
        let sources = if answer.author == EXTRACTIVE {
            &[][..]
        } else {
            &answer.citations
        };
        if !sources.is_empty() {
            text.push('\n');
        }
        for citation in sources {
            let handle = format!("[{}]", citation.id);
            let _ = writeln!(
                text,
                "{} {}:{}",
                palette.handle(format!("{handle:>4}")),
                palette.path(displayable(&citation.path)),
                line_range(citation.start_line, citation.end_line)
            );
        }
        self.streamed.clear();
        self.printer.data(&text)?;
        self.epilogue(answer);
        Ok(())
    }

    /// The answer ends in the middle: what was streamed gets its line end, a pipe gets what there is.
    pub(crate) fn break_off(&mut self) -> Result<(), Failure> {
        let streamed = std::mem::take(&mut self.streamed);
        if streamed.is_empty() {
            Ok(())
        } else if self.printer.is_terminal {
            self.printer.data("\n")
        } else {
            self.printer
                .data(&format!("\n{}\n", displayable_text(streamed.trim_end())))
        }
    }

    fn epilogue(&self, answer: &Answer) {
        if !answer.rejected_citations.is_empty() {
            let ids: Vec<String> = answer
                .rejected_citations
                .iter()
                .map(|id| format!("[{id}]"))
                .collect();
            self.printer.warning(&format!(
                "the model cited what does not exist; taken out: {}",
                ids.join(" ")
            ));
        }
        if self.printer.is_interactive() {
            let mut line = format!("answered by {}", answer.author);
            if let Some(usage) = answer.usage {
                let _ = write!(
                    line,
                    " · {} tokens read, {} written",
                    count(usage.input),
                    count(usage.output)
                );
            }
            self.printer
                .notice(&self.printer.notice_palette.dim(line).to_string());
        }
    }
}
