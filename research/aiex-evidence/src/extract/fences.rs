//! Fences around code, in prose and in comments, of spans that may begin within a block.

use super::code::looks_like_code;

/// Tildes that underline a title in reStructuredText, rather than being a fence.
const UNDERLINE: usize = 5;

/// Whether a line, without what marks it as a comment, begins or ends a block.
pub(super) fn is_fence(line: &str) -> bool {
    let line = line.trim();
    let is_underline = line.len() >= UNDERLINE && line.chars().all(|c| c == '~');
    line.starts_with("```") || line.starts_with("~~~") && !is_underline
}

/// Whether a span begins within a block. A fence with a language begins one, so those before it come in pairs unless the
/// first of them ends a block. Where no fence has a language, an odd number of them tells, if there are no headings
/// above; of an even number what stands above does, if it looks like code.
pub(super) fn begins_inside<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> bool {
    let is_bare = |fence: &str| fence.trim().trim_matches(['`', '~']).is_empty();
    let fences: Vec<&str> = lines.clone().filter(|line| is_fence(line)).collect();
    if let Some(begins) = fences.iter().position(|fence| !is_bare(fence)) {
        return begins % 2 == 1;
    }
    let above: Vec<&str> = lines.take_while(|line| !is_fence(line)).collect();
    if fences.len() % 2 == 1 {
        !above
            .iter()
            .any(|line| line.starts_with("# ") || line.starts_with("## "))
    } else {
        !fences.is_empty() && looks_like_code(&above.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_begins_within_a_block_is_told_by_its_fences() {
        let cases = [
            ("Weighs.\n```\na();\n```\nThe end.", false),
            ("a();\n```\nThe end.", true),
            ("# Use\n```\na();", false),
            ("a();\n```\nThen:\n```rust\nb();\n```", true),
            ("a();\n```\nThen:\n```rust\nb();", true),
            ("Use:\n```\na();\n```\nThen:\n```rust\nb();\n```", false),
            ("a(1);\nb(2);\n```\nThen this is weighed:\n```\nc();", true),
            ("Nothing of that sort;", false),
            ("```\na();\n```", false),
        ];
        for (text, begins) in cases {
            assert_eq!(begins_inside(text.lines()), begins, "{text}");
        }
    }
}
