//! Where a text is cut: along its syntax, then by the hard maximum, then with crumbs merged away. The pieces
//! tile the text. Knows nothing of symbols.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::Limits;
use crate::grammar::Lookup;
use crate::measure::Ruler;
use crate::outline::starts_line;
use crate::units::{Unit, units};

/// Pieces with fewer visible characters than this join a neighbour: alone they say nothing.
const CRUMB: usize = 100;

/// One piece and whether an item starts or ended where it begins.
struct Piece {
    range: Range<usize>,
    apart: bool,
}

/// Cuts along the syntax tree when there is one, else by lines.
pub(crate) fn cut(text: &str, syntax: Option<(&Tree, &Lookup)>, limits: &Limits) -> Vec<Range<usize>> {
    let ruler = Ruler::new(text);
    let mut cutter = Cutter {
        text,
        ruler: &ruler,
        limits,
        start: 0,
        end: 0,
        glued: 0,
        apart: true,
        pieces: Vec::new(),
    };
    match syntax {
        Some((tree, lookup)) => cutter.descend(tree.root_node(), lookup),
        None => cutter.plain(0..text.len()),
    }
    cutter.cut_at(text.len(), false);
    let pieces = cutter.pieces;
    merge(text, &ruler, limits, bounded(text, &ruler, limits, pieces))
}

struct Cutter<'a> {
    text: &'a str,
    ruler: &'a Ruler<'a>,
    limits: &'a Limits,
    /// Start of the open piece.
    start: usize,
    /// End of what the open piece holds so far.
    end: usize,
    /// Up to here a signature runs that stays with its doc comment.
    glued: usize,
    /// Whether the open piece begins with an item.
    apart: bool,
    pieces: Vec<Piece>,
}

impl Cutter<'_> {
    fn descend(&mut self, root: Node<'_>, lookup: &Lookup) {
        let mut cursor = root.walk();
        let mut levels = vec![(units(self.text, root, lookup, &mut cursor).into_iter(), false)];
        // An item larger than one piece has just ended.
        let mut apart = false;
        while let Some((level, is_item)) = levels.last_mut() {
            let Some(unit) = level.next() else {
                apart |= *is_item;
                levels.pop();
                continue;
            };
            let whole = self.whole(&unit);
            if starts_line(self.text, unit.start) {
                if apart && self.held() >= CRUMB {
                    self.cut_before(unit.start, true);
                }
                apart = false;
            }
            if whole {
                self.append(unit.start, unit.end);
                continue;
            }
            self.open(&unit);
            match unit.node {
                Some(node) if levels.len() < self.limits.max_depth as usize && node.child_count() > 0 => {
                    let inner = units(self.text, node, lookup, &mut cursor);
                    levels.push((inner.into_iter(), unit.is_item));
                }
                _ => self.plain(unit.body.max(self.end)..unit.end),
            }
        }
    }

    fn held(&self) -> usize {
        self.ruler.chars(self.start..self.end)
    }

    /// Whether a unit is not cut inside. Items may be a quarter over: a short tail alone would be worse.
    fn whole(&self, unit: &Unit<'_>) -> bool {
        let target = self.limits.target();
        let allowed = if unit.is_item {
            (target + target / 4).min(self.limits.max())
        } else {
            target
        };
        self.ruler.chars(unit.start..unit.end) <= allowed
    }

    /// Adds text that is kept whole, cutting before it when the piece would grow too large.
    fn append(&mut self, start: usize, end: usize) {
        let closes = end - start < 8 && closes(&self.text[start..end]);
        let limit = if closes || start < self.glued {
            self.limits.max()
        } else if starts_line(self.text, start) {
            self.limits.target()
        } else {
            // Inside a line a cut is worse than a somewhat larger piece.
            (self.limits.target() * 3 / 2).min(self.limits.max())
        };
        if self.end > self.start && self.ruler.chars(self.start..end) > limit {
            self.cut_before(start, false);
        }
        self.end = self.end.max(end);
    }

    /// Begins a unit that will be cut inside.
    fn open(&mut self, unit: &Unit<'_>) {
        let held = self.held();
        let has_lead = unit.body > unit.start;
        let on_line = starts_line(self.text, unit.start);
        let enough = if unit.is_item || has_lead {
            CRUMB
        } else {
            self.limits.target() / 2
        };
        if on_line && held >= enough && unit.start >= self.glued {
            self.cut_before(unit.start, unit.is_item);
        }
        let head = unit
            .node
            .filter(|_| unit.is_item)
            .map_or(unit.body, |node| self.head_end(node));
        if (unit.is_item || has_lead) && unit.start >= self.glued {
            let size = self.ruler.chars(self.start..head);
            if size > self.limits.max() && self.end > self.start {
                self.cut_before(unit.start, unit.is_item);
            }
            if self.ruler.chars(self.start..head) <= self.limits.max() {
                self.glued = head;
            }
        }
        if has_lead && unit.node.is_some() {
            let lead = self.text[unit.start..unit.body].trim_end().len();
            if self.ruler.chars(self.start..unit.start + lead) <= self.limits.max() {
                self.end = self.end.max(unit.start + lead);
            } else {
                self.plain(unit.start.max(self.end)..unit.start + lead);
            }
        }
    }

    /// Where a definition's signature ends: at its body, else at the end of its first line.
    fn head_end(&self, mut node: Node<'_>) -> usize {
        let start = node.start_byte();
        for _ in 0..3 {
            if let Some(body) = node.child_by_field_name("body") {
                return (body.start_byte() + 1).min(body.end_byte());
            }
            match ["declaration", "definition"]
                .iter()
                .find_map(|field| node.child_by_field_name(field))
            {
                Some(inner) => node = inner,
                None => break,
            }
        }
        let line = &self.text.as_bytes()[start..node.end_byte().max(start)];
        let window = &line[..line.len().min(self.limits.target())];
        start + memchr::memchr(b'\n', window).unwrap_or(0)
    }

    /// Adds text without structure, cut at blank lines, lines, blanks or anywhere, in this order.
    fn plain(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.end = self.end.max(range.start);
        while let Some(position) = step(self.text, self.ruler, self.limits, self.start, range.end) {
            self.end = self.end.max(position.min(range.end));
            self.cut_at(position, false);
        }
        self.end = self.end.max(range.end);
    }

    /// Cuts before what starts at `position`, at the start of its line when nothing else is on it.
    fn cut_before(&mut self, position: usize, apart: bool) {
        let bytes = &self.text.as_bytes()[self.end.min(position)..position];
        let blank = bytes
            .iter()
            .rev()
            .take(256)
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let on_line = blank == bytes.len() || bytes[bytes.len() - blank - 1] == b'\n';
        self.cut_at(if on_line { position - blank } else { position }, apart);
    }

    fn cut_at(&mut self, position: usize, apart: bool) {
        if position > self.start {
            self.pieces.push(Piece {
                range: self.start..position,
                apart: self.apart,
            });
            self.start = position;
            self.end = self.end.max(position);
            self.apart = apart;
        }
    }
}

