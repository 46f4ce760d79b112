//! Lines of code: comments and what they say, heads of definitions, the names that they define.

mod docstring;
mod statements;

use std::ops::Range;

use super::DEFINERS;
use super::headings::opening;
use crate::Source;

pub(crate) use docstring::docstrings_of;
pub use docstring::is_within_comment;
pub use statements::{is_prompt, is_statement};

/// Lines of a definition's head, the comment above it included: more is read in the file.
const HEAD: usize = 16;
/// …and bytes of it.
const HEAD_BYTES: usize = 1100;
/// Lines above a piece that are looked at for its comment.
const ABOVE: usize = 40;

/// Whether most lines of a block look like code rather than prose.
pub(super) fn looks_like_code(block: &str) -> bool {
    let lines: Vec<&str> = block
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
        .collect();
    let code = lines.iter().filter(|line| {
        line.ends_with(['{', '}', ';', ',', '(', ')', ']'])
            || line.starts_with("    ")
            || line.starts_with('\t')
            || line.trim_start().starts_with("//")
            || line.trim_start().starts_with('#') && line.contains('[')
    });
    !lines.is_empty() && code.count() * 2 > lines.len()
}

/// Words of the notices that stand at the head of files and say whose they are.
const NOTICES: &[&str] = &[
    "copyright",
    "licensed under",
    "spdx-license-identifier",
    "all rights reserved",
];

/// Whether a comment says whose a file is and nothing of what is in it.
fn is_notice(passage: &str) -> bool {
    is_said(passage) && {
        let lower = passage.to_lowercase();
        NOTICES.iter().any(|notice| lower.contains(notice))
    }
}

/// Whether a passage only names what stands elsewhere, or whose it is: headings, imports, notices.
pub(super) fn says_nothing(passage: &str) -> bool {
    if is_notice(passage) {
        return true;
    }
    const IMPORTS: [&str; 8] = [
        "use ", "pub use ", "import ", "from ", "#include", "require ", "package ", "mod ",
    ];
    let names = |line: &str| {
        let is_heading = line.starts_with("# ") || line.starts_with("## ") || line.starts_with("### ");
        is_heading || is_link_target(line) || IMPORTS.iter().any(|word| line.starts_with(word))
    };
    passage
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .all(names)
}

/// Whether a line of Markdown, in a comment or not, says where the links of a text lead: `[name]: address`.
fn is_link_target(line: &str) -> bool {
    let told = line.trim_start_matches(['/', '!', '*', '#', ' ']);
    let label = told.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    label.is_some_and(|(_, address)| {
        let mut words = address.split_whitespace();
        words.next().is_some()
            && words
                .next()
                .is_none_or(|title| title.starts_with(['"', '\'', '(']))
    })
}

/// The head of what stands at `piece`: the comment and the attributes above it, and as much of it as fits; whole when
/// it is short. `None` when there is nothing there.
pub fn head(text: &str, piece: Range<usize>) -> Option<Range<usize>> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let inside = |line: &Line<'_>| line.range.end > piece.start && line.range.start < piece.end;
    let mut first = lines
        .iter()
        .position(|line| inside(line) && !line.text.is_empty())?;
    let last = lines
        .iter()
        .rposition(|line| inside(line) && !line.text.is_empty())?;
    let highest = first.saturating_sub(ABOVE);
    while first > highest && lines.get(first - 1).is_some_and(|line| is_above(line.text)) {
        first -= 1;
    }
    let start = lines.get(first)?.range.start;
    let fits = |at: usize| {
        at < first + HEAD
            && lines
                .get(at)
                .is_some_and(|line| line.range.end - start <= HEAD_BYTES)
    };
    let mut end = first;
    while end < last && fits(end + 1) {
        end += 1;
    }
    if end < last {
        // Cut where the author made a cut, unless that leaves hardly anything.
        let blank = (first + 5..=end)
            .rev()
            .find(|at| lines.get(*at).is_some_and(|line| line.text.is_empty()));
        end = blank.unwrap_or(end);
    }
    while end > first && lines.get(end).is_some_and(|line| line.text.is_empty()) {
        end -= 1;
    }
    // The first line's indentation belongs to the piece, or the rest of it would stand askew.
    let begin = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    Some(begin..lines.get(end)?.range.end)
}

