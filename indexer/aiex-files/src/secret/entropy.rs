//! Tells values that were drawn by lot from words that people made up.

/// Which kinds of characters must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mix {
    /// Small and capital letters and digits.
    UpperLowerDigit,
    /// Letters and digits.
    LetterDigit,
}

/// Bits per character that words joined by dashes do not reach together with the other tests; a random hexadecimal
/// value of 16 digits has about 3.2.
const LEAST_ENTROPY: f64 = 2.8;

/// Whether the value looks drawn by lot: the kinds of characters are there, the words in it are short, and few
/// characters repeat.
pub(super) fn looks_random(value: &[u8], mix: Mix) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let letters = has(u8::is_ascii_lowercase) || has(u8::is_ascii_uppercase);
    let kinds = match mix {
        Mix::UpperLowerDigit => {
            has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit)
        }
        Mix::LetterDigit => letters && has(u8::is_ascii_digit),
    };
    kinds && has_short_words(value) && LEAST_ENTROPY <= entropy(value)
}

/// Whether the words in the value, as in `snake_case`, `CamelCase` and `name2`, have at most 3.5 characters on
/// average. Names that people make have more than four; in random hexadecimal digits it is about two, in random
/// base64 less than three.
fn has_short_words(value: &[u8]) -> bool {
    let mut words = 0;
    let mut characters = 0;
    let mut before = b' ';
    for (index, byte) in value.iter().copied().enumerate() {
        let begins = match byte {
            b'0'..=b'9' => !before.is_ascii_digit(),
            // A small letter goes on a word that a single capital began.
            b'a'..=b'z' => !before.is_ascii_alphabetic(),
            b'A'..=b'Z' => {
                let next_is_small = value.get(index + 1).is_some_and(u8::is_ascii_lowercase);
                !before.is_ascii_uppercase() || next_is_small
            }
            _ => false,
        };
        words += usize::from(begins);
        characters += usize::from(byte.is_ascii_alphanumeric());
        before = byte;
    }
    2 * characters <= 7 * words
}

/// Shannon's entropy of the characters, in bits.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count != 0)
        .map(|count| *count as f64 / total)
        .map(|p| -p * p.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{Mix, looks_random};

    #[test]
    fn words_are_not_random_and_keys_are() {
        for value in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "aB3dE5fG7hJ9kL1mN3pQ",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ] {
            assert!(looks_random(value.as_bytes(), Mix::LetterDigit), "{value}");
        }
        for value in [
            "authorization_code_v2",
            "my-service-account-name-1",
            "AccessTokenProviderFactory2",
            "0000000000000000a",
            "application/x-www-form-urlencoded",
            "com.example.auth.TokenService2",
        ] {
            assert!(!looks_random(value.as_bytes(), Mix::LetterDigit), "{value}");
        }
    }
}
