//! What the lines of a comment are by how far they are indented.

use super::code::{is_prompt, is_statement};
use super::fences::is_fence;
use super::headings::is_section;
use super::restructured::Directive;

/// Columns of a tab, and how much deeper than the text above it an example stands at least.
const TAB: usize = 4;
const DEEPER: usize = 2;

/// What a line of a comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of a paragraph.
    Text,
    /// The first line of a point of a list.
    Point,
    /// The first line behind a list.
    Behind,
    /// Code that its indentation or its prompt marks.
    Example,
    /// A fence, and what stands within.
    Fenced,
    /// A mark that says nothing, and what only it is about.
    Aside,
}

/// Reads the lines of a comment in their order.
#[derive(Default)]
pub(super) struct Layout {
    /// Columns before the text that the next line may go on with; none before the first.
    text: Option<usize>,
    /// Columns before the mark of the list that it is in.
    list: Option<usize>,
    /// What the last line holds below it, deeper than itself.
    holds: Holds,
    /// Columns before what lines that are deeper belong to, and what they are with it.
    held: Option<(usize, Place)>,
    is_fenced: bool,
    is_behind_gap: bool,
    /// Whether an example goes on that only a blank line ends.
    is_shown: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Holds {
    #[default]
    Nothing,
    /// Its own words: of a point, a heading, a note.
    Words,
    /// What a colon announces.
    Announced,
}

impl Layout {
    pub(super) fn place(&mut self, line: &str) -> Place {
        let said = line.trim();
        if is_fence(said) || self.is_fenced {
            self.is_fenced ^= is_fence(said);
            return Place::Fenced;
        }
        let is_behind_gap = std::mem::replace(&mut self.is_behind_gap, said.is_empty());
        if said.is_empty() {
            self.is_shown = false;
            return Place::Text;
        }
        let columns = columns(line);
        if let Some((above, place)) = self.held {
            if columns > above {
                return place;
            }
            self.held = None;
        }
        let is_announced = is_behind_gap || self.holds == Holds::Announced;
        let begins = self.text.is_none() || is_announced;
        self.is_shown |= is_prompt(said) || begins && is_statement(said);
        if self.is_shown {
            return Place::Example;
        }
        if let Some(directive) = Directive::of(said) {
            match directive {
                Directive::Code => self.held = Some((columns, Place::Example)),
                Directive::Version => self.held = Some((columns, Place::Aside)),
                Directive::Words => self.goes_on(columns, Holds::Words),
            }
            return Place::Aside;
        }
        let is_deeper = self.text.is_some_and(|text| columns >= text + DEEPER);
        let is_example = is_announced && self.holds != Holds::Words || is_statement(said);
        if is_deeper && is_example {
            self.held = self.text.map(|text| (text, Place::Example));
            return Place::Example;
        }
        let is_point = ["- ", "* ", "+ "].iter().any(|mark| said.starts_with(mark));
        let was_in_list = self.list.is_some_and(|list| columns <= list);
        if is_point {
            self.list = Some(columns);
        } else if was_in_list {
            self.list = None;
        }
        let holds = match () {
            () if is_point || is_section(said) || said.starts_with(':') => Holds::Words,
            () if said.ends_with(':') => Holds::Announced,
            () => Holds::Nothing,
        };
        self.goes_on(columns, holds);
        match () {
            () if is_point => Place::Point,
            () if was_in_list => Place::Behind,
            () => Place::Text,
        }
    }

    fn goes_on(&mut self, columns: usize, holds: Holds) {
        self.text = Some(columns);
        self.holds = holds;
    }
}

fn columns(line: &str) -> usize {
    line.chars()
        .take_while(|c| c.is_whitespace())
        .map(|c| if c == '\t' { TAB } else { 1 })
        .sum()
}