/// What a comment at the head of a piece of code says, without its marks; empty when there is none.
pub fn comment(code: &str) -> String {
    let mut said = Vec::new();
    let mut closes = None;
    for line in code.lines().map(str::trim) {
        if let Some(mark) = closes {
            let (words, is_end) = match line.split_once(mark) {
                Some((words, _)) => (words, true),
                None => (line, false),
            };
            said.push(words.trim_start_matches('*').trim());
            if is_end {
                break;
            }
            continue;
        }
        if let Some((opening, closing)) = BLOCKS.iter().find(|(opening, _)| line.starts_with(opening)) {
            let words = line.get(opening.len()..).unwrap_or_default();
            match words.split_once(closing) {
                Some((words, _)) => {
                    said.push(words.trim());
                    break;
                }
                None => said.push(words.trim()),
            }
            closes = Some(*closing);
            continue;
        }
        if is_attribute(line) {
            continue;
        }
        match LINES.iter().find_map(|mark| line.strip_prefix(mark)) {
            Some(words) => said.push(words.trim()),
            None => break,
        }
    }
    // The first paragraph says what it is; the rest says more.
    opening(&said.join("\n"))
}

/// What the comment of a definition says that stands below its head, as Python has it, without its marks; empty when
/// there is none.
pub fn comment_below(code: &str) -> String {
    let Some(signature) = signature(code) else {
        return String::new();
    };
    let head = code.find(signature).unwrap_or_default() + signature.len();
    let below = code.get(head..).unwrap_or_default();
    // A head may go on for a line for each parameter. A mark that stands alone opens a comment below a head, else it closes
    // one that began above.
    let mut before = signature;
    let begins = lines(below).take(HEAD).find(|line| {
        let said = line.text.trim_start_matches(['r', 'R']);
        let is_mark = DOCSTRINGS.iter().any(|mark| said.starts_with(mark));
        let opens = !DOCSTRINGS.contains(&said) || before.ends_with(':');
        if !line.text.is_empty() {
            before = line.text;
        }
        is_mark && opens
    });
    let said = begins.and_then(|line| below.get(line.range.start..));
    comment(said.unwrap_or_default().trim_start_matches(['r', 'R']))
}

/// The line of a piece of code that names it: the first that is neither a comment nor an attribute.
pub fn signature(code: &str) -> Option<&str> {
    let mut inside = None;
    for line in code.lines().map(str::trim) {
        if let Some(closing) = inside {
            if line.contains(closing) {
                inside = None;
            }
            continue;
        }
        if let Some((opening, closing)) = BLOCKS.iter().find(|(opening, _)| line.starts_with(opening)) {
            if !line.get(opening.len()..).unwrap_or_default().contains(closing) {
                inside = Some(*closing);
            }
            continue;
        }
        if !line.is_empty() && !is_attribute(line) && !LINES.iter().any(|mark| line.starts_with(mark)) {
            return Some(line);
        }
    }
    None
}

/// The name of what a source is a piece of, as the index gave it: `retry` of `Policy > retry`.
pub fn name(source: &Source) -> Option<&str> {
    let name = source
        .title
        .rsplit(['>', ':', ' '])
        .next()
        .unwrap_or_default()
        .trim();
    let of_code = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#' | '$');
    (name.chars().count() > 1 && name.chars().all(of_code)).then_some(name)
}

/// Whether a line defines a name: it has it as a word, beside a word that defines or before a block.
pub fn defines(line: &str, name: &str) -> bool {
    let mut words = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
    let is_defined =
        words.clone().any(|word| DEFINERS.contains(&word)) && !line.trim_start().starts_with("let ");
    words.any(|word| word == name) && (is_defined || line.trim_end().ends_with('{'))
}

