//! A git repository of real sources, and everything that people and their tools do to its files.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fastrand::Rng;

use crate::corpus::{self, Source};
use crate::failure::Failure;

/// The branches. Each goes its own way.
const BRANCHES: [&str; 3] = ["main", "left", "right"];
/// Files that one burst changes.
const BURST: usize = 50;
/// Sources kept aside for new files, for every three in the repository.
const ASIDE: usize = 1;
/// Where Linux says how many events of watches it keeps.
const EVENTS_KEPT: &str = "/proc/sys/fs/inotify/max_queued_events";

pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    size: usize,
    aside: Vec<Source>,
    branch: usize,
}

/// What is done to the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Insert,
    DeleteLines,
    ReplaceLines,
    /// Other letters, the same size: what is noticed by the time alone.
    SameSize,
    Create,
    Delete,
    Rename,
    RenameFolder,
    /// As editors save: a new file takes the place of the old one.
    SaveByRename,
    /// As others save: cut to nothing, then written in two goes.
    Truncate,
    Switch,
    /// Fifty files at once; they may be stashed, and brought back.
    Burst,
}

impl Tree {
    /// Lays a repository of `size` files out, with its branches.
    pub(crate) fn new(root: &Path, size: usize, rng: &mut Rng) -> Result<Self, Failure> {
        fs::create_dir_all(root).map_err(Failure::at(root))?;
        let root = root.canonicalize().map_err(Failure::at(root))?;
        let mut sources = corpus::draw(size + size * ASIDE / 3 + 1, rng)?;
        let tree = Self {
            root,
            size,
            aside: sources.split_off(size),
            branch: 0,
        };
        for source in &sources {
            tree.write(&source.path, &source.text)?;
        }
        tree.git(&["init", "-q", "-b", BRANCHES[0]])?;
        tree.commit()?;
        for branch in &BRANCHES[1..] {
            tree.git(&["checkout", "-q", "-b", branch, BRANCHES[0]])?;
            for _ in 0..size / 8 {
                tree.change(Change::Insert, rng)?;
            }
            tree.commit()?;
        }
        tree.git(&["checkout", "-q", BRANCHES[0]])?;
        Ok(tree)
    }

    /// Makes more events than the system keeps for one who does not listen, and changes nothing: two files are written
    /// to in turn, for the same event twice in a row is kept as one.
    pub(crate) fn flood(&self) -> Result<(), Failure> {
        let kept = fs::read_to_string(EVENTS_KEPT).unwrap_or_default();
        let kept: usize = kept.trim().parse().unwrap_or(16_384);
        let files = self.files()?;
        let mut open = Vec::new();
        for path in files.iter().take(2) {
            let path = self.root.join(path);
            let text = fs::read(&path).map_err(Failure::at(&path))?;
            let file = fs::OpenOptions::new().write(true).open(&path);
            open.push((file.map_err(Failure::at(&path))?, text, path));
        }
        for turn in 0..kept + kept / 8 {
            let (file, text, path) = &open[turn % open.len()];
            let first = &text[..text.len().min(1)];
            file.write_all_at(first, 0).map_err(Failure::at(path))?;
        }
        Ok(())
    }

    /// Every file, by its path from the root, in order.
    pub(crate) fn files(&self) -> Result<Vec<String>, Failure> {
        let mut files = Vec::new();
        self.walk(&self.root, &mut files)?;
        files.sort();
        Ok(files)
    }

    fn walk(&self, folder: &Path, into: &mut Vec<String>) -> Result<(), Failure> {
        for entry in fs::read_dir(folder).map_err(Failure::at(folder))?.flatten() {
            let path = entry.path();
            if entry.file_type().map_err(Failure::at(&path))?.is_dir() {
                if entry.file_name() != ".git" {
                    self.walk(&path, into)?;
                }
            } else if let Some(path) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) {
                into.push(path.to_owned());
            }
        }
        Ok(())
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, Failure> {
        let place = self.root.join(path);
        fs::read_to_string(&place).map_err(Failure::at(&place))
    }

