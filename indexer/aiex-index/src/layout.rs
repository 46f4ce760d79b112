//! What the files of a repository say of one another by where they lie: which could have been built from which, which
//! folder is an older version of which, where tests have a folder of their own, how much code each package holds.
//!
//! Every search asks, and to find out takes a look at every path. So it is found out once, and a change of what is in
//! files, not of where they lie, keeps all but the sizes of packages.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aiex_chunk::Language;

use crate::package::Packages;
use crate::snapshot::FileEntry;

/// The layout of one generation's files.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    paths: Arc<Paths>,
    packages: Packages,
}

/// What paths alone say.
#[derive(Debug)]
struct Paths {
    /// Folder and stem of every TypeScript source.
    typescript: HashSet<Box<str>>,
    /// The versions that folders of one folder are named after.
    versions: HashMap<Box<str>, Vec<u32>>,
    /// Folders in which a folder of tests lies.
    with_tests: HashSet<Box<str>>,
    languages: HashSet<Language>,
}

impl Layout {
    pub(crate) fn of(files: &[Arc<FileEntry>]) -> Self {
        Self {
            paths: Arc::new(Paths::of(files)),
            packages: Packages::of(files),
        }
    }

    /// The layout after some files gave way to others; `None` unless these lie where those lay.
    pub(crate) fn after(&self, gone: &[&Arc<FileEntry>], added: &[Arc<FileEntry>]) -> Option<Self> {
        let mut before: Vec<_> = gone.iter().map(|file| (&*file.path, file.language)).collect();
        let mut now: Vec<_> = added.iter().map(|file| (&*file.path, file.language)).collect();
        before.sort_unstable_by_key(|(path, _)| *path);
        now.sort_unstable_by_key(|(path, _)| *path);
        (before == now).then(|| Self {
            paths: self.paths.clone(),
            packages: self.packages.after(gone, added),
        })
    }

    /// Whether there is a TypeScript source that a file of this path could have been built from: of the same
    /// name, in a folder of the same name.
    pub(crate) fn has_typescript(&self, path: &str) -> bool {
        folder_and_stem(path).is_some_and(|key| self.paths.typescript.contains(&key))
    }

    /// Whether a file lies in a folder named after a version (`v3`) beside which there is one that is rather meant: of a
    /// version that is `named`, or else a newer one.
    pub(crate) fn is_other_version(&self, path: &str, named: &[u32]) -> bool {
        // In most repositories no folder is named so, and this is asked of every file of every answer.
        if self.paths.versions.is_empty() {
            return false;
        }
        version_folders(path).any(|(parent, version)| {
            let beside = self.paths.versions.get(parent).map_or(&[][..], Vec::as_slice);
            if beside.iter().any(|version| named.contains(version)) {
                !named.contains(&version)
            } else {
                beside.iter().any(|other| version < *other)
            }
        })
    }

    /// Whether the sources (`src`, `lib`) that a file lies in have a folder of tests beside them.
    pub(crate) fn keeps_tests_beside(&self, path: &str) -> bool {
        folders_named(path, &["src", "lib"]).any(|parent| self.paths.with_tests.contains(parent))
    }

    /// The code in the package that a file lies in, as a share of the code in the largest package.
    pub(crate) fn share_of_package(&self, path: &str) -> f32 {
        self.packages.share(path)
    }

    /// Whether a file is written in this language.
    pub(crate) fn has_language(&self, language: Language) -> bool {
        self.paths.languages.contains(&language)
    }
}

