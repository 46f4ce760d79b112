//! Which dependencies a question is likely about when it names none: those that the code imports where the question's words
//! are, and those that say of themselves what the question asks.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use aiex_deps::{Dependencies, Origin, Package};

use super::super::merging::words;

/// Files that tell what a package is about, and bytes of each that are looked at.
const ABOUT: &[&str] = &[
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "README.md",
    "README.rst",
    "readme.md",
];
const GLANCE: u64 = 4096;
/// What being imported by the best file weighs beside holding a word that no other package holds.
const IMPORTED: f64 = 1.0;

/// How likely a question is about each package.
#[derive(Debug, Default)]
pub(in crate::research::local) struct Likely {
    by_name: HashMap<String, u32>,
}

impl Likely {
    /// By the files that the question finds, the best first. Blocks: it reads what packages say of themselves.
    pub(in crate::research::local) fn new(all: &[Arc<Dependencies>], query: &str, texts: &[String]) -> Self {
        let packages = all.iter().flat_map(|dependencies| &dependencies.packages);
        let direct: Vec<&Package> = packages
            .filter(|package| package.direct && package.origin != Origin::Path)
            .collect();
        let told: Vec<String> = direct.iter().map(|package| about(package)).collect();
        let words = words(query);
        // A word that many packages use tells little of any.
        let weight = |word: &String| {
            let holding = told.iter().filter(|about| about.contains(word.as_str())).count();
            (1.0 + told.len() as f64 / (1 + holding) as f64).ln()
        };
        let all: f64 = words.iter().map(weight).sum::<f64>().max(1.0);
        let mut likely = Self::default();
        for (package, about) in direct.iter().zip(&told) {
            let held = words.iter().filter(|word| about.contains(word.as_str()));
            let told = held.map(weight).sum::<f64>() / all;
            let score = 1000.0 * (told + IMPORTED * imported(package, texts));
            let known = likely.by_name.entry(package.name.clone()).or_default();
            *known = (*known).max(score as u32);
        }
        likely
    }

    /// How likely the question is about a package; 0 when nothing speaks for it.
    pub(super) fn of(&self, package: &Package) -> u32 {
        self.by_name.get(&package.name).copied().unwrap_or(0)
    }
}

/// How far the files import a package, 0 to 1: the better the file, the more it counts.
fn imported(package: &Package, texts: &[String]) -> f64 {
    let share = |place: usize| 1.0 / (2 + place) as f64;
    let all: f64 = (0..texts.len()).map(share).sum();
    let name = package.name.replace('-', "_");
    let uses = texts.iter().enumerate();
    let uses = uses.filter(|(_, text)| imports(text, &name) || imports(text, &package.name));
    let uses: f64 = uses.map(|(place, _)| share(place)).sum();
    if all > 0.0 { uses / all } else { 0.0 }
}

/// Whether a text imports a name or reaches into it: `use moka::`, `from "lodash"`, `tokio::spawn`.
fn imports(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + name.len()..).unwrap_or_default();
        let is_whole = !before.ends_with(is_word) && !behind.starts_with(is_word);
        let is_imported = ["use ", "import ", "from ", "\"", "'"]
            .iter()
            .any(|mark| before.ends_with(mark))
            && behind.starts_with(['"', '\'', ';', ' ', '\n', '/', '.']);
        is_whole && (behind.starts_with("::") || is_imported)
    })
}

/// What a package says of itself, in lower case.
fn about(package: &Package) -> String {
    let mut text = package.name.to_lowercase();
    for file in ABOUT {
        let path = package.folder.as_deref().map(|folder: &Path| folder.join(file));
        if let Some(file) = path.and_then(|path| File::open(path).ok()) {
            let mut bytes = Vec::new();
            // What cannot be read says nothing.
            if file.take(GLANCE).read_to_end(&mut bytes).is_ok() {
                text.push(' ');
                text.push_str(&String::from_utf8_lossy(&bytes).to_lowercase());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use aiex_deps::Ecosystem;

    use super::*;

    fn package(name: &str, folder: &Path) -> Package {
        Package {
            ecosystem: Ecosystem::Cargo,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            origin: Origin::Registry,
            folder: Some(folder.join(name)),
            module: None,
            direct: true,
            locked_by: PathBuf::from("/r/Cargo.lock"),
        }
    }

    #[test]
    fn what_is_imported_or_says_that_it_does_this_is_likelier() {
        let dir = tempfile::tempdir().unwrap();
        for (name, about) in [
            ("alpha", "does this and that"),
            ("moth-ball", "keeps things"),
            ("zebra", "Eviction of entries"),
        ] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("README.md"), about).unwrap();
        }
        let packages = ["alpha", "moth-ball", "zebra"].map(|name| package(name, dir.path()));
        let dependencies = Dependencies {
            packages: packages.to_vec(),
            notices: Vec::new(),
        };
        let texts = ["use moth_ball::Ball;\nlet alphabet = 1;".to_owned()];
        let likely = Likely::new(
            &[Arc::new(dependencies)],
            "how are entries kept, what is the eviction",
            &texts,
        );
        let [alpha, ball, zebra] = packages.each_ref().map(|package| likely.of(package));
        assert_eq!(alpha, 0);
        assert!(ball > 0 && zebra > 0);
    }
}
