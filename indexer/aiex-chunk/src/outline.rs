//! One walk over a syntax tree that lists its definitions and what encloses what. Knows languages only through
//! their tables, and nothing of chunks.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::grammar::{Definition, Lookup, Place};
use crate::measure::floor_boundary;
use crate::{Limits, Symbol, SymbolKind};

/// Names longer than this many bytes are cut: they are headings or keys that hold a whole sentence.
const MAX_NAME: usize = 200;
/// Containers shown in a path, the innermost ones: enough for any hand-written file.
const MAX_PATH: usize = 8;

/// The definitions of a text.
pub(crate) struct Outline {
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) scopes: Vec<Scope>,
}

/// Something that encloses other things.
pub(crate) struct Scope {
    pub(crate) parent: Option<usize>,
    pub(crate) item: Range<usize>,
    name: Range<usize>,
    owner: Option<Range<usize>>,
}

impl Outline {
    pub(crate) fn empty() -> Self {
        Self {
            symbols: Vec::new(),
            scopes: Vec::new(),
        }
    }

    /// The names down to a scope: `module > Type > function`.
    pub(crate) fn path(&self, text: &str, scope: Option<usize>) -> String {
        let mut names = Vec::new();
        let mut next = scope;
        while let Some(scope) = next.map(|at| &self.scopes[at]) {
            names.push(&text[scope.name.clone()]);
            names.extend(scope.owner.clone().map(|owner| &text[owner]));
            if names.len() >= MAX_PATH {
                break;
            }
            next = scope.parent;
        }
        names.reverse();
        names.join(" > ")
    }
}

/// What is known about the siblings of one level while walking them.
struct Level {
    scope: Option<usize>,
    depth: usize,
    in_type: bool,
    local: bool,
    /// Start of the comments and attributes that wait for their item.
    lead: Option<usize>,
    /// End of the sibling before.
    before: usize,
    /// The item around the definition expected at this level.
    wrap: Option<Range<usize>>,
    /// The last symbol of this level, for definitions by clauses.
    last: Option<usize>,
}

pub(crate) fn outline(text: &str, tree: &Tree, lookup: &Lookup, clauses: bool, limits: &Limits) -> Outline {
    let mut walk = Walk {
        text,
        lookup,
        clauses,
        outline: Outline::empty(),
        path: (None, String::new()),
    };
    let mut levels = vec![Level::top()];
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let depth = levels.len();
        let full = walk.outline.scopes.len().max(walk.outline.symbols.len()) >= limits.max_symbols as usize;
        let Some(level) = levels.last_mut() else { break };
        let inside = if full { None } else { walk.visit(node, level) };
        if let Some(inside) = inside
            && depth < limits.max_depth as usize
            && cursor.goto_first_child()
        {
            levels.push(inside);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return walk.outline;
            }
            levels.pop();
        }
    }
    walk.outline
}

