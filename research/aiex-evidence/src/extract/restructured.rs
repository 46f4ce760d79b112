//! reStructuredText, in files and in docstrings: directives are marks, roles and links show their text.

/// Directives with code below them, or with what is not in the text.
const CODE: &[&str] = &[
    "code",
    "code-block",
    "sourcecode",
    "literalinclude",
    "parsed-literal",
    "doctest",
    "testcode",
    "prompt",
    "math",
    "highlight",
    "image",
    "figure",
    "toctree",
    "raw",
    "csv-table",
];
/// Directives that tell of a version what they stand with has or had.
const VERSIONS: &[&str] = &["versionadded", "versionchanged", "deprecated", "versionremoved"];

/// What stands below a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directive {
    Code,
    /// A remark on the version of what is described: without that it says nothing.
    Version,
    Words,
}

impl Directive {
    /// The directive, or the target of links, that a line is.
    pub(super) fn of(line: &str) -> Option<Self> {
        let mark = line.trim().strip_prefix(".. ")?;
        if mark.starts_with('_') && mark.ends_with(':') {
            return Some(Self::Words);
        }
        let (name, _) = mark.split_once("::")?;
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        is_name.then_some(match name {
            _ if CODE.contains(&name) => Self::Code,
            _ if VERSIONS.contains(&name) => Self::Version,
            _ => Self::Words,
        })
    }
}

/// A passage without lines that are only marks, without the marks of quotations, and with the text of roles.
pub fn plainly(passage: &str) -> String {
    let lines = passage.lines().filter(|line| Directive::of(line).is_none());
    let lines = lines.map(|line| {
        let said = line.trim_start();
        said.strip_prefix("> ")
            .unwrap_or(if said == ">" { "" } else { line })
    });
    without_roles(&lines.collect::<Vec<_>>().join("\n"))
}

/// A text with `` `name` `` for `` :role:`name` ``, and with the words of roles and links that have their own.
pub(super) fn without_roles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('`') {
        let (before, behind) = rest.split_at(open);
        let spans = crate::sentences::code_spans(behind);
        let Some(span) = spans.first().filter(|span| span.start == 0) else {
            break;
        };
        let (quoted, after) = behind.split_at(span.end);
        let role = role(before);
        let is_link = quoted.len() > 2 && after.starts_with('_') && !quoted.starts_with("``");
        if role.is_none() && !is_link {
            out.push_str(before);
            out.push_str(quoted);
            rest = after;
            continue;
        }
        out.push_str(role.unwrap_or(before));
        let inner = quoted.trim_matches('`').trim_start_matches(['~', '!']);
        match inner.split_once(" <").filter(|_| inner.ends_with('>')) {
            Some((words, _)) => out.push_str(words.trim()),
            None if is_link => out.push_str(inner),
            None => {
                out.push('`');
                out.push_str(inner);
                out.push('`');
            }
        }
        rest = if is_link {
            after.trim_start_matches('_')
        } else {
            after
        };
    }
    out.push_str(rest);
    out
}

/// What stands before a role at the end of a text, if there is one.
fn role(text: &str) -> Option<&str> {
    let named = text.strip_suffix(':')?;
    let start = named.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '+')));
    let start = start.map_or(0, |at| {
        at + named
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8)
    });
    let role = named.get(start..)?;
    (role.len() > 1 && role.starts_with(':')).then(|| text.get(..start))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_links_show_their_text() {
        let cases = [
            (
                "See :meth:`~Scale.weigh` (:exc:`Heavy`).",
                "See `Scale.weigh` (`Heavy`).",
            ),
            ("Read :doc:`the guide </guide>` first.", "Read the guide first."),
            ("By `post <https://example.org/>`_ only.", "By post only."),
            (
                "With :py:data:`LIMIT` and ``weigh()``.",
                "With `LIMIT` and ``weigh()``.",
            ),
            ("A note: `weigh` it.", "A note: `weigh` it."),
            ("An open ` stays", "An open ` stays"),
        ];
        for (text, told) in cases {
            assert_eq!(without_roles(text), told);
        }
    }

    #[test]
    fn a_passage_is_told_without_its_marks() {
        assert_eq!(
            plainly(".. versionadded:: 3.1\n\nWeighs.\n.. _scales:"),
            "\nWeighs."
        );
        assert_eq!(
            plainly("> It is said\n> that it rains."),
            "It is said\nthat it rains."
        );
        assert_eq!(Directive::of(".. a comment"), None);
        assert_eq!(Directive::of("... and more::"), None);
    }
}
