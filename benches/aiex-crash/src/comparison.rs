//! An index that was hurt beside one that was made in one go: everything that can be asked of both must be the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use crate::failure::Failure;
use crate::ledger;
use crate::program::{Program, wait_until, words};
use crate::question;
use crate::ranking;
use crate::tally::Agreement;
use crate::tree::Tree;

/// Folders whose every line is asked for at once: fewer lines than one answer holds.
const FOLDERS_AT_ONCE: usize = 3;
/// Differences that are shown.
const SHOWN: usize = 4;
/// What a status says that no history of crashes may change.
const NUMBERS: [&str; 9] = [
    "files_seen",
    "files_indexed",
    "files_skipped",
    "files_failed",
    "chunks",
    "chunks_embedded",
    "symbols",
    "source_bytes",
    "branch",
];

/// Bytes on disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Room {
    /// Of the repository's own stores.
    pub(crate) own: u64,
    /// Of the contents that repositories share.
    pub(crate) shared: u64,
}

/// Waits until nothing is left to do. The room that the index takes.
pub(crate) fn settle(program: &Program, tree: &Tree) -> Result<Room, Failure> {
    program.answer(
        &tree.root,
        &words(["search", "settled", &program.wait_fresh(), "--json"]),
    )?;
    let mut last = Ok(Value::Null);
    let is_settled = wait_until(program.deadline(), || {
        last = status(program, &tree.root);
        last.as_ref().map_or(true, |status| {
            status["phase"] == "idle"
                && status["is_complete"] == true
                && status["chunks"] == status["chunks_embedded"]
                && status["stale_files"] == 0
        })
    });
    let status = last?;
    if !is_settled {
        return Err(wrong("the index does not settle", &status));
    }
    if !status["problem"].is_null() || !status["quarantined"].is_null() {
        return Err(wrong("a store was damaged", &status));
    }
    let mut over = Ok(false);
    let are_over = wait_until(program.deadline(), || {
        over = ledger::runs_are_over(program, &tree.root);
        matches!(over, Ok(true) | Err(_))
    });
    over?;
    if !are_over {
        return Err(wrong("a run of research does not end", &Value::Null));
    }
    Ok(Room {
        own: status["disk_bytes"].as_u64().unwrap_or_default(),
        shared: bytes_of(&program.index_dir().join("content")),
    })
}

/// A daemon puts its stores in order when a repository has been quiet for half a minute, which kills never grant it.
const TIDY: Duration = Duration::from_secs(90);

/// The room that the index takes when it has been left in peace until it takes no more than so many bytes of its own, or
/// for as long as putting it in order may take.
pub(crate) fn tidied(program: &Program, tree: &Tree, most_own: u64) -> Result<Room, Failure> {
    let mut room = settle(program, tree)?;
    let mut looked = Ok(());
    wait_until(TIDY, || match status(program, &tree.root) {
        Ok(status) => {
            room.own = status["disk_bytes"].as_u64().unwrap_or_default();
            room.own <= most_own
        }
        Err(failure) => {
            looked = Err(failure);
            true
        }
    });
    looked.map(|()| room)
}

/// Makes an index anew beside the old one, which has settled, and compares. The room that the new one takes, and how
/// often the two rank alike.
pub(crate) fn compare(
    old: &Program,
    fresh: &Program,
    tree: &Tree,
    rng: &mut Rng,
) -> Result<(Room, Agreement), Failure> {
    fresh.answer(&tree.root, &words(["repos", "add", "--yes"]))?;
    let room = settle(fresh, tree)?;
    let numbers = |program| {
        let status = status(program, &tree.root)?;
        Ok(NUMBERS.map(|name| format!("{name} {}", status[name])).to_vec())
    };
    same("status", numbers(old)?, numbers(fresh)?)?;
    for asked in questions(tree, rng)? {
        let answer = |program: &Program| {
            let outcome = program.answer(&tree.root, &asked)?;
            outcome.rows().map(|rows| rows.iter().map(told).collect())
        };
        same(&asked.join(" "), answer(old)?, answer(fresh)?)?;
    }
    Ok((room, ranking::compare(old, fresh, tree, rng)?))
}

/// The status of the repository.
fn status(program: &Program, root: &Path) -> Result<Value, Failure> {
    let shown = program.answer(root, &words(["status", "--json"]))?;
    let status = shown.value()?;
    let mut repos = status["repos"].as_array().into_iter().flatten();
    let found = repos.find(|repo| repo["root"].as_str().map(Path::new) == Some(root));
    found
        .cloned()
        .ok_or_else(|| wrong("the repository is not registered", &status))
}

/// Commands whose answers must be the same: every definition, every line, and much that chance picks.
fn questions(tree: &Tree, rng: &mut Rng) -> Result<Vec<Vec<String>>, Failure> {
    let mut asked = vec![
        words(["outline", ".", "--json", "--limit", "100000"]),
        words(["symbols", "--json", "--limit", "100000"]),
    ];
    let files = tree.files()?;
    let folders: BTreeSet<&str> = files.iter().filter_map(|path| path.split('/').next()).collect();
    let folders: Vec<&str> = folders.into_iter().collect();
    for folders in folders.chunks(FOLDERS_AT_ONCE) {
        let mut every_line = words(["search", "--regex", ".", "--json", "--limit", "10000"]);
        for folder in folders {
            every_line.extend(words(["--path", &format!("{folder}/**")]));
        }
        asked.push(every_line);
    }
    for _ in 0..6 {
        let name = question::name(tree, rng)?;
        asked.push(words(["search", "--literal", &name, "--json"]));
        asked.push(words(["symbols", &question::name(tree, rng)?, "--json"]));
        asked.push(words(["search", "--regex", &question::pattern(rng), "--json"]));
    }
    Ok(asked)
}

/// What a row says of a place. Scores are left out: what counts is the order.
fn told(row: &Value) -> String {
    let number = |key: &str| row[key].as_u64().unwrap_or_default();
    format!(
        "{}:{}-{} {} {} {}",
        row["path"].as_str().unwrap_or_default(),
        number("start_line"),
        number("end_line"),
        row["kind"],
        if row["name"].is_null() {
            &row["symbol"]
        } else {
            &row["name"]
        },
        row["snippet"].as_str().unwrap_or_default()
    )
}

fn same(asked: &str, old: Vec<String>, fresh: Vec<String>) -> Result<(), Failure> {
    if old == fresh {
        return Ok(());
    }
    let only = |these: &[String], those: &[String]| {
        let those: BTreeSet<&String> = those.iter().collect();
        let only: Vec<&String> = these.iter().filter(|row| !those.contains(row)).collect();
        let shown: String = only
            .iter()
            .take(SHOWN)
            .map(|row| format!("    {}\n", row.lines().next().unwrap_or_default()))
            .collect();
        format!("{} of {} rows\n{shown}", only.len(), these.len())
    };
    let place = old.iter().zip(&fresh).position(|(old, fresh)| old != fresh);
    let place = place.unwrap_or(old.len().min(fresh.len()));
    Err(Failure::Wrong {
        what: format!("a fresh index answers `{asked}` differently"),
        detail: format!(
            "  only in the old one: {}  only in the fresh one: {}  the first difference is in row {}",
            only(&old, &fresh),
            only(&fresh, &old),
            place + 1
        ),
    })
}

/// Bytes of the files in a folder.
fn bytes_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn wrong(what: &str, detail: &Value) -> Failure {
    Failure::Wrong {
        what: what.to_owned(),
        detail: format!("{detail:#}"),
    }
}
