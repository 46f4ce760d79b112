//! A reader of almost-JSON: the mistakes that models make, and answers that end too early. It reads everything
//! it is given and never fails; whether the value is of use is for others to say.
//!
//! Forgiven: single, smart and missing quotes; quotes, line ends and stray backslashes inside strings; comments;
//! missing, trailing and doubled commas; `=` and `=>` for `:`; Python's and JavaScript's words; numbers as people
//! write them; an ellipsis for "and so on"; and whatever is missing at the end.

use std::iter::Peekable;
use std::str::CharIndices;

use serde_json::{Map, Number, Value};

/// Deeper than any answer; a flood of brackets is not followed further.
const DEEPEST: usize = 64;

/// The objects and arrays in `text`, read leniently; at most `most`.
pub(super) fn values(text: &str, most: usize) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = 0;
    while values.len() < most {
        let Some(open) = text[at..].find(['{', '[']) else {
            break;
        };
        let start = at + open;
        let mut reader = Reader::new(&text[start..]);
        let value = reader.value(DEEPEST);
        let read = reader.position().max(1);
        // An empty one is a pair of brackets in prose, unless brackets are all there is.
        let hollow = match &value {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => true,
        };
        if !hollow || text[start..start + read].len() <= 2 {
            values.push(value);
        }
        at = start + read;
    }
    values
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            rest: text.char_indices().peekable(),
        }
    }

    fn position(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn ahead(&mut self) -> &'t str {
        let at = self.position();
        &self.text[at..]
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.rest.next();
        }
    }

    /// White space, comments, and dots that stand for "and so on".
    fn blanks(&mut self) {
        loop {
            let ahead = self.ahead();
            if ahead.starts_with("//") || ahead.starts_with('#') {
                while self.rest.next_if(|(_, c)| *c != '\n').is_some() {}
            } else if ahead.starts_with("/*") {
                let end = ahead.find("*/").map_or(ahead.len(), |end| end + 2);
                self.skip(ahead[..end].chars().count());
            } else if ahead.starts_with("...") {
                self.skip(3);
            } else if ahead.starts_with(|c: char| c.is_whitespace() || matches!(c, '…' | '\u{feff}')) {
                self.rest.next();
            } else {
                return;
            }
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        self.blanks();
        match self.peek() {
            _ if depth == 0 => {
                // Read over without recursion, so that no answer can exhaust the stack.
                while self.rest.next().is_some() {}
                Value::Null
            }
            Some('{') => self.object(depth - 1),
            Some('[') => self.array(depth - 1),
            Some(quote) if closing(quote).is_some() => Value::String(self.string()),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        self.rest.next();
        let mut fields = Map::new();
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some('}') => {
                    self.rest.next();
                    break;
                }
                // A bracket of an outer list: this object was never closed.
                Some(']') => break,
                Some(',' | ';') => {
                    self.rest.next();
                }
                Some(c) => {
                    let key = if closing(c).is_some() {
                        self.string()
                    } else {
                        self.bare(|c| {
                            c.is_whitespace() || matches!(c, ':' | '=' | ',' | '}' | ']' | '{' | '[')
                        })
                    };
                    self.blanks();
                    if self.between() {
                        // A name without a value is where the answer ended.
                        self.blanks();
                        if self.peek().is_some() {
                            let value = self.value(depth);
                            fields.insert(key, value);
                        }
                    } else if key.is_empty() {
                        self.rest.next();
                    }
                }
            }
        }
        Value::Object(fields)
    }

    /// What stands between a name and its value.
    fn between(&mut self) -> bool {
        let ahead = self.ahead();
        let length = ["=>", ":=", ":", "="]
            .iter()
            .find(|mark| ahead.starts_with(**mark))
            .map_or(0, |mark| mark.len());
        self.skip(length);
        length > 0
    }

    fn array(&mut self, depth: usize) -> Value {
        self.rest.next();
        let mut items = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some(']') => {
                    self.rest.next();
                    break;
                }
                // A bracket of an outer object: this list was never closed.
                Some('}') => break,
                Some(',' | ';' | ')' | ':') => {
                    self.rest.next();
                }
                Some(_) => {
                    let before = self.position();
                    items.push(self.value(depth));
                    if self.position() == before {
                        self.rest.next();
                    }
                }
            }
        }
        Value::Array(items)
    }

    fn string(&mut self) -> String {
        let Some((_, open)) = self.rest.next() else {
            return String::new();
        };
        let mut out = String::new();
        while let Some((_, c)) = self.rest.next() {
            if c == '\\' {
                self.escape(&mut out);
            } else if closes(open, c) && self.ends_here() {
                break;
            } else {
                out.push(c);
            }
        }
        out
    }

    fn escape(&mut self, out: &mut String) {
        let Some((_, c)) = self.rest.next() else { return };
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => match self.code_unit() {
                Some(high @ 0xd800..=0xdbff) => {
                    let low = if self.ahead().starts_with("\\u") {
                        self.skip(2);
                        self.code_unit()
                    } else {
                        None
                    };
                    let pair = char::decode_utf16([high, low.unwrap_or(0)]).next();
                    out.push(pair.and_then(Result::ok).unwrap_or('\u{fffd}'));
                }
                Some(unit) => out.push(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
                None => out.push_str("\\u"),
            },
            '"' | '\'' | '\\' | '/' | '\n' => out.push(c),
            // `\d` of a regular expression, `\P` of a Windows path: a backslash that was meant as one.
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }

    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.ahead().get(..4)?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.skip(4);
        Some(unit)
    }

    /// Whether a closing quote is one: what follows it must go on as JSON does. A quote inside a string that was
    /// not escaped is followed by more text.
    fn ends_here(&mut self) -> bool {
        let rest = near(self.ahead());
        let ahead = rest.trim_start();
        match ahead.chars().next() {
            None | Some('}' | ']' | ':' | '=') => true,
            // A comma ends a string if a name or a value comes behind it, but a comma is also prose.
            Some(',') => {
                let next = ahead[1..].trim_start();
                next.is_empty()
                    || next.starts_with(|c: char| {
                        closing(c).is_some()
                            || matches!(c, '{' | '[' | '}' | ']' | '-' | '/' | '#' | ',' | '.' | '…')
                            || c.is_ascii_digit()
                    })
                    || ["true", "false", "null", "None", "True", "False", "NaN"]
                        .iter()
                        .any(|word| next.starts_with(word))
                    || names(next)
            }
            Some('/') => ahead.starts_with("//") || ahead.starts_with("/*"),
            Some('#' | ';') => true,
            // The comma was forgotten: a new line begins with a quote or a bracket.
            Some(c) => {
                let line_ends = rest[..rest.len() - ahead.len()].contains('\n');
                line_ends && (closing(c).is_some() || matches!(c, '{' | '['))
                    || rest.len() > ahead.len() && closing(c).is_some() && begins_word(ahead)
            }
        }
    }

    /// A word without quotes: a number, a literal of some language, or a string whose quotes were forgotten.
    fn word(&mut self) -> Value {
        let word = self.bare(|c| matches!(c, ',' | '}' | ']' | '\n' | ';'));
        literal(&word)
    }

    fn bare(&mut self, ends: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some((_, c)) = self.rest.next_if(|(_, c)| !ends(*c)) {
            out.push(c);
        }
        out.trim().to_owned()
    }
}