impl Paths {
    fn of(files: &[Arc<FileEntry>]) -> Self {
        let paths = || files.iter().map(|file| &*file.path);
        let mut versions: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for (parent, version) in paths().flat_map(version_folders) {
            match versions.get_mut(parent) {
                Some(known) if known.contains(&version) => {}
                Some(known) => known.push(version),
                None => drop(versions.insert(parent.into(), vec![version])),
            }
        }
        let mut with_tests: HashSet<Box<str>> = HashSet::new();
        for parent in paths().flat_map(|path| folders_named(path, &["test", "tests", "spec", "specs"])) {
            if !with_tests.contains(parent) {
                with_tests.insert(parent.into());
            }
        }
        Self {
            typescript: paths()
                .filter(|path| is_typescript(path))
                .filter_map(folder_and_stem)
                .collect(),
            versions,
            with_tests,
            languages: files.iter().filter_map(|file| file.language).collect(),
        }
    }
}

/// Whether a path is one of a TypeScript source, not of declarations.
fn is_typescript(path: &str) -> bool {
    [".ts", ".tsx", ".mts", ".cts"]
        .iter()
        .any(|end| path.ends_with(end))
        && !path.contains(".d.")
}

/// `classic/schemas` of `src/classic/schemas.ts`.
fn folder_and_stem(path: &str) -> Option<Box<str>> {
    let mut parts = path.rsplit('/');
    let name = parts.next()?;
    let stem = &name[..name.find('.')?];
    let folder = parts.next().unwrap_or_default();
    Some(format!("{folder}/{stem}").into())
}

/// What the folders of a path that bear one of these names lie in.
fn folders_named<'a>(path: &'a str, names: &'static [&'static str]) -> impl Iterator<Item = &'a str> {
    folders(path).filter_map(|(parent, name)| names.contains(&name).then_some(parent))
}

/// The folders of a path that are named after a version: what they lie in, and the version.
fn version_folders(path: &str) -> impl Iterator<Item = (&str, u32)> {
    folders(path).filter_map(|(parent, name)| Some((parent, name.strip_prefix('v')?.parse().ok()?)))
}

