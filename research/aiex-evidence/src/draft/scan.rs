//! One line of prose: citations out, links out, the words stay.

use crate::report::Removed;
use crate::sentences::code_spans;
use crate::{Evidence, Source, inline};

use super::blocks::is_definition;
use super::cites::{self, Cite};

/// What becomes of addresses that stand in the text as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    Keep,
    Drop,
}

/// A line without citations and links. Citations stand where they stood, in bytes of the text.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) text: String,
    pub(super) cites: Vec<(usize, Cite)>,
    pub(super) removed: Removed,
}

/// How deep brackets are followed; deeper ones are text.
const DEEPEST: usize = 12;

/// HTML elements whose tags are taken out. Other `<names>` are type parameters, and stay as text.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "audio",
    "b",
    "base",
    "blockquote",
    "body",
    "br",
    "button",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "font",
    "footer",
    "form",
    "frame",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "image",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "link",
    "main",
    "mark",
    "math",
    "meta",
    "nav",
    "object",
    "ol",
    "p",
    "param",
    "pre",
    "q",
    "ref",
    "s",
    "script",
    "section",
    "select",
    "small",
    "source",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "video",
];

/// Elements that are taken out with what they hold.
const WHOLE: &[&str] = &["script", "style", "iframe", "object", "svg", "template", "math"];

pub(super) fn scan(text: &str, evidence: Evidence<'_>, addresses: Addresses) -> Scanned {
    let mut scanner = Scanner {
        evidence,
        addresses,
        out: Scanned::default(),
        gap: None,
    };
    if is_definition(text.trim()) {
        scanner.out.removed.links += 1;
        return scanner.out;
    }
    scanner.run(text, 0);
    scanner.out
}

struct Scanner<'a> {
    evidence: Evidence<'a>,
    addresses: Addresses,
    out: Scanned,
    /// Where a citation was taken out last.
    gap: Option<usize>,
}

