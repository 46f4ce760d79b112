//! Finds the JSON in what a model wrote, whatever it wrote around it. It does not know what the JSON is for.
//!
//! Strict readings come before lenient ones, later values before earlier ones (models think first and answer
//! last), values of the right shape before others, and the answer before the thoughts.

mod lenient;
mod shape;

use serde_json::Value;

pub(crate) use shape::{misfit, reduced};

/// How a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// The answer is the value.
    Whole,
    /// It stood within other text, or as another value that holds it.
    Within,
    /// It stood among the thoughts.
    Thoughts,
    /// It was broken and could be mended.
    Mended,
}

/// More brackets than are worth looking behind: a broken answer of brackets alone must not take forever.
const MOST_VALUES: usize = 256;

/// The value of the shape `schema` in an answer, or why there is none: the reason is fit for the model that
/// wrote it.
pub(crate) fn find(text: &str, thoughts: &str, schema: &Value) -> Result<(Value, How), String> {
    let text = without_mark(text);
    let answer = answer_of(text);
    let mut reason = None;
    let mut take = |value: Value, how: How| match fitted(value, schema) {
        Ok((value, false)) => Some((value, how)),
        Ok((value, true)) => Some((value, how.max(How::Within))),
        Err(misfit) => {
            reason.get_or_insert(misfit);
            None
        }
    };
    if let Ok(value) = serde_json::from_str(answer.trim())
        && let Some(found) = take(value, How::Whole)
    {
        return Ok(found);
    }
    for (source, how) in [
        (answer, How::Within),
        (text, How::Thoughts),
        (thoughts, How::Thoughts),
    ] {
        let values = strict_values(source);
        for value in values.iter().rev() {
            if let Some(found) = take(value.clone(), how) {
                return Ok(found);
            }
        }
        // One value a line, or one behind the other, where a list was asked for.
        if values.len() > 1
            && let Some(found) = take(Value::Array(values), how)
        {
            return Ok(found);
        }
    }
    for source in [answer, text, thoughts] {
        for value in lenient::values(source, MOST_VALUES).into_iter().rev() {
            if let Some(found) = take(value, How::Mended) {
                return Ok(found);
            }
        }
    }
    Err(reason.unwrap_or_else(|| {
        if answer.trim().is_empty() {
            "the answer is empty".to_owned()
        } else {
            "there is no JSON in the answer".to_owned()
        }
    }))
}

/// `value` in the shape of `schema`, and whether it had to be unwrapped for it.
fn fitted(value: Value, schema: &Value) -> Result<(Value, bool), String> {
    let Some(misfit) = misfit(&value, schema) else {
        return Ok((value, false));
    };
    shape::unwrapped(value, schema).map_or(Err(misfit), |value| Ok((value, true)))
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What stands behind the thoughts; some servers deliver the beginning of the thoughts elsewhere and only their
/// end mark here. Thoughts that were never closed are all there is.
fn answer_of(text: &str) -> &str {
    for (open, close) in [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<|channel|>analysis", "<|channel|>final"),
    ] {
        if let Some(at) = text.rfind(close) {
            return &text[at + close.len()..];
        }
        if text.trim_start().starts_with(open) {
            return "";
        }
    }
    text
}

/// All objects and arrays in `text` that are JSON as they stand, outermost only.
fn strict_values(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = 0;
    for _ in 0..MOST_VALUES {
        let Some(open) = text[at..].find(['{', '[']) else {
            break;
        };
        let start = at + open;
        let length = balanced(&text[start..]);
        let value = length.and_then(|length| serde_json::from_str(&text[start..start + length]).ok());
        // Where nothing closes it or it is not JSON, what it holds may be.
        at = start + value.as_ref().and(length).unwrap_or(1);
        values.extend(value);
    }
    values
}

/// The length of the value at the beginning of `text`, up to the bracket that closes it.
fn balanced(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    return None;
                }
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
