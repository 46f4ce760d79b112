//! The words of a server, fit for people. It does not know what they say.

/// The longest message kept, in characters: one that a terminal still shows as a paragraph.
const LONGEST: usize = 300;

/// `text` fit for one line of a terminal: shortened, white space folded, control characters dropped (a server must not
/// be able to move the cursor).
pub fn clipped(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if word.is_empty() {
            continue;
        }
        length += word.chars().count() + usize::from(length > 0);
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
        if length > LONGEST {
            out = out.chars().take(LONGEST).collect();
            out.push('…');
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_flood_or_steer_the_terminal() {
        let shown = clipped(&format!("\u{1b}[2Jred\n\n{}", "word ".repeat(500)));
        assert!(shown.starts_with("[2Jred word"), "{shown}");
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert_eq!(clipped(" \u{7} \n"), "");
    }
}
