//! What a model writes, as it streams: citations are checked, and what would lead out of the sources is taken out,
//! whatever the pieces look like in which the text comes.
//!
//! The rules are those for the prose of a report ([`aiex_evidence::draft`]), kept while nobody knows yet how the text
//! goes on: of a link the words stay, an address becomes `(link removed)`, the tags of HTML go, code stays as it is.
//! Unlike a report's, this text is not rendered anew, so what is left must not grow together to a link either.

mod marks;
mod prose;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use aiex_evidence::{draft, visible};

use prose::Prose;

/// Lets text through, checks its citations and takes its links out.
///
/// `[3]`, `[1, 2]` and `[1][2]` are citations; what stands in backticks is code and passes as it is.
#[derive(Debug)]
pub(super) struct Scrubber {
    known: BTreeSet<u32>,
    /// What has come and may yet become a citation, a link, a tag or code.
    unread: String,
    prose: Prose,
    block: Option<Block>,
    cited: BTreeSet<u32>,
    rejected: BTreeSet<u32>,
}

/// A block of code that we are in.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// What opened it, and how often.
    mark: char,
    fence: usize,
    is_inside_line: bool,
}

/// What was read at the beginning of a text.
enum Read {
    /// So many bytes.
    Bytes(usize),
    /// A link of so many bytes, of which the words are yet to be read.
    Words(String, usize),
}

/// Brackets at the beginning of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Bracket<'a> {
    inside: &'a str,
    /// Of the brackets, and of the address behind them that makes them a link.
    length: usize,
    target: usize,
}

impl Scrubber {
    /// For evidence with these numbers.
    pub(super) fn new(known: impl IntoIterator<Item = u32>) -> Self {
        Self {
            known: known.into_iter().collect(),
            unread: String::new(),
            prose: Prose::default(),
            block: None,
            cited: BTreeSet::new(),
            rejected: BTreeSet::new(),
        }
    }

    /// The part of the text that is settled after this piece.
    pub(super) fn push(&mut self, piece: &str) -> String {
        // What is not seen could part an address, and a line ends with `\n`.
        let seen = visible(piece);
        self.unread.extend(seen.chars().filter(|c| *c != '\r'));
        self.read(false);
        self.prose.take()
    }

    /// What was held back at the end of the text.
    pub(super) fn finish(&mut self) -> String {
        self.read(true);
        self.prose.finish();
        self.prose.take()
    }