/// Where the nearest line above a place begins that defines a name.
pub fn definition_above(text: &str, at: usize, name: &str) -> Option<usize> {
    let above = text.get(..at)?;
    let lines: Vec<Line<'_>> = lines(above).collect();
    let mut upwards = lines.into_iter().rev();
    upwards
        .find(|line| defines(line.text, name))
        .map(|line| line.range.start)
}

/// Marks of comments that end with their line, longer ones first.
const LINES: &[&str] = &["///", "//!", "//", "##", "#:", "# ", "--", ";;", "%%"];
/// Marks of comments that have an end of their own.
const BLOCKS: &[(&str, &str)] = &[("/**", "*/"), ("/*", "*/"), ("\"\"\"", "\"\"\""), ("'''", "'''")];

const DOCSTRINGS: [&str; 2] = ["\"\"\"", "'''"];

/// What a piece of code that is nothing but a comment says, without its marks, as deep as it stands behind them; `None` of
/// other pieces.
pub fn said(code: &str) -> Option<String> {
    let mut words = Vec::new();
    for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "#" {
            words.push("");
            continue;
        }
        let marked = LINES.iter().chain(&["/**", "*/", "/*", "*"]);
        let mut marked = marked.filter_map(|mark| line.strip_prefix(mark));
        words.push(marked.next()?.trim_end_matches("*/").trim_end());
    }
    (!words.is_empty()).then(|| words.join("\n"))
}

/// Whether a piece of code is nothing but a comment.
pub fn is_said(code: &str) -> bool {
    said(code).is_some()
}

/// The name that a line of code defines at the head of a definition, if it does.
pub(super) fn names(line: &str) -> Option<&str> {
    let mut words = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    let is_local = line.starts_with("let ") || line.starts_with("var ") || line.starts_with("const ");
    words.find(|word| DEFINERS.contains(word))?;
    words.next().filter(|_| !is_local && !is_comment(line))
}

/// Whether a line is a comment, or a part of one.
pub(super) fn is_comment(line: &str) -> bool {
    is_above(line) && !is_attribute(line)
}

fn is_attribute(line: &str) -> bool {
    line.starts_with("#[") || line.starts_with("#![") || line.starts_with('@')
}

/// Whether a line belongs to what follows it.
pub(super) fn is_above(line: &str) -> bool {
    is_attribute(line)
        || LINES.iter().any(|mark| line.starts_with(mark))
        || line.starts_with("/*")
        || line.starts_with("* ")
        || line == "*"
        || line.ends_with("*/")
}

