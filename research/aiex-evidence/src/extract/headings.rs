//! Headings within comments: what is said below one is no part of the sentence above it.
//!
//! `# Errors` of rustdoc and Markdown, underlined ones, `Args:` of docstrings, tags as `@param`, `\brief` and `:param x:`.

use super::layout::{Layout, Place};
use super::restructured::without_roles;

/// Headings of docstrings that stand on a line of their own, before their colon.
const SECTIONS: &[&str] = &[
    "arguments",
    "args",
    "attributes",
    "example",
    "examples",
    "note",
    "notes",
    "parameters",
    "params",
    "raises",
    "references",
    "return",
    "returns",
    "see also",
    "throws",
    "todo",
    "warning",
    "warnings",
    "yields",
];

/// A title is not longer, in bytes.
const LONGEST_TITLE: usize = 80;

/// What lines are drawn of, below titles.
const RULES: &str = "-=~^";

/// Tags that say what a comment says anyway.
const PLAIN: &[&str] = &["brief", "description", "desc", "details", "summary"];

/// What a comment without its marks says, apart by its headings, which are left out; each part is one text of whole sentences.
pub fn told(comment: &str) -> Vec<String> {
    parts(comment).into_iter().map(|part| joined(&part)).collect()
}

/// The first paragraph that a comment says.
pub(super) fn opening(comment: &str) -> String {
    let first = parts(comment).into_iter().flatten().next();
    first.unwrap_or_default()
}

/// Whether a comment without its marks has an example in it that no fence marks.
pub fn has_example(comment: &str) -> bool {
    let mut layout = Layout::default();
    comment.lines().any(|line| layout.place(line) == Place::Example)
}

/// The paragraphs below each heading and above the first; points of lists stand apart, examples and marks are left out.
fn parts(comment: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = comment.lines().collect();
    let mut parts: Vec<Vec<String>> = vec![Vec::new()];
    let mut layout = Layout::default();
    let mut begins = true;
    let mut in_list = false;
    for (at, line) in lines.iter().enumerate() {
        let place = layout.place(line);
        let line = line.trim();
        if matches!(place, Place::Example | Place::Aside) {
            // What is left out parts the sentences around it.
            parts.push(Vec::new());
            begins = true;
            continue;
        }
        let next = lines.get(at + 1).map_or("", |next| next.trim());
        // The last line of a paragraph that a rule closes is no heading.
        let begins_it = begins || line.is_empty();
        let is_underlined = begins_it && is_title(line) && is_rule(next);
        let said = match Line::of(line, is_underlined).filter(|_| place != Place::Fenced) {
            Some(Line::Heading) => "",
            Some(Line::Tag(said)) => said,
            None if place == Place::Point => line.trim_start_matches(['-', '*', '+']).trim_start(),
            // What stands behind a list is no part of its last point.
            None if !(in_list && place == Place::Behind) => {
                begins |= line.is_empty();
                push(parts.last_mut(), line, &mut begins);
                continue;
            }
            None => line,
        };
        in_list = place == Place::Point;
        parts.push(Vec::new());
        begins = true;
        push(parts.last_mut(), said, &mut begins);
    }
    parts.retain(|part| !part.is_empty());
    for paragraph in parts.iter_mut().flatten() {
        *paragraph = without_roles(paragraph);
    }
    parts
}

/// Adds a line to a paragraph, or begins one with it.
fn push(part: Option<&mut Vec<String>>, line: &str, begins: &mut bool) {
    let Some(part) = part.filter(|_| !line.is_empty()) else {
        return;
    };
    match part.last_mut().filter(|_| !*begins) {
        Some(paragraph) => {
            paragraph.push(' ');
            paragraph.push_str(line);
        }
        None => part.push(line.to_owned()),
    }
    *begins = false;
}

/// Paragraphs in a row. One that goes without a stop gets one, or it would run into the next.
fn joined(paragraphs: &[String]) -> String {
    let mut text = String::new();
    for paragraph in paragraphs {
        if !text.is_empty() {
            let is_open =
                text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | ')' | ']' | '"' | '*'));
            text.push_str(if is_open { ". " } else { " " });
        }
        text.push_str(paragraph);
    }
    text
}

/// A line that parts a comment.
enum Line<'a> {
    Heading,
    /// A tag, and what stands behind it.
    Tag(&'a str),
}

impl<'a> Line<'a> {
    fn of(line: &'a str, is_underlined: bool) -> Option<Self> {
        if is_titled(line) || is_rule(line) || is_underlined || is_section(line) {
            return Some(Self::Heading);
        }
        if let Some(said) = field(line) {
            return Some(Self::Tag(said));
        }
        let tag = line.strip_prefix(['@', '\\'])?;
        let length = tag.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tag.len());
        let (name, said) = (tag.get(..length)?, tag.get(length..)?);
        let is_tag = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase());
        let ends = said.is_empty() || said.starts_with([' ', '[', '{']);
        (is_tag && ends).then(|| {
            if PLAIN.contains(&name) || !said.is_empty() {
                Self::Tag(said.trim())
            } else {
                Self::Heading
            }
        })
    }
}

