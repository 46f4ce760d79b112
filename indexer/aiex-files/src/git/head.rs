//! The checked-out branch and commit, and the one setting of git's configuration that matters here.

use std::path::{Path, PathBuf};

use crate::open;
use crate::root::Root;

/// Refs are one line; `packed-refs` of the largest public repositories stay below this.
const REF_CAP: u64 = 4096;
const PACKED_CAP: u64 = 256 * 1024 * 1024;
const CONFIG_CAP: u64 = 1024 * 1024;

/// Symbolic refs may point to symbolic refs; git follows five.
const MAX_SYMBOLIC: usize = 5;

/// What is checked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The branch without `refs/heads/`; none when detached.
    pub branch: Option<String>,
    /// The commit as hexadecimal digits; none on a branch without commits.
    pub commit: Option<String>,
}

/// What is checked out at `root`; none when it is not git's.
pub fn head(root: &Root) -> Option<Head> {
    let git_dir = root.git_dir.as_deref()?;
    let common = root.common_git_dir()?;
    let text = line(&git_dir.join("HEAD"))?;
    match text.strip_prefix("ref:") {
        Some(name) => {
            let name = name.trim();
            // The reftable format keeps this name in HEAD for programs that only know files.
            let branch = name
                .strip_prefix("refs/heads/")
                .filter(|name| *name != ".invalid");
            Some(Head {
                branch: branch.map(str::to_owned),
                commit: resolve(git_dir, &common, name),
            })
        }
        None => Some(Head {
            branch: None,
            commit: hex(&text),
        }),
    }
}

/// The value of `core.excludesFile` in the first of `configs` that sets it, `~` taken for `home`. Included files are
/// not followed.
pub fn excludes_file(configs: &[PathBuf], home: Option<&Path>) -> Option<PathBuf> {
    configs.iter().find_map(|config| {
        let bytes = open::small_linked(config, CONFIG_CAP)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut in_core = false;
        let mut found = None;
        for line in text.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                in_core = section.trim_end_matches(']').trim().eq_ignore_ascii_case("core");
            } else if let Some((key, value)) = line.split_once('=')
                && in_core
                && key.trim().eq_ignore_ascii_case("excludesfile")
            {
                found = Some(value.trim().trim_matches('"').to_owned());
            }
        }
        let value = found.filter(|value| !value.is_empty())?;
        match (value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => Some(home.join(rest)),
            (Some(_), None) => None,
            (None, _) => Some(PathBuf::from(value)),
        }
    })
}

fn resolve(git_dir: &Path, common: &Path, name: &str) -> Option<String> {
    let mut name = name.to_owned();
    for _ in 0..MAX_SYMBOLIC {
        if name.split('/').any(|part| part.is_empty() || part == "..") {
            return None;
        }
        let loose = line(&git_dir.join(&name)).or_else(|| line(&common.join(&name)));
        match loose {
            Some(text) => match text.strip_prefix("ref:") {
                Some(next) => name = next.trim().to_owned(),
                None => return hex(&text),
            },
            None => return packed(common, &name),
        }
    }
    None
}

fn packed(common: &Path, name: &str) -> Option<String> {
    let bytes = open::small_linked(&common.join("packed-refs"), PACKED_CAP)?;
    let line = bytes.split(|b| *b == b'\n').find(|line| {
        line.strip_suffix(name.as_bytes())
            .is_some_and(|rest| rest.last() == Some(&b' ') && !rest.starts_with(b"#"))
    })?;
    hex(std::str::from_utf8(line).ok()?.split(' ').next()?)
}

fn line(path: &Path) -> Option<String> {
    let bytes = open::small_linked(path, REF_CAP)?;
    String::from_utf8(bytes).ok().map(|text| text.trim().to_owned())
}

/// An object id: 40 digits (SHA-1) or 64 (SHA-256).
fn hex(text: &str) -> Option<String> {
    let sound = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{excludes_file, head};
    use crate::root::Root;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn loose_packed_and_detached_heads_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let git = dir.path().join(".git");
        fs::create_dir_all(git.join("refs/heads/a")).unwrap();
        let root = Root::discover(dir.path(), None, false).unwrap();
        assert_eq!(head(&root), None);

        fs::write(git.join("HEAD"), "ref: refs/heads/a/b\n").unwrap();
        let unborn = head(&root).unwrap();
        assert_eq!((unborn.branch.as_deref(), unborn.commit), (Some("a/b"), None));

        fs::write(
            git.join("packed-refs"),
            format!("# pack-refs\n{ID} refs/heads/a/b\n^{ID}\n"),
        )
        .unwrap();
        assert_eq!(head(&root).unwrap().commit.as_deref(), Some(ID));

        let newer = ID.replace('0', "f");
        fs::write(git.join("refs/heads/a/b"), format!("{newer}\n")).unwrap();
        assert_eq!(head(&root).unwrap().commit.as_deref(), Some(newer.as_str()));

        fs::write(git.join("HEAD"), format!("{ID}\n")).unwrap();
        let detached = head(&root).unwrap();
        assert_eq!((detached.branch, detached.commit.as_deref()), (None, Some(ID)));
    }

    #[test]
    fn the_excludes_file_is_found_in_the_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        fs::write(
            &config,
            "[user]\n\texcludesfile = no\n[core]\n\tExcludesFile = ~/.ignored\n",
        )
        .unwrap();
        let configs = [dir.path().join("absent"), config];
        assert_eq!(
            excludes_file(&configs, Some(dir.path())),
            Some(dir.path().join(".ignored"))
        );
        assert_eq!(excludes_file(&configs[..1], Some(dir.path())), None);
    }
}
