//! Passwords as people write them into a question: weaker than those that are looked for in files, and in the midst of
//! a line. Files are not read like this: a name that is taken for a password there can no longer be found.

use super::assignment::{self, LONGEST_VALUE};
use super::scan::{Keep, Span};

/// No password in use is shorter, in characters; numbers and types of code are.
const SHORTEST: usize = 6;

/// What follows the part of a name where the name means the password itself: `password`, `passwd`, `pwd`, `passphrase`.
const ENDS: &[&str] = &["", "d", "ord", "ase"];

/// How names begin that stand where a password could, and have a digit.
const METHODS: &[&str] = &[
    "argon2", "base64", "bcrypt", "pbkdf2", "scrypt", "sha1", "sha2", "sha3", "sha5", "utf",
];

/// The password assigned to the name of which `start..end` is a part.
pub(super) fn at(text: &[u8], start: usize, end: usize) -> Option<Span> {
    if !assignment::is_of_password(text.get(start..end)?) {
        return None;
    }
    let name_end = assignment::name_end(text, end)?;
    let rest_of_name = text.get(end..name_end)?;
    let known = |known: &&str| rest_of_name.eq_ignore_ascii_case(known.as_bytes());
    if !ENDS.iter().any(known) {
        return None;
    }
    let (start, length) = value(text, behind_operator(text, name_end)?)?;
    let literal = text.get(start..start + length)?;
    is_meant(literal).then_some(Span {
        start,
        end: start + length,
        rule: "password",
        keep: Keep::Lines,
    })
}

/// The place behind `=`, `:` or `:=`; comparisons and paths assign nothing. The name may be a quoted key or an index.
fn behind_operator(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let framed = rest
        .iter()
        .take(4)
        .take_while(|b| matches!(b, b'"' | b'\'' | b'`' | b']' | b' ' | b'\t'))
        .count();
    let length = match rest.get(framed..)? {
        [b':', b':', ..] | [b'=', b'=' | b'>' | b'~', ..] => return None,
        [b':', b'=', ..] => 2,
        [b':' | b'=', ..] => 1,
        _ => return None,
    };
    Some(from + framed + length)
}

/// Where the value begins, and its length.
fn value(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let spaces = rest
        .iter()
        .take(LONGEST_VALUE)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    let start = from + spaces;
    let rest = rest.get(spaces..)?;
    let rest = rest.get(..rest.len().min(LONGEST_VALUE + 1))?;
    match *rest.first()? {
        quote @ (b'"' | b'\'' | b'`') => Some((start + 1, assignment::closing(rest.get(1..)?, quote)?)),
        _ => Some((start, bare(rest)?)),
    }
}

/// The length of a value without quotes: up to a space, a quote, a closing bracket or the next assignment, and without
/// the stops of a sentence. What opens a bracket is an expression.
fn bare(rest: &[u8]) -> Option<usize> {
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`') || is_bracket(*b);
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    if LONGEST_VALUE < end || matches!(rest.get(end), Some(b'(' | b'[' | b'{' | b'<')) {
        return None;
    }
    let word = rest.get(..end)?;
    let separator = word.iter().position(|b| matches!(b, b',' | b';' | b'&'));
    let separator = separator.filter(|at| word.get(*at..).is_some_and(|tail| tail.contains(&b'=')));
    let word = word.get(..separator.unwrap_or(end))?;
    let last = word
        .iter()
        .rposition(|b| !matches!(b, b'.' | b',' | b';' | b':' | b'?'))?;
    Some(last + 1)
}

/// Whether it is a password rather than code or prose: it has a digit, or is as mixed as passwords are, and is the name
/// of no variable, type or method.
fn is_meant(literal: &[u8]) -> bool {
    let lower = literal.to_ascii_lowercase();
    let holds = |mark: &str| memchr::memmem::find(&lower, mark.as_bytes()).is_some();
    let words = lower.iter().all(|b| assignment::is_name(*b) || *b == b'.');
    let names = words && ["_", ".", "assw", "pwd"].into_iter().any(holds);
    let has_digit = literal.iter().any(u8::is_ascii_digit);
    // Pointers, parameters and variables of shells begin with a sign.
    let begins = literal
        .first()
        .is_some_and(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
    SHORTEST <= literal.len()
        && begins
        && !literal.iter().any(|b| b.is_ascii_whitespace() || is_bracket(*b))
        && !METHODS.iter().any(|method| lower.starts_with(method.as_bytes()))
        && !assignment::stands_in(literal)
        && (assignment::is_password(literal) || (has_digit && !names))
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>')
}
