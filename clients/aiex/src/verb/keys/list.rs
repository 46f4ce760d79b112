//! Keys as a list: who uses each, and where it comes from.

use std::fmt::Write;

use aiex_protocol::keys::{KeyFileState, KeyPlace, KeyReport, KeyState, KeyStatus};

use crate::palette::Palette;
use crate::snippet::{displayable, one_line};

/// Where a key is kept, after "kept".
pub(super) fn place_words(place: KeyPlace) -> &'static str {
    match place {
        KeyPlace::System => "in the system's store",
        KeyPlace::File => "in the key file",
    }
}

/// Where a key comes from, or why it does not.
pub(crate) fn source_words(status: &KeyStatus) -> String {
    match status.state {
        KeyState::Variable => format!("from the variable {}", status.variables.join(" or ")),
        KeyState::System => place_words(KeyPlace::System).to_owned(),
        KeyState::File => place_words(KeyPlace::File).to_owned(),
        KeyState::Locked => "in the key file, which is locked".to_owned(),
        KeyState::Missing if status.variables.is_empty() => "missing".to_owned(),
        KeyState::Missing => format!(
            "missing: the variable {} is not set",
            status.variables.join(" or ")
        ),
        KeyState::None => "none; it is asked without one".to_owned(),
    }
}

/// A line for each key, and one for the file.
pub(super) fn render(report: &KeyReport, palette: Palette) -> String {
    let mut text = String::new();
    let rows: Vec<(String, String)> = report
        .keys
        .iter()
        .map(|status| (one_line(&status.name), users(status)))
        .collect();
    let width = |of: fn(&(String, String)) -> &String| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or_default()
    };
    let (names, uses) = (width(|row| &row.0), width(|row| &row.1));
    for ((name, used_by), status) in rows.iter().zip(&report.keys) {
        let source = source_words(status);
        let source = match status.state {
            KeyState::Missing => palette.bad(source).to_string(),
            KeyState::Locked => palette.warning(source).to_string(),
            _ => source,
        };
        let name = palette.strong(format!("{name:names$}"));
        let _ = writeln!(text, "{name}  {used_by:uses$}  {source}");
        if let Some(hint) = &status.hint {
            let _ = writeln!(
                text,
                "{:names$}  {} {}",
                "",
                palette.dim("hint:"),
                displayable(hint)
            );
        }
    }
    if rows.is_empty() {
        text.push_str("no key is kept, and the settings name nothing that could use one\n");
    }
    let file = match report.file {
        KeyFileState::Absent => "there is no key file yet".to_owned(),
        KeyFileState::Locked => format!("the key file {} is locked", report.path),
        KeyFileState::Unlocked => format!("the key file {} is unlocked", report.path),
        KeyFileState::Unreadable => format!("the key file {} cannot be read", report.path),
    };
    let usual = place_words(report.usual_place);
    let _ = writeln!(
        text,
        "{}",
        palette.dim(format!("{} · new keys are kept {usual}", displayable(&file)))
    );
    text
}

fn users(status: &KeyStatus) -> String {
    if status.used_by.is_empty() {
        "not used".to_owned()
    } else {
        one_line(&status.used_by.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(name: &str, used_by: &str, state: KeyState) -> KeyStatus {
        KeyStatus {
            name: name.into(),
            used_by: [used_by]
                .into_iter()
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect(),
            variables: Vec::new(),
            kept_in: Vec::new(),
            state,
            hint: None,
        }
    }

    #[test]
    fn each_name_is_a_line_with_where_its_key_comes_from() {
        let report = KeyReport {
            keys: vec![
                status("openai", "provider", KeyState::File),
                status("local", "provider", KeyState::None),
                KeyStatus {
                    variables: vec!["SERPER_KEY".into()],
                    hint: Some("set it".into()),
                    ..status("serper", "web engine", KeyState::Missing)
                },
                KeyStatus {
                    variables: vec!["BRAVE_KEY".into()],
                    ..status("brave", "web engine", KeyState::Variable)
                },
                status("old", "", KeyState::System),
                status("exa", "web engine", KeyState::Locked),
            ],
            file: KeyFileState::Unlocked,
            path: "/s/keys/sealed".into(),
            usual_place: KeyPlace::File,
        };
        insta::assert_snapshot!(render(&report, Palette::new(false)), @r"
        openai  provider    in the key file
        local   provider    none; it is asked without one
        serper  web engine  missing: the variable SERPER_KEY is not set
                hint: set it
        brave   web engine  from the variable BRAVE_KEY
        old     not used    in the system's store
        exa     web engine  in the key file, which is locked
        the key file /s/keys/sealed is unlocked · new keys are kept in the key file
        ");
    }
}