    /// Does it once, to something that chance picks.
    pub(crate) fn change(&self, change: Change, rng: &mut Rng) -> Result<(), Failure> {
        let files = self.files()?;
        // The repository neither grows nor shrinks for ever.
        let change = match change {
            Change::Create if self.size * 5 / 4 < files.len() => Change::Delete,
            Change::Delete if files.len() < self.size * 3 / 4 => Change::Create,
            change => change,
        };
        let Some(path) = rng.choice(&files) else {
            return self.create(rng);
        };
        match change {
            Change::Insert | Change::DeleteLines | Change::ReplaceLines | Change::SameSize => {
                let text = edited(&self.read(path)?, &self.read(pick(&files, rng))?, change, rng);
                self.write(path, &text)
            }
            Change::Create => self.create(rng),
            Change::Delete => self.remove(path),
            Change::Rename => self.rename(path, &format!("{}_{}", parent(path), word(rng)), rng),
            Change::RenameFolder => {
                let from = parent(path).to_owned();
                let to = format!("{from}_{}", word(rng));
                // Names that only ever grow would reach the system's limit.
                let to = if to.len() > 120 { word(rng) } else { to };
                self.move_to(&from, &to)
            }
            Change::SaveByRename => {
                let text = edited(
                    &self.read(path)?,
                    &self.read(pick(&files, rng))?,
                    Change::Insert,
                    rng,
                );
                let aside = format!("{path}.{}.tmp", word(rng));
                self.write(&aside, &text)?;
                self.move_to(&aside, path)
            }
            Change::Truncate => self.truncate(path, pick(&files, rng), rng),
            Change::Switch => Ok(()),
            Change::Burst => self.burst(&files, rng),
        }
    }

    /// Commits what there is and goes to another branch.
    pub(crate) fn switch(&mut self, rng: &mut Rng) -> Result<(), Failure> {
        self.commit()?;
        self.branch = (self.branch + rng.usize(1..BRANCHES.len())) % BRANCHES.len();
        self.git(&["checkout", "-q", BRANCHES[self.branch]])
    }

    fn burst(&self, files: &[String], rng: &mut Rng) -> Result<(), Failure> {
        let mut files = files.to_vec();
        rng.shuffle(&mut files);
        for path in files.iter().take(BURST) {
            let text = edited(
                &self.read(path)?,
                &self.read(pick(&files, rng))?,
                Change::Insert,
                rng,
            );
            self.write(path, &text)?;
        }
        if rng.bool() {
            self.git(&["stash", "-q", "-u"])?;
            if rng.bool() {
                self.git(&["stash", "pop", "-q"])?;
            } else {
                self.git(&["stash", "drop", "-q"])?;
            }
        }
        Ok(())
    }

    fn create(&self, rng: &mut Rng) -> Result<(), Failure> {
        let Some(source) = rng.choice(&self.aside) else {
            return Ok(());
        };
        let (folder, name) = (parent(&source.path), name(&source.path));
        let text = edited(&source.text, &source.text, Change::Insert, rng);
        self.write(&format!("{folder}/{}_{name}", word(rng)), &text)
    }

    fn rename(&self, path: &str, folder: &str, rng: &mut Rng) -> Result<(), Failure> {
        let ending = name(path).rsplit_once('.').map_or("txt", |(_, ending)| ending);
        let folder = if rng.bool() { parent(path) } else { folder };
        let folder = if folder.len() > 120 { "moved" } else { folder };
        self.move_to(path, &format!("{folder}/{}.{ending}", word(rng)))
    }

