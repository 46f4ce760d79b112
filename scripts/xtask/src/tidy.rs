//! The laws of the workspace that are not the compiler's: which area may use which, which crate
//! owns which engine, and what every manifest and module must say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which areas an area may use besides itself. What is not listed is forbidden.
const ARROWS: &[(&str, &[&str])] = &[
    ("schemas", &[]),
    ("indexer", &["schemas"]),
    ("research", &["indexer", "schemas"]),
    ("daemon", &["research", "indexer", "schemas"]),
    ("clients", &["schemas"]),
    (
        "benches",
        &["clients", "daemon", "research", "indexer", "schemas"],
    ),
    ("scripts", &["schemas"]),
];

/// The one crate that may link everything: it is the program.
const THE_BINARY: &str = "aiex";

/// Engines, and the crates that may name each: one, unless it is an embedded library of which each use stands alone
/// (a store of one's own, a walk over a tree). A name ending in `*` is a prefix.
const ENGINES: &[(&str, &[&str])] = &[
    ("tantivy", &["aiex-lexical"]),
    ("qdrant-edge", &["aiex-vector"]),
    ("qdrant-client", &["aiex-vector"]),
    ("tree-sitter*", &["aiex-chunk"]),
    (
        "rusqlite",
        &[
            "aiex-index",
            "aiex-history",
            "aiex-cache",
            "aiex-research",
            "aiex-sessions",
            "aiex-backup",
            "aiex-outside",
        ],
    ),
    ("fastembed", &["aiex-embed"]),
    ("notify", &["aiex-files"]),
    ("ignore", &["aiex-files", "aiex-deps"]),
    ("gix", &["aiex-history"]),
    ("gix-index", &["aiex-files"]),
    ("axum", &["aiex-daemon"]),
    ("ratatui", &["aiex-tui"]),
];

/// File names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "types", "imp", "mod",
];

struct Package {
    name: String,
    area: String,
    manifest: PathBuf,
    dependencies: Vec<String>,
}

/// Everything that is against the laws.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let packages = packages(root)?;
    let mut findings = arrows(&packages);
    findings.extend(engines(&packages));
    for package in &packages {
        findings.extend(manifest(package)?);
        let folder = package.manifest.parent().unwrap_or(root);
        let mut files = Vec::new();
        rust_files(folder, &mut files)?;
        for file in files {
            findings.extend(module(root, &file)?);
        }
    }
    Ok(findings)
}

fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Ok(list(&metadata["packages"])
        .iter()
        .map(|package| {
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let area = manifest
                .strip_prefix(root)
                .ok()
                .and_then(|path| path.components().next())
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .unwrap_or_default();
            let dependencies = list(&package["dependencies"])
                .iter()
                .map(|d| text(&d["name"]))
                .collect();
            Package {
                name: text(&package["name"]),
                area,
                manifest,
                dependencies,
            }
        })
        .collect())
}

fn arrows(packages: &[Package]) -> Vec<String> {
    let areas: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.area.as_str()))
        .collect();
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.name != THE_BINARY) {
        let Some((_, allowed)) = ARROWS.iter().find(|(area, _)| *area == package.area) else {
            findings.push(format!(
                "{} lies in no known area ({})",
                package.name, package.area
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(area) = areas.get(dependency.as_str()) else {
                continue;
            };
            if *area != package.area && !allowed.contains(area) {
                findings.push(format!(
                    "{} ({}) may not depend on {dependency} ({area})",
                    package.name, package.area
                ));
            }
        }
    }
    findings
}

fn engines(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let owner = ENGINES.iter().find(|(engine, _)| match engine.strip_suffix('*') {
                Some(prefix) => dependency.starts_with(prefix),
                None => dependency == engine,
            });
            if let Some((_, owners)) = owner
                && !owners.contains(&package.name.as_str())
            {
                findings.push(format!(
                    "{} may not name {dependency}: {} owns it",
                    package.name,
                    owners.join(" or ")
                ));
            }
        }
    }
    findings
}

fn manifest(package: &Package) -> Result<Vec<String>, String> {
    let shown = package.manifest.display();
    let text = std::fs::read_to_string(&package.manifest).map_err(|e| format!("{shown}: {e}"))?;
    let mut findings = Vec::new();
    if !text.contains("[lints]\nworkspace = true") {
        findings.push(format!("{} does not take the workspace's lints", package.name));
    }
    if !text.contains("license.workspace = true") {
        findings.push(format!("{} does not take the workspace's licence", package.name));
    }
    Ok(findings)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("fixtures") {
                rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn module(root: &Path, file: &Path) -> Result<Vec<String>, String> {
    let shown = file.strip_prefix(root).unwrap_or(file).display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("{shown}: {e}"))?;
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings.push(format!("{shown} does not begin with what it is for (`//!`)"));
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    // A verb's file is called as the verb is.
    let is_verb = file.parent().is_some_and(|folder| folder.ends_with("verb"));
    // What several tests share stands in `tests/NAME/mod.rs`: anywhere else cargo would take it for a test.
    let is_shared = stem == "mod"
        && file
            .ancestors()
            .nth(2)
            .is_some_and(|folder| folder.ends_with("tests"));
    if EMPTY_NAMES.contains(&stem.as_ref()) && !is_verb && !is_shared {
        findings.push(format!("{shown}: a name that says nothing; name what is inside"));
    }
    for (number, line) in text.lines().enumerate() {
        // Split so that this file does not find itself.
        let marks = [concat!("#[ign", "ore"), concat!("TO", "DO"), concat!("FIX", "ME")];
        if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
            findings.push(format!("{shown}:{}: `{mark}` is unfinished work", number + 1));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, area: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            area: area.to_owned(),
            manifest: PathBuf::new(),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn the_workspace_is_tidy() {
        assert_eq!(check(&crate::root()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_client_that_links_the_daemon_is_found() {
        let packages = [
            package("aiex-daemon", "daemon", &[]),
            package("aiex-client", "clients", &["aiex-daemon"]),
        ];
        assert_eq!(
            arrows(&packages),
            ["aiex-client (clients) may not depend on aiex-daemon (daemon)"]
        );
    }

    #[test]
    fn a_second_crate_that_names_an_engine_is_found() {
        let packages = [package(
            "aiex-index",
            "indexer",
            &["tree-sitter-rust", "tantivy", "rusqlite"],
        )];
        assert_eq!(
            engines(&packages),
            [
                "aiex-index may not name tree-sitter-rust: aiex-chunk owns it",
                "aiex-index may not name tantivy: aiex-lexical owns it"
            ]
        );
    }
}
