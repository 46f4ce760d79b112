//! Text as its reader gets it: without addresses, and nothing in it that only removing something has made a link.

/// What stands for an address, as in a report.
const GONE: &str = "(link removed)";
/// Bytes of a word that are held back because it may begin an address.
const LONGEST_WORD: usize = 64;
/// Bytes of a line that may be marks of lists and quotations.
const LONGEST_OPENING: usize = 64;
/// Addresses that have no slashes. What else a research report takes for one (`file:`, `data:`) nobody makes a link of,
/// and answers about code say `file:line`.
const SCHEMES: &[&str] = &["javascript", "mailto", "tel", "vbscript", "xmpp"];

/// Settles text as soon as nothing that follows can change it.
#[derive(Debug, Default)]
pub(super) struct Prose {
    settled: String,
    /// What may begin an address: a word, and a colon and slashes behind it.
    word: String,
    /// The address that is being left out.
    address: Option<Address>,
    /// The last character that is settled, and the line that it stands on.
    last: Option<char>,
    line: String,
    /// Something was taken out right here.
    is_cut: bool,
    /// The next `]` may end a name for an address: `[name]: address`.
    is_name: bool,
}

/// An address, of which only the punctuation of the sentence around it stays.
#[derive(Debug, Default)]
struct Address {
    open: usize,
    behind: String,
}

impl Prose {
    /// The next character of the text.
    pub(super) fn push(&mut self, c: char) {
        self.part(c);
        if self.before() == Some(']') {
            let is_name = std::mem::take(&mut self.is_name);
            if is_name && c == ':' {
                (self.is_name, self.is_cut) = (true, true);
                return;
            }
            // Of a link nothing is left, so this only looks like one.
            if c == '(' {
                self.put(' ');
            }
        }
        if c == '[' && self.opens_line() {
            self.is_name = true;
        }
        self.put(c);
    }

    pub(super) fn push_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    /// Code, which stays as it is.
    pub(super) fn code(&mut self, code: &str) {
        self.part('`');
        self.finish();
        self.settle(code);
    }

    /// Something is taken out here.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// The last character so far.
    pub(super) fn before(&self) -> Option<char> {
        self.word.chars().next_back().or(self.last)
    }

    /// Whether nothing but marks of quotations and lists stands before on this line.
    pub(super) fn opens_line(&self) -> bool {
        self.word.is_empty()
            && self.address.is_none()
            && self.line.len() < LONGEST_OPENING
            && is_opening(&self.line)
    }

    /// What has settled since the last time.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.settled)
    }

    /// Settles what was held back.
    pub(super) fn finish(&mut self) {
        self.end_address();
        self.flush();
    }

    /// Keeps apart what stood apart before something between was taken out.
    fn part(&mut self, c: char) {
        let is_cut = std::mem::take(&mut self.is_cut);
        if is_cut && self.before().is_some_and(|before| !may_meet(before, c)) {
            self.put(' ');
        }
    }

    fn put(&mut self, c: char) {
        if let Some(address) = &mut self.address {
            if !ends_address(c) {
                address.push(c);
                return;
            }
            self.end_address();
        }
        if let Some((scheme, slashes)) = self.word.split_once(':') {
            let is_begun = slashes == "//" || (slashes.is_empty() && is_scheme(scheme));
            let is_slash = c == '/' && slashes.len() < 2;
            if is_begun && !ends_address(c) {
                self.begin_address();
                return self.put(c);
            }
            if is_slash {
                self.word.push(c);
                return;
            }
            self.flush();
        }
        if c.is_alphanumeric() || matches!(c, '+' | '-' | '.') {
            if self.word.len() >= LONGEST_WORD {
                if is_site(&self.word) {
                    self.begin_address();
                    return self.put(c);
                }
                let first = self.word.remove(0);
                self.settle(first.encode_utf8(&mut [0; 4]));
            }
            self.word.push(c);
            return;
        }
        if is_site(&self.word) {
            self.begin_address();
            return self.put(c);
        }
        if c == ':' && !self.word.is_empty() {
            self.word.push(c);
            return;
        }
        self.flush();
        self.settle(c.encode_utf8(&mut [0; 4]));
    }

    /// The word that is held back turned out to begin an address.
    fn begin_address(&mut self) {
        let word = std::mem::take(&mut self.word);
        if self.last == Some(']') {
            self.settle(" ");
        }
        self.settle(GONE);
        let mut address = Address::default();
        word.chars().for_each(|c| address.push(c));
        self.address = Some(address);
    }

    fn end_address(&mut self) {
        if let Some(address) = self.address.take() {
            self.push_all(&address.behind);
        }
    }

    /// The word that is held back ends here.
    fn flush(&mut self) {
        if is_site(&self.word) {
            self.begin_address();
            self.end_address();
        }
        let word = std::mem::take(&mut self.word);
        self.settle(&word);
    }

    fn settle(&mut self, text: &str) {
        self.settled.push_str(text);
        for c in text.chars() {
            self.last = Some(c);
            if c == '\n' {
                self.line.clear();
            } else if self.line.len() < LONGEST_OPENING {
                self.line.push(c);
            }
        }
    }
}

impl Address {
    fn push(&mut self, c: char) {
        match c {
            '(' | '[' | '{' => {
                self.open += 1;
                self.behind.clear();
            }
            // `https://a.org/x_(y)` is an address as a whole.
            ')' | ']' | '}' if self.open > 0 => {
                self.open -= 1;
                self.behind.clear();
            }
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '”' | '*' | '_' | ')' | ']' | '}' => {
                self.behind.push(c);
            }
            _ => self.behind.clear(),
        }
    }
}

fn ends_address(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')
}

fn is_scheme(word: &str) -> bool {
    SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a word names a site: `www.` and what follows.
fn is_site(word: &str) -> bool {
    let word = word.to_lowercase();
    word.match_indices("www.").any(|(at, www)| {
        let before = word.get(..at).and_then(|before| before.chars().next_back());
        let after = word.get(at + www.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    })
}

/// Whether two characters may stand side by side that did not before. Others could become one word, a tag or a link.
fn may_meet(before: char, after: char) -> bool {
    let is_closing = matches!(
        after,
        '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '\'' | '"' | '’' | '”' | '*' | '_'
    );
    let is_opening = matches!(before, '(' | '[' | '{' | '\'' | '"' | '‘' | '“' | '*' | '_');
    before.is_whitespace() || after.is_whitespace() || (is_closing && before != '<') || is_opening
}

/// Whether a line so far is nothing but marks of quotations and lists.
fn is_opening(line: &str) -> bool {
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let Some(next) = rest.strip_prefix('>').or_else(|| item(rest)) else {
            return false;
        };
        rest = next.trim_start();
    }
    true
}

/// What follows the mark of a list's item.
fn item(line: &str) -> Option<&str> {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = if number.len() < line.len() {
        number.strip_prefix(['.', ')'])
    } else {
        line.strip_prefix(['-', '*', '+'])
    };
    after.filter(|rest| rest.starts_with(char::is_whitespace))
}
