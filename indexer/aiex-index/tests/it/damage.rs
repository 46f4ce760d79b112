//! Crashes and damaged stores: what comes back equals a fresh index of the same tree.

use std::path::{Path, PathBuf};

use aiex_index::content::ContentKey;
use aiex_index::suspects::Suspects;

use crate::fixture::{Fixture, grep, observe, observe_fresh};

/// The files of one store of the one repository.
fn files_of(index: &Path, store: &str) -> Vec<PathBuf> {
    let repo = std::fs::read_dir(index.join("repos"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let base = match store {
        "content" => index.join("content"),
        "catalogue" => {
            return vec![repo.join("catalogue.db")];
        }
        "manifest" => return vec![repo.join("generation.json")],
        "outlines" => return vec![repo.join("outlines")],
        "registry" => return vec![index.join("repos.json")],
        other => repo.join(other),
    };
    let mut files = Vec::new();
    let mut folders = vec![base];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.metadata().unwrap().len() > 0 {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

fn flip(path: &Path, place: f64) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = ((bytes.len() - 1) as f64 * place) as usize;
    bytes[at] ^= 0x5a;
    std::fs::write(path, bytes).unwrap();
}

fn survives_flips(store: &str) {
    let mut fixture = Fixture::new();
    let expected = observe_fresh(&fixture.root());
    let count = files_of(&fixture.index_dir(), store).len();
    for number in 0..count {
        for place in [0.0, 0.3, 0.6, 0.99] {
            let mut name = PathBuf::new();
            fixture = fixture.reopened_after(|index| {
                // The set of files changes as stores are rebuilt.
                if let Some(file) = files_of(index, store).get(number) {
                    name = file.clone();
                    flip(file, place);
                }
            });
            fixture.sync();
            assert_eq!(observe(&fixture.repo), expected, "{} at {place}", name.display());
        }
    }
}

#[test]
fn a_flipped_byte_in_the_catalogue_is_survived() {
    survives_flips("catalogue");
}

#[test]
fn a_flipped_byte_in_the_content_store_is_survived() {
    survives_flips("content");
}

#[test]
fn a_flipped_byte_in_the_outlines_is_survived() {
    survives_flips("outlines");
    let expected = observe(&Fixture::new().repo);
    // Nor does what is no file at all.
    let fixture = Fixture::new().reopened_after(|index| {
        let path = &files_of(index, "outlines")[0];
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    });
    assert_eq!(observe(&fixture.repo), expected);
    assert!(fixture.repo.facts().quarantined[0].starts_with("outline"));
    // Every byte of them, where nothing is looked over when it is opened.
    let mut fixture = Fixture::new();
    let whole = std::fs::read(&files_of(&fixture.index_dir(), "outlines")[0]).unwrap();
    for at in (0..whole.len()).step_by(7) {
        fixture = fixture.reopened_as_large(|index| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            std::fs::write(&files_of(index, "outlines")[0], bytes).unwrap();
        });
        assert_eq!(observe(&fixture.repo), expected, "byte {at}");
    }
}

#[test]
fn damage_to_a_large_repository_is_found_behind_its_first_answers() {
    let fixture = Fixture::new();
    let expected = observe(&fixture.repo);
    let fixture = fixture.reopened_as_large(|index| {
        let store = rusqlite::Connection::open(index.join("content/content.db")).unwrap();
        store
            .execute("UPDATE content SET text = x'00' WHERE id = 1", [])
            .unwrap();
    });
    assert!(!fixture.repo.facts().needs_repair, "nobody has looked yet");
    fixture.repo.maintain(&|| false).unwrap();
    assert!(fixture.repo.facts().needs_repair);
    assert_eq!(fixture.sync().changed, 1);
    assert_eq!(observe(&fixture.repo), expected);

    // Vectors that are missing or of no file.
    let fixture = fixture.reopened_as_large(|index| {
        let path = &files_of(index, "catalogue")[0];
        let catalogue = rusqlite::Connection::open(path).unwrap();
        catalogue
            .execute("DELETE FROM file WHERE CAST(path AS TEXT) = 'README.md'", [])
            .unwrap();
    });
    let facts = fixture.repo.facts();
    assert!(facts.chunks_embedded <= facts.chunks);
    fixture.sync();
    let facts = fixture.repo.facts();
    assert_eq!(facts.chunks_embedded, facts.chunks);
    assert_eq!(observe(&fixture.repo), expected);
}

#[test]
fn what_was_lost_is_missed_until_it_is_read_again() {
    let mut fixture = Fixture::new();
    assert!(fixture.repo.facts().is_complete);
    fixture = fixture.reopened_after(|index| std::fs::remove_dir_all(index.join("content")).unwrap());
    assert!(!fixture.repo.facts().is_complete);
    // As when the daemon is killed before it looked at the tree.
    fixture = fixture.reopened_after(|_| {});
    assert!(!fixture.repo.facts().is_complete);
    fixture.sync();
    assert!(fixture.repo.facts().is_complete);
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}

#[test]
fn a_flipped_byte_in_the_full_text_is_survived() {
    survives_flips("lexical");
}

#[test]
fn a_flipped_byte_in_the_manifest_or_the_registry_is_survived() {
    survives_flips("manifest");
    survives_flips("registry");
}

#[test]
fn damaged_postings_are_told_and_cost_no_match() {
    let mut fixture = Fixture::new();
    for number in 0..40 {
        fixture.write(
            &format!("src/own_{number}.rs"),
            &format!("fn own_{number}() {{}}\n"),
        );
    }
    fixture.sync();
    let expected = observe_fresh(&fixture.root());
    fixture.repo.cover(&aiex_index::Silent).unwrap();
    for place in [0.0, 0.3, 0.6, 0.99] {
        fixture = fixture.reopened_after(|index| flip(&files_of(index, "grams")[0], place));
        assert_eq!(observe(&fixture.repo), expected, "at {place}");
        // Whatever was flipped, each gram is asked for.
        for number in 0..40 {
            assert_eq!(
                grep(&fixture.repo, &format!(r"own_{number}\("), 10).hits.len(),
                1,
                "{number} at {place}"
            );
        }
        fixture.repo.cover(&aiex_index::Silent).unwrap();
        let told = fixture.repo.facts().quarantined;
        // Both ends are looked at when it is opened; what lies between, when it is read.
        if place == 0.0 || place == 0.99 {
            assert!(
                told.iter().any(|what| what.contains("trigram")),
                "{told:?} at {place}"
            );
        }
    }
}

#[test]
fn damaged_vectors_never_cost_the_answer() {
    // Vectors carry no checksum, so a flipped component may move a score; hits must be there all the same.
    let mut fixture = Fixture::new();
    let count = files_of(&fixture.index_dir(), "vectors").len();
    for number in 0..count {
        for place in [0.0, 0.5, 0.99] {
            fixture = fixture.reopened_after(|index| {
                if let Some(file) = files_of(index, "vectors").get(number) {
                    flip(file, place);
                }
            });
            fixture.sync();
            assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");
            let facts = fixture.repo.facts();
            assert_eq!(facts.chunks_embedded, facts.chunks);
        }
    }
}

#[test]
fn a_store_that_is_deleted_is_built_from_the_others() {
    for store in [
        "lexical",
        "vectors",
        "grams",
        "outlines",
        "catalogue.db",
        "generation.json",
    ] {
        let fixture = Fixture::new();
        let expected = observe_fresh(&fixture.root());
        let fixture = fixture.reopened_after(|index| {
            let repo = std::fs::read_dir(index.join("repos"))
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            let path = repo.join(store);
            let _ = std::fs::remove_dir_all(&path);
            let _ = std::fs::remove_file(&path);
        });
        fixture.sync();
        assert_eq!(observe(&fixture.repo), expected, "{store}");
    }
}

#[test]
fn a_catalogue_older_than_the_full_text_is_brought_forward() {
    let fixture = Fixture::new();
    let copy = fixture.dir.path().join("old.db");
    let fixture = fixture.reopened_after(|index| {
        std::fs::copy(&files_of(index, "catalogue")[0], &copy).unwrap();
    });
    fixture.write("src/lib.rs", "pub fn after_the_copy() {}\n");
    fixture.sync();
    let fixture = fixture.reopened_after(|index| {
        let path = &files_of(index, "catalogue")[0];
        std::fs::copy(fixture_copy(index), path).unwrap();
        for side in ["-wal", "-shm"] {
            let mut side_path = path.as_os_str().to_owned();
            side_path.push(side);
            let _ = std::fs::remove_file(side_path);
        }
    });
    fixture.sync();
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}

fn fixture_copy(index: &Path) -> PathBuf {
    index.parent().unwrap().join("old.db")
}

#[test]
fn what_was_indexed_is_served_at_once_after_reopening() {
    let fixture = Fixture::new();
    let before = observe(&fixture.repo);
    let fixture = fixture.reopened();
    assert_eq!(observe(&fixture.repo), before);
    assert!(fixture.repo.facts().is_complete);
}

#[test]
fn a_text_that_goes_bad_while_it_is_served_is_told_and_read_again() {
    let fixture = Fixture::new();
    let expected = observe(&fixture.repo);
    let store = rusqlite::Connection::open(fixture.index_dir().join("content/content.db")).unwrap();
    store.execute("UPDATE content SET text = x'00'", []).unwrap();

    let torn = grep(&fixture.repo, "retry_delay", 10);
    assert!(torn.hits.is_empty() && !torn.is_exhaustive);
    assert!(torn.notices[0].contains("3 files"), "{:?}", torn.notices);
    assert!(fixture.repo.facts().needs_repair);

    // Nothing changed on disk: only the damage calls for reading.
    assert_eq!(fixture.sync().changed, 3);
    assert!(!fixture.repo.facts().needs_repair);
    assert_eq!(observe(&fixture.repo), expected);
}

/// Makes nonsense of every page of the content store but the first.
fn garble_pages(index: &Path) {
    const PAGE: usize = 4096;
    let path = index.join("content/content.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for page in (PAGE..bytes.len()).step_by(PAGE) {
        bytes[page] = 0xff;
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_content_store_that_leads_nowhere_is_filled_anew() {
    let fixture = Fixture::new();
    let expected = observe(&fixture.repo);
    // Found when the repository is opened.
    let fixture = fixture.reopened_after(garble_pages);
    assert!(
        fixture
            .repo
            .facts()
            .quarantined
            .iter()
            .any(|told| told.starts_with("content"))
    );
    fixture.sync();
    assert_eq!(observe(&fixture.repo), expected);
    // Found by a search, while somebody writes.
    garble_pages(&fixture.index_dir());
    std::thread::scope(|scope| {
        scope.spawn(|| fixture.sync());
        grep(&fixture.repo, "retry_delay", 10);
    });
    fixture.sync();
    assert_eq!(observe(&fixture.repo), expected);
}

#[test]
fn a_text_damaged_before_it_was_embedded_gets_its_vectors_all_the_same() {
    let fixture = Fixture::new();
    fixture.write("src/late.rs", "pub fn late_comer() {}\n");
    let rules =
        aiex_files::rules::Rules::load(fixture.repo.root(), aiex_files::rules::RulesOptions::default());
    fixture
        .repo
        .update(aiex_index::Scope::All, &rules, &aiex_index::Silent)
        .unwrap();
    let store = rusqlite::Connection::open(fixture.index_dir().join("content/content.db")).unwrap();
    let newest = "UPDATE content SET text = x'00' WHERE id = (SELECT max(id) FROM content)";
    store.execute(newest, []).unwrap();

    fixture.repo.embed(&aiex_index::Silent).unwrap();
    assert!(fixture.repo.facts().needs_repair);
    fixture.sync();
    let facts = fixture.repo.facts();
    assert_eq!(facts.chunks_embedded, facts.chunks);
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}

#[test]
fn a_text_over_which_processes_died_is_cut_by_lines() {
    let fixture = Fixture::new();
    let text = "pub fn deadly() {}\n";
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let key = ContentKey::new(&hash, Some(aiex_chunk::Language::Rust));
    let fixture = fixture.reopened_after(|index| {
        for _ in 0..3 {
            let suspects = Suspects::open(&index.join("content"), None).unwrap();
            std::mem::forget(suspects.note(&key));
        }
    });
    fixture.write("src/deadly.rs", text);
    fixture.write("src/harmless.rs", "pub fn harmless() {}\n");
    fixture.sync();
    let hit = |query: &str| fixture.search(query).swap_remove(0);
    assert_eq!(hit("harmless").symbol.as_deref(), Some("harmless"));
    assert_eq!(
        (hit("deadly").path.as_str(), hit("deadly").symbol),
        ("src/deadly.rs", None)
    );
}