/// The beginning of what follows: enough to see how it goes on, however much there is.
fn near(text: &str) -> &str {
    text.char_indices().nth(160).map_or(text, |(end, _)| &text[..end])
}

/// Whether a name without quotes and what stands behind names come next.
fn names(ahead: &str) -> bool {
    let rest = ahead.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    rest.len() < ahead.len() && rest.trim_start().starts_with([':', '='])
}

/// Whether a quote opens a word here: the comma between two strings was forgotten.
fn begins_word(ahead: &str) -> bool {
    let second = ahead.chars().nth(1);
    second.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The quote that closes what this one opens.
fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '`' => Some(open),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '”' | '’' => Some(open),
        _ => None,
    }
}

fn closes(open: char, c: char) -> bool {
    closing(open) == Some(c) || matches!((open, c), ('“' | '„' | '”', '“' | '"')) || open == '"' && c == '”'
}

fn literal(word: &str) -> Value {
    let bare = word.split("//").next().unwrap_or_default().trim();
    match bare {
        "true" | "True" | "TRUE" | "yes" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" => Value::Bool(false),
        "" | "null" | "None" | "NULL" | "nil" | "undefined" | "NaN" | "nan" | "Infinity" | "-Infinity"
        | "inf" | "-inf" | "N/A" => Value::Null,
        _ => number(bare).map_or_else(|| Value::String(bare.to_owned()), Value::Number),
    }
}

