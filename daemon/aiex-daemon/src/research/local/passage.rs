//! A hit with some of what stands around it: enough to be quoted and understood.

use std::collections::HashMap;

use aiex_index::Hit;

use super::file::Tree;

/// Lines of a passage. A chunk has about twenty; a function with its comment seldom more than sixty.
const LINES: usize = 60;

/// Lines of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    /// The first line, from 1.
    pub(super) first_line: u32,
    /// The last line, inclusive.
    pub(super) last_line: u32,
    /// The lines, as they stand in the file.
    pub(super) text: String,
}

/// Turns hits into passages, the best first. A hit that lies in the passage of a better one is left out: it would say
/// the same again.
pub(super) fn passages(hits: Vec<Hit>, tree: Option<&Tree>) -> Vec<(Hit, Passage)> {
    let mut texts: HashMap<String, Option<String>> = HashMap::new();
    let mut found: Vec<(Hit, Passage)> = Vec::new();
    for hit in hits {
        let is_shown = found.iter().any(|(other, passage)| {
            other.path == hit.path
                && passage.first_line <= hit.start_line
                && hit.end_line <= passage.last_line
        });
        if is_shown {
            continue;
        }
        let text = texts
            .entry(hit.path.clone())
            .or_insert_with(|| tree?.text(&hit.path).ok());
        let passage = around(&hit, text.as_deref());
        found.push((hit, passage));
    }
    found
}

/// The passage around a hit. `text` is the file as it is now; when it no longer says what the index says, the hit
/// stands alone.
fn around(hit: &Hit, text: Option<&str>) -> Passage {
    widened(hit, text.unwrap_or_default()).unwrap_or_else(|| Passage {
        first_line: hit.start_line,
        last_line: hit.end_line,
        text: hit.snippet.clone(),
    })
}

fn widened(hit: &Hit, text: &str) -> Option<Passage> {
    let lines: Vec<&str> = text.lines().collect();
    let mut first = usize::try_from(hit.start_line).ok()?.checked_sub(1)?;
    let mut end = usize::try_from(hit.end_line).ok()?;
    if !says_the_same(lines.get(first..end)?, &hit.snippet) {
        return None;
    }
    let room = LINES.saturating_sub(end - first);
    // What follows a line explains it more often than what precedes it.
    first = behind_torn(&lines, first.saturating_sub(room / 3), first);
    end = (end + room - room / 3).min(lines.len());
    let is_blank = |at: usize| lines.get(at).is_some_and(|line| line.trim().is_empty());
    while first + 1 < end && is_blank(first) {
        first += 1;
    }
    while first + 1 < end && is_blank(end - 1) {
        end -= 1;
    }
    Some(Passage {
        first_line: u32::try_from(first + 1).ok()?,
        last_line: u32::try_from(end).ok()?,
        text: lines.get(first..end)?.join("\n"),
    })
}

/// Whether lines of a file say what a chunk says. One of a long paragraph begins and ends within a line, and the index cuts
/// blanks off the end of each.
fn says_the_same(lines: &[&str], snippet: &str) -> bool {
    let indexed: Vec<&str> = snippet.lines().map(str::trim_end).collect();
    let last = indexed.len().saturating_sub(1);
    let holds = |(at, (line, indexed)): (usize, (&&str, &&str))| {
        let line = line.trim_end();
        match () {
            () if line == *indexed => true,
            () if indexed.is_empty() => false,
            () if at == 0 && at == last => line.contains(indexed),
            () if at == 0 => line.ends_with(indexed),
            () if at == last => line.starts_with(indexed),
            () => false,
        }
    };
    lines.len() == indexed.len() && lines.iter().zip(&indexed).enumerate().all(holds)
}

/// Where a passage begins that would begin at `first`, within a paragraph of a comment: behind that paragraph, if the hit
/// does. Half a sentence cannot be quoted.
fn behind_torn(lines: &[&str], first: usize, hit: usize) -> usize {
    let says = |at: usize| {
        lines
            .get(at)
            .is_some_and(|line| commented(line).is_some_and(|said| !said.is_empty()))
    };
    if first == 0 || !says(first - 1) || !says(first) {
        return first;
    }
    (first..hit).find(|at| !says(*at)).unwrap_or(first)
}

