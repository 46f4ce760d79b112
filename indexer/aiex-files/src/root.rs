//! What may be indexed: a repository, found from any place inside it, or a directory that the user insists on.
//! It looks at names and marker files only and knows nothing of what lies in the tree.

mod refusal;

use std::path::{Path, PathBuf};

use crate::open;

pub use refusal::RootRefusal;

/// A directory that is indexed as one thing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Root {
    /// Where it is, canonical.
    pub path: PathBuf,
    /// What it is.
    pub kind: RootKind,
    /// Where git keeps this work tree's `HEAD` and `index`; for a worktree that is not `.git` itself.
    pub git_dir: Option<PathBuf>,
}

/// What a root is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RootKind {
    /// A work tree with its own `.git` directory.
    Git,
    /// A linked worktree or a submodule: `.git` is a file that points elsewhere.
    GitWorktree,
    /// Anything else: another version control system, or a directory that the user allowed.
    Plain,
}

/// Directories of version control systems. Never indexed, wherever they are.
pub(crate) const VCS_DIRS: &[&str] = &[".git", ".hg", ".jj", ".svn"];

/// A `.git` file holds one line; git itself refuses long ones.
const GIT_FILE_CAP: u64 = 64 * 1024;

/// Of git's settings as much is read.
const GIT_CONFIG_CAP: u64 = 64 * 1024;

impl Root {
    /// The root that `start` belongs to: the nearest directory at or above it with `.git` (a directory or, in a
    /// worktree or submodule, a file), `.hg`, `.jj` or `.svn`.
    ///
    /// Places that are no project are refused: the file system's root, `home` and what lies above it, the temporary
    /// directories, system directories, and anything that is not a repository. `allow_any` lets all of these through
    /// except the kernel's own trees (`/proc`, `/sys`, `/dev`). A repository whose top is such a place (a home
    /// directory kept in git) does not count for directories below it: with `allow_any`, `start` itself is the root.
    pub fn discover(start: &Path, home: Option<&Path>, allow_any: bool) -> Result<Root, RootRefusal> {
        let given = || start.to_path_buf();
        let start = start.canonicalize().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => RootRefusal::Missing { path: given() },
            _ => RootRefusal::Unreadable {
                path: given(),
                source,
            },
        })?;
        if !start.is_dir() {
            return Err(RootRefusal::NotADirectory { path: start });
        }
        if let Some(kernel) = refusal::KERNEL_DIRS.iter().find(|dir| start.starts_with(dir)) {
            return Err(RootRefusal::SystemDir {
                path: PathBuf::from(kernel),
            });
        }
        let home = home.map(|home| home.canonicalize().unwrap_or_else(|_| home.to_path_buf()));
        let home = home.as_deref();

        if let Some(root) = start.ancestors().find_map(repository_at) {
            return match refusal::unfit(&root.path, home) {
                None => Ok(root),
                Some(refused) if !allow_any => Err(refused),
                Some(_) if root.path == start => Ok(root),
                Some(_) => Ok(Root::plain(start)),
            };
        }
        if allow_any {
            return Ok(Root::plain(start));
        }
        Err(refusal::unfit(&start, home)
            .or_else(|| refusal::inside_system(&start))
            .unwrap_or(RootRefusal::NotARepository { path: start }))
    }

    /// The directory that all worktrees of this repository share (refs, `info/exclude`): the git directory itself
    /// unless this is a linked worktree.
    pub fn common_git_dir(&self) -> Option<PathBuf> {
        let git_dir = self.git_dir.as_ref()?;
        let shared = open::small_linked(&git_dir.join("commondir"), GIT_FILE_CAP)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(|text| git_dir.join(text.trim_end_matches(['\n', '\r'])));
        Some(
            shared
                .and_then(|dir| dir.canonicalize().ok())
                .unwrap_or_else(|| git_dir.clone()),
        )
    }

    /// What the repository is called: the folder's name, and the name under which git's `origin` keeps it, which a
    /// folder need not bear.
    pub fn names(&self) -> Vec<String> {
        let folder = self
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let config = self
            .common_git_dir()
            .and_then(|dir| open::small_linked(&dir.join("config"), GIT_CONFIG_CAP))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let origin = config.as_deref().and_then(origin).map(str::to_owned);
        folder.into_iter().chain(origin).collect()
    }

    fn plain(path: PathBuf) -> Root {
        Root {
            path,
            kind: RootKind::Plain,
            git_dir: None,
        }
    }
}

