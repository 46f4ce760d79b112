//! Where the lines of a bookmark stand in the file as it is now. Pure.

/// What has become of bookmarked lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They stand where they stood.
    Kept,
    /// They stand elsewhere in the file.
    Moved {
        /// From 1.
        first_line: u32,
        /// Inclusive.
        last_line: u32,
    },
    /// The file is there, and they are not as they were.
    Changed,
    /// The file is not there.
    Gone,
}

/// Finds lines again, which stood from `first_line` (from 1) on, in the text that their file has now; none when there is no
/// such file. Of several places with the same lines the one nearest to where they stood counts.
pub fn standing(first_line: u32, lines: &str, now: Option<&str>) -> Standing {
    let Some(now) = now else { return Standing::Gone };
    let wanted: Vec<&str> = lines.lines().collect();
    let lines: Vec<&str> = now.lines().collect();
    let old = (first_line as usize).saturating_sub(1);
    if lines.get(old..old + wanted.len()) == Some(&wanted[..]) {
        return Standing::Kept;
    }
    // Blank lines stand everywhere.
    if wanted.iter().all(|line| line.trim().is_empty()) {
        return Standing::Changed;
    }
    let nearest = lines
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| *window == wanted)
        .map(|(place, _)| place)
        .min_by_key(|place| place.abs_diff(old));
    match nearest.and_then(|place| u32::try_from(place).ok()) {
        Some(place) => Standing::Moved {
            first_line: place + 1,
            last_line: place + wanted.len() as u32,
        },
        None => Standing::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_where_they_stand_now() {
        let standing = |now| standing(2, "b\nc", now);
        let moved = |first_line| Standing::Moved {
            first_line,
            last_line: first_line + 1,
        };
        assert_eq!(standing(Some("a\nb\nc\n")), Standing::Kept);
        assert_eq!(standing(Some("a\r\nb\r\nc\r\n")), Standing::Kept);
        assert_eq!(standing(Some("a\nnew\nb\nc\n")), moved(3));
        assert_eq!(standing(Some("b\nc\n")), moved(1));
        assert_eq!(standing(Some("a\nb\nC\n")), Standing::Changed);
        assert_eq!(standing(Some("")), Standing::Changed);
        assert_eq!(standing(None), Standing::Gone);
    }

    #[test]
    fn of_equal_places_the_nearest_counts() {
        let text = "x\n}\n1\n2\n3\n4\n5\n}\n7\n}\n";
        let moved = |line| Standing::Moved {
            first_line: line,
            last_line: line,
        };
        assert_eq!(standing(7, "}", Some(text)), moved(8));
        assert_eq!(standing(1, "}", Some(text)), moved(2));
    }

    #[test]
    fn blank_lines_and_lines_beyond_the_end_are_never_found_elsewhere() {
        assert_eq!(standing(9, "\n \n", Some("a\n\n \n")), Standing::Changed);
        assert_eq!(
            standing(1_000_000, "a", Some("a")),
            Standing::Moved {
                first_line: 1,
                last_line: 1
            }
        );
    }
}
