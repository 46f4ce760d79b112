//! Maven and Gradle: names and versions only, because their sources are archives.

use std::collections::HashMap;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};
use toml::{Table, Value};

use crate::finder::{Finder, Locked};
use crate::package::{Ecosystem, Origin};

/// `pom.xml`: the dependencies that it names, with properties put in.
pub(crate) fn pom(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(pom) = finder.parsed(path, Pom::parse(&text)) else {
        return;
    };
    for dependency in &pom.dependencies {
        let fields = ["groupId", "artifactId", "version"].map(|key| dependency.get(key));
        let [Some(group), Some(artifact), Some(version)] = fields else {
            continue;
        };
        let [group, artifact, version] = [group, artifact, version].map(|text| pom.expanded(text));
        keep(finder, path, &format!("{group}:{artifact}"), &version, true);
    }
}

/// `gradle.lockfile`: `group:artifact:version=configurations`.
pub(crate) fn gradle_lock(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("empty="))
    {
        let coordinates = line.split('=').next().unwrap_or_default();
        match coordinates.rsplit_once(':') {
            Some((name, version)) if name.contains(':') => keep(finder, path, name, version, false),
            _ if line.trim().is_empty() => {}
            _ => return finder.malformed(path, format!("{coordinates:?} is no module")),
        }
    }
}

/// `libs.versions.toml`: the catalogue of what a build asks for.
pub(crate) fn gradle_catalog(finder: &mut Finder<'_>, path: &Path) {
    let Some(text) = finder.text(path) else { return };
    let Some(catalog) = finder.parsed(path, toml::from_str::<Table>(&text)) else {
        return;
    };
    let versions = catalog.get("versions").and_then(Value::as_table);
    for library in catalog
        .get("libraries")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values)
    {
        let text = |key: &str| library.get(key).and_then(Value::as_str);
        let (name, version) = match library {
            Value::String(short) => match short.rsplit_once(':') {
                Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
                None => continue,
            },
            _ => {
                let name = text("module")
                    .map(str::to_owned)
                    .or_else(|| Some(format!("{}:{}", text("group")?, text("name")?)));
                let Some(name) = name else { continue };
                let version = library.get("version").and_then(|version| match version {
                    Value::String(version) => Some(version.clone()),
                    other => Some(versions?.get(other.get("ref")?.as_str()?)?.as_str()?.to_owned()),
                });
                (name, version)
            }
        };
        if let Some(version) = version {
            keep(finder, path, &name, &version, true);
        }
    }
}

fn keep(finder: &mut Finder<'_>, path: &Path, name: &str, version: &str, direct: bool) {
    if finder.sound(path, name, version) {
        let locked = Locked {
            ecosystem: Ecosystem::Jvm,
            name: name.into(),
            version: version.into(),
            origin: Origin::Registry,
            direct,
        };
        finder.keep(path, locked, None, None);
    }
}

/// An element's name and text, when it has both.
fn leaf<'a>(node: Node<'a, 'a>) -> Option<(&'a str, &'a str)> {
    node.is_element()
        .then(|| node.tag_name().name())
        .zip(node.text().map(str::trim))
}

#[derive(Default)]
struct Pom {
    properties: HashMap<String, String>,
    dependencies: Vec<HashMap<String, String>>,
}

impl Pom {
    fn parse(text: &str) -> Result<Self, roxmltree::Error> {
        /// What a build file of the largest size that is read can hold in earnest.
        const MAX_NODES: u32 = 1_000_000;
        let options = ParsingOptions {
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options)?;
        let project = document.root_element();
        let mut pom = Self::default();
        for (key, text) in project
            .children()
            .filter_map(leaf)
            .filter(|(key, _)| matches!(*key, "version" | "groupId"))
        {
            pom.properties.insert(format!("project.{key}"), text.to_owned());
        }
        let properties = project
            .children()
            .filter(|node| node.tag_name().name() == "properties");
        for (key, text) in properties.flat_map(|node| node.children()).filter_map(leaf) {
            pom.properties.insert(key.to_owned(), text.to_owned());
        }
        let is_dependency = |node: &Node<'_, '_>| {
            node.tag_name().name() == "dependency"
                && node
                    .parent_element()
                    .is_some_and(|parent| parent.tag_name().name() == "dependencies")
        };
        for dependency in document.descendants().filter(is_dependency) {
            let fields = dependency.children().filter_map(leaf);
            pom.dependencies.push(
                fields
                    .map(|(key, text)| (key.to_owned(), text.to_owned()))
                    .collect(),
            );
        }
        Ok(pom)
    }

    /// Puts a property in where the whole text is one.
    fn expanded(&self, text: &str) -> String {
        let property = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        property
            .and_then(|name| self.properties.get(name))
            .map_or_else(|| text.to_owned(), Clone::clone)
    }
}