impl Scanner<'_> {
    fn run(&mut self, text: &str, depth: usize) {
        let code = code_spans(text);
        let bare = inline::addresses(text);
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(span) = code.iter().find(|span| span.start == at) {
                let inside = text.get(span.clone()).unwrap_or_default();
                let bare = inside.trim_matches('`').trim();
                match bracketed(bare)
                    .and_then(|(inner, end)| (end == bare.len()).then(|| cites::group(inner)).flatten())
                {
                    Some(group) => self.cite(group),
                    None => self.push_all(inside),
                }
                at = span.end;
                continue;
            }
            if let Some(range) = bare.iter().find(|range| range.start == at) {
                let address = text.get(range.clone()).unwrap_or_default();
                self.address(address);
                at = range.end;
                continue;
            }
            at += self.step(rest, depth);
        }
    }

    /// Reads what stands at the beginning of a text; returns how many bytes that was.
    fn step(&mut self, rest: &str, depth: usize) -> usize {
        let c = rest.chars().next().unwrap_or(' ');
        let word_before = self
            .out
            .text
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let read = match c {
            '\\' if rest
                .get(1..)
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_punctuation())) =>
            {
                Some(1)
            }
            '<' => self.tag(rest),
            '!' if rest.get(1..).is_some_and(|next| next.starts_with('[')) && depth < DEEPEST => {
                self.image(rest)
            }
            '[' | '【' | '［' if depth < DEEPEST => self.bracket(rest, word_before, depth),
            '(' => bracketed(rest).and_then(|(inside, end)| {
                let group = cites::group(inside).filter(|_| inside.contains(['.', ':', '#']))?;
                self.cite(group);
                Some(end)
            }),
            'S' if !word_before => cites::bare(rest).map(|(end, cite)| {
                self.cite(cites::Group {
                    cites: vec![cite],
                    unreadable: 0,
                });
                end
            }),
            _ => None,
        };
        read.unwrap_or_else(|| {
            self.push(c);
            c.len_utf8()
        })
    }

    fn bracket(&mut self, rest: &str, word_before: bool, depth: usize) -> Option<usize> {
        let (inside, end) = bracketed(rest)?;
        let after = rest.get(end..).unwrap_or_default();
        if let Some(group) = cites::group(inside) {
            self.cite(group);
            // `[S3.2](address)`: the address is not needed.
            let target = target(after);
            self.out.removed.links += u32::from(target.is_some());
            return Some(end + target.map_or(0, |(_, length)| length));
        }
        if let Some((address, length)) = target(after) {
            self.link(&address, Some(inside), depth);
            return Some(end + length);
        }
        if !word_before && cites::is_footnote(inside) {
            self.cite(cites::Group {
                cites: Vec::new(),
                unreadable: 1,
            });
            return Some(end);
        }
        // `[text][label]` and `[text][]`
        if let Some((label, length)) = after.starts_with('[').then(|| bracketed(after)).flatten()
            && cites::group(label).is_none()
            && !word_before
        {
            self.out.removed.links += 1;
            self.run(inside, depth + 1);
            return Some(end + length);
        }
        None
    }

    fn image(&mut self, rest: &str) -> Option<usize> {
        let (alt, end) = bracketed(rest.get(1..)?)?;
        let after = rest.get(1 + end..).unwrap_or_default();
        let length = match target(after) {
            Some((_, length)) => length,
            None if after.starts_with('[') => bracketed(after)?.1,
            None => return None,
        };
        self.out.removed.links += 1;
        self.push_all(&alt.replace(['[', ']', '(', ')', '<', '>'], " "));
        Some(1 + end + length)
    }

    fn tag(&mut self, rest: &str) -> Option<usize> {
        if rest.starts_with("<!--") {
            return Some(rest.find("-->").map_or(rest.len(), |end| end + 3));
        }
        let end = rest.find('>')? + 1;
        let inside = rest.get(1..end - 1)?;
        let looks_like_an_address =
            !inside.contains(char::is_whitespace) && (inside.contains(':') || inside.contains('@'));
        if looks_like_an_address
            && inside.starts_with(|c: char| c.is_ascii_alphabetic())
            && !inside.contains("::")
        {
            self.link(inside, None, 0);
            return Some(end);
        }
        let name = inside.trim_start_matches('/');
        let name = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let one_case = name == lower || name == name.to_ascii_uppercase();
        if !one_case || ELEMENTS.binary_search(&lower.as_str()).is_err() {
            return None;
        }
        let attributes = inside.to_ascii_lowercase();
        if ["href", "src", "action", "background", "poster", "data"]
            .iter()
            .any(|name| attributes.contains(name))
        {
            self.out.removed.links += 1;
        }
        if WHOLE.contains(&lower.as_str()) && !inside.starts_with('/') {
            let close = format!("</{lower}");
            let lowered = rest.to_ascii_lowercase();
            let whole = lowered
                .find(&close)
                .and_then(|at| Some(at + lowered.get(at..)?.find('>')? + 1));
            return Some(whole.unwrap_or(rest.len()));
        }
        if matches!(lower.as_str(), "br" | "p" | "li" | "td" | "th" | "div") {
            self.push(' ');
        }
        Some(end)
    }

    /// An address in the text.
    fn address(&mut self, address: &str) {
        let is_mail = address.contains('@') && !address.contains("://") && !address.starts_with("mailto:");
        if self.addresses == Addresses::Keep || is_mail {
            self.push_all(address);
        } else {
            self.link(address, None, 0);
        }
    }

    /// A link: its words stay; its address becomes a citation, if it is a source's, or goes.
    fn link(&mut self, address: &str, words: Option<&str>, depth: usize) {
        let known: Option<&Source> = self.evidence.sources.find_url(address);
        match (words, known) {
            (Some(words), _) => self.run(words, depth + 1),
            (None, Some(source)) => {
                let title: String = source.title.split_whitespace().collect::<Vec<_>>().join(" ");
                let shown: String = title
                    .chars()
                    .filter(|c| !"[]<>()`".contains(*c))
                    .take(80)
                    .collect();
                self.push_all(&shown);
            }
            (None, None) => self.push_all("(link removed)"),
        }
        match known {
            Some(source) => self
                .out
                .cites
                .push((self.out.text.len(), Cite::Source(source.id))),
            None => self.out.removed.links += 1,
        }
    }

    fn cite(&mut self, group: cites::Group) {
        self.out.removed.citations += group.unreadable;
        let at = self.out.text.len();
        self.gap = Some(at);
        self.out
            .cites
            .extend(group.cites.into_iter().map(|cite| (at, cite)));
    }

    fn push_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    /// Appends a character; the gap that a citation left before it closes.
    fn push(&mut self, c: char) {
        let text = &mut self.out.text;
        if c.is_whitespace() {
            if !text.is_empty() && !text.ends_with(' ') {
                text.push(' ');
            }
            return;
        }
        let after_gap = self.gap.is_some_and(|at| at + 1 >= text.len());
        if after_gap && matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')') && text.ends_with(' ') {
            text.pop();
            let end = text.len();
            self.out.cites.iter_mut().for_each(|(at, _)| *at = (*at).min(end));
        }
        text.push(c);
    }
}

/// What stands between the bracket at the beginning of a text and its partner, and where that ends.
fn bracketed(text: &str) -> Option<(&str, usize)> {
    let open = text.chars().next()?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        '【' => '】',
        '［' => '］',
        _ => return None,
    };
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        // What a citation or a link's text may hold at most.
        if at > 2000 {
            return None;
        }
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some((text.get(open.len_utf8()..at)?, at + c.len_utf8()));
            }
        }
    }
    None
}

/// The `(address "title")` at the beginning of a text, and its length.
fn target(text: &str) -> Option<(String, usize)> {
    let (inside, end) = text.starts_with('(').then(|| bracketed(text)).flatten()?;
    let address = inside.trim();
    let address = match address.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((address, _)) => address,
        None => address.split_whitespace().next().unwrap_or_default(),
    };
    Some((address.to_owned(), end))
}
