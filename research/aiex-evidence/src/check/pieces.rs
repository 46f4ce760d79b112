//! What of a quote is prose: all of a page, and of code the comments. In code `!`, `not` and `None` are operators and values;
//! in a comment they deny.

use crate::extract::{docstrings_of, said};

use super::ground::Cited;

/// A part of a quote that is prose throughout or code throughout.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its text; of a comment without the marks.
    pub(super) text: String,
    pub(super) is_prose: bool,
}

/// The pieces of a quote, in order.
pub(super) fn pieces(cited: &Cited<'_>) -> Vec<Piece> {
    let Cited { quote, source } = cited;
    if source.origin.is_prose() {
        return vec![Piece {
            text: quote.text.clone(),
            is_prose: true,
        }];
    }
    // Of other languages, a mark that stands first opens.
    let docstrings = docstrings_of(source);
    let mut found = Vec::new();
    let mut inside = None;
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        if at >= quote.end {
            break;
        }
        let range = at..at + line.len();
        at = range.end;
        let is_comment = match &docstrings {
            Some(docstrings) => docstrings
                .iter()
                .any(|docstring| docstring.start < range.end && range.start < docstring.end),
            None => {
                let block = inside.or_else(|| Block::opened(line));
                inside = block.filter(|block| block.goes_on(line, inside.is_none()));
                block.is_some_and(|block| block.is_comment)
            }
        };
        let quoted = source
            .text
            .get(range.start.max(quote.start)..range.end.min(quote.end))
            .unwrap_or_default();
        if is_comment || said(line).is_some() {
            let words = said(quoted);
            push(&mut found, words.as_deref().unwrap_or(quoted), true);
        } else {
            let (code, comment) = quoted.split_at(trailing(quoted));
            push(&mut found, code, false);
            let comment = comment.trim_start_matches([' ', '\t', '/', '#']);
            if !comment.is_empty() {
                push(&mut found, comment, true);
            }
        }
    }
    found
}

/// Adds a line to the piece that it goes on with.
fn push(found: &mut Vec<Piece>, line: &str, is_prose: bool) {
    let line = line.trim();
    let goes_on = found.last_mut().filter(|piece| piece.is_prose == is_prose);
    // An empty line of a comment parts what is said.
    if line.is_empty() && !(is_prose && goes_on.is_some()) {
        return;
    }
    match goes_on {
        Some(piece) => {
            piece.text.push('\n');
            piece.text.push_str(line);
        }
        None => found.push(Piece {
            text: line.to_owned(),
            is_prose,
        }),
    }
}

/// Where the comment begins that ends a line of code.
fn trailing(line: &str) -> usize {
    let marks = [" // ", " # ", "\t// ", "\t# "];
    marks
        .iter()
        .filter_map(|mark| line.find(mark))
        .min()
        .unwrap_or(line.len())
}

/// Lines between two marks: a comment, or a text that is a value.
#[derive(Clone, Copy)]
struct Block {
    closing: &'static str,
    is_comment: bool,
}

/// The marks that open and close one.
const BLOCKS: &[(&str, &str)] = &[("/*", "*/"), ("\"\"\"", "\"\"\""), ("'''", "'''")];

impl Block {
    /// What a line opens. A comment begins its line.
    fn opened(line: &str) -> Option<Self> {
        let start = line.trim_start().trim_start_matches(['r', 'R']);
        BLOCKS.iter().find_map(|(opening, closing)| {
            let is_comment = start.starts_with(opening);
            let is_value = opening == closing && line.contains(opening);
            (is_comment || is_value).then_some(Self { closing, is_comment })
        })
    }

    /// Whether the lines below a line still belong to it; the line may be the one that opens it.
    fn goes_on(&self, line: &str, opens: bool) -> bool {
        let marks = line.matches(self.closing).count();
        if opens && self.closing != "*/" {
            marks % 2 == 1
        } else {
            marks == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, Document, Origin, Quotes};

    fn of(text: &str, quoted: &str) -> Vec<(String, bool)> {
        of_file("src/a.rs", 1, text, quoted)
    }

    fn of_file(path: &str, first_line: u32, text: &str, quoted: &str) -> Vec<(String, bool)> {
        let mut sources = Catalogue::new();
        let id = sources.add(Document {
            origin: Origin::Code {
                repo: "r".into(),
                root: "/r".into(),
                commit: None,
                path: path.into(),
                first_line,
                last_line: first_line + 20,
            },
            title: String::new(),
            date: None,
            licence: None,
            read_at: 0,
            text: text.to_owned(),
            instructs: false,
        });
        let mut quotes = Quotes::new();
        let source = sources.get(id).unwrap();
        let at = text.find(quoted).unwrap();
        quotes.take(source, at..at + quoted.len(), None).unwrap();
        let quotes = quotes.into_vec();
        let found = pieces(&Cited {
            quote: &quotes[0],
            source,
        });
        found
            .into_iter()
            .map(|piece| (piece.text, piece.is_prose))
            .collect()
    }

    #[test]
    fn comments_are_prose_and_the_rest_is_code() {
        let text = "/// Never blocks,\n/// not even here.\nfn a() {\n    if !b { c() } // not yet\n}";
        let comment = ("Never blocks,\nnot even here.".to_owned(), true);
        assert_eq!(
            of(text, text),
            [
                comment,
                ("fn a() {\nif !b { c() }".to_owned(), false),
                ("not yet".to_owned(), true),
                ("}".to_owned(), false),
            ]
        );
        assert_eq!(of(text, "not even here"), [("not even here".to_owned(), true)]);
    }

    #[test]
    fn a_comment_may_have_marks_at_its_ends_alone() {
        let text = "def a():\n    \"\"\"Weighs.\n\n    Does not wait.\n    \"\"\"\n    b = \"\"\"\n    not a comment\n    \"\"\"\n";
        assert_eq!(of(text, "Does not wait."), [("Does not wait.".to_owned(), true)]);
        assert_eq!(of(text, "not a comment"), [("not a comment".to_owned(), false)]);
        let of_python = |quoted: &str| of_file("src/a.py", 1, text, quoted);
        assert_eq!(of_python("Does not wait."), [("Does not wait.".to_owned(), true)]);
        assert_eq!(of_python("not a comment"), [("not a comment".to_owned(), false)]);
        let text = "/*\n It does not wait.\n*/\nint parcel_count = 0;\n";
        assert_eq!(of(text, "does not wait"), [("does not wait".to_owned(), true)]);
        assert_eq!(
            of(text, "int parcel_count = 0;"),
            [("int parcel_count = 0;".to_owned(), false)]
        );
    }
    #[test]
    fn a_span_that_begins_within_a_docstring_is_not_turned_round() {
        let text = "    It does not wait.\n    \"\"\"\n    if not parcel:\n        return None\n\n\
                    def weigh(parcel):\n    \"\"\"Never waits.\"\"\"\n    return parcel.weight\n";
        let of = |quoted: &str| of_file("src/a.py", 40, text, quoted);
        assert_eq!(of("It does not wait."), [("It does not wait.".to_owned(), true)]);
        assert_eq!(of("if not parcel:"), [("if not parcel:".to_owned(), false)]);
        assert_eq!(
            of("return parcel.weight"),
            [("return parcel.weight".to_owned(), false)]
        );
        assert_eq!(of("Never waits."), [("Never waits.".to_owned(), true)]);
    }
}
