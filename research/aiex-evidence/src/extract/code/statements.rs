//! Lines that no author writes as prose: statements, values, what is typed at a prompt.

/// Words that begin a statement with a block below it.
const BLOCKS: &[&str] = &[
    "async", "class", "def", "elif", "else", "except", "finally", "for", "if", "try", "while", "with",
];
/// Words before what a statement does, and what then must stand on its line: they are words of prose as well.
const LEADS: &[(&str, &[&str])] = &[
    ("import", &["\"", "'"]),
    ("from", &[" import "]),
    ("return", &["(", "_", "=", "self"]),
    ("raise", &["(", "Error"]),
    ("assert", &["==", "(", "_", " is "]),
    ("yield", &["(", "_"]),
];
/// What is before a line that was typed.
const PROMPTS: &[&str] = &[">>> ", "$ ", "C:\\>", "In ["];

/// Whether a line was typed at a prompt: an example, whatever stands around it.
pub fn is_prompt(line: &str) -> bool {
    let line = line.trim();
    line == ">>>" || PROMPTS.iter().any(|prompt| line.starts_with(prompt))
}

/// Whether a line cannot be read as words of a sentence.
pub fn is_statement(line: &str) -> bool {
    let line = line.trim();
    let first = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    let has_call = || {
        let mut ends = line.match_indices('(').filter_map(|(at, _)| line.get(..at));
        ends.any(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let has = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
    let is_block = line.ends_with(':')
        && BLOCKS.contains(&first)
        && (line.len() == first.len() + 1 || first == "class" || has(&["(", "_", "=", ".", " in "]));
    let is_led = LEADS.iter().any(|(word, parts)| first == *word && has(parts));
    let is_closed = line.ends_with(['{', '}']) && !line.contains('`')
        || line.ends_with(';') && (has_call() || line.contains('='))
        || line.ends_with("):") && has_call();
    is_prompt(line)
        || is_block
        || is_led
        || is_closed
        || is_assignment(line)
        || is_entry(line)
        || is_call(line)
}

/// `name = value`, `name: Type = value`, `name := value`; what is assigned to is one word, or names parted by commas.
fn is_assignment(line: &str) -> bool {
    let Some((left, right)) = line.split_once(" = ").or_else(|| line.split_once(" := ")) else {
        return line.strip_suffix(" =").is_some_and(is_target);
    };
    !right.is_empty() && is_target(left)
}

fn is_target(left: &str) -> bool {
    let left = ["let mut ", "let ", "var ", "const "]
        .iter()
        .find_map(|word| left.strip_prefix(word))
        .unwrap_or(left);
    let names = left.split_once(": ").map_or(left, |(name, _)| name);
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '*'))
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || "_.[]\"'*$>-".contains(c))
    };
    names.split(", ").all(is_name)
}

/// `"key": value,`
fn is_entry(line: &str) -> bool {
    line.starts_with(['"', '\''])
        && line.ends_with([',', '{', '[', '('])
        && (line.contains("\": ") || line.contains("': "))
}

/// `name(…)` and nothing else, or as much of it as the line has.
fn is_call(line: &str) -> bool {
    let Some((name, arguments)) = line.split_once('(') else {
        return false;
    };
    let is_name = !name.is_empty()
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '!' | '>' | '-'));
    let mut depth = 1_i32;
    let closed = arguments.char_indices().find(|(_, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    is_name && closed.map_or(arguments.is_empty(), |(at, _)| at + 1 == arguments.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_sentences() {
        for code in [
            ">>> weigh(parcel)",
            "$ parcel list",
            "def weigh(self) -> int:",
            "if start and path.isfile(start):",
            "start = environ.get(\"START\")",
            "scale: Scale = HeavyScale()",
            "\"HEAVY\": None,",
            "weigh(parcel, on=scale())",
            "weigh(",
            "import \"example.org/scale\"",
            "from scale import weigh",
            "return self.limit",
            "let scale = Scale::new();",
            "post.Writer = scale.New()",
            "func weigh() {",
            "else:",
        ] {
            assert!(is_statement(code), "{code}");
        }
        for prose in [
            "Weighs a parcel. More is said below.",
            "if a parcel is heavy, it is weighed twice:",
            "from the door to the scale",
            "return the parcel to its sender",
            "with these two limits:",
            "parcel(s) are weighed (twice)",
            "It is weighed; then it is sent;",
            "for example:",
            "The default is = 3 kilograms",
            "(see weigh) and so on",
            "",
        ] {
            assert!(!is_statement(prose), "{prose}");
        }
    }
}