/// A line without the blanks around it, and where it stands.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    /// Blanks before it, in bytes.
    pub(super) indent: usize,
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let text = line.trim();
        let indent = if text.is_empty() {
            0
        } else {
            line.len() - line.trim_start().len()
        };
        let start = at + indent;
        at += line.len();
        Line {
            text,
            range: start..start + text.len(),
            indent,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "use std::io;\n\n    /// Retries a call.\n    /// Three times at most.\n    ///\n    /// More on that.\n    #[must_use]\n    fn retry() -> u32 {\n        3\n    }\n\n    fn other() {}\n";

    #[test]
    fn a_head_has_the_comment_above_it_and_its_indentation() {
        let at = CODE.find("fn retry").unwrap();
        let end = CODE.find("\n\n    fn other").unwrap();
        let head = &CODE[head(CODE, at..end).unwrap()];
        assert!(head.starts_with("    /// Retries a call."), "{head}");
        assert!(head.ends_with("        3\n    }"), "{head}");
    }

    #[test]
    fn a_piece_out_of_the_midst_of_a_function_is_told_by_its_head() {
        let code = "fn first() {\n    a();\n}\n\npub fn second() {\n    b();\n    first();\n    c();\n}\n";
        let at = code.find("    first();").unwrap();
        assert_eq!(definition_above(code, at, "second"), code.find("pub fn second"));
        assert_eq!(definition_above(code, at, "first"), Some(0));
        assert_eq!(definition_above(code, at, "third"), None);
        assert!(
            !defines("let store = Files::open(path)?;", "open"),
            "a use is no definition"
        );
        assert!(defines("int open(const char *path) {", "open"));
    }

    #[test]
    fn a_long_piece_is_cut_where_its_author_made_a_cut() {
        let body: String = (0..9).map(|n| format!("    step({n});\n")).collect();
        let code = format!("fn long() {{\n{body}\n{body}}}\n");
        let head = &code[head(&code, 0..code.len()).unwrap()];
        assert_eq!(head.lines().count(), 10, "{head}");
        assert!(super::head("", 0..0).is_none());
        assert!(super::head("\n\n", 0..2).is_none());
    }

    #[test]
    fn a_comment_is_told_without_its_marks_up_to_its_first_gap() {
        let cases = [
            (
                "/// Retries a call.\n/// Three times.\n///\n/// More.\nfn f() {}",
                "Retries a call. Three times.",
            ),
            ("/** Retries.\n * Twice. */\nint f();", "Retries. Twice."),
            ("\"\"\"Retries.\n\nMore.\"\"\"\nx = 1", "Retries."),
            ("# Retries.\ndef f\nend", "Retries."),
            ("@cached\ndef f(): ...", ""),
            ("fn f() {}", ""),
        ];
        for (code, said) in cases {
            assert_eq!(comment(code), said, "{code}");
        }
    }

    #[test]
    fn a_comment_below_its_head_is_told_as_well() {
        let code = "@cached\ndef weigh(\n    parcel: Parcel,\n) -> int:\n    r\"\"\"Weighs a parcel.\n    On the scale.\n\n    More.\n    \"\"\"\n    return 1";
        assert_eq!(comment_below(code), "Weighs a parcel. On the scale.");
        assert_eq!(
            comment_below("limit: int = 3\n'''How many are weighed.'''"),
            "How many are weighed."
        );
        assert_eq!(comment_below("/// Weighs.\nfn weigh() {}"), "");
        assert_eq!(comment_below("// only this"), "");
    }

    #[test]
    fn the_end_of_a_text_is_no_comment() {
        let code = "To solve this, set up a context.\n\"\"\"\nparcel = Parcel()\nscale = Scale(parcel)";
        assert_eq!(comment_below(code), "");
        let code = "def weigh(parcel):\n    \"\"\"\n    Weighs a parcel.\n    \"\"\"\n    return 1";
        assert_eq!(comment_below(code), "Weighs a parcel.");
    }

    #[test]
    fn a_notice_at_the_head_of_a_file_says_nothing_of_what_is_in_it() {
        let notice = "// Copyright 2026 The Parcel Authors.\n//\n// Licensed under the Parcel Licence.";
        assert!(says_nothing(notice));
        assert!(says_nothing("# SPDX-License-Identifier: MIT"));
        assert!(!says_nothing(
            "// A parcel is licensed to travel.\nfn travel() {}"
        ));
        assert!(
            !says_nothing("The copyright stays with the sender."),
            "prose may be about it"
        );
    }

    #[test]
    fn where_links_lead_says_nothing() {
        assert!(says_nothing(
            "/// [`recv`]: crate::Receiver::recv\n/// [`send`]: crate::Sender::send \"Sends.\""
        ));
        assert!(says_nothing(
            "[home]: https://example.org/\n[more]: <more.md> (More)"
        ));
        assert!(!says_nothing("[note]: what follows is an example"));
        assert!(!says_nothing("See [`recv`]: it waits."));
    }

    #[test]
    fn a_signature_is_the_first_line_that_is_no_comment() {
        assert_eq!(signature("/// A.\n#[inline]\npub fn f() {"), Some("pub fn f() {"));
        assert_eq!(signature("/* A\n b */\nint f() {"), Some("int f() {"));
        assert_eq!(signature("// only this"), None);
    }
}