    /// The ids that the text cites.
    pub(super) fn cited(&self) -> impl Iterator<Item = u32> + '_ {
        self.cited.iter().copied()
    }

    /// The ids that were made up.
    pub(super) fn rejected(&self) -> Vec<u32> {
        self.rejected.iter().copied().collect()
    }

    fn read(&mut self, is_end: bool) {
        let mut text = std::mem::take(&mut self.unread);
        let mut at = 0;
        while let Some(read) = self.step(text.get(at..).unwrap_or_default(), is_end) {
            match read {
                Read::Bytes(length) => at += length,
                Read::Words(words, length) => {
                    text.replace_range(..at + length, &words);
                    at = 0;
                }
            }
        }
        text.drain(..at);
        self.unread = text;
    }

    /// Reads what a text begins with, unless only the rest can tell what that is.
    fn step(&mut self, text: &str, is_end: bool) -> Option<Read> {
        let c = text.chars().next()?;
        if let Some(block) = self.block {
            return self.in_block(block, text, is_end);
        }
        match c {
            '[' => self.bracket(text, is_end),
            '!' => self.image(text, is_end),
            '<' => self.tag(text, is_end),
            '`' | '~' => self.code(c, text, is_end),
            '\\' => self.escape(text, is_end),
            _ => Some(self.text(c)),
        }
    }

    fn text(&mut self, c: char) -> Read {
        self.prose.push(c);
        Read::Bytes(c.len_utf8())
    }

    /// A `<` that must not become a tag's with what follows.
    fn apart(&mut self) -> Read {
        let read = self.text('<');
        self.prose.cut();
        read
    }

    fn words(&mut self, inside: &str, length: usize) -> Read {
        self.prose.cut();
        Read::Words(inside.to_owned(), length)
    }

    fn as_it_is(&mut self, text: &str, length: usize) -> Read {
        self.prose.code(text.get(..length).unwrap_or_default());
        Read::Bytes(length)
    }

    fn bracket(&mut self, text: &str, is_end: bool) -> Option<Read> {
        let found = Bracket::read(text, is_end)?;
        let length = found.length + found.target;
        // `[1](address)`: the address is not needed.
        if self.cite(found.inside) {
            return Some(Read::Bytes(length));
        }
        if found.target > 0 {
            return Some(self.words(found.inside, length));
        }
        Some(self.text('['))
    }

    fn image(&mut self, text: &str, is_end: bool) -> Option<Read> {
        let rest = text.get(1..).unwrap_or_default();
        if rest.is_empty() && !is_end {
            return None;
        }
        if rest.starts_with('[') {
            let found = Bracket::read(rest, is_end)?;
            if found.target > 0 {
                return Some(self.words(found.inside, 1 + found.length + found.target));
            }
        }
        Some(self.text('!'))
    }

    /// A backslash that makes text of a mark goes, for the mark is read as one all the same.
    fn escape(&mut self, text: &str, is_end: bool) -> Option<Read> {
        match text.chars().nth(1) {
            None if !is_end => None,
            Some(c) if c.is_ascii_punctuation() => Some(Read::Bytes(1)),
            _ => Some(self.text('\\')),
        }
    }

    fn tag(&mut self, text: &str, is_end: bool) -> Option<Read> {
        match text.chars().nth(1) {
            None if !is_end => return None,
            Some('/' | '!') => {}
            Some(c) if c.is_ascii_alphabetic() => {}
            // The backslash is to go.
            Some('\\') => return Some(self.apart()),
            _ => return Some(self.text('<')),
        }
        if "<!--".starts_with(text) && !is_end {
            return None;
        }
        let mark = if text.starts_with("<!--") { "-->" } else { ">" };
        let at = marks::place(mark, text, is_end)?;
        if at == 0 {
            return Some(self.apart());
        }
        let length = at + mark.len();
        let tag = text.get(..length).unwrap_or_default();
        // Of an element's tag nothing is left, of an address what stands for it; a type's parameter stays.
        let left = draft::plain(tag);
        if left.is_empty() && is_html(tag, self.prose.before()) {
            let held = held(tag, text.get(length..).unwrap_or_default(), is_end)?;
            self.prose.cut();
            return Some(Read::Bytes(length + held));
        }
        // What is yet to be taken out of it could leave one.
        let inside = tag.get(1..).unwrap_or_default();
        if left.is_empty() && inside.contains(['<', '[', '\\']) {
            return Some(self.apart());
        }
        if left.is_empty() || left.starts_with('<') {
            return Some(self.text('<'));
        }
        self.prose.push_all(&left);
        Some(Read::Bytes(length))
    }

    fn code(&mut self, mark: char, text: &str, is_end: bool) -> Option<Read> {
        if self.prose.opens_line() {
            let fence = marks::fence(mark, text, is_end)?;
            if fence > 0 {
                self.block = Some(Block {
                    mark,
                    fence,
                    is_inside_line: true,
                });
                return Some(self.as_it_is(text, fence));
            }
        }
        if mark == '~' {
            return Some(self.text(mark));
        }
        let length = marks::code(text, is_end)?;
        if length > 0 {
            // `a` and `b` without what stood between would be other code.
            if self.prose.before() == Some('`') {
                self.prose.cut();
            }
            return Some(self.as_it_is(text, length));
        }
        // Nothing on its line closes it. Left as it is, it would make code of what stands on the next ones, and text
        // of their code.
        let run = marks::run('`', text).min(marks::FAR);
        for _ in 0..run {
            self.prose.push_all("\\`");
        }
        Some(Read::Bytes(run))
    }

    fn in_block(&mut self, block: Block, text: &str, is_end: bool) -> Option<Read> {
        let (line, is_whole) = match text.find('\n') {
            Some(at) => (text.get(..=at).unwrap_or_default(), true),
            None => (text, is_end),
        };
        if !block.is_inside_line {
            let inside = line.trim_start_matches([' ', '\t', '>']);
            let run = marks::run(block.mark, inside);
            let is_fence = inside.get(run..).unwrap_or_default().trim().is_empty();
            if is_fence && line.trim_end_matches('\n').len() <= marks::FAR {
                if !is_whole {
                    return None;
                }
                if run >= block.fence {
                    self.block = None;
                    return Some(self.as_it_is(text, line.len()));
                }
            }
        }
        self.block = Some(Block {
            is_inside_line: !line.ends_with('\n'),
            ..block
        });
        Some(self.as_it_is(text, line.len()))
    }

    /// Takes in what brackets hold, if that is a citation.
    fn cite(&mut self, inside: &str) -> bool {
        // `\[1\]` cites as well.
        let ids: Vec<&str> = inside
            .split(',')
            .map(|id| id.trim_matches([' ', '\t', '\\']))
            .collect();
        let is_number = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        if !ids.iter().all(is_number) {
            return false;
        }
        let mut is_known = false;
        // A number too large for an id is as made up as any.
        for id in ids.into_iter().map(|id| id.parse().unwrap_or(u32::MAX)) {
            if self.known.contains(&id) {
                is_known = true;
                self.cited.insert(id);
                self.prose.push_all(&format!("[{id}]"));
            } else {
                self.rejected.insert(id);
            }
        }
        if !is_known {
            self.prose.cut();
        }
        true
    }
}

impl<'a> Bracket<'a> {
    /// The brackets that a text begins with. Those that nothing closes have no length.
    fn read(text: &'a str, is_end: bool) -> Option<Self> {
        let length = marks::bracketed(text, ('[', ']'), is_end)?;
        let Some(inside) = text.get(1..length.saturating_sub(1)) else {
            return Some(Self::default());
        };
        let target = marks::target(text.get(length..).unwrap_or_default(), is_end)?;
        Some(Self {
            inside,
            length,
            target,
        })
    }
}

/// Whether what reads like an element's tag is one. `Stream<S>` and `<a, b>` name types.
fn is_html(tag: &str, before: Option<char>) -> bool {
    if tag.starts_with("<!--") {
        return true;
    }
    let inside = tag.get(1..tag.len().saturating_sub(1)).unwrap_or_default();
    let is_type = inside.len() == 1
        && inside.bytes().all(|b| b.is_ascii_uppercase())
        && before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let name = inside.strip_prefix('/').unwrap_or(inside);
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    !is_type && (rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '/'))
}

/// How much of the text behind a tag goes with it: what a script holds is not for reading.
fn held(tag: &str, rest: &str, is_end: bool) -> Option<usize> {
    if !draft::plain(&format!("{tag}x")).is_empty() {
        return Some(0);
    }
    let name: String = tag
        .chars()
        .skip(1)
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    marks::place(&format!("</{name}"), rest, is_end)
}
