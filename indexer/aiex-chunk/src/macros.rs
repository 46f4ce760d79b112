//! C and C++ macros that stand where the grammar expects a declaration. `LIB_NAMESPACE_BEGIN` on a line of its own,
//! or the `LIB_API` of `class LIB_API Name`, is an error to a grammar that does not run the preprocessor, and costs
//! the definition that follows. Both are blotted out before parsing; every byte stays at its place.

use std::borrow::Cow;

use crate::Language;

/// The text as the grammar can read it.
pub(crate) fn blotted(text: Cow<'_, str>, language: Language) -> Cow<'_, str> {
    if !matches!(language, Language::C | Language::Cpp) {
        return text;
    }
    let mut spots: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    // Only where a declaration may begin can a line be a macro alone: an enumeration's last member stays.
    let mut begins = true;
    let mut in_comment = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        if in_comment {
            in_comment = !trimmed.contains("*/");
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with("//") {
            continue;
        }
        if trimmed.starts_with("/*") {
            in_comment = !trimmed.contains("*/");
            continue;
        }
        if begins && is_macro_call(trimmed) {
            spots.push(start..start + trimmed.len());
            continue;
        }
        if let Some(spot) = attribute(trimmed) {
            spots.push(start + spot.start..start + spot.end);
        }
        begins = trimmed.ends_with([';', '}']) || (trimmed.starts_with('#') && !trimmed.ends_with('\\'));
    }
    if spots.is_empty() {
        return text;
    }
    let mut bytes = text.into_owned().into_bytes();
    for spot in spots {
        bytes[spot].fill(b' ');
    }
    // Only whole ASCII runs were overwritten, by ASCII.
    match String::from_utf8(bytes) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// `NAMESPACE_BEGIN` or `DECLARE_THING(a, b)`, nothing else.
fn is_macro_call(line: &str) -> bool {
    let end = line.find(|c: char| !is_macro_char(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let has_arguments = rest.starts_with('(')
        && rest.ends_with(')')
        && rest.is_ascii()
        && rest.find(')') == Some(rest.len() - 1);
    is_macro_name(name) && name.contains('_') && (rest.is_empty() || has_arguments)
}

/// The place of `LIB_API` in `class LIB_API Name`.
fn attribute(line: &str) -> Option<std::ops::Range<usize>> {
    let keyword = ["class ", "struct ", "union "]
        .iter()
        .find(|keyword| line.starts_with(**keyword))?;
    let rest = &line[keyword.len()..];
    let end = rest.find(|c: char| !is_macro_char(c))?;
    let follows_name = rest[end..].strip_prefix(' ').is_some_and(|after| {
        after.starts_with(|c: char| c.is_alphabetic() || c == '_') && !after.starts_with("final")
    });
    (is_macro_name(&rest[..end]) && follows_name).then(|| keyword.len()..keyword.len() + end)
}

fn is_macro_char(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

fn is_macro_name(name: &str) -> bool {
    name.len() >= 4 && name.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, SymbolKind, chunk};

    fn names(text: &str) -> Vec<(SymbolKind, String)> {
        let chunked = chunk(text, Some(Language::Cpp), &Limits::default());
        let name = |symbol: &crate::Symbol| (symbol.kind, symbol.name.clone());
        chunked.symbols.iter().map(name).collect()
    }

    #[test]
    fn a_definition_behind_a_macro_is_found() {
        let text = "#include <a.h>\n\nLIB_NAMESPACE_BEGIN\n\ntemplate<typename T>\nstruct adapter\n{\n    T value;\n};\n";
        assert!(
            names(text).contains(&(SymbolKind::Struct, "adapter".to_owned())),
            "{:?}",
            names(text)
        );
        let text = "class LIB_API Widget : public Base {\n  void draw();\n};\n";
        assert!(
            names(text).contains(&(SymbolKind::Class, "Widget".to_owned())),
            "{:?}",
            names(text)
        );
    }

    #[test]
    fn what_may_be_a_value_stays() {
        for text in [
            "enum e {\n  FIRST_ONE,\n  LAST_ONE\n};\n",
            "int a[] = {\n  SOME_VALUE\n};\n",
            "class FOO final {};\n",
        ] {
            assert_eq!(blotted(text.into(), Language::Cpp), text);
        }
    }

    #[test]
    fn bytes_keep_their_places() {
        let text = "// größe\nint a;\nMAKE_IT(b)\nint c;\nMAKE_IT(größe)\n";
        let read = blotted(text.into(), Language::C);
        assert_eq!(read.len(), text.len());
        assert_eq!(read.find("int c"), text.find("int c"));
        assert!(!read.contains("MAKE_IT(b)") && read.contains("MAKE_IT(größe)"));
    }
}
