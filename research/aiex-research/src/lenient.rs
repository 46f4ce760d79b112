//! Reading JSON out of whatever a model says.
//!
//! The model's port has a ladder of its own that constrains and mends. This is the last step of the stairs: the last
//! balanced object of the text that has the wanted shape, or nothing.

use serde::de::DeserializeOwned;

/// Starts of objects that are tried, from the end: a text of nothing but braces must not take long.
const TRIES: usize = 64;

/// The last object in a text that can be read as `T`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    if let Ok(value) = serde_json::from_str(text.trim()) {
        return Some(value);
    }
    let ends: Vec<usize> = text
        .rmatch_indices('}')
        .map(|(at, _)| at + 1)
        .take(TRIES)
        .collect();
    ends.into_iter().find_map(|end| {
        let start = opening(text.get(..end)?)?;
        serde_json::from_str(text.get(start..end)?).ok()
    })
}

/// Where the object that ends with the text begins, by counting braces outside strings backwards. Quotes are told from
/// escaped ones by the backslashes before them.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate().rev() {
        match byte {
            b'"' if escapes(bytes, at).is_multiple_of(2) => quoted = !quoted,
            b'}' if !quoted => depth += 1,
            b'{' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn escapes(bytes: &[u8], at: usize) -> usize {
    bytes
        .iter()
        .take(at)
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::parse;

    #[test]
    fn the_last_balanced_object_is_read() {
        let cases = [
            ("{\"a\": 1}", json!({"a": 1})),
            ("```json\n{\"a\": 1}\n```", json!({"a": 1})),
            (
                "<think>{\"a\": 0}</think> Here: {\"a\": 1} I hope it helps.",
                json!({"a": 1}),
            ),
            (
                "{\"a\": {\"b\": \"} {\"}} and a lone }",
                json!({"a": {"b": "} {"}}),
            ),
            ("{\"a\": \"say \\\"hi\\\" {\"}", json!({"a": "say \"hi\" {"})),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse::<Value>(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_nothing() {
        for text in ["", "I cannot help with that.", "{\"a\": 1", "}}}}{{{{", "{a: 1}"] {
            assert_eq!(parse::<Value>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall(text in "\\PC{0,200}") {
            let _read = parse::<Value>(&text);
        }

        #[test]
        fn an_object_is_found_in_prose(before in "[a-z .:]{0,40}", word in "[a-z{}\" ]{0,20}", after in "[a-z .]{0,40}") {
            let object = json!({"word": word});
            prop_assert_eq!(parse::<Value>(&format!("{before}{object}{after}")), Some(object));
        }
    }
}
