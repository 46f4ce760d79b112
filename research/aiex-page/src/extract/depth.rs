//! Pages nested so deeply that trees of them are dangerous: parsers become slow, recursion runs out of stack.
//! They are recognised before they are parsed, and read without a tree.

/// Elements inside of each other that a page may have. Browsers stop at 512; pages that people read stay below
/// a hundred.
pub(crate) const MAX_DEPTH: usize = 250;

/// Elements that hold nothing, or whose end may be left out because the next one ends them.
const UNCOUNTED: &[&[u8]] = &[
    b"area",
    b"base",
    b"br",
    b"col",
    b"colgroup",
    b"dd",
    b"dt",
    b"embed",
    b"hr",
    b"img",
    b"input",
    b"li",
    b"link",
    b"meta",
    b"optgroup",
    b"option",
    b"p",
    b"param",
    b"rp",
    b"rt",
    b"source",
    b"tbody",
    b"td",
    b"tfoot",
    b"th",
    b"thead",
    b"tr",
    b"track",
    b"wbr",
];

/// Elements whose content is no HTML.
const RAW: &[&[u8]] = &[
    b"script",
    b"style",
    b"textarea",
    b"title",
    b"noscript",
    b"template",
];

/// Whether more than [`MAX_DEPTH`] elements are open at once, as far as a look at the tags tells. End tags close
/// whatever is open, so the count can only be too low by what is closed twice, which the parser ignores too.
pub(crate) fn is_deep(html: &str) -> bool {
    let mut open = 0_usize;
    for tag in Tags::new(html) {
        if UNCOUNTED.iter().any(|name| tag.name.eq_ignore_ascii_case(name)) {
            continue;
        }
        if tag.is_end {
            open = open.saturating_sub(1);
        } else {
            open += 1;
            if open > MAX_DEPTH {
                return true;
            }
        }
    }
    false
}

/// The text between the tags, a line each.
pub(crate) fn flat_text(html: &str) -> String {
    let mut text = String::new();
    let mut last = 0;
    for tag in Tags::new(html) {
        push_line(&mut text, &html[last..tag.start]);
        last = tag.end;
    }
    push_line(&mut text, &html[last..]);
    text
}

fn push_line(text: &mut String, part: &str) {
    let line = super::markdown::collapse(part);
    if !line.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
}

/// A tag, comment or raw element in a text.
struct Tag<'a> {
    name: &'a [u8],
    is_end: bool,
    start: usize,
    end: usize,
}

struct Tags<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    fn new(html: &'a str) -> Self {
        Self { html, at: 0 }
    }

    fn seek(&self, from: usize, wanted: &[u8]) -> Option<usize> {
        let bytes = self.html.as_bytes();
        let first = wanted.first()?;
        let mut at = from;
        while let Some(found) = bytes
            .get(at..)?
            .iter()
            .position(|byte| byte.eq_ignore_ascii_case(first))
        {
            at += found;
            if bytes
                .get(at..at + wanted.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(wanted))
            {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let bytes = self.html.as_bytes();
        loop {
            let start = self.at + bytes.get(self.at..)?.iter().position(|&byte| byte == b'<')?;
            let rest = &bytes[start + 1..];
            if rest.starts_with(b"!--") {
                let end = self.seek(start + 4, b"-->").map_or(bytes.len(), |at| at + 3);
                self.at = end;
                return Some(Tag {
                    name: b"br",
                    is_end: false,
                    start,
                    end,
                });
            }
            let is_end = rest.first() == Some(&b'/');
            let name_at = start + 1 + usize::from(is_end);
            let starts = bytes
                .get(name_at)
                .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'!' || *byte == b'?');
            if !starts {
                self.at = start + 1;
                continue;
            }
            let length = bytes[name_at..]
                .iter()
                .take_while(|byte| !byte.is_ascii_whitespace() && !b"/>".contains(byte))
                .count();
            let name = &bytes[name_at..name_at + length];
            let close = self.seek(name_at + length, b">").unwrap_or(bytes.len());
            let is_empty = close > 0 && bytes.get(close - 1) == Some(&b'/') || !name[0].is_ascii_alphabetic();
            let mut end = (close + 1).min(bytes.len());
            if !is_end && !is_empty && RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
                let closing = [b"</", name].concat();
                let from = self.seek(end, &closing).unwrap_or(bytes.len());
                end = self.seek(from, b">").map_or(bytes.len(), |at| at + 1);
                self.at = end;
                return Some(Tag {
                    name: b"br",
                    is_end: false,
                    start,
                    end,
                });
            }
            self.at = end;
            // `<br/>` holds nothing. `<div/>` does in HTML, but pages write it for an empty element of SVG.
            let name: &[u8] = if is_empty { b"br" } else { name };
            return Some(Tag {
                name,
                is_end,
                start,
                end,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_pages_are_not_deep() {
        let page = "<!doctype html><html><body><!-- <div> -->".to_owned()
            + &"<div><p>text<br><img src=a><script>'<div>'</script></div>".repeat(1000)
            + &"<ul><li>one<li>two</ul>".repeat(1000)
            + &"<svg><path d='M0'/></svg>".repeat(1000);
        assert!(!is_deep(&page));
    }

    #[test]
    fn nested_pages_are_deep() {
        for tag in ["div", "b", "DIV class=x", "font", "ul><li", "x-y"] {
            let page = format!("<{tag}>").repeat(10_000);
            assert!(is_deep(&page), "{tag}");
        }
    }

    #[test]
    fn text_is_read_without_a_tree() {
        let html = "<title>No</title><p>One &lt; two</p><script>no()</script><!-- no --> three < four <b";
        assert_eq!(flat_text(html), "One &lt; two\nthree < four");
    }

    proptest! {
        #[test]
        fn any_text_is_read(html in "[<>/!a-zé \"=-]{0,200}") {
            is_deep(&html);
            flat_text(&html);
        }
    }
}
