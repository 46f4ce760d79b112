//! A package as a lockfile names it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Whose package it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Rust crates.
    Cargo,
    /// Packages of JavaScript and TypeScript.
    Npm,
    /// Python distributions.
    Python,
    /// Go modules.
    Go,
    /// Ruby gems.
    Ruby,
    /// Artifacts of Maven and Gradle, whose sources are archives.
    Jvm,
    /// A section of the system's manual.
    Man,
}

impl Ecosystem {
    /// The word for the language that belongs in a web query; none for the manual.
    pub fn language(self) -> Option<&'static str> {
        match self {
            Self::Cargo => Some("rust"),
            Self::Npm => Some("javascript"),
            Self::Python => Some("python"),
            Self::Go => Some("go"),
            Self::Ruby => Some("ruby"),
            Self::Jvm => Some("java"),
            Self::Man => None,
        }
    }

    /// The name in settings and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Python => "python",
            Self::Go => "go",
            Self::Ruby => "ruby",
            Self::Jvm => "jvm",
            Self::Man => "man",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the lockfile says that a package comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A registry, a proxy or an archive.
    Registry,
    /// A commit of a git repository.
    Git,
    /// A folder of the repository itself: a workspace member or a path dependency. It is part of what is searched
    /// as the repository's own code, so [`Dependencies::choose`](crate::Dependencies::choose) leaves it out.
    Path,
    /// The operating system.
    System,
}

/// A dependency at the version that is locked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Package {
    /// Whose package it is.
    pub ecosystem: Ecosystem,
    /// The name as the lockfile spells it: `serde`, `@babel/core`, `github.com/BurntSushi/toml`,
    /// `org.slf4j:slf4j-api`, `man3`. Python's names are normalised (PEP 503).
    pub name: String,
    /// The locked version without a leading `v` or `=`, except Go's, which begin with `v`; empty for the manual.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The folder of its sources at exactly this version, links resolved; none when it is not on this machine, or
    /// when its sources are an archive.
    pub folder: Option<PathBuf>,
    /// The one file of a Python module that has no folder.
    pub module: Option<PathBuf>,
    /// Whether the repository asks for it itself, rather than through another package.
    pub direct: bool,
    /// The lockfile that says so; for the manual the folder of the section.
    pub locked_by: PathBuf,
}

impl Package {
    /// Where its sources lie: its folder, or its one file.
    pub fn sources(&self) -> Option<&std::path::Path> {
        self.folder.as_deref().or(self.module.as_deref())
    }
}