impl Level {
    fn top() -> Self {
        Self {
            scope: None,
            depth: 0,
            in_type: false,
            local: false,
            lead: None,
            before: 0,
            wrap: None,
            last: None,
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    lookup: &'a Lookup,
    clauses: bool,
    outline: Outline,
    /// The last container asked for: siblings share it.
    path: (Option<usize>, String),
}

impl Walk<'_> {
    /// Records what a node defines; gives the level of its children, or nothing when they do not matter.
    fn visit(&mut self, node: Node<'_>, level: &mut Level) -> Option<Level> {
        let range = node.byte_range();
        if range.is_empty() {
            return None;
        }
        let place = Place {
            text: self.text,
            depth: level.depth,
            in_type: level.in_type,
        };
        let rule = self.lookup.rule(node);
        let mut found = rule.map(|rule| rule.find(node, &place)).unwrap_or_default();
        found.retain(|found| {
            let is_value = found.kind.is_some_and(SymbolKind::is_value);
            !(found.name.is_empty() || level.local && is_value)
        });

        let adjacent = leads_on(self.text, level.before, range.start);
        level.before = range.end;
        if found.is_empty() && self.lookup.is_lead(node) {
            if level.lead.is_none() || !adjacent {
                level.lead = starts_line(self.text, range.start).then_some(range.start);
            }
            return None;
        }
        let lead = level.lead.take().filter(|_| adjacent);
        let mut item = lead.unwrap_or(range.start)..range.end;
        let is_wrap = self.lookup.is_wrap(node);
        if is_wrap || !found.is_empty() {
            // Only the one definition that reaches to the wrap's end owns the wrap's start.
            let owns = |wrap: &Range<usize>| lead.is_none() && range.end + 1 >= wrap.end;
            if let Some(wrap) = level.wrap.take().filter(owns) {
                item = wrap;
            }
        }

        let mut inside = Level {
            scope: level.scope,
            depth: level.depth,
            in_type: level.in_type,
            local: level.local || self.lookup.is_local(node),
            before: range.start,
            wrap: is_wrap.then(|| item.clone()),
            ..Level::top()
        };
        if !is_wrap && !found.is_empty() {
            inside.wrap = None;
        }
        let mut opened = false;
        for definition in found {
            let Some(name) = self.clean(definition.name.clone()) else {
                continue;
            };
            let opens = definition.opens && !opened;
            self.define(
                definition,
                name,
                item.clone(),
                node,
                level,
                opens.then_some(&mut inside),
            );
            opened |= opens;
        }
        Some(inside)
    }

    fn define(
        &mut self,
        definition: Definition,
        name: Range<usize>,
        item: Range<usize>,
        node: Node<'_>,
        level: &mut Level,
        inside: Option<&mut Level>,
    ) {
        let owner = definition.owner.and_then(|owner| self.clean(owner));
        let kind = definition.kind.map(|kind| match kind {
            SymbolKind::Function if level.in_type => SymbolKind::Method,
            kind => kind,
        });
        if let Some(inside) = inside {
            inside.scope = Some(self.outline.scopes.len());
            inside.depth += 1;
            inside.in_type = kind.is_none_or(SymbolKind::is_type);
            inside.local = match kind {
                Some(kind) if kind.is_code() => true,
                Some(kind) if !kind.is_type() => inside.local,
                _ => false,
            };
            self.outline.scopes.push(Scope {
                parent: level.scope,
                item: item.clone(),
                name: name.clone(),
                owner: owner.clone(),
            });
        }
        let Some(kind) = kind else { return };
        if self.clauses
            && let Some(last) = level.last.and_then(|at| self.outline.symbols.get_mut(at))
            && last.name == self.text[name.clone()]
        {
            last.item_bytes.end = item.end as u32;
            return;
        }
        level.last = Some(self.outline.symbols.len());
        let mut container = self.container(level.scope);
        if let Some(owner) = owner {
            if !container.is_empty() {
                container.push_str(" > ");
            }
            container.push_str(&self.text[owner]);
        }
        self.outline.symbols.push(Symbol {
            name: self.text[name.clone()].to_owned(),
            kind,
            name_line: self.line(&name, node),
            name_bytes: name.start as u32..name.end as u32,
            item_bytes: item.start as u32..item.end as u32,
            container,
        });
    }

    /// A name's line, counted from its node's, which the tree knows.
    fn line(&self, name: &Range<usize>, node: Node<'_>) -> u32 {
        let before = self
            .text
            .as_bytes()
            .get(node.start_byte()..name.start)
            .unwrap_or_default();
        node.start_position().row as u32 + 1 + memchr::memchr_iter(b'\n', before).count() as u32
    }

    fn container(&mut self, scope: Option<usize>) -> String {
        if self.path.0 != scope {
            self.path = (scope, self.outline.path(self.text, scope));
        }
        self.path.1.clone()
    }

    /// The name without white space, quotes and a symbol's colon around it, on one line.
    fn clean(&self, range: Range<usize>) -> Option<Range<usize>> {
        let text = self.text.get(range.clone())?;
        let line = text.trim().lines().next()?.trim_end();
        let mut start = range.start + (text.len() - text.trim_start().len());
        let mut end = start + line.len();
        if line.len() > 1 && line.starts_with(['"', '\'', '`']) && line.ends_with(&line[..1]) {
            (start, end) = (start + 1, end - 1);
        } else if line.len() > 1 && line.starts_with(':') && !line.starts_with("::") {
            start += 1;
        }
        end = end.min(floor_boundary(self.text, start + MAX_NAME));
        (start < end).then_some(start..end)
    }
}

/// Whether only blanks stand before `position` on its line.
pub(crate) fn starts_line(text: &str, position: usize) -> bool {
    let before = &text.as_bytes()[..position];
    // Indentation beyond this is not worth walking back over.
    let blank = before
        .iter()
        .rev()
        .take(256)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    blank == position || before[position - blank - 1] == b'\n'
}

/// Whether no blank line separates the end of one node and the start of the next.
pub(crate) fn leads_on(text: &str, end: usize, start: usize) -> bool {
    // Some grammars count the newline to a comment, so the last byte before is looked at too.
    let gap = text
        .as_bytes()
        .get(end.saturating_sub(1)..start)
        .unwrap_or_default();
    memchr::memchr_iter(b'\n', gap).take(2).count() < 2
}
