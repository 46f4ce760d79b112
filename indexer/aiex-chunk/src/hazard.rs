//! Texts that must not reach a grammar's hand-written scanner as they are. A scanner's state has to fit into one
//! kilobyte, and some write past it or abort the process when it does not. Knows only what leads there, which
//! hardly any file written by a person does.

use std::borrow::Cow;

use crate::Language;

/// Indentations of a Python file. The scanner keeps two bytes for each one open; 510 would fill its space.
const PYTHON_INDENTS: usize = 250;
/// Columns where a YAML block starts. The scanner keeps up to three entries of four bytes for each one open;
/// 253 entries fill its space.
const YAML_COLUMNS: usize = 80;
/// Bytes a line's Ruby heredocs may take, each with its word and four bytes, and a word's length, which is kept
/// in one byte.
const RUBY_HEREDOCS: usize = 200;

/// Bytes of a tag of a SQL dollar quote. The scanner copies it for every sixteen bytes it grows.
const SQL_TAG: usize = 500;

/// The text as the language's scanner can read it, each byte at its place; nothing when it cannot.
pub(crate) fn readable(text: &str, language: Language) -> Option<Cow<'_, str>> {
    let is_safe = match language {
        Language::Python => distinct(text, PYTHON_INDENTS, |line, seen| seen(width(line))),
        Language::Yaml => distinct(text, YAML_COLUMNS, yaml_columns),
        Language::Ruby => text.lines().all(|line| heredocs(line) <= RUBY_HEREDOCS),
        Language::Sql => text
            .split('$')
            .skip(1)
            .all(|tag| tag.find(char::is_whitespace).unwrap_or(tag.len()) <= SQL_TAG),
        Language::Bash if !text.is_ascii() => return Some(masked(text)),
        _ => true,
    };
    is_safe.then_some(Cow::Borrowed(text))
}

/// Without the characters that may follow the digits of a Bash range `{1..2}`: the scanner asks of them, with a
/// function for single bytes, whether they are digits.
fn masked(text: &str) -> Cow<'_, str> {
    let mut masked: Option<String> = None;
    let mut done = 0;
    let mut in_range = false;
    let mut before = None;
    for (at, found) in text.char_indices() {
        if in_range && !found.is_ascii() {
            let out = masked.get_or_insert_default();
            out.push_str(&text[done..at]);
            out.extend(std::iter::repeat_n('_', found.len_utf8()));
            done = at + found.len_utf8();
        }
        in_range = found == '{' || found == '.' && before == Some('.') || in_range && found.is_ascii_digit();
        before = Some(found);
    }
    match masked {
        Some(mut out) => {
            out.push_str(&text[done..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// Whether the lines have no more than `limit` different columns.
fn distinct(text: &str, limit: usize, columns: impl Fn(&str, &mut dyn FnMut(usize))) -> bool {
    let mut seen = Vec::new();
    for line in text.lines() {
        columns(line, &mut |column| {
            if seen.len() <= limit && !seen.contains(&column) {
                seen.push(column);
            }
        });
        if seen.len() > limit {
            return false;
        }
    }
    true
}

/// The indentation of a line, with tabs to the next multiple of eight.
fn width(line: &str) -> usize {
    let blanks = line
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0C));
    blanks.fold(0, |column, byte| {
        if byte == b'\t' {
            (column / 8 + 1) * 8
        } else {
            column + 1
        }
    })
}

/// The column of a line's first token and of each one after a block mark: `- - ? key`.
fn yaml_columns(line: &str, seen: &mut dyn FnMut(usize)) {
    let bytes = line.as_bytes();
    let mut column = 0;
    loop {
        while bytes.get(column).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            column += 1;
        }
        let Some(mark) = bytes.get(column) else { return };
        seen(column);
        let is_mark = matches!(mark, b'-' | b'?' | b':');
        if !is_mark
            || !bytes
                .get(column + 1)
                .is_none_or(|byte| matches!(byte, b' ' | b'\t'))
        {
            return;
        }
        column += 1;
    }
}

/// An upper bound of the bytes the heredocs opened on a line take.
fn heredocs(line: &str) -> usize {
    memchr::memmem::find_iter(line.as_bytes(), b"<<")
        .map(|at| {
            let word = line[at + 2..].trim_start_matches(['-', '~', '"', '\'', '`']);
            4 + word
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(word.len())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_safe(text: &str, language: Language) -> bool {
        readable(text, language).is_some()
    }

    #[test]
    fn ordinary_files_are_safe_and_extreme_ones_are_not() {
        let stairs: String = (0..600)
            .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
            .collect();
        assert!(!is_safe(&stairs, Language::Python));
        assert!(is_safe(&stairs, Language::Rust));
        assert!(is_safe("a:\n  - b: 1\n    c: - 2\n", Language::Yaml));
        assert!(!is_safe(&"- ".repeat(300), Language::Yaml));
        assert!(is_safe("call(<<~ONE, <<~TWO)\n", Language::Ruby));
        assert!(!is_safe(&format!("<<{}\n", "A".repeat(300)), Language::Ruby));
        assert!(is_safe("AS $tag$ x $tag$", Language::Sql));
        assert!(!is_safe(&format!("${}", "A".repeat(3000)), Language::Sql));
    }

    #[test]
    fn bash_ranges_are_masked_in_place() {
        let read = |text| readable(text, Language::Bash).unwrap().into_owned();
        assert_eq!(read("echo {é} {1é ..漢 é"), "echo {__} {1__ ..___ é");
        assert_eq!(read("echo {1..2} é"), "echo {1..2} é");
    }
}
