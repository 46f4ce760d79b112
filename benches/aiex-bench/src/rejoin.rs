//! How quickly what is known already is known again: a tree in which nothing changed, another working tree of a
//! repository, a clone of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use aiex_embed::static_model::StaticModel;
use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexSettings, Scope, Silent};

use crate::Failure;
use crate::corpus::Corpus;
use crate::measure::row;
use crate::quantile::Times;
use crate::subject::Subject;

/// Looks through a tree in which nothing changed, in this process: a daemon looks when it likes.
pub(crate) fn reconcile(scratch: &Path, corpus: &Corpus) -> Result<(), Failure> {
    let times = looked_through(scratch, corpus)?;
    row("looking through an unchanged tree", corpus, &times.show());
    Ok(())
}

/// How long each of some looks takes.
pub(crate) fn looked_through(scratch: &Path, corpus: &Corpus) -> Result<Times, Failure> {
    let dir = tempfile::tempdir_in(scratch)?;
    let model = StaticModel::built_in()?;
    let engine = Engine::open(dir.path(), Some(model), IndexSettings::default())?;
    let repo = engine.open_repo(Root::discover(&corpus.root, None, true)?, true)?;
    let rules = Rules::load(repo.root(), RulesOptions::default());
    repo.update(Scope::All, &rules, &Silent)?;
    repo.embed(&Silent)?;
    let mut times = Vec::new();
    for _ in 0..30 {
        let began = Instant::now();
        let rules = Rules::load(repo.root(), RulesOptions::default());
        let report = repo.update(Scope::All, &rules, &Silent)?;
        repo.embed(&Silent)?;
        times.push(began.elapsed());
        if 0 < report.changed + report.removed {
            return Err("the tree changed while it was looked through".into());
        }
    }
    Ok(Times::new(times))
}

/// Prints how long those take that [`ready`] measures.
pub(crate) async fn known(subject: &Subject, scratch: &Path, corpus: &Corpus) -> Result<(), Failure> {
    for (what, times) in ready(subject, scratch, corpus).await? {
        row(what, corpus, &times.show());
    }
    Ok(())
}

/// From the registration of another working tree, and of a clone, to full text and vectors.
pub(crate) async fn ready(
    subject: &Subject,
    scratch: &Path,
    corpus: &Corpus,
) -> Result<Vec<(&'static str, Times)>, Failure> {
    commit(&corpus.root)?;
    let mut ready = Vec::new();
    let place = tempfile::tempdir_in(scratch)?;
    for (what, words) in [
        (
            "another working tree of a known repository ready",
            ["worktree", "add", "-q", "--detach"],
        ),
        (
            "a clone of a known repository ready",
            ["clone", "-q", "--no-hardlinks", "."],
        ),
    ] {
        let mut times = Vec::new();
        for round in 0..5 {
            let tree: PathBuf = place.path().join(format!("{}-{round}", words[0]));
            git(&corpus.root, &[&words[..], &[&tree.to_string_lossy()]].concat())?;
            // What was written a moment ago could be written again within the same tick, and is read to be sure.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            times.push(subject.index(&tree).await?);
        }
        ready.push((what, Times::new(times)));
    }
    Ok(ready)
}

fn commit(root: &Path) -> Result<(), Failure> {
    git(root, &["add", "-A"])?;
    git(root, &["commit", "-qm", "all"])
}

fn git(root: &Path, words: &[&str]) -> Result<(), Failure> {
    let output = Command::new("git")
        .args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"])
        .args(words)
        .current_dir(root)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("git {words:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