/// Whether text begins with what closes a block.
fn closes(text: &str) -> bool {
    text.starts_with(['}', ')', ']']) || text.starts_with("end")
}

/// The next cut of text that goes on beyond the target, or nothing when the rest fits.
fn step(text: &str, ruler: &Ruler<'_>, limits: &Limits, start: usize, end: usize) -> Option<usize> {
    if start >= end || ruler.chars(start..end) <= limits.target() {
        return None;
    }
    let limit = ruler.advance(start, limits.target(), end);
    let window = &text[start..limit];
    let half = window.len() / 2;
    let paragraph = window.rfind("\n\n").filter(|at| *at >= half).map(|at| at + 2);
    let line = || memchr::memrchr(b'\n', window.as_bytes()).map(|at| at + 1);
    let blank = || {
        window
            .rfind(char::is_whitespace)
            .filter(|at| *at >= half)
            .map(|at| at + window[at..].chars().next().map_or(1, char::len_utf8))
    };
    Some(start + paragraph.or_else(line).or_else(blank).unwrap_or(window.len()))
}

/// Cuts every piece above the maximum.
fn bounded(text: &str, ruler: &Ruler<'_>, limits: &Limits, pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len());
    for Piece { range, mut apart } in pieces {
        let mut start = range.start;
        while ruler.chars(start..range.end) > limits.max() {
            let Some(position) = step(text, ruler, limits, start, range.end) else {
                break;
            };
            out.push(Piece {
                range: start..position,
                apart,
            });
            (start, apart) = (position, false);
        }
        out.push(Piece {
            range: start..range.end,
            apart,
        });
    }
    out
}

/// Joins crumbs to the neighbour they belong to.
fn merge(text: &str, ruler: &Ruler<'_>, limits: &Limits, pieces: Vec<Piece>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter().peekable();
    while let Some(Piece { range, apart }) = pieces.next() {
        let visible = text[range.clone()].trim();
        if range.len() < CRUMB * 8 && visible.chars().take(CRUMB).count() < CRUMB {
            let fits = |start: usize, end: usize| ruler.chars(start..end) <= limits.max();
            let back = out.last().is_some_and(|last| fits(last.start, range.end));
            let ahead = pieces
                .peek()
                .is_some_and(|next| fits(range.start, next.range.end));
            let closes =
                visible.is_empty() || visible.starts_with(['}', ')', ']']) || visible.starts_with("end");
            if back
                && (!apart || closes || !ahead)
                && let Some(last) = out.last_mut()
            {
                last.end = range.end;
                continue;
            }
            if ahead && let Some(next) = pieces.peek_mut() {
                next.range.start = range.start;
                next.apart = apart;
                continue;
            }
        }
        out.push(range);
    }
    out
}