/// The folders of a path: what each lies in, up to a `/` or nothing, and its name.
fn folders(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut start = 0;
    path.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b'/')
        .map(move |(end, _)| {
            let folder = (&path[..start], &path[start..end]);
            start = end + 1;
            folder
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::content::ContentKey;
    use crate::outline::source::Outlines;
    use crate::snapshot::{Shape, Snapshot};
    use aiex_files::RelPath;

    /// Makes files, whose outlines nobody asks for.
    struct Files {
        _dir: tempfile::TempDir,
        outlines: Arc<Outlines>,
    }

    impl Files {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let engine = crate::Engine::open(dir.path(), None, crate::IndexSettings::default()).unwrap();
            let outlines =
                Outlines::open(&dir.path().join("outlines"), engine.shared(), Arc::default()).unwrap();
            Self {
                _dir: dir,
                outlines: Arc::new(outlines),
            }
        }

        fn file(&self, version: u32, path: &str, num_chunks: usize) -> Arc<FileEntry> {
            let shape = Shape {
                num_chunks,
                language: Language::detect(path, ""),
            };
            let path = RelPath::from_bytes(path).unwrap();
            let key = ContentKey([0; 32]);
            Arc::new(FileEntry::new(
                &path,
                version,
                key,
                1,
                shape,
                self.outlines.clone(),
            ))
        }
    }

    fn layout(paths: &[&str]) -> Layout {
        let files = Files::new();
        let files: Vec<_> = (1..)
            .zip(paths)
            .map(|(version, path)| files.file(version, path, 1))
            .collect();
        Layout::of(&files)
    }

    #[test]
    fn sources_with_a_folder_of_tests_beside_them_are_told() {
        let layout = layout(&[
            "src/a_test.rb",
            "test/b.rb",
            "other/lib/c_test.rb",
            "other/lib/tests/d.rb",
        ]);
        assert!(layout.keeps_tests_beside("src/a_test.rb"));
        assert!(layout.keeps_tests_beside("src/deep/a_test.rb"));
        assert!(!layout.keeps_tests_beside("other/lib/c_test.rb"));
        assert!(!layout.keeps_tests_beside("a_test.rb"));
    }

    #[test]
    fn folders_of_other_versions_are_told_by_those_beside_them() {
        let layout = layout(&["api/v1/user.go", "api/v2/user.go", "other/v1/x.go", "v9.go"]);
        let others = |named: &[u32]| {
            let paths = ["api/v1/user.go", "api/v2/user.go", "other/v1/x.go"];
            paths.map(|path| layout.is_other_version(path, named))
        };
        assert_eq!(others(&[]), [true, false, false]);
        assert_eq!(others(&[1]), [false, true, false]);
        assert_eq!(others(&[2]), [true, false, false]);
        // Nobody has it here: something else is called so.
        assert_eq!(others(&[8]), [true, false, false]);
    }

    #[test]
    fn what_was_built_is_told_by_its_source() {
        let layout = layout(&["src/classic/schemas.ts", "src/types/only.d.ts"]);
        assert!(layout.has_typescript("lib/classic/schemas.js"));
        assert!(!layout.has_typescript("lib/types/only.js"));
        assert!(layout.has_language(Language::TypeScript) && !layout.has_language(Language::Go));
    }

    const PATHS: [&str; 10] = [
        "pyproject.toml",
        "core/pyproject.toml",
        "core/src/lib.rs",
        "core/tests/all.rs",
        "macros/pyproject.toml",
        "macros/src/lib.rs",
        "web/v1/app.ts",
        "web/v2/app.ts",
        "web/dist/app.js",
        "build.rs",
    ];

    /// However files come, change and go, a snapshot lays them out as one that is made of them anew.
    #[test]
    fn a_layout_that_follows_changes_is_the_one_made_anew() {
        let files = Files::new();
        let change = (0..PATHS.len(), 0..5_usize);
        let steps = prop::collection::vec(prop::collection::vec(change, 1..4), 1..12);
        let check = |steps| follows_changes(&files, steps);
        TestRunner::default().run(&steps, check).unwrap();
    }

    fn follows_changes(files: &Files, steps: Vec<Vec<(usize, usize)>>) -> Result<(), TestCaseError> {
        let mut snapshot = Snapshot::new(1, Vec::new(), true, 0);
        let mut version = 0;
        for changes in steps {
            let mut gone = HashSet::new();
            let mut added: Vec<Arc<FileEntry>> = Vec::new();
            for (at, chunks) in changes {
                let path = PATHS[at];
                added.retain(|file| &*file.path != path);
                let before = snapshot.files().iter().filter(|file| &*file.path == path);
                gone.extend(before.map(|file| file.version));
                // Without chunks it is deleted.
                if chunks > 0 {
                    version += 1;
                    added.push(files.file(version, path, chunks));
                }
            }
            snapshot = snapshot.with_changes(2, &gone, added);
            let (layout, anew) = (snapshot.layout(), Layout::of(snapshot.files()));
            for path in PATHS {
                let told = |layout: &Layout| {
                    (
                        layout.share_of_package(path),
                        layout.is_other_version(path, &[]),
                        layout.is_other_version(path, &[1]),
                        layout.keeps_tests_beside(path),
                        layout.has_typescript(path),
                    )
                };
                prop_assert_eq!(told(layout), told(&anew), "{}", path);
            }
            for language in Language::ALL {
                prop_assert_eq!(layout.has_language(*language), anew.has_language(*language));
            }
        }
        Ok(())
    }

    #[test]
    fn a_change_within_files_keeps_what_paths_say() {
        let files = Files::new();
        let before = Snapshot::new(
            1,
            vec![files.file(1, "a.rs", 1), files.file(2, "b.rs", 1)],
            true,
            0,
        );
        let paths = before.layout().paths.clone();
        let edited = before.with_changes(2, &HashSet::from([1]), vec![files.file(3, "a.rs", 4)]);
        assert!(Arc::ptr_eq(&paths, &edited.layout().paths));
        let moved = edited.with_changes(3, &HashSet::from([3]), vec![files.file(4, "c.rs", 4)]);
        assert!(!Arc::ptr_eq(&paths, &moved.layout().paths));
    }
}
