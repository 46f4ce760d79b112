//! What is generated from the code and committed, so that a change of it is seen in review.

use std::path::Path;

use serde_json::Value;

fn generated() -> Result<Vec<(String, String)>, String> {
    aiex_protocol::schema::all()
        .into_iter()
        .map(|(name, schema)| {
            let mut text = serde_json::to_string_pretty(&sorted(schema.to_value()))
                .map_err(|e| format!("{name}: {e}"))?;
            text.push('\n');
            Ok((format!("schemas/generated/{name}"), text))
        })
        .collect()
}

/// The same value with the keys of every object in order: how a map keeps them depends on features that
/// other crates of a build ask for.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect()
        }
        Value::Array(list) => list.into_iter().map(sorted).collect(),
        plain => plain,
    }
}

/// Writes the generated files.
pub(crate) fn write(root: &Path) -> Result<Vec<String>, String> {
    for (path, text) in generated()? {
        let full = root.join(&path);
        if let Some(folder) = full.parent() {
            std::fs::create_dir_all(folder).map_err(|e| format!("{path}: {e}"))?;
        }
        std::fs::write(&full, text).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(Vec::new())
}

/// Names the generated files that differ from what the code gives now.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for (path, text) in generated()? {
        if std::fs::read_to_string(root.join(&path)).ok().as_deref() != Some(text.as_str()) {
            findings.push(format!(
                "{path} is not what the code gives: run `cargo xtask codegen`"
            ));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_schemas_are_what_the_code_gives() {
        assert_eq!(super::check(&crate::root()).unwrap(), Vec::<String>::new());
    }
}