/// The last part of the address of `origin` in git's settings: `tool` of `git@host:team/tool.git`.
fn origin(config: &str) -> Option<&str> {
    let mut lines = config.lines().map(str::trim);
    lines.find(|line| *line == "[remote \"origin\"]")?;
    let url = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "url")?
        .1
        .trim();
    let name = url.trim_end_matches('/').rsplit(['/', ':', '\\']).next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

impl AsRef<Path> for Root {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// The repository whose top is `dir`, if it is one.
fn repository_at(dir: &Path) -> Option<Root> {
    let dot_git = dir.join(".git");
    if let Ok(metadata) = dot_git.metadata() {
        if metadata.is_dir() {
            let git_dir = dot_git.canonicalize().unwrap_or(dot_git);
            return Some(Root {
                path: dir.to_path_buf(),
                kind: RootKind::Git,
                git_dir: Some(git_dir),
            });
        }
        if metadata.is_file() {
            let git_dir = pointed_to(dir, &dot_git);
            return Some(Root {
                path: dir.to_path_buf(),
                kind: RootKind::GitWorktree,
                git_dir,
            });
        }
    }
    let other = VCS_DIRS
        .iter()
        .filter(|name| **name != ".git")
        .any(|name| dir.join(name).is_dir());
    other.then(|| Root::plain(dir.to_path_buf()))
}

/// The directory that a `.git` file names.
fn pointed_to(dir: &Path, dot_git: &Path) -> Option<PathBuf> {
    let bytes = open::small_linked(dot_git, GIT_FILE_CAP)?;
    let text = String::from_utf8(bytes).ok()?;
    let target = text
        .strip_prefix("gitdir:")?
        .trim_end_matches(['\n', '\r'])
        .trim_start();
    dir.join(target).canonicalize().ok().filter(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Root, RootKind, RootRefusal};

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        (dir, path)
    }

    #[test]
    fn a_repository_is_found_from_inside_it() {
        let (_guard, top) = place();
        fs::create_dir_all(top.join("repo/.git")).unwrap();
        fs::create_dir_all(top.join("repo/src/deep")).unwrap();
        let root = Root::discover(&top.join("repo/src/deep"), None, false).unwrap();
        assert_eq!(root.path, top.join("repo"));
        assert_eq!(root.kind, RootKind::Git);
        assert_eq!(root.git_dir, Some(top.join("repo/.git")));
        assert_eq!(root.common_git_dir(), Some(top.join("repo/.git")));
    }

    #[test]
    fn a_git_file_makes_a_worktree_of_its_own() {
        let (_guard, top) = place();
        let admin = top.join("repo/.git/worktrees/w");
        fs::create_dir_all(&admin).unwrap();
        fs::write(admin.join("commondir"), "../..\n").unwrap();
        fs::create_dir_all(top.join("repo/w/src")).unwrap();
        fs::write(top.join("repo/w/.git"), "gitdir: ../.git/worktrees/w\n").unwrap();
        let root = Root::discover(&top.join("repo/w/src"), None, false).unwrap();
        assert_eq!(
            (root.path.clone(), root.kind),
            (top.join("repo/w"), RootKind::GitWorktree)
        );
        assert_eq!(root.git_dir, Some(admin));
        assert_eq!(root.common_git_dir(), Some(top.join("repo/.git")));

        fs::write(top.join("repo/w/.git"), "nonsense").unwrap();
        let broken = Root::discover(&top.join("repo/w"), None, false).unwrap();
        assert_eq!((broken.kind, broken.git_dir), (RootKind::GitWorktree, None));
    }

