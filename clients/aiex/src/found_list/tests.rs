//! How results of several sources look, merged and one by one.

use super::*;

fn hit(path: &str) -> Hit {
    Hit {
        rank: 1,
        score: 0.9,
        repo: "/repo".to_owned(),
        path: path.to_owned(),
        start_line: 3,
        end_line: 4,
        symbol: Some("Policy::next".to_owned()),
        kind: Some("function".to_owned()),
        language: Some("rust".to_owned()),
        snippet: "fn next() {\n    wait()\n".to_owned(),
        focus_line: 4,
        why: vec![],
        explain: None,
    }
}

fn found(rank: u32, url: &str) -> Found {
    Found {
        rank,
        score: 0.5,
        source: SourceKind::Web,
        title: "On\nshutting down".to_owned(),
        origin: Origin::Web { url: url.to_owned() },
        snippet: "one\n\n\ttwo\u{1b}[31m\n3\n4\n5\n6\n7".to_owned(),
        date: Some("2026-01-05".to_owned()),
        licence: None,
        also: vec![SourceKind::Docs],
    }
}

/// The places, as `rank name`.
fn order(hits: &[Hit], found: &[Found]) -> Vec<String> {
    merged(hits, found)
        .iter()
        .map(|one| match &one.what {
            What::Code(hit) => {
                assert_eq!(hit.rank, one.rank);
                format!("{} {}", one.rank, hit.path)
            }
            What::Other(found) => format!("{} {}", one.rank, place(&found.origin)),
        })
        .collect()
}

#[test]
fn code_fills_the_places_that_others_leave() {
    let hits = [hit("a"), hit("b"), hit("c")];
    assert_eq!(
        order(&hits, &[found(4, "y"), found(2, "x")]),
        ["1 a", "2 x", "3 b", "4 y", "5 c"]
    );
    assert_eq!(order(&hits, &[]), ["1 a", "2 b", "3 c"]);
    assert_eq!(order(&[], &[found(1, "x"), found(2, "y")]), ["1 x", "2 y"]);
    assert_eq!(order(&[], &[]), [""; 0]);
}

#[test]
fn places_that_nobody_takes_and_that_two_take_are_closed_up() {
    assert_eq!(order(&[hit("a")], &[found(9, "x")]), ["1 a", "2 x"]);
    assert_eq!(
        order(&[hit("a")], &[found(1, "x"), found(1, "y")]),
        ["1 x", "2 y", "3 a"]
    );
}

#[test]
fn every_result_has_one_place_and_keeps_its_order() {
    // Every way in which three results can claim one of six places, beside no to four hits.
    for claims in 0..216u32 {
        for code in 0..5 {
            let ranks = [claims % 6 + 1, claims / 6 % 6 + 1, claims / 36 + 1];
            let others: Vec<Found> = ranks.map(|rank| found(rank, &rank.to_string())).into();
            let hits: Vec<Hit> = (0..code).map(|number| hit(&number.to_string())).collect();
            let merged = merged(&hits, &others);
            let places: Vec<u32> = merged.iter().map(|one| one.rank).collect();
            assert_eq!(places, (1..=3 + code).collect::<Vec<u32>>());
            let (mut code, mut claimed) = (Vec::new(), Vec::new());
            for one in &merged {
                match &one.what {
                    What::Code(hit) => code.push(hit.path.clone()),
                    What::Other(found) => claimed.push(found.rank),
                }
            }
            assert!(code.is_sorted() && claimed.is_sorted(), "{code:?} {claimed:?}");
        }
    }
}

fn style() -> HitStyle {
    HitStyle {
        palette: Palette::new(false),
        width: 60,
        extent: Extent::Focused,
    }
}

#[test]
fn people_see_each_result_beneath_its_place() {
    let (hits, found) = ([hit("src/policy.rs")], [found(1, "https://example.org/a")]);
    insta::assert_snapshot!(for_people(&merged(&hits, &found), style()));
}

#[test]
fn pipes_see_a_place_then_the_snippet() {
    let (hits, found) = ([hit("src/policy.rs")], [found(1, "https://example.org/a")]);
    insta::assert_snapshot!(plain(&merged(&hits, &found), style()));
}

#[test]
fn programs_see_which_source_a_row_is_of() {
    let (hits, found) = ([hit("src/policy.rs")], [found(1, "https://example.org/a")]);
    let merged = merged(&hits, &found);
    let rows: Vec<String> = merged
        .iter()
        .map(|one| serde_json::to_string(&row(one)).unwrap())
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}
