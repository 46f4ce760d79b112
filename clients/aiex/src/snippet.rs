//! A snippet as a few lines around what matters, safe to show on a terminal.

/// How much of a snippet to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The line that matters with its neighbours, and the first line if that is elsewhere.
    Focused,
    /// Everything.
    Full,
}

/// Lines of a focused snippet at most.
const FOCUSED_LINES: usize = 8;
/// Of these, how many stand before the line that matters.
const LINES_BEFORE: usize = 2;
/// Columns of a tab.
const TAB: &str = "    ";

/// One line of a snippet, or a hole in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SnippetLine {
    /// A line of the file.
    Text {
        /// From 1.
        number: u32,
        /// Without its end, tabs widened, common indentation taken off.
        text: String,
        /// Whether it best shows why the span matched.
        is_focus: bool,
    },
    /// Lines that are not shown.
    Hole,
}

/// The lines of `snippet`, which starts at line `start` of its file, that are worth showing.
pub(crate) fn lines(snippet: &str, start: u32, focus: u32, extent: Extent) -> Vec<SnippetLine> {
    let all: Vec<String> = snippet.lines().map(displayable).collect();
    let focus = (focus.saturating_sub(start) as usize).min(all.len().saturating_sub(1));
    let first = all.iter().position(|line| !line.trim().is_empty()).unwrap_or(0);
    let end = all
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |last| last + 1);

    let mut shown: Vec<Option<usize>> = Vec::new();
    if extent == Extent::Full || end.saturating_sub(first) <= FOCUSED_LINES {
        shown.extend((first..end).map(Some));
    } else if focus < first + FOCUSED_LINES - 1 {
        shown.extend((first..first + FOCUSED_LINES).map(Some));
    } else {
        // The first line (mostly a signature) says where we are; it and the hole take two lines.
        let window = FOCUSED_LINES - 2;
        let from = (focus - LINES_BEFORE)
            .min(end.saturating_sub(window))
            .max(first + 1);
        shown.push(Some(first));
        if from > first + 1 {
            shown.push(None);
        }
        shown.extend((from..(from + window).min(end)).map(Some));
    }

    let indent = shown
        .iter()
        .flatten()
        .filter(|index| !all[**index].trim().is_empty())
        .map(|index| all[*index].len() - all[*index].trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    shown
        .into_iter()
        .map(|place| match place {
            None => SnippetLine::Hole,
            Some(index) => SnippetLine::Text {
                number: start + index as u32,
                text: all[index].get(indent..).unwrap_or_default().trim_end().to_owned(),
                is_focus: index == focus,
            },
        })
        .collect()
}

/// Text that cannot move the cursor, ring the bell or change colours: what stands in a file is not trusted.
pub(crate) fn displayable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => clean.push_str(TAB),
            // Controls, and the marks that reorder text on screen.
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                clean.push('\u{fffd}')
            }
            c => clean.push(c),
        }
    }
    clean
}

/// Several lines, each safe to show. Tabs stay: the text may be a document that is kept.
pub(crate) fn displayable_text(text: &str) -> String {
    let safe = |line: &str| line.split('\t').map(displayable).collect::<Vec<_>>().join("\t");
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

/// One line of text from text of many, safe to show.
pub(crate) fn one_line(text: &str) -> String {
    displayable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `text` cut to `width` columns, with an ellipsis when something is missing.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut columns = 0;
    for (position, c) in text.char_indices() {
        columns += columns_of(c);
        if columns > width {
            let mut kept = String::new();
            let mut used = 1;
            for c in text[..position].chars() {
                used += columns_of(c);
                if used > width {
                    break;
                }
                kept.push(c);
            }
            kept.push('…');
            return kept;
        }
    }
    text.to_owned()
}

/// Columns that a character takes: two in the East Asian wide blocks and for pictographs, none for joining marks.
fn columns_of(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(snippet: &str, start: u32, focus: u32, extent: Extent) -> String {
        lines(snippet, start, focus, extent)
            .into_iter()
            .map(|line| match line {
                SnippetLine::Hole => "⋮\n".to_owned(),
                SnippetLine::Text {
                    number,
                    text,
                    is_focus,
                } => {
                    format!("{number}{} {text}\n", if is_focus { '>' } else { ' ' })
                }
            })
            .collect()
    }

    fn numbered(count: usize) -> String {
        (1..=count).map(|number| format!("    line {number}\n")).collect()
    }

    #[test]
    fn short_snippets_are_whole_and_lose_their_indentation() {
        insta::assert_snapshot!(show("    fn a() {\n\tb()\n    }\n", 10, 11, Extent::Focused), @r"
        10  fn a() {
        11> b()
        12  }
        ");
    }

    #[test]
    fn a_far_focus_keeps_the_first_line() {
        insta::assert_snapshot!(show(&numbered(40), 1, 20, Extent::Focused), @r"
        1  line 1
        ⋮
        18  line 18
        19  line 19
        20> line 20
        21  line 21
        22  line 22
        23  line 23
        ");
        assert_eq!(
            show(&numbered(40), 1, 40, Extent::Focused).lines().last(),
            Some("40> line 40")
        );
        assert_eq!(show(&numbered(40), 1, 20, Extent::Full).lines().count(), 40);
    }

    #[test]
    fn every_focus_of_every_length_is_shown() {
        for length in 1..30 {
            for focus in 1..=length {
                let shown = show(&numbered(length), 1, focus as u32, Extent::Focused);
                assert!(
                    shown.contains(&format!("{focus}> line {focus}\n")),
                    "{length} {focus}\n{shown}"
                );
                assert!(
                    shown.lines().count() <= FOCUSED_LINES,
                    "{length} {focus}\n{shown}"
                );
            }
        }
    }

    #[test]
    fn a_focus_outside_the_snippet_and_an_empty_snippet_do_no_harm() {
        assert_eq!(show("a\nb", 5, 1, Extent::Focused), "5> a\n6  b\n");
        assert_eq!(show("a\nb", 5, 900, Extent::Focused), "5  a\n6> b\n");
        assert_eq!(show("", 5, 5, Extent::Focused), "");
        assert_eq!(show("\n\n", 5, 5, Extent::Focused), "");
    }

    #[test]
    fn escape_codes_in_files_are_defused() {
        assert_eq!(
            displayable("a\u{1b}[31mred\u{7}\u{202e}x"),
            "a\u{fffd}[31mred\u{fffd}\u{fffd}x"
        );
        assert_eq!(displayable_text("a\u{7}\n\tb\n"), "a\u{fffd}\n\tb\n");
        assert_eq!(one_line(" a\n\tb\u{1b} "), "a b\u{fffd}");
    }

    #[test]
    fn lines_are_cut_by_columns() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("日本語の検索", 7), "日本語…");
    }
}
