//! Somebody who knows the tree only by what the watcher tells.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use aiex_files::root::Root;
use aiex_files::walk::{RelPath, Rules, RulesOptions, Seen, walk, walk_below};
use aiex_files::watch::Batch;

use crate::{DEADLINE, Watched};

type Tree = BTreeMap<String, String>;

pub(crate) struct Mirror<'a> {
    watched: &'a Watched,
    root: Root,
    tree: Tree,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(watched: &'a Watched) -> Mirror<'a> {
        let root = Root::discover(&watched.path, None, false).unwrap();
        let mut mirror = Mirror {
            watched,
            root,
            tree: Tree::new(),
        };
        mirror.tree = mirror.below(None);
        mirror
    }

    /// What is on the disk now, in the whole tree or at a path.
    fn below(&self, path: Option<&RelPath>) -> Tree {
        let rules = Rules::load(&self.root, RulesOptions::default());
        let mut tree = Tree::new();
        let mut see = |seen: Seen| {
            if let Seen::File(file) = seen
                && let Ok(text) = fs::read_to_string(file.path.to_path(&self.root))
            {
                tree.insert(file.path.to_string(), text);
            }
        };
        match path {
            Some(path) => walk_below(&self.root, &rules, path, &|| false, &mut see).unwrap(),
            None => walk(&self.root, &rules, &|| false, &mut see).unwrap(),
        };
        tree
    }

    fn take(&mut self, batch: Batch) {
        match batch {
            Batch::Changed(paths) => {
                for path in paths {
                    let (name, below) = (path.to_string(), format!("{path}/"));
                    self.tree
                        .retain(|known, _| *known != name && !known.starts_with(&below));
                    let found = self.below(Some(&path));
                    self.tree.extend(found);
                }
            }
            Batch::Rescan { .. } => self.tree = self.below(None),
            Batch::RootGone => panic!("the root is gone"),
        }
    }

    /// Follows the batches until nothing is amiss.
    pub(crate) fn expect_true(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let batches: Vec<Batch> = self.watched.batches.try_iter().collect();
            batches.into_iter().for_each(|batch| self.take(batch));
            let disk = self.below(None);
            if self.tree == disk {
                return;
            }
            let amiss: Vec<_> = disk
                .iter()
                .filter(|(path, text)| self.tree.get(*path) != Some(text))
                .collect();
            let gone: Vec<_> = self
                .tree
                .keys()
                .filter(|path| !disk.contains_key(*path))
                .collect();
            assert!(
                Instant::now() < deadline,
                "missed: {amiss:?}, still there: {gone:?}"
            );
            if let Ok(batch) = self.watched.batches.recv_deadline(deadline) {
                self.take(batch);
            }
        }
    }
}
