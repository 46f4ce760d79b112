//! How well a name fits what was asked for. Pure.

/// How a name fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Exact,
    /// In another case.
    Case,
    Prefix,
    /// Every word asked for is, or begins, a word of the name.
    Words,
    /// A letter or two apart.
    Typo,
}

impl Fit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Case => "case",
            Self::Prefix => "prefix",
            Self::Words => "words",
            Self::Typo => "typo",
        }
    }
}

/// From this many letters on, one of them may be wrong.
const ONE_TYPO: usize = 4;
/// From this many letters on, two of them may be wrong.
const TWO_TYPOS: usize = 8;
/// Names longer than this are sentences, in which nobody looks for typos.
const MAX_TYPO_CHARS: usize = 64;

/// A name asked for.
pub(crate) struct Wanted {
    text: String,
    folded: String,
    letters: Vec<char>,
    words: Vec<String>,
    /// For `Type::name`, the `Type`, folded, and the name.
    qualified: Option<(String, Box<Wanted>)>,
}

impl Wanted {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.trim();
        let qualified = ["::", " > ", "#", "."].iter().find_map(|mark| {
            let (container, name) = text.rsplit_once(mark)?;
            (!container.trim().is_empty() && !name.trim().is_empty()).then(|| {
                let last = container.rsplit(mark).next().unwrap_or(container).trim();
                (last.to_lowercase(), Box::new(Self::new(name)))
            })
        });
        let folded = text.to_lowercase();
        Self {
            letters: folded.chars().collect(),
            words: words(text),
            text: text.to_owned(),
            folded,
            qualified,
        }
    }

    /// How a definition's name fits; typos only `with_typos`, because they cost more to find.
    pub(crate) fn fit(&self, name: &str, container: &str, with_typos: bool) -> Option<Fit> {
        let own = self.fit_name(name, with_typos);
        if own.is_some() {
            return own;
        }
        let (wanted, rest) = self.qualified.as_ref()?;
        let innermost = container.rsplit(" > ").next().unwrap_or_default();
        (innermost.to_lowercase() == *wanted)
            .then(|| rest.fit_name(name, with_typos))
            .flatten()
    }

    /// Whether a name can fit in any way but by a typo: each word asked for then stands in it. Tells most names of a
    /// repository apart from the few that are worth looking at.
    fn may_fit(&self, name: &str) -> bool {
        !name.is_ascii()
            || self
                .words
                .iter()
                .all(|word| holds(name.as_bytes(), word.as_bytes()))
    }

    fn fit_name(&self, name: &str, with_typos: bool) -> Option<Fit> {
        if !with_typos && !self.may_fit(name) {
            return None;
        }
        if name == self.text {
            return Some(Fit::Exact);
        }
        let folded = name.to_lowercase();
        if folded == self.folded {
            return Some(Fit::Case);
        }
        if folded.starts_with(&self.folded) {
            return Some(Fit::Prefix);
        }
        if !self.words.is_empty() {
            let own = words(name);
            let has = |word: &String| own.iter().any(|own| own.starts_with(word.as_str()));
            if self.words.iter().all(has) {
                return Some(Fit::Words);
            }
        }
        if !with_typos {
            return None;
        }
        let allowed = match self.letters.len() {
            TWO_TYPOS.. => 2,
            ONE_TYPO.. => 1,
            _ => return None,
        };
        let letters: Vec<char> = folded.chars().take(MAX_TYPO_CHARS + 1).collect();
        (letters.len() <= MAX_TYPO_CHARS && is_within(&self.letters, &letters, allowed)).then_some(Fit::Typo)
    }
}

/// Whether a text holds a word, which is in lower case, in any case.
fn holds(text: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return true;
    };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).any(|at| {
        let behind = text.get(at + 1..at + 1 + rest.len());
        behind.is_some_and(|behind| behind.eq_ignore_ascii_case(rest))
    })
}

/// The words of a name in lower case: `HTTPServer_name2` has `http`, `server`, `name2`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split(|c: char| !c.is_alphanumeric()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, letter) in letters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| letters.get(at));
            let behind = letters.get(at + 1);
            // A capital begins a word behind a small letter, and as the last of several before a small one.
            let begins = letter.is_uppercase()
                && before.is_some_and(|before| {
                    !before.is_uppercase() || behind.is_some_and(|behind| behind.is_lowercase())
                });
            if begins && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.extend(letter.to_lowercase());
        }
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

/// Whether one text becomes the other by at most so many letters put in, left out, replaced or swapped with the next.
fn is_within(a: &[char], b: &[char], allowed: usize) -> bool {
    if a.len().abs_diff(b.len()) > allowed {
        return false;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, from) in a.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, to) in b.iter().enumerate() {
            let replaced = last[column] + usize::from(from != to);
            let mut cost = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && a[row - 1] == *to && b[column - 1] == *from {
                cost = cost.min(before[column - 1] + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().is_some_and(|cost| *cost <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(wanted: &str, name: &str) -> Option<Fit> {
        Wanted::new(wanted).fit(name, "", true)
    }

    #[test]
    fn names_are_split_as_people_write_them() {
        assert_eq!(words("HTTPServer_name2"), ["http", "server", "name2"]);
        assert_eq!(words("loadConfig"), ["load", "config"]);
        assert_eq!(words("LOAD_CONFIG"), ["load", "config"]);
        assert_eq!(words("__init__"), ["init"]);
        assert!(words("::").is_empty());
    }

    #[test]
    fn a_name_fits_in_the_best_way_it_can() {
        assert_eq!(fit("load_config", "load_config"), Some(Fit::Exact));
        assert_eq!(fit("load_config", "LOAD_CONFIG"), Some(Fit::Case));
        assert_eq!(fit("load", "load_config"), Some(Fit::Prefix));
        assert_eq!(fit("config", "load_config"), Some(Fit::Words));
        assert_eq!(fit("config load", "loadConfig"), Some(Fit::Words));
        assert_eq!(fit("loda_config", "load_config"), Some(Fit::Typo));
        assert_eq!(fit("lod", "load"), None);
        assert_eq!(fit("lood", "load"), Some(Fit::Typo));
        assert_eq!(fit("laod_cnfig", "load_config"), Some(Fit::Typo));
        assert_eq!(fit("other", "load_config"), None);
    }

    #[test]
    fn a_qualified_name_asks_for_its_container() {
        let wanted = Wanted::new("Policy::next");
        assert_eq!(wanted.fit("next", "retry > Policy", false), Some(Fit::Exact));
        assert_eq!(wanted.fit("next", "Other", false), None);
        assert_eq!(Wanted::new("tool.x").fit("tool.x", "", false), Some(Fit::Exact));
    }

    proptest! {
        #[test]
        fn one_change_is_one_typo(word in "[a-z]{4,12}", at in 0_usize..12, letter in proptest::char::range('a', 'z')) {
            let letters: Vec<char> = word.chars().collect();
            let at = at % letters.len();
            let mut replaced = letters.clone();
            replaced[at] = letter;
            let mut longer = letters.clone();
            longer.insert(at, letter);
            let mut shorter = letters.clone();
            shorter.remove(at);
            let mut swapped = letters.clone();
            swapped.swap(at, (at + 1) % letters.len());
            for changed in [&replaced, &longer, &shorter] {
                prop_assert!(is_within(&letters, changed, 1));
                prop_assert!(is_within(changed, &letters, 1));
            }
            if at + 1 < letters.len() {
                prop_assert!(is_within(&letters, &swapped, 1));
            }
        }
    }
}
