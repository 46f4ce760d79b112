//! Files as the index reads them: no links, no secrets, nothing outside the root.

use std::path::{Path, PathBuf};

use aiex_files::RelPath;
use aiex_files::filter::{self, Read, ReadError, ReadLimits};
use aiex_files::root::{Root, RootKind, RootRefusal};
use aiex_files::rules::{Rules, RulesOptions};
use aiex_files::stat::Stat;

use crate::error::chain;

/// How files are read, wherever they lie.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    user_home: Option<PathBuf>,
    max_bytes: u64,
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The file or its root is not there.
    Gone,
    /// It is there, and is not shown.
    Refused(String),
}

/// The files of one root.
#[derive(Debug)]
pub(crate) struct Tree {
    root: Root,
    rules: Rules,
    max_bytes: u64,
}

impl Files {
    pub(crate) fn new(user_home: Option<PathBuf>, max_bytes: u64) -> Self {
        Self { user_home, max_bytes }
    }

    /// The files of a repository.
    pub(crate) fn of_repository(&self, path: &Path) -> Result<Tree, Unread> {
        match Root::discover(path, self.user_home.as_deref(), true) {
            Ok(root) if root.path == path => Ok(self.tree(root)),
            // The folder is part of another repository by now; the file is the same.
            Ok(_) => Ok(self.of_package(path)),
            Err(RootRefusal::Missing { .. }) => Err(Unread::Gone),
            Err(refusal) => Err(Unread::Refused(chain(&refusal))),
        }
    }

    /// The files of a package, which is a root of its own wherever it lies.
    pub(super) fn of_package(&self, path: &Path) -> Tree {
        self.tree(package_root(path))
    }

    fn tree(&self, root: Root) -> Tree {
        Tree {
            rules: Rules::load(&root, RulesOptions::default()),
            root,
            max_bytes: self.max_bytes,
        }
    }
}

/// A package's folder as a root. It is not looked for upwards: `node_modules` lies inside the repository that it serves.
pub(super) fn package_root(path: &Path) -> Root {
    Root {
        path: path.to_owned(),
        kind: RootKind::Plain,
        git_dir: None,
    }
}

impl Tree {
    /// The root with what is known of it.
    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    /// The file's text as it is now.
    pub(crate) fn text(&self, path: &str) -> Result<String, Unread> {
        let refused = |reason: &str| Err(Unread::Refused(reason.to_owned()));
        let Some(path) = RelPath::from_bytes(path) else {
            return refused("the path leads out of its folder");
        };
        let metadata = match path.to_path(&self.root).symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Unread::Gone),
            Err(error) => return refused(&error.to_string()),
        };
        let limits = ReadLimits {
            max_bytes: self.max_bytes,
            force: self.rules.force(&path),
            ..ReadLimits::default()
        };
        match filter::read(&self.root, &path, &Stat::of(&metadata), &limits) {
            Ok(Read::Text(text)) => Ok(text.text),
            Ok(Read::Skipped { detail, .. }) => refused(&format!("the file is left out now: {detail}")),
            Err(ReadError::Vanished { .. }) => Err(Unread::Gone),
            Err(error) => refused(&chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_read_as_the_index_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("repo/.git")).unwrap();
        fs::write(top.join("outside.rs"), "fn outside() {}").unwrap();
        fs::write(top.join("repo/blank.rs"), "  \n").unwrap();
        let key = format!("let key = \"AKIA{}\";\n", "IOSFODNN7QWERTZU");
        fs::write(top.join("repo/a.rs"), format!("fn a() {{}}\n{key}")).unwrap();
        std::os::unix::fs::symlink(top.join("outside.rs"), top.join("repo/link.rs")).unwrap();

        let files = Files::new(None, 1 << 20);
        let tree = files.of_repository(&top.join("repo")).unwrap();
        let text = tree.text("a.rs").unwrap();
        assert!(text.starts_with("fn a() {}\n"));
        assert!(!text.contains("IOSFODNN7QWERTZU"), "{text}");
        assert_eq!(tree.text("b.rs"), Err(Unread::Gone));
        for refused in ["../outside.rs", "/etc/hosts", "link.rs", "blank.rs"] {
            assert!(matches!(tree.text(refused), Err(Unread::Refused(_))), "{refused}");
        }
        assert!(matches!(
            files.of_repository(&top.join("none")),
            Err(Unread::Gone)
        ));
    }

    #[test]
    fn a_package_inside_a_repository_is_a_root_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir_all(top.join(".git")).unwrap();
        let package = top.join("node_modules/left-pad");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("index.js"), "module.exports = pad").unwrap();
        let tree = Files::new(None, 1 << 20).of_package(&package);
        assert_eq!(tree.root().path, package);
        assert_eq!(tree.text("index.js").unwrap(), "module.exports = pad");
    }
}