    #[test]
    fn other_version_control_counts() {
        for name in [".hg", ".jj", ".svn"] {
            let (_guard, top) = place();
            fs::create_dir_all(top.join("repo").join(name)).unwrap();
            assert_eq!(
                Root::discover(&top.join("repo"), None, false).unwrap().kind,
                RootKind::Plain
            );
        }
    }

    #[test]
    fn places_that_are_no_project_are_refused() {
        let (_guard, top) = place();
        fs::create_dir_all(top.join("home/me/notes")).unwrap();
        fs::write(top.join("file"), "").unwrap();
        let home = top.join("home/me");
        let refused = |path: &Path| Root::discover(path, Some(&home), false).unwrap_err();
        assert!(matches!(refused(&home), RootRefusal::Home { .. }));
        assert!(matches!(refused(&top.join("home")), RootRefusal::Home { .. }));
        assert!(matches!(
            refused(&home.join("notes")),
            RootRefusal::NotARepository { .. }
        ));
        assert!(matches!(
            refused(&top.join("nowhere")),
            RootRefusal::Missing { .. }
        ));
        assert!(matches!(
            refused(&top.join("file")),
            RootRefusal::NotADirectory { .. }
        ));
        assert_eq!(
            Root::discover(&home, Some(&home), true).unwrap().kind,
            RootKind::Plain
        );
        for refusal in [refused(&home), refused(&top.join("file"))] {
            assert!(!refusal.hint().is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_systems_own_places_are_refused() {
        let refused = |path: &str| Root::discover(Path::new(path), None, false).unwrap_err();
        assert!(matches!(refused("/"), RootRefusal::FilesystemRoot { .. }));
        assert!(matches!(refused("/tmp"), RootRefusal::TemporaryDir { .. }));
        assert!(matches!(refused("/usr/bin"), RootRefusal::SystemDir { .. }));
        assert!(matches!(refused("/etc"), RootRefusal::SystemDir { .. }));
        assert!(Root::discover(Path::new("/usr/bin"), None, true).is_ok());
        assert!(matches!(
            Root::discover(Path::new("/dev"), None, true),
            Err(RootRefusal::SystemDir { .. })
        ));
    }

    #[test]
    fn a_home_kept_in_git_does_not_swallow_what_lies_below() {
        let (_guard, home) = place();
        fs::create_dir_all(home.join(".git")).unwrap();
        fs::create_dir_all(home.join("work")).unwrap();
        let below = home.join("work");
        assert!(matches!(
            Root::discover(&below, Some(&home), false),
            Err(RootRefusal::Home { .. })
        ));
        let plain = Root::discover(&below, Some(&home), true).unwrap();
        assert_eq!((plain.path, plain.kind), (below, RootKind::Plain));
        assert_eq!(
            Root::discover(&home, Some(&home), true).unwrap().kind,
            RootKind::Git
        );
    }

    #[test]
    fn a_repository_is_called_by_its_folder_and_by_its_origin() {
        let (_guard, top) = place();
        let tree = top.join("checkout");
        fs::create_dir_all(tree.join(".git")).unwrap();
        let names = |config: &str| {
            fs::write(tree.join(".git/config"), config).unwrap();
            Root::discover(&tree, None, true).unwrap().names()
        };
        let origin = |url: &str| {
            names(&format!(
                "[core]\n\turl = no\n[remote \"upstream\"]\n\turl = https://h/other\n[remote \"origin\"]\n\tfetch = x\n\turl = {url}\n"
            ))
        };
        for url in [
            "https://h/team/toolbox.git",
            "git@h:toolbox",
            "/srv/git/toolbox/",
            "C:\\repos\\toolbox.git",
        ] {
            assert_eq!(origin(url), ["checkout", "toolbox"], "{url}");
        }
        assert_eq!(names("[remote \"origin\"]\n[branch]\nurl = x\n"), ["checkout"]);
        assert_eq!(names(""), ["checkout"]);
    }
}