    fn truncate(&self, path: &str, donor: &str, rng: &mut Rng) -> Result<(), Failure> {
        use std::io::Write as _;
        let text = edited(&self.read(path)?, &self.read(donor)?, Change::ReplaceLines, rng);
        let place = self.root.join(path);
        let (first, second) = text.as_bytes().split_at(text.len() / 2);
        let mut file = fs::File::create(&place).map_err(Failure::at(&place))?;
        file.write_all(first).map_err(Failure::at(&place))?;
        std::thread::park_timeout(std::time::Duration::from_millis(rng.u64(0..60)));
        file.write_all(second).map_err(Failure::at(&place))
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        let place = self.root.join(path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        fs::write(&place, text).map_err(Failure::at(&place))
    }

    fn move_to(&self, from: &str, to: &str) -> Result<(), Failure> {
        let (from, to) = (self.root.join(from), self.root.join(to));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        fs::rename(&from, &to).map_err(Failure::at(&from))?;
        self.without_empty(&from);
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), Failure> {
        let place = self.root.join(path);
        fs::remove_file(&place).map_err(Failure::at(&place))?;
        self.without_empty(&place);
        Ok(())
    }

    /// Takes folders away that hold nothing any more, as git does.
    fn without_empty(&self, gone: &Path) {
        let mut folder = gone.parent();
        while let Some(empty) = folder.filter(|folder| *folder != self.root) {
            // It holds something, or was the folder that moved.
            if fs::remove_dir(empty).is_err() {
                return;
            }
            folder = empty.parent();
        }
    }

    fn commit(&self) -> Result<(), Failure> {
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "work"])
    }

    fn git(&self, args: &[&str]) -> Result<(), Failure> {
        let output = Command::new("git")
            .current_dir(&self.root)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "gc.auto=0", "-c", "advice.detachedHead=false"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .output()
            .map_err(Failure::at(Path::new("git")))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failure::Git {
            what: args.join(" "),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

fn pick<'a>(files: &'a [String], rng: &mut Rng) -> &'a str {
    rng.choice(files).map_or("", String::as_str)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("loose", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A word that nothing else holds.
pub(crate) fn word(rng: &mut Rng) -> String {
    (0..7).map(|_| rng.lowercase()).collect()
}

/// `text` after somebody worked on it. Lines come from `donor`, so that it stays source.
fn edited(text: &str, donor: &str, change: Change, rng: &mut Rng) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let donated: Vec<&str> = donor.lines().collect();
    let from = rng.usize(0..=donated.len());
    let donated = &donated[from..donated.len().min(from + rng.usize(1..12))];
    let at = rng.usize(0..=lines.len());
    let until = lines.len().min(at + rng.usize(1..12));
    let own = format!("// note {}", word(rng));
    match change {
        Change::SameSize => return with_other_letters(text, rng),
        // What only ever grows would soon be too large to be indexed.
        Change::Insert if text.len() < 12_000 => {
            lines.splice(at..at, donated.iter().copied().chain([own.as_str()]));
        }
        Change::ReplaceLines => {
            lines.splice(at..until, donated.iter().copied().chain([own.as_str()]));
        }
        _ => {
            lines.drain(at..until);
        }
    }
    lines.join("\n") + "\n"
}

/// One letter in a hundred or so becomes another.
fn with_other_letters(text: &str, rng: &mut Rng) -> String {
    let offset = rng.usize(0..100);
    let letters = text.char_indices().map(|(at, letter)| match letter {
        'a'..='z' if at % 100 == offset => rng.lowercase(),
        letter => letter,
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_the_same_size_keeps_the_size_and_not_the_text() {
        let text = "a line of words that is long enough\n".repeat(20);
        let changed = with_other_letters(&text, &mut Rng::with_seed(3));
        assert_eq!(changed.len(), text.len());
        assert_ne!(changed, text);
    }

    #[test]
    fn edits_are_a_function_of_the_seed() {
        let edit = |seed| edited("a\nb\nc\n", "x\ny\n", Change::Insert, &mut Rng::with_seed(seed));
        assert_eq!(edit(5), edit(5));
        assert_ne!(edit(5), edit(6));
    }
}