/// What a line of comment says.
fn commented(line: &str) -> Option<&str> {
    let line = line.trim();
    let marks = ["///", "//!", "//", "#", "--", "*"];
    let mark = marks.into_iter().find(|mark| line.starts_with(mark))?;
    line.get(mark.len()..).map(str::trim)
}

#[cfg(test)]
pub(super) fn hit(path: &str, lines: (u32, u32), snippet: &str, score: f32) -> Hit {
    Hit {
        score,
        path: path.to_owned(),
        start_line: lines.0,
        end_line: lines.1,
        symbol: None,
        kind: None,
        language: None,
        snippet: snippet.to_owned(),
        focus_line: lines.0,
        why: Vec::new(),
        explain: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::local::file::Files;

    fn numbered(count: usize) -> String {
        (1..=count).map(|line| format!("line {line}\n")).collect()
    }

    #[test]
    fn a_hit_is_widened_to_what_stands_around_it() {
        let text = numbered(200);
        let passage = around(&hit("a", (100, 101), "line 100\nline 101\n", 1.0), Some(&text));
        assert_eq!((passage.first_line, passage.last_line), (81, 140));
        assert!(passage.text.starts_with("line 81\n"));
        assert!(passage.text.ends_with("\nline 140"));
        assert_eq!(passage.text.lines().count(), LINES);

        let top = around(&hit("a", (1, 1), "line 1", 1.0), Some(&numbered(3)));
        assert_eq!((top.first_line, top.last_line), (1, 3));
    }

    #[test]
    fn a_hit_that_begins_or_ends_within_a_line_is_widened_to_whole_lines() {
        let text = "# Waits\n\nOne thing. Another\nis waited for. It rests\nuntil then. The end.\n";
        for (lines, snippet) in [
            ((3, 4), "Another\nis waited for."),
            ((3, 3), "One thing."),
            ((4, 5), "It rests\nuntil then. The end."),
        ] {
            let passage = around(&hit("a.md", lines, snippet, 1.0), Some(text));
            assert_eq!(passage.text, text.trim_end(), "{snippet}");
        }
        // What the file does not say any more stands alone.
        let passage = around(&hit("a.md", (3, 4), "Another\nis gone.", 1.0), Some(text));
        assert_eq!(passage.text, "Another\nis gone.");
    }

    #[test]
    fn a_passage_begins_with_no_half_paragraph_of_a_comment() {
        let mut lines: Vec<String> = (1..=90).map(|line| format!("/// line {line}")).collect();
        lines[84] = "///".to_owned();
        lines.extend((91..=140).map(|line| format!("line {line}")));
        let text = lines.join("\n");
        let passage = around(&hit("a", (100, 101), "line 100\nline 101\n", 1.0), Some(&text));
        assert!(passage.text.starts_with("///\n/// line 86\n"), "{}", passage.text);
        // The hit itself is never cut.
        let inside = around(&hit("a", (60, 60), "/// line 60", 1.0), Some(&text));
        assert!(inside.first_line < 60);
    }

    #[test]
    fn what_changed_since_it_was_indexed_is_not_mixed_with_what_is_there_now() {
        let stale = hit("a", (2, 2), "line two", 1.0);
        for text in [Some(numbered(3)), Some(numbered(1)), None] {
            let passage = around(&stale, text.as_deref());
            assert_eq!((passage.first_line, passage.last_line), (2, 2));
            assert_eq!(passage.text, "line two");
        }
    }

    #[test]
    fn a_passage_is_not_shown_twice() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        std::fs::write(top.join("a.rs"), numbered(500)).unwrap();
        let tree = Files::new(None, 1 << 20).of_package(&top);
        let hits = vec![
            hit("a.rs", (100, 101), "line 100\nline 101", 3.0),
            hit("a.rs", (110, 110), "line 110", 2.0),
            hit("a.rs", (300, 300), "line 300", 1.0),
        ];
        let shown: Vec<u32> = passages(hits, Some(&tree))
            .iter()
            .map(|(hit, _)| hit.start_line)
            .collect();
        assert_eq!(shown, [100, 300]);
    }
}
