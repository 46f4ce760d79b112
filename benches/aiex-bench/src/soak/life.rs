//! What is done to one repository.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use aiex_protocol::search::{Mode, SearchArgs};
use fastrand::Rng;

use crate::Failure;
use crate::measure::saved_to_found;
use crate::subject::Subject;

/// Words that questions are made of.
const WORDS: usize = 4_000;
/// Files that differ between the two branches.
const BRANCHED: usize = 40;
/// Files that are other than they were at the beginning, at most: the tree must not grow.
const EDITED: usize = 50;

/// A repository that is worked on.
pub(super) struct Life {
    root: PathBuf,
    files: Vec<PathBuf>,
    words: Vec<String>,
    /// What edited files held before.
    before: HashMap<PathBuf, Vec<u8>>,
    rng: Rng,
    is_on_branch: bool,
    pub(super) edits: u64,
}

impl Life {
    /// Commits everything, and a branch on which some files are different.
    pub(super) fn begin(root: &Path, seed: u64) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    if path.file_name().is_some_and(|name| name != ".git") {
                        folders.push(path);
                    }
                } else {
                    files.push(path);
                }
            }
        }
        files.sort();
        let mut life = Self {
            root: root.to_owned(),
            words: words(&files)?,
            files,
            before: HashMap::new(),
            rng: Rng::with_seed(seed),
            is_on_branch: false,
            edits: 0,
        };
        life.git(&["add", "-A"])?;
        life.git(&["commit", "-qm", "one"])?;
        life.git(&["branch", "-m", "main"])?;
        life.git(&["checkout", "-qb", "other"])?;
        for _ in 0..BRANCHED {
            let path = life.any_file();
            let mut bytes = std::fs::read(&path)?;
            bytes.extend_from_slice(b"\n// on the other branch\n");
            std::fs::write(&path, bytes)?;
        }
        life.git(&["commit", "-qam", "two"])?;
        life.git(&["checkout", "-q", "main"])?;
        Ok(life)
    }

    fn git(&self, words: &[&str]) -> Result<(), Failure> {
        let output = Command::new("git")
            .args(["-c", "user.name=soak", "-c", "user.email=soak@localhost"])
            .args(["-c", "gc.auto=0"])
            .args(words)
            .current_dir(&self.root)
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("git {words:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    fn any_file(&mut self) -> PathBuf {
        let at = self.rng.usize(0..self.files.len());
        self.files[at].clone()
    }

    /// Switches between the branches; edits are thrown away.
    pub(super) fn switch_branch(&mut self) -> Result<(), Failure> {
        self.before.clear();
        self.is_on_branch = !self.is_on_branch;
        self.git(&[
            "checkout",
            "-qf",
            if self.is_on_branch { "other" } else { "main" },
        ])
    }

    /// Edits, removes or saves by rename a file, or puts one back.
    pub(super) fn edit(&mut self) -> Result<(), Failure> {
        self.edits += 1;
        if self.before.len() >= EDITED {
            let Some(path) = self.before.keys().next().cloned() else {
                return Ok(());
            };
            let bytes = self.before.remove(&path).unwrap_or_default();
            return Ok(std::fs::write(path, bytes)?);
        }
        let path = self.any_file();
        let Ok(held) = std::fs::read(&path) else {
            return Ok(());
        };
        let held = self.before.entry(path.clone()).or_insert(held);
        let mut bytes = held.clone();
        bytes.extend_from_slice(format!("\n// edit {} of a long day\n", self.edits).as_bytes());
        match self.rng.u8(0..10) {
            0 => std::fs::remove_file(&path)?,
            1..4 => {
                let beside = path.with_extension("swap");
                std::fs::write(&beside, bytes)?;
                std::fs::rename(beside, &path)?;
            }
            _ => std::fs::write(&path, bytes)?,
        }
        Ok(())
    }

    /// Asks some questions that nobody asked before: ranked, exact, and one that is repeated. How long each took.
    pub(super) async fn ask(&mut self, subject: &Subject) -> Result<Vec<Duration>, Failure> {
        let mut times = Vec::new();
        let one = self.question(1);
        let several = self.question(3);
        for (query, mode) in [
            (one.clone(), Mode::Auto),
            (several.clone(), Mode::Auto),
            (several, Mode::Auto),
            (one, Mode::Literal),
        ] {
            let args = SearchArgs {
                query,
                mode,
                limit: 20,
                ..SearchArgs::default()
            };
            let began = Instant::now();
            subject.search(&self.root, args).await?;
            times.push(began.elapsed());
        }
        Ok(times)
    }

    fn question(&mut self, words: usize) -> String {
        let words: Vec<&str> = (0..words)
            .map(|_| self.words[self.rng.usize(0..self.words.len())].as_str())
            .collect();
        words.join(" ")
    }

    /// From a save to the first answer that shows it.
    pub(super) async fn probe(&self, subject: &Subject, round: usize) -> Result<Duration, Failure> {
        let name = format!("soaked_probe_{round}_{}", std::process::id());
        saved_to_found(subject, &self.root, &self.root.join("soak_probe.rs"), &name).await
    }
}

/// Words as they stand in the files, from all over the tree.
fn words(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut found = std::collections::BTreeSet::new();
    let each = (WORDS / files.len().max(1)).max(1) * 2;
    for path in files {
        let bytes = std::fs::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let long = words.filter(|word| (5..30).contains(&word.len()) && !word.starts_with(char::is_numeric));
        found.extend(long.step_by(7).take(each).map(str::to_owned));
    }
    if found.is_empty() {
        return Err("the files hold no words".into());
    }
    Ok(found.into_iter().collect())
}
