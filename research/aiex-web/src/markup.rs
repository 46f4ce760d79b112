//! Plain text out of what engines send with tags and entities. It reads snippets, not pages.

/// `html` without tags, entities decoded, white space folded, control and invisible characters dropped, at most
/// `longest` characters, cut at a word. Text that only looks like a tag (`Vec<u8>`) is kept where it cannot be one.
pub(crate) fn plain(html: &str, longest: usize) -> String {
    let mut text = String::with_capacity(html.len().min(4 * longest));
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        match after.find('>') {
            Some(close) if is_tag(&after[..close]) => {
                // A block's end is a space, an inline tag is nothing.
                if !is_inline(&after[..close]) {
                    text.push(' ');
                }
                rest = &after[close + 1..];
            }
            _ => {
                text.push('<');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    words(&html_escape::decode_html_entities(&text), longest)
}

/// `text` folded to single spaces, without control and invisible characters, at most `longest` characters, cut at a
/// word.
pub(crate) fn words(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|c| is_visible(*c)).collect();
        if word.is_empty() {
            continue;
        }
        let more = word.chars().count() + usize::from(length > 0);
        if length + more > longest {
            if length == 0 {
                out.extend(word.chars().take(longest));
            }
            break;
        }
        if length > 0 {
            out.push(' ');
        }
        out.push_str(&word);
        length += more;
    }
    out
}

/// Whether a reader sees it: neither control nor zero-width nor a turn of direction nor a tag character. Such
/// characters serve to say something to a model that people do not see.
fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        && !matches!(c, '\u{e0000}'..='\u{e007f}')
}

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "cite",
    "code",
    "del",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

fn name(inside: &str) -> &str {
    let inside = inside.trim_start_matches('/');
    let end = inside
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(inside.len());
    &inside[..end]
}

fn is_tag(inside: &str) -> bool {
    inside.starts_with("!--") || TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name(inside)))
}

fn is_inline(inside: &str) -> bool {
    ["a", "b", "code", "em", "i", "mark", "span", "strong", "wbr"]
        .iter()
        .any(|tag| tag.eq_ignore_ascii_case(name(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_code_stays() {
        for (html, text) in [
            ("an <strong>async</strong> runtime", "an async runtime"),
            ("<p>Can&#39;t get &lt;T&gt;</p><p>next</p>", "Can't get <T> next"),
            ("Vec<u8> and a < b > c", "Vec<u8> and a < b > c"),
            ("un<span class=\"searchmatch\">wrap</span>ped", "unwrapped"),
            ("a<br/>b <!-- hidden --> c", "a b c"),
            ("open <strong", "open <strong"),
        ] {
            assert_eq!(plain(html, 100), text, "{html}");
        }
    }

    #[test]
    fn invisible_characters_go() {
        assert_eq!(plain("ig\u{200b}nore\u{202e} \u{e0041}\u{7}x", 100), "ignore x");
    }

    #[test]
    fn text_is_cut_at_a_word() {
        assert_eq!(words("one two three", 9), "one two");
        assert_eq!(words("onetwothree", 4), "onet");
        assert_eq!(words(" a\n b ", 9), "a b");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}", longest in 1_usize..50) {
            proptest::prop_assert!(plain(&text, longest).chars().count() <= longest);
        }
    }
}
