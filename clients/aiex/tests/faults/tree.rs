//! Source trees whose whole content the test knows, and the comparison of an index with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::world::World;

/// A match of an exhaustive search.
pub(crate) type Line = (String, u64, String);

pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: BTreeMap<String, String>,
}

impl Tree {
    /// A git repository with `count` committed files in seven languages.
    pub(crate) fn new(root: PathBuf, count: usize) -> Self {
        fs::create_dir_all(&root).unwrap();
        let root = root.canonicalize().unwrap();
        let mut tree = Self {
            root,
            files: BTreeMap::new(),
        };
        for number in 0..count {
            tree.write(number, 0);
        }
        tree.git(&["init", "-q", "-b", "main"]);
        tree.commit("first");
        tree
    }

    /// Writes file `number` as it is in `round`.
    pub(crate) fn write(&mut self, number: usize, round: usize) {
        let text = source(number, round);
        self.put(&path(number), &text);
    }

    pub(crate) fn put(&mut self, path: &str, text: &str) {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
        self.files.insert(path.to_owned(), text.to_owned());
    }

    pub(crate) fn remove(&mut self, path: &str) {
        fs::remove_file(self.root.join(path)).unwrap();
        self.files.remove(path);
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", message]);
    }

    pub(crate) fn git(&self, args: &[&str]) {
        let output = Command::new("git")
            .current_dir(&self.root)
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.org",
                "-c",
                "gc.auto=0",
            ])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
    }

    /// Every line that is not empty.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (path, text) in &self.files {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
                lines.push((path.clone(), number as u64 + 1, line.to_owned()));
            }
        }
        assert!(lines.len() <= 10_000, "an exhaustive search returns no more");
        lines.sort();
        lines
    }

    /// Indexes it and waits for all of it.
    pub(crate) fn add(&self, world: &World) {
        world.ok(&self.root, &["repos", "add", "--yes"]);
    }

    /// The index holds every line of every file, and nothing else.
    pub(crate) fn assert_whole(&self, world: &World) {
        assert_lines(&self.lines(), &exhaustive(world, &self.root));
    }

    /// The same after the index has seen what is on disk now.
    pub(crate) fn assert_fresh(&self, world: &World) {
        world.ok(&self.root, &["search", "marker", "--wait-fresh=120s", "--json"]);
        self.assert_whole(world);
    }

    /// Full text finds these files, each by its own word.
    pub(crate) fn assert_ranked(&self, world: &World, numbers: impl IntoIterator<Item = usize>) {
        world.wait_settled(&self.root);
        for number in numbers {
            let path = path(number);
            let name = self.word(number);
            let (_, arms) = hit_in(world, &self.root, &name, &path);
            assert_eq!(
                arms["lexical"]["rank"], 1,
                "full text does not find {name} in {path} first: {arms}"
            );
        }
    }

    /// What is found, and how much there is, is what an index made in one go has.
    pub(crate) fn assert_as_fresh(&self, world: &World, numbers: impl IntoIterator<Item = usize> + Clone) {
        let facts = |world: &World| {
            let status = world.wait_settled(&self.root);
            [
                "files_seen",
                "files_indexed",
                "chunks",
                "chunks_embedded",
                "symbols",
                "source_bytes",
            ]
            .map(|name| (name, status[name].clone()))
        };
        let fresh = World::new();
        self.add(&fresh);
        fresh.wait_settled(&self.root);
        self.assert_whole(&fresh);
        self.assert_whole(world);
        self.assert_ranked(world, numbers.clone());
        assert_eq!(facts(world), facts(&fresh));
        for number in numbers {
            let word = self.word(number);
            let [(hit, arms), (other, other_arms)] =
                [world, &fresh].map(|world| hit_in(world, &self.root, &word, &path(number)));
            assert_eq!(hit, other, "{word}\n{arms}\n{other_arms}");
            let dense = |arms: &Value| arms["dense"]["score"].as_f64();
            let difference = dense(&arms).zip(dense(&other_arms)).map(|(a, b)| (a - b).abs());
            assert!(
                difference.is_some_and(|difference| difference < 0.001),
                "{word}: the vectors differ\n{arms}\n{other_arms}"
            );
        }
    }

    /// The word that only this file holds: no other file has a part of it, as other names have.
    fn word(&self, number: usize) -> String {
        self.name(number).trim_start_matches("marker_").to_owned()
    }

    /// The name that only this file holds.
    pub(crate) fn name(&self, number: usize) -> String {
        self.files[&path(number)]
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .find(|word| word.starts_with("marker_"))
            .unwrap()
            .to_owned()
    }
}

