//! Values assigned to names that tell of secrets, in code and in configuration.

use super::entropy::{self, Mix};
use super::scan::{Keep, Span};

/// No key or password in use is longer on one line.
pub(super) const LONGEST_VALUE: usize = 512;

/// What may stand between a name and its operator or value: closing brackets, a type.
const LONGEST_GAP: usize = 48;

/// Ends of names that speak about a secret without being one.
const ABOUT: &[&str] = &[
    "type",
    "name",
    "url",
    "uri",
    "path",
    "file",
    "field",
    "label",
    "count",
    "length",
    "size",
    "regex",
    "pattern",
    "hint",
    "placeholder",
    "header",
    "policy",
    "endpoint",
    "kind",
    "class",
    "prompt",
    "message",
    "error",
    "expiry",
    "ttl",
    "izer",
];

/// Marks of a value that stands for one: templates and examples.
const STAND_INS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your",
    "xxxx",
    "****",
    "dummy",
    "redacted",
    "<",
    "${",
    "{{",
    "%(",
];

/// The secret assigned to the name of which `start..end` is a part.
pub(super) fn at(text: &[u8], start: usize, end: usize) -> Option<Span> {
    let part = text.get(start..end)?;
    if part == b"earer " {
        return bearer(text, end);
    }
    let password = is_of_password(part);
    let name_end = name_end(text, end)?;
    let suffix = text.get(end..name_end)?.to_ascii_lowercase();
    if ABOUT.iter().any(|about| suffix.ends_with(about.as_bytes())) {
        return None;
    }
    let value = operator(text, name_end)?;
    let (open, quote) = opening(text, value)?;
    let rest = text.get(open..)?;
    let rest = rest.get(..rest.len().min(LONGEST_VALUE + 1))?;
    let length = match quote {
        Some(quote) => closing(rest, quote)?,
        None => bare(rest)?,
    };
    let literal = rest.get(..length)?;
    if stands_in(literal) {
        return None;
    }
    let secret = match (password, quote.is_some()) {
        (true, true) => is_password(literal),
        (true, false) => is_password(literal) && entropy::looks_random(literal, Mix::LetterDigit),
        (false, _) => 16 <= length && plain(literal) && entropy::looks_random(literal, Mix::LetterDigit),
    };
    let rule = if password { "password" } else { "secret_assignment" };
    secret.then(|| Span {
        start: open,
        end: open + length,
        rule,
        keep: Keep::Lines,
    })
}

/// Whether this part of a name tells of a password.
pub(super) fn is_of_password(part: &[u8]) -> bool {
    part.eq_ignore_ascii_case(b"assw")
        || part.eq_ignore_ascii_case(b"pwd")
        || part.eq_ignore_ascii_case(b"assphr")
}

/// Where the name ends that goes on at `from`.
pub(super) fn name_end(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?.iter();
    Some(from + rest.take(40).take_while(|b| is_name(**b)).count())
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The token after `Bearer `.
fn bearer(text: &[u8], start: usize) -> Option<Span> {
    let rest = text.get(start..)?;
    let length = rest
        .iter()
        .take(LONGEST_VALUE)
        .take_while(|b| plain_byte(**b))
        .count();
    let literal = rest.get(..length)?;
    (20 <= length && !stands_in(literal) && entropy::looks_random(literal, Mix::LetterDigit)).then(|| Span {
        start,
        end: start + length,
        rule: "bearer_token",
        keep: Keep::Lines,
    })
}

/// Where the value begins, behind an operator on the same line.
fn operator(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let rest = rest.get(..rest.len().min(LONGEST_GAP))?;
    let mut at = 0;
    // The name may be a quoted key or an index: `"token": `, `['token'] = `.
    while matches!(
        rest.get(at),
        Some(b'"' | b'\'' | b'`' | b']' | b')' | b' ' | b'\t' | b'?' | b'!')
    ) {
        at += 1;
    }
    let quoted_key = at != 0 && matches!(rest.first(), Some(b'"' | b'\'' | b'`'));
    match rest.get(at)? {
        b',' if quoted_key => at += 1,
        b'=' => {
            at += rest
                .get(at..)?
                .iter()
                .take_while(|b| matches!(b, b'=' | b'>' | b'~'))
                .count()
        }
        b'!' => at += 1,
        // A path such as `Token::Str("…")` assigns nothing.
        b':' if rest.get(at + 1) == Some(&b':') => return None,
        b':' => {
            at += 1;
            if rest.get(at) == Some(&b'=') {
                at += 1;
            } else if let Some(equals) = type_then_equals(rest.get(at..)?) {
                at += equals + 1;
            }
        }
        _ => return None,
    }
    Some(from + at)
}

/// The `=` behind a type annotation, such as in `token: &'static str = "…"`.
fn type_then_equals(rest: &[u8]) -> Option<usize> {
    let length = rest
        .iter()
        .take_while(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b' ' | b'&' | b'\'' | b'<' | b'>' | b'_' | b':' | b'[' | b']' | b'|' | b'?'
                )
        })
        .count();
    let has_letters = rest.get(..length)?.iter().any(u8::is_ascii_alphabetic);
    (has_letters && rest.get(length) == Some(&b'=')).then_some(length)
}

