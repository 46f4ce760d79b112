//! A conservative estimate of how many tokens a text takes. It does not know any model's vocabulary: it is
//! there to see an overflow before sending, so it errs on the high side.

/// What a chat template adds to every message (role markers and separators), in tokens.
pub const PER_MESSAGE: usize = 8;

/// Byte-pair vocabularies average 4 or more characters a token on English prose and 3.2 to 3.6 on source
/// code; the lower end of code is used for everything.
const CHARS_PER_TOKEN: f64 = 3.2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Mark,
    Space,
    Latin,
    Wide,
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Digit,
        c if c.is_whitespace() => Class::Space,
        c if c.is_ascii() => Class::Mark,
        // Accented Latin, Greek, Cyrillic, Hebrew, Arabic: merged in pairs by large vocabularies, rarely by small.
        '\u{80}'..='\u{7ff}' => Class::Latin,
        _ => Class::Wide,
    }
}

/// At most about this many tokens are in `text`: the larger of `characters / 3.2` and a count by kind of
/// character, in which a word takes a token for each four letters or part of four, every digit takes one, as
/// does each pair of punctuation marks, each run of white space other than a single blank, and each two
/// letters of another alphabet; ideographs take one and a half.
pub fn estimate(text: &str) -> usize {
    let mut halves = 0usize; // counted in half tokens, to stay in whole numbers
    let mut chars = 0usize;
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        let kind = class(first);
        let mut run = 1usize;
        while rest.next_if(|c| class(*c) == kind).is_some() {
            run += 1;
        }
        chars += run;
        halves += match kind {
            Class::Letter => 2 * run.div_ceil(4),
            Class::Digit => 2 * run,
            Class::Mark => 2 * run.div_ceil(2),
            // A blank belongs to the word after it, but digits stand alone.
            Class::Space if run == 1 && first == ' ' => match rest.peek().map(|c| class(*c)) {
                Some(Class::Digit) => 2,
                _ => 0,
            },
            Class::Space => 2 * run.div_ceil(16),
            Class::Latin => 2 * run.div_ceil(2),
            Class::Wide => 3 * run,
        };
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, never negative"
    )]
    let flat = (chars as f64 / CHARS_PER_TOKEN).ceil() as usize;
    flat.max(halves.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts_are_not_underestimated() {
        // Token counts of the cl100k vocabulary, as its publisher's documentation gives them.
        assert!(estimate("hello world") >= 2);
        assert!(estimate("antidisestablishmentarianism") >= 6);
        assert!(estimate("2 + 2 = 4") >= 7);
        assert!(estimate("お誕生日おめでとう") >= 9);
        assert_eq!(estimate(""), 0);
    }

    proptest! {
        #[test]
        fn stays_between_the_flat_rate_and_a_token_and_a_half_a_character(text in ".{0,400}") {
            let chars = text.chars().count();
            let tokens = estimate(&text);
            prop_assert!(tokens * 16 >= chars * 5);
            prop_assert!(tokens <= chars + chars.div_ceil(2));
        }

        #[test]
        fn more_text_never_takes_fewer_tokens(a in ".{0,200}", b in ".{0,200}") {
            let longer = a.clone() + &b;
            prop_assert!(estimate(&longer) >= estimate(&a));
        }
    }
}