/// What a field of a docstring says: `path: the file` of `:param path: the file`, `a handle` of `:return: a handle`. A role
/// in a sentence is none: its text follows without a blank.
fn field(line: &str) -> Option<&str> {
    let (field, said) = line.strip_prefix(':')?.split_once(':')?;
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
    let (name, of) = field.split_once(' ').unwrap_or((field, ""));
    let ends = said.is_empty() || said.starts_with(' ');
    let of_what = line.get(1 + name.len()..).unwrap_or_default().trim_start();
    (is_name(name) && ends).then_some(if of.is_empty() { said.trim() } else { of_what })
}

/// Whether a line is one of the headings that docstrings have above what is indented below them.
pub(super) fn is_section(line: &str) -> bool {
    let name = line.strip_suffix(':').map(str::to_lowercase);
    name.is_some_and(|name| SECTIONS.contains(&name.as_str()))
}

fn is_titled(line: &str) -> bool {
    let depth = line.len() - line.trim_start_matches('#').len();
    (1..=6).contains(&depth) && line.get(depth..).is_some_and(|rest| rest.starts_with(' '))
}

/// Whether a line could be a title: a few words that are no sentence.
fn is_title(line: &str) -> bool {
    !line.is_empty() && line.len() <= LONGEST_TITLE && !line.ends_with(['.', ',', ';', '!', '?'])
}

/// Whether a line is nothing but a line.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let mut marks = line.chars();
    let mark = marks.next().filter(|mark| RULES.contains(*mark));
    line.len() >= 3 && mark.is_some_and(|mark| marks.all(|c| c == mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_ends_what_is_said_above_it() {
        let cases: &[(&str, &[&str])] = &[
            (
                "Opens the file\n# Errors\nFails when it is gone.",
                &["Opens the file", "Fails when it is gone."],
            ),
            (
                "Opens.\n\n# Panics\n\n# Safety\n\nKeep it open.",
                &["Opens.", "Keep it open."],
            ),
            (
                "Opens it.\n\nParameters\n----------\npath : str\n    The file.",
                &["Opens it.", "path : str The file."],
            ),
            (
                "Opens it.\n\nArgs:\n    path: the file.\n\nReturns:\n    a handle",
                &["Opens it.", "path: the file.", "a handle"],
            ),
            (
                "Opens it\n@param path the file\n@returns a handle",
                &["Opens it", "path the file", "a handle"],
            ),
            (
                "Opens it\n:param path: the file\n:return: a handle of\n    :class:`File`",
                &["Opens it", "path: the file", "a handle of `File`"],
            ),
            (
                "\\brief Opens it.\n\\param[in] path The file.",
                &["Opens it.", "[in] path The file."],
            ),
        ];
        for (comment, expected) in cases {
            assert_eq!(told(comment), *expected, "{comment}");
        }
    }

    #[test]
    fn points_of_a_list_stand_apart() {
        assert_eq!(
            told("Two carriers:\n\n- The post,\n  by day.\n- The courier.\n\nBoth are fast."),
            [
                "Two carriers:",
                "The post, by day.",
                "The courier.",
                "Both are fast."
            ]
        );
    }

    #[test]
    fn an_example_that_is_indented_is_not_said() {
        let comment = "Weighs a parcel. Use:\n\n    import \"scale\"\n    weigh(parcel)\n\nThen send it.";
        assert!(has_example(comment));
        assert_eq!(told(comment), ["Weighs a parcel. Use:", "Then send it."]);
        assert!(!has_example(
            "Args:\n    parcel: what is weighed\n\n    scale: where"
        ));
        assert!(!has_example("- first\n\n    more on it\n- second"));
    }

    #[test]
    fn directives_are_marks_and_roles_show_their_text() {
        let comment = ".. data:: LIMIT\n\n    The limit of :class:`~scale.Scale`.\n\n    .. versionadded:: 3.1\n        With \
                       kilograms.\n\n    Default: 12";
        assert_eq!(told(comment), ["The limit of `scale.Scale`.", "Default: 12"]);
        assert_eq!(told(".. versionadded:: 3.1"), [""; 0]);
        assert_eq!(
            told("Weighs.\n\n.. code-block:: python\n\n    weigh(parcel)\n\nMore."),
            ["Weighs.", "More."]
        );
    }

    #[test]
    fn paragraphs_do_not_run_into_each_other() {
        assert_eq!(
            told("Opens the file\n\nand more.\nMore"),
            ["Opens the file. and more. More"]
        );
        assert_eq!(
            opening("# Errors\n\nFails when\nit is gone.\n\nMore."),
            "Fails when it is gone."
        );
        let boxed = "--------\n## Heap\n\nMemory is counted by\nthe eviction algorithms.\n--------";
        assert_eq!(told(boxed), ["Memory is counted by the eviction algorithms."]);
        assert_eq!(
            told("A first line\nand the rest\n------\nMore."),
            ["A first line and the rest", "More."]
        );
        assert_eq!(
            told("Sends to @param and C:\\temp."),
            ["Sends to @param and C:\\temp."]
        );
    }
}