/// Where the literal begins and its quote, past prefixes such as `b`, `f` and `String::from(`.
fn opening(text: &[u8], from: usize) -> Option<(usize, Option<u8>)> {
    let rest = text.get(from..)?;
    let rest = rest.get(..rest.len().min(LONGEST_GAP + LONGEST_VALUE))?;
    let spaces = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let call = rest.get(spaces..)?;
    let word = call
        .iter()
        .take(LONGEST_GAP)
        .take_while(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'&' | b'@' | b'$' | b' ')
        })
        .count();
    let opened = word + usize::from(word != 0 && call.get(word) == Some(&b'('));
    let quote_at = |at: usize| call.get(at).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote_at(opened)
        && (opened != word || word <= 2)
    {
        return Some((from + spaces + opened + 1, Some(quote)));
    }
    Some((from + spaces, None))
}

/// The length of a literal up to its closing quote, on one line.
pub(super) fn closing(rest: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            b'\n' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if *byte == quote => return Some(index),
            _ => {}
        }
    }
    None
}

/// The length of a value without quotes, which must end with its line: everything else is an expression.
fn bare(rest: &[u8]) -> Option<usize> {
    let length = rest
        .iter()
        .take_while(|b| plain_byte(**b) || matches!(b, b'!' | b'@' | b'%' | b'^' | b'&' | b'*' | b'#'))
        .count();
    let rest_of_line = rest.get(length..)?;
    let end = memchr::memchr(b'\n', rest_of_line).unwrap_or(rest_of_line.len());
    let tail = rest_of_line.get(..end)?.trim_ascii();
    ((tail.is_empty() || tail.starts_with(b"#")) && length <= LONGEST_VALUE).then_some(length)
}

/// The characters that encodings of random bytes use.
fn plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~')
}

fn plain(literal: &[u8]) -> bool {
    literal
        .iter()
        .all(|b| plain_byte(*b) || matches!(b, b'!' | b'@' | b'%' | b'^' | b'&' | b'*' | b'#' | b'$' | b':'))
}

/// A password has no spaces and three kinds of characters, one of them a digit or a sign.
pub(super) fn is_password(literal: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| usize::from(literal.iter().any(test));
    let sign = |b: &u8| b.is_ascii_punctuation() && !matches!(b, b'_' | b'-' | b'.' | b'/');
    let kinds =
        has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit) + has(sign);
    8 <= literal.len()
        && literal
            .iter()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'{' | b'}' | b'<' | b'>'))
        && 3 <= kinds
}

pub(super) fn stands_in(literal: &[u8]) -> bool {
    let lower = literal.to_ascii_lowercase();
    let holds = |mark: &&str| memchr::memmem::find(&lower, mark.as_bytes()).is_some();
    let path =
        lower.starts_with(b"/") || lower.starts_with(b"./") || memchr::memmem::find(&lower, b"://").is_some();
    path || lower.starts_with(b"$") || STAND_INS.iter().any(holds)
}
