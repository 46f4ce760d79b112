//! Tokens that show by their own shape what they are.

use super::entropy::{self, Mix};
use super::scan::{Keep, Span};

struct Shape {
    prefix: &'static str,
    rule: &'static str,
    /// What may follow the prefix, and how much of it.
    body: fn(u8) -> bool,
    least: usize,
    most: usize,
    /// Whether the rest must look drawn by lot: the prefix alone says little.
    random: bool,
}

const fn shape(
    prefix: &'static str,
    rule: &'static str,
    body: fn(u8) -> bool,
    least: usize,
    most: usize,
) -> Shape {
    Shape {
        prefix,
        rule,
        body,
        least,
        most,
        random: false,
    }
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn dashed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn dotted(byte: u8) -> bool {
    dashed(byte) || byte == b'.'
}

fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

/// The shapes that their issuers document, in the order in which they are tried.
const SHAPES: &[Shape] = &[
    shape("AKIA", "aws_access_key_id", upper, 16, 16),
    shape("ASIA", "aws_access_key_id", upper, 16, 16),
    shape("ghp_", "github_token", alphanumeric, 30, 255),
    shape("gho_", "github_token", alphanumeric, 30, 255),
    shape("ghu_", "github_token", alphanumeric, 30, 255),
    shape("ghs_", "github_token", alphanumeric, 30, 255),
    shape("ghr_", "github_token", alphanumeric, 30, 255),
    shape("github_pat_", "github_token", word, 40, 255),
    shape("glpat-", "gitlab_token", dashed, 20, 255),
    shape("xox", "slack_token", dashed, 15, 255),
    shape("xapp-", "slack_token", dashed, 20, 255),
    shape("hooks.slack.com/services/", "slack_webhook", path, 30, 255),
    shape("sk_live_", "stripe_key", word, 16, 255),
    shape("rk_live_", "stripe_key", word, 16, 255),
    shape("sk_test_", "stripe_key", word, 16, 255),
    shape("AIza", "google_api_key", dashed, 35, 35),
    shape("ya29.", "google_oauth_token", dotted, 30, 2048),
    Shape {
        prefix: "sk-",
        rule: "openai_key",
        body: dashed,
        least: 20,
        most: 255,
        random: true,
    },
    Shape {
        prefix: "eyJ",
        rule: "json_web_token",
        body: dotted,
        least: 30,
        most: 8192,
        random: true,
    },
    shape("npm_", "npm_token", alphanumeric, 36, 36),
    shape("pypi-AgE", "pypi_token", dashed, 50, 512),
    Shape {
        prefix: "SG.",
        rule: "sendgrid_key",
        body: dotted,
        least: 60,
        most: 80,
        random: true,
    },
    Shape {
        prefix: "hf_",
        rule: "hugging_face_token",
        body: alphanumeric,
        least: 30,
        most: 64,
        random: true,
    },
    shape("dop_v1_", "digitalocean_token", alphanumeric, 64, 64),
    shape("shpat_", "shopify_token", alphanumeric, 32, 32),
    shape("AccountKey=", "azure_storage_key", base64, 40, 128),
    shape("AGE-SECRET-KEY-1", "age_key", upper, 50, 64),
];

/// What to look for: the prefixes of [`SHAPES`].
pub(super) const PREFIXES: &[&str] = &prefixes();

const fn prefixes() -> [&'static str; SHAPES.len()] {
    let mut out = [""; SHAPES.len()];
    let mut index = 0;
    while index < SHAPES.len() {
        out[index] = SHAPES[index].prefix;
        index += 1;
    }
    out
}

/// The token that begins at `start`.
pub(super) fn at(text: &[u8], start: usize) -> Option<Span> {
    let before = start.checked_sub(1).and_then(|index| text.get(index));
    if before.is_some_and(|byte| dotted(*byte)) {
        return None;
    }
    let rest = text.get(start..)?;
    let shape = SHAPES
        .iter()
        .find(|shape| rest.starts_with(shape.prefix.as_bytes()))?;
    let body = rest.get(shape.prefix.len()..)?;
    let mut length = body
        .iter()
        .take(shape.most + 1)
        .take_while(|byte| (shape.body)(**byte))
        .count();
    while length != 0 && matches!(body.get(length - 1), Some(b'.' | b'-')) {
        length -= 1;
    }
    if length < shape.least || shape.most < length {
        return None;
    }
    let body = body.get(..length)?;
    let sound = match shape.rule {
        "json_web_token" => is_jwt(rest.get(..shape.prefix.len() + length)?),
        "slack_token" if shape.prefix == "xox" => {
            matches!(body, [b'a' | b'b' | b'e' | b'o' | b'p' | b'r' | b's', b'-', ..])
        }
        _ => !shape.random || entropy::looks_random(body, Mix::UpperLowerDigit),
    };
    sound.then(|| Span {
        start,
        end: start + shape.prefix.len() + length,
        rule: shape.rule,
        keep: Keep::Lines,
    })
}

/// A header and a payload that are JSON objects, and a signature, which may be absent.
fn is_jwt(token: &[u8]) -> bool {
    let mut parts = token.split(|b| *b == b'.');
    let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    10 <= header.len() && payload.starts_with(b"eyJ") && 10 <= payload.len() && parts.next().is_some()
}

/// Values that stand for a password in documentation.
const STAND_INS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "changeme",
    "username",
    "example",
    "postgres",
    "mysecretpassword",
    "pass",
    "pwd",
];

/// The password in a URL whose `://` begins at `start`.
pub(super) fn url(text: &[u8], start: usize) -> Option<Span> {
    let user = start + b"://".len();
    let rest = text.get(user..)?;
    let rest = rest.get(..rest.len().min(256))?;
    let stop = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'?' | b'#')
    };
    let authority = rest.get(..rest.iter().position(stop).unwrap_or(rest.len()))?;
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..at)?)?;
    let password = authority.get(colon + 1..at)?;
    let plain = password.iter().all(|b| {
        b.is_ascii_graphic() && !matches!(b, b'$' | b'{' | b'}' | b'(' | b')' | b'[' | b']' | b'*' | b',')
    });
    let stand_in = STAND_INS
        .iter()
        .any(|word| word.as_bytes().eq_ignore_ascii_case(password));
    (6 <= password.len() && plain && !stand_in).then(|| Span {
        start: user + colon + 1,
        end: user + at,
        rule: "password_in_url",
        keep: Keep::Lines,
    })
}
