//! What a search's answer does not cover yet, in one line.

use aiex_protocol::search::SearchSummary;

use crate::palette::Palette;
use crate::quantity::{count, counted, percent, span};

/// Why the hits may be partial or old; nothing when they are neither.
pub(crate) fn shortfall(summary: &SearchSummary) -> Option<String> {
    if !summary.is_complete {
        let share = percent(summary.files_indexed, summary.files_total).min(99);
        return Some(format!(
            "index {share} % complete, {} of {} files; results may be partial",
            count(summary.files_indexed),
            count(summary.files_total)
        ));
    }
    let mut parts = Vec::new();
    if summary.stale_files > 0 {
        parts.push(format!(
            "{} changed since the index was made; --wait-fresh waits for them",
            counted(summary.stale_files, "file")
        ));
    }
    if summary.chunks_embedded < summary.chunks_total {
        parts.push(format!(
            "search by meaning covers {} % so far",
            percent(summary.chunks_embedded, summary.chunks_total)
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The same for an answer in which meaning has no part: vectors that are missing do not matter to it.
pub(crate) fn shortfall_of_texts(summary: &SearchSummary) -> Option<String> {
    shortfall(&SearchSummary {
        chunks_embedded: summary.chunks_total,
        ..summary.clone()
    })
}

/// The words that the answer cannot be about; nothing when there are none.
pub(crate) fn nowhere(summary: &SearchSummary) -> Option<String> {
    let words = summary.nowhere.join(", ");
    (!words.is_empty()).then(|| format!("nowhere in the repository: {words}"))
}

/// The dim closing line for people: how many, how read, how fast.
pub(crate) fn closing_line(hits: usize, summary: &SearchSummary, palette: Palette) -> String {
    let found = match &summary.matches {
        Some(all) => format!(
            "{} in {}",
            counted(all.lines, "match"),
            counted(all.files, "file")
        ),
        None => counted(hits as u64, "hit"),
    };
    let mut parts = vec![found];
    if !summary.route.is_empty() {
        parts.push(summary.route.clone());
    }
    parts.push(span(std::time::Duration::from_micros(summary.took_us)));
    if summary.is_cached {
        parts.push("cached".to_owned());
    }
    if !summary.nowhere.is_empty() {
        parts.push(format!("nowhere: {}", summary.nowhere.join(", ")));
    }
    palette.dim(parts.join(" · ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> SearchSummary {
        SearchSummary {
            is_complete: true,
            files_indexed: 5,
            files_total: 5,
            ..SearchSummary::default()
        }
    }

    #[test]
    fn a_whole_fresh_index_needs_no_word() {
        assert_eq!(shortfall(&whole()), None);
    }

    #[test]
    fn what_is_missing_is_told_in_one_line() {
        let partial = SearchSummary {
            is_complete: false,
            files_indexed: 1_200,
            files_total: 2_800,
            ..SearchSummary::default()
        };
        insta::assert_snapshot!(shortfall(&partial).unwrap(), @"index 42 % complete, 1,200 of 2,800 files; results may be partial");
        let stale = SearchSummary {
            stale_files: 1,
            chunks_embedded: 1,
            chunks_total: 2,
            ..whole()
        };
        insta::assert_snapshot!(shortfall(&stale).unwrap(), @"1 file changed since the index was made; --wait-fresh waits for them; search by meaning covers 50 % so far");
        assert_eq!(
            shortfall_of_texts(&stale).unwrap(),
            "1 file changed since the index was made; --wait-fresh waits for them"
        );
    }

    #[test]
    fn the_closing_line_tells_what_stands_nowhere() {
        let summary = SearchSummary {
            route: "natural".to_owned(),
            took_us: 5_200,
            nowhere: vec!["kubernetes".to_owned(), "pods".to_owned()],
            ..whole()
        };
        insta::assert_snapshot!(closing_line(10, &summary, Palette::new(false)), @"10 hits · natural · 5.2 ms · nowhere: kubernetes, pods");
    }
}