/// Every non-empty line in the index.
pub(crate) fn exhaustive(world: &World, root: &Path) -> Vec<Line> {
    let outcome = world.run(root, &["search", "--regex", ".", "--limit", "100000", "--json"]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:#?}");
    let mut lines: Vec<Line> = outcome
        .rows()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("path"), row["start_line"].as_u64().unwrap(), text("snippet"))
        })
        .collect();
    lines.sort();
    lines
}

/// Compares, and shows a few differences rather than thousands of lines.
pub(crate) fn assert_lines(expected: &[Line], found: &[Line]) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|line| found.binary_search(line).is_err())
        .collect();
    let surplus: Vec<_> = found
        .iter()
        .filter(|line| expected.binary_search(line).is_err())
        .collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && expected.len() == found.len(),
        "{} lines expected, {} found; {} missing: {:?}; {} too many: {:?}",
        expected.len(),
        found.len(),
        missing.len(),
        &missing[..missing.len().min(4)],
        surplus.len(),
        &surplus[..surplus.len().min(4)]
    );
}

/// The hit in this file, and the arms that found it.
fn hit_in(world: &World, root: &Path, query: &str, path: &str) -> (Line, Value) {
    let rows = world
        .ok(root, &["search", query, "--explain", "--json", "-n", "20"])
        .rows();
    let row = rows.iter().find(|row| row["path"] == path);
    let row = row.unwrap_or_else(|| panic!("{query} is not found in {path}: {rows:#?}"));
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    let line = (text("path"), row["start_line"].as_u64().unwrap(), text("snippet"));
    (line, row["explain"]["arms"].clone())
}

pub(crate) fn path(number: usize) -> String {
    let folder = ["core", "store", "net", "view", "tools"][number / 7 % 5];
    let extension = ["rs", "py", "ts", "go", "java", "c", "md"][number % 7];
    format!("{folder}/part{number}.{extension}")
}

/// A word of four syllables that no other file or round has.
fn word(number: usize, round: usize) -> String {
    const SYLLABLES: usize = 14 * 5;
    // A factor without a divisor in common with the number of words scatters neighbours.
    let mut left = (number + 400 * round) * 7_368_787 % SYLLABLES.pow(4);
    let mut word = String::new();
    for _ in 0..4 {
        let syllable = left % SYLLABLES;
        word.push(char::from(b"bdfgklmnprstvz"[syllable / 5]));
        word.push(char::from(b"aeiou"[syllable % 5]));
        left /= SYLLABLES;
    }
    word
}

/// A file of about twenty lines that differs from every other file and round.
pub(crate) fn source(number: usize, round: usize) -> String {
    let name = format!("marker_{}", word(number, round));
    let what = [
        "queue", "window", "ledger", "parser", "socket", "garden", "engine",
    ][(number + round) % 7];
    let body = |comment: &str, end: &str| {
        (0..6)
            .map(|step| {
                format!("    {comment} step {step} of the {what} {number}\n    total = total + {step}{end}\n")
            })
            .collect::<String>()
    };
    match number % 7 {
        0 => format!(
            "/// Keeps the {what} {number} in order.\npub fn {name}(start: u32) -> u32 {{\n    let mut total = start;\n{}    total\n}}\n",
            body("//", ";")
        ),
        1 => format!(
            "def {name}(start):\n    \"\"\"Keep the {what} {number} in order.\"\"\"\n    total = start\n{}    return total\n",
            body("#", "")
        ),
        2 => format!(
            "// Keeps the {what} {number} in order.\nexport function {name}(start: number): number {{\n    let total = start;\n{}    return total;\n}}\n",
            body("//", ";")
        ),
        3 => format!(
            "package main\n\n// Keeps the {what} {number} in order.\nfunc {name}(start int) int {{\n    total := start\n{}    return total\n}}\n",
            body("//", "")
        ),
        4 => format!(
            "class Part{number} {{\n    // Keeps the {what} {number} in order.\n    static int {name}(int start) {{\n    int total = start;\n{}    return total;\n    }}\n}}\n",
            body("//", ";")
        ),
        5 => format!(
            "/* Keeps the {what} {number} in order. */\nint {name}(int start) {{\n    int total = start;\n{}    return total;\n}}\n",
            body("//", ";")
        ),
        _ => format!(
            "# The {what} {number}\n\nHow `{name}` keeps the {what} in order.\n\n{}",
            body("-", ".")
        ),
    }
}
