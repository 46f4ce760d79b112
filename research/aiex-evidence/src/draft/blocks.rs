//! Lines of Markdown into blocks.

/// A block of a model's prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading { level: u8, text: String },
    Prose { text: String, item: bool },
    Code { language: String, text: String },
}

/// What a line of bold words or a lone `Sources:` counts as: below every real heading.
const PSEUDO_HEADING: u8 = 7;

/// Headings under which models list what they claim to have read.
const SOURCE_LISTS: &[&str] = &[
    "bibliography",
    "citations",
    "citation list",
    "cited sources",
    "endnotes",
    "external links",
    "footnotes",
    "further reading",
    "links",
    "list of sources",
    "literature",
    "notes and references",
    "quellen",
    "references",
    "references and sources",
    "referenzen",
    "sources",
    "sources and references",
    "sources cited",
    "sources used",
    "works cited",
];

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    lines: Vec<String>,
    item: bool,
    header: Option<Vec<String>>,
}

/// The blocks of a text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        let mut inner = line.trim_start();
        while let Some(quoted) = inner.strip_prefix('>') {
            inner = quoted.trim_start();
        }
        if let Some(fence) = fence(inner) {
            reader.flush();
            let mut code = Vec::new();
            for line in lines.by_ref() {
                if line.trim().starts_with(fence)
                    && line
                        .trim()
                        .trim_start_matches(fence)
                        .trim_matches(['`', '~'])
                        .is_empty()
                {
                    break;
                }
                // A fence inside would end the rendered block.
                code.push(line.trim_end().replace("```", "'''"));
            }
            let language = inner.trim_start_matches(['`', '~']).trim();
            let language: String = language
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#'))
                .take(20)
                .collect();
            let text = code.join("\n").trim_end_matches('`').to_owned();
            if !text.trim().is_empty() {
                reader.blocks.push(Block::Code { language, text });
            }
        } else {
            reader.line(inner);
        }
    }
    reader.flush();
    reader.blocks
}

fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"]
        .into_iter()
        .find(|fence| line.starts_with(fence) && !line.trim_start_matches(['`', '~']).contains('`'))
}

impl Reader {
    fn line(&mut self, line: &str) {
        if line.is_empty() || is_rule(line) {
            // `Heading` over `-----` is a heading.
            if line.starts_with(['-', '=']) && self.lines.len() == 1 && !self.item {
                self.heading(2);
            }
            self.flush();
            return;
        }
        if let Some((level, text)) = heading(line) {
            self.flush();
            self.blocks.push(Block::Heading { level, text });
        } else if line.starts_with('|') {
            self.row(line);
        } else if is_definition(line) {
            // `[label]: address` shows nothing. It is left to the scanner to count it.
            self.flush();
            self.blocks.push(Block::Prose {
                text: line.to_owned(),
                item: false,
            });
        } else if let Some(text) = item(line) {
            self.flush();
            self.item = true;
            self.lines.push(text.to_owned());
        } else {
            self.lines.push(line.to_owned());
        }
    }

    fn heading(&mut self, level: u8) {
        let text = std::mem::take(&mut self.lines).join(" ");
        self.blocks.push(Block::Heading { level, text });
    }

    /// A row of a table reads as an item: `Name: tokio; License: MIT`.
    fn row(&mut self, line: &str) {
        if !self.lines.is_empty() {
            self.flush();
        }
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        if cells
            .iter()
            .all(|cell| !cell.is_empty() && cell.trim_matches(['-', ':', ' ']).is_empty())
        {
            return;
        }
        let Some(header) = &self.header else {
            self.header = Some(cells);
            return;
        };
        let named = cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.is_empty())
            .map(
                |(place, cell)| match header.get(place).filter(|name| !name.is_empty()) {
                    Some(name) => format!("{name}: {cell}"),
                    None => cell.clone(),
                },
            );
        let text = named.collect::<Vec<_>>().join("; ");
        self.blocks.push(Block::Prose { text, item: true });
    }

    fn flush(&mut self) {
        self.header = None;
        let item = std::mem::take(&mut self.item);
        let text = std::mem::take(&mut self.lines).join(" ");
        if !text.trim().is_empty() {
            self.blocks.push(Block::Prose { text, item });
        }
    }
}

fn is_rule(line: &str) -> bool {
    let marks: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    marks.len() >= 3
        && ['-', '=', '*', '_']
            .iter()
            .any(|mark| marks.chars().all(|c| c == *mark))
}

fn heading(line: &str) -> Option<(u8, String)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if (1..=6).contains(&level) && text.starts_with(' ') {
        let text = text.trim().trim_end_matches('#').trim();
        return Some((u8::try_from(level).unwrap_or(6), text.to_owned()));
    }
    let bare = line.trim_matches(['*', '_', ':', ' ']);
    let is_bold = (line.starts_with("**") || line.starts_with("__"))
        && (line.ends_with("**") || line.ends_with("__") || line.ends_with("**:"))
        && !bare.contains("**")
        && !bare.contains('[')
        && bare.len() <= 80
        && !bare.ends_with(['.', '!', '?']);
    (is_bold || is_source_list(bare)).then(|| (PSEUDO_HEADING, bare.to_owned()))
}

fn is_source_list(heading: &str) -> bool {
    let words = heading.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | ' '));
    let words = words.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    SOURCE_LISTS.contains(&words.as_str())
}

/// `[label]: address`.
pub(super) fn is_definition(line: &str) -> bool {
    line.starts_with('[')
        && line.split_once("]:").is_some_and(|(label, rest)| {
            !label.get(1..).unwrap_or_default().contains([']', '['])
                && rest.trim_start().contains(|c: char| !c.is_whitespace())
                && (label.starts_with("[^")
                    || rest.contains("://")
                    || rest.contains('<')
                    || !rest.trim().contains(' '))
        })
}

fn item(line: &str) -> Option<&str> {
    let bullet = line
        .strip_prefix(['-', '*', '+', '•'])
        .filter(|rest| rest.starts_with(' '));
    let numbered = || {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = line.len() - rest.len();
        rest.strip_prefix(['.', ')'])
            .filter(|rest| (1..=3).contains(&digits) && rest.starts_with(' '))
    };
    bullet.or_else(numbered).map(str::trim_start)
}

/// The blocks without the lists of sources, and how many there were. A list ends at the next heading that is not below
/// its own.
pub(super) fn without_source_lists(blocks: Vec<Block>) -> (Vec<Block>, u32) {
    let mut kept = Vec::new();
    let mut cut = 0;
    let mut inside: Option<u8> = None;
    for block in blocks {
        if let Block::Heading { level, text } = &block {
            if is_source_list(text) {
                cut += 1;
                inside = Some(inside.map_or(*level, |outer| outer.min(*level)));
                continue;
            }
            if inside.is_some_and(|outer| *level <= outer) {
                inside = None;
            }
        }
        if inside.is_none() {
            kept.push(block);
        }
    }
    (kept, cut)
}