/// `+1`, `.5`, `1.`, `1_000`, `0x1f`, beside what JSON knows.
fn number(word: &str) -> Option<Number> {
    let plain = word.replace('_', "");
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    if let Some(hex) = plain.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if !plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) {
        return None;
    }
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(Number::from(whole));
    }
    plain.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn last(text: &str) -> Value {
        values(text, 99).pop().unwrap_or(json!("nothing"))
    }

    #[test]
    fn the_usual_mistakes_are_read_as_they_were_meant() {
        for (text, meant) in [
            ("{a: 1, 'b': 'two',}", json!({"a": 1, "b": "two"})),
            (
                "{\"a\": \"he said \"no\" to it\", \"b\": 1}",
                json!({"a": "he said \"no\" to it", "b": 1}),
            ),
            (
                "{\"a\": [1, 2, ...], /* x */ \"b\": None}",
                json!({"a": [1, 2], "b": null}),
            ),
            ("{“a”: “b”}", json!({"a": "b"})),
            ("{\"a\": \"x\ny\"}", json!({"a": "x\ny"})),
            ("[{\"a\": 1} {\"a\": 2}]", json!([{"a": 1}, {"a": 2}])),
            (
                "{\"a\": .5, \"b\": +1, \"c\": 0x10, \"d\": 1_000}",
                json!({"a": 0.5, "b": 1, "c": 16, "d": 1000}),
            ),
            (
                "{\"a\": \"C:\\Users\", \"b\": \"\\d+\"}",
                json!({"a": "C:\\Users", "b": "\\d+"}),
            ),
            ("{\"a\": \"\\u00e9\\ud83d\\ude00\"}", json!({"a": "é😀"})),
            ("{\"a\": \"b\"\n\"c\": 1}", json!({"a": "b", "c": 1})),
            (
                "{\"a\": {\"b\": [1, {\"c\": \"d",
                json!({"a": {"b": [1, {"c": "d"}]}}),
            ),
            ("{\"a\": 1, \"b\":", json!({"a": 1})),
            ("{\"a\": 1, \"b", json!({"a": 1})),
        ] {
            assert_eq!(last(text), meant, "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_is_read_as_it_is(values in prop::collection::vec(any_json(), 1..4)) {
            let value = Value::Array(values);
            prop_assert_eq!(last(&value.to_string()), value.clone());
            prop_assert_eq!(last(&serde_json::to_string_pretty(&value).unwrap()), value);
        }

        #[test]
        fn anything_is_survived(text in "[{}\\[\\]\"':,a-c0-9\\\\/*#. \nu“”]{0,200}") {
            values(&text, 99);
        }

        #[test]
        fn a_cut_never_loses_what_was_whole(cut in 12usize..60) {
            let text = "{\"first\": 1, \"list\": [\"a\", \"b\", \"c\"], \"deep\": {\"x\": {\"y\": [1, 2, 3]}}, \"z\": 1}";
            prop_assert_eq!(&last(&text[..cut])["first"], &json!(1));
        }
    }

    /// Strings without what a lenient reader must guess about.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-zé😀 .:,{}\\[\\]'\\\\\n-]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
                prop::collection::hash_map("[a-z]{1,5}", inner, 1..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_flood_of_brackets_is_survived() {
        values(&"[".repeat(100_000), 99);
        values(&"{\"a\":".repeat(100_000), 99);
    }
}
