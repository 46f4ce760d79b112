//! From the tree of an expression to a query, bottom up.
//!
//! After Russ Cox, "Regular Expression Matching with a Trigram Index" (2012): of each part of the tree is known either
//! the few strings that it matches, or what each match begins and ends with and what a text must hold besides. Joining
//! two parts looks at the strings over their border, so that no gram of a longer literal is missed.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::Query;
use super::strings::Strings;

/// Strings that are told apart as the whole of what a part matches.
const MAX_EXACT: usize = 16;
/// Strings that are told apart as beginnings, as ends, or over a border.
const MAX_EDGE: usize = 64;
/// Characters of a class that are told apart; any larger class is "some character".
const MAX_CLASS: u32 = 16;
/// A part that is repeated is looked at so often in a row.
const MAX_COPIES: u32 = 8;

/// What a text must hold for the expression to match in it.
pub(super) fn query(tree: &Hir) -> Query {
    part(tree).query()
}

/// What is known of the matches of a part.
enum Part {
    /// Each match is one of these.
    Exact(Strings),
    /// Each match begins with one of these strings, ends with one of those, and stands in a text that fulfils the query.
    Loose {
        beginnings: Strings,
        ends: Strings,
        inside: Query,
    },
}

impl Part {
    /// Nothing is known.
    fn anything() -> Self {
        Self::Loose {
            beginnings: Strings::empty(),
            ends: Strings::empty(),
            inside: Query::All,
        }
    }

    /// All that is known, as a query.
    fn query(&self) -> Query {
        match self {
            Self::Exact(strings) => strings.query(),
            Self::Loose {
                beginnings,
                ends,
                inside,
            } => Query::all_of([inside.clone(), beginnings.query(), ends.query()]),
        }
    }

    fn beginnings(&self) -> &Strings {
        match self {
            Self::Exact(strings) => strings,
            Self::Loose { beginnings, .. } => beginnings,
        }
    }

    fn ends(&self) -> &Strings {
        match self {
            Self::Exact(strings) => strings,
            Self::Loose { ends, .. } => ends,
        }
    }

    /// This part, and that one right behind it.
    fn then(self, next: &Self) -> Self {
        if let (Self::Exact(own), Self::Exact(others)) = (&self, next)
            && let Some(strings) = own.then(others, MAX_EXACT)
        {
            return Self::Exact(strings);
        }
        let border = match self.ends().then(next.beginnings(), MAX_EDGE) {
            Some(strings) => strings.query(),
            None => {
                let ends = self.ends().clone().few_ends(MAX_EDGE / 8);
                let beginnings = next.beginnings().clone().few_beginnings(MAX_EDGE / 8);
                let border = ends.then(&beginnings, MAX_EDGE);
                Query::all_of([
                    self.ends().query(),
                    next.beginnings().query(),
                    border.map_or(Query::All, |strings| strings.query()),
                ])
            }
        };
        let beginnings = match &self {
            Self::Exact(own) => own
                .then(next.beginnings(), MAX_EDGE)
                .unwrap_or_else(|| own.clone().few_beginnings(MAX_EDGE)),
            Self::Loose { beginnings, .. } => beginnings.clone(),
        };
        let ends = match next {
            Self::Exact(others) => self
                .ends()
                .then(others, MAX_EDGE)
                .unwrap_or_else(|| others.clone().few_ends(MAX_EDGE)),
            Self::Loose { ends, .. } => ends.clone(),
        };
        let inside = |part: &Self| match part {
            // Its strings stand at the border.
            Self::Exact(_) => Query::All,
            Self::Loose { inside, .. } => inside.clone(),
        };
        Self::Loose {
            beginnings,
            ends,
            inside: Query::all_of([inside(&self), border, inside(next)]),
        }
    }

    /// One of these parts.
    fn one_of(parts: &[Self]) -> Self {
        let union =
            |side: fn(&Self) -> &Strings| parts.iter().fold(Strings::none(), |all, part| all.or(side(part)));
        if parts.iter().all(|part| matches!(part, Self::Exact(_))) {
            let strings = union(Self::beginnings);
            if strings.count() <= MAX_EXACT {
                return Self::Exact(strings);
            }
        }
        Self::Loose {
            beginnings: union(Self::beginnings).few_beginnings(MAX_EDGE),
            ends: union(Self::ends).few_ends(MAX_EDGE),
            inside: Query::one_of(parts.iter().map(Self::query)),
        }
    }

    /// This part, and anything between a first and a last of it.
    fn and_more(self) -> Self {
        match self {
            Self::Exact(strings) => Self::Loose {
                inside: strings.query(),
                beginnings: strings.clone().few_beginnings(MAX_EDGE),
                ends: strings.few_ends(MAX_EDGE),
            },
            loose @ Self::Loose { .. } => loose,
        }
    }
}

fn part(tree: &Hir) -> Part {
    match tree.kind() {
        // Where a match may stand is no part of what it is.
        HirKind::Empty | HirKind::Look(_) => Part::Exact(Strings::empty()),
        HirKind::Literal(literal) => Part::Exact(Strings::one(literal.0.to_vec())),
        HirKind::Class(class) => self::class(class),
        HirKind::Capture(capture) => part(&capture.sub),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Concat(parts) => parts.iter().fold(Part::Exact(Strings::empty()), |before, next| {
            before.then(&part(next))
        }),
        HirKind::Alternation(parts) => Part::one_of(&parts.iter().map(part).collect::<Vec<_>>()),
    }
}

fn class(class: &Class) -> Part {
    let mut strings = Strings::none();
    match class {
        Class::Unicode(class) => {
            let mut count = 0;
            for range in class.ranges() {
                count += u32::from(range.end()) - u32::from(range.start()) + 1;
                // In lower case there are at most half as many letters.
                if count > 2 * MAX_CLASS {
                    return Part::anything();
                }
                for character in range.start()..=range.end() {
                    strings.insert(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        Class::Bytes(class) => {
            let mut count = 0;
            for range in class.ranges() {
                count += u32::from(range.end() - range.start()) + 1;
                if count > 2 * MAX_CLASS {
                    return Part::anything();
                }
                for byte in range.start()..=range.end() {
                    strings.insert(&[byte]);
                }
            }
        }
    }
    if strings.count() > MAX_CLASS as usize {
        return Part::anything();
    }
    Part::Exact(strings)
}

fn repeated(repetition: &Repetition) -> Part {
    let (min, max) = (repetition.min, repetition.max);
    if max == Some(0) {
        return Part::Exact(Strings::empty());
    }
    if min == 0 {
        return match part(&repetition.sub) {
            once @ Part::Exact(_) if max == Some(1) => Part::one_of(&[once, Part::Exact(Strings::empty())]),
            _ => Part::anything(),
        };
    }
    let once = part(&repetition.sub);
    let copies = min.min(MAX_COPIES);
    let several = (0..copies).fold(Part::Exact(Strings::empty()), |before, _| before.then(&once));
    if max == Some(copies) {
        several
    } else {
        several.and_more()
    }
}
