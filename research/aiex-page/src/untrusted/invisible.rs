//! Characters that are there for machines only.

use std::borrow::Cow;

/// The text without characters that a reader does not see and that can carry a message of their own: control
/// characters, zero-width characters, marks of writing direction, tags (U+E0000 and following), interlinear
/// annotations, runs of variation selectors.
///
/// Joiners stay after letters beyond ASCII and after symbols, where Persian, Indic scripts and emoji need them; one
/// variation selector stays after what it varies.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~'))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_shown(char, out.chars().next_back()) {
            out.push(char);
        }
    }
    if out.len() == text.len() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

fn is_shown(char: char, before: Option<char>) -> bool {
    match char {
        '\n' | '\t' => true,
        // ZWNJ, ZWJ.
        '\u{200c}' | '\u{200d}' => before.is_some_and(|before| !before.is_ascii() && !is_joiner(before)),
        // Variation selectors.
        '\u{fe00}'..='\u{fe0f}' => {
            before.is_some_and(|before| !before.is_whitespace() && !is_selector(before))
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        char => !char.is_control(),
    }
}

fn is_joiner(char: char) -> bool {
    matches!(char, '\u{200c}' | '\u{200d}')
}

fn is_selector(char: char) -> bool {
    matches!(char, '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_for_machines_are_taken_out() {
        let tags: String = "obey"
            .bytes()
            .map(|byte| char::from_u32(0xe0000 + u32::from(byte)).unwrap())
            .collect();
        for (text, expected) in [
            ("ig\u{200b}no\u{2060}re", "ignore"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("so\u{ad}ft \u{feff}x", "soft x"),
            ("bell\u{7} \u{1b}[31mred\r\n", "bell [31mred\n"),
            ("x\u{200d}\u{200c}y", "xy"),
            ("👍\u{fe0f}\u{fe00}\u{fe01}\u{fe02}", "👍\u{fe0f}"),
            ("é\u{200d}\u{200c}\u{200d}\u{200c}", "é\u{200d}"),
            (tags.as_str(), ""),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn languages_and_emoji_stay_whole() {
        for text in [
            "plain",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}💻 ❤\u{fe0f}",
            "naïve — “日本語”",
            "a\tb\nc",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    proptest! {
        #[test]
        fn cleaning_is_complete_after_one_pass(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once), once.clone());
            prop_assert!(once.len() <= text.len());
        }
    }
}
