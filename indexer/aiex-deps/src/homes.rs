//! The folders of this machine where package managers keep sources.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where packages lie, as values. Folders that do not exist are no error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Homes {
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Cargo's home, which holds `registry/src` and `git/checkouts`.
    pub cargo: Option<PathBuf>,
    /// Go's module cache.
    pub go: Option<PathBuf>,
    /// Python environments besides those of the repository: activated ones.
    pub python: Vec<PathBuf>,
    /// Folders that hold `gems/` and `bundler/gems/`.
    pub gems: Vec<PathBuf>,
    /// Folders that hold `man1` to `man9`.
    pub man: Vec<PathBuf>,
}

impl Homes {
    /// Reads the variables that package managers read, through `variable`, which is to answer like
    /// [`std::env::var_os`]. Relative paths are ignored, as their tools do.
    ///
    /// Read are `HOME`, `CARGO_HOME`, `GOMODCACHE`, `GOPATH`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `GEM_HOME`, `GEM_PATH` and
    /// `MANPATH`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| {
            variable(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let folders = |name: &str| -> Vec<PathBuf> {
            variable(name)
                .map(|value| {
                    std::env::split_paths(&value)
                        .filter(|path| path.is_absolute())
                        .collect()
                })
                .unwrap_or_default()
        };
        let home = folder("HOME");
        let below = |path: &str| home.as_ref().map(|home| home.join(path));
        let mut gems: Vec<PathBuf> = folder("GEM_HOME")
            .into_iter()
            .chain(folders("GEM_PATH"))
            .collect();
        gems.dedup();
        let mut man = folders("MANPATH");
        if man.is_empty() {
            man = ["/usr/local/share/man", "/usr/share/man"]
                .map(PathBuf::from)
                .to_vec();
            man.extend(below(".local/share/man"));
        }
        Self {
            cargo: folder("CARGO_HOME").or_else(|| below(".cargo")),
            go: folder("GOMODCACHE")
                .or_else(|| folders("GOPATH").first().map(|path| path.join("pkg/mod")))
                .or_else(|| below("go/pkg/mod")),
            python: folder("VIRTUAL_ENV")
                .into_iter()
                .chain(folder("CONDA_PREFIX"))
                .collect(),
            gems,
            man,
            home,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(variables: &[(&str, &str)]) -> Homes {
        Homes::from_variables(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_variables_the_homes_lie_below_the_home_directory() {
        let homes = homes(&[("HOME", "/home/ada")]);
        assert_eq!(homes.cargo, Some("/home/ada/.cargo".into()));
        assert_eq!(homes.go, Some("/home/ada/go/pkg/mod".into()));
        assert!(homes.python.is_empty());
        assert!(homes.man.contains(&"/usr/share/man".into()));
    }

    #[test]
    fn variables_win_and_relative_ones_are_ignored() {
        let homes = homes(&[
            ("HOME", "/home/ada"),
            ("CARGO_HOME", "relative"),
            ("GOPATH", "/one:/two"),
            ("VIRTUAL_ENV", "/env"),
            ("GEM_PATH", "/gems:also-relative"),
            ("MANPATH", "/man:"),
        ]);
        assert_eq!(homes.cargo, Some("/home/ada/.cargo".into()));
        assert_eq!(homes.go, Some("/one/pkg/mod".into()));
        assert_eq!(homes.python, [PathBuf::from("/env")]);
        assert_eq!(homes.gems, [PathBuf::from("/gems")]);
        assert_eq!(homes.man, [PathBuf::from("/man")]);
    }

    #[test]
    fn nothing_at_all_is_no_error() {
        assert_eq!(homes(&[]).cargo, None);
    }
}
