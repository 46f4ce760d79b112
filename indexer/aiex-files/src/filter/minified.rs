//! Files that no person could read: minified code, tables of numbers, encoded data. Told by name or by shape.
//!
//! The five measures are the ones Tabby uses (longest line, average line, share of letters and digits, number of
//! lines, share of digits), set so that prose, tables of data and code with a long string or two pass.

use crate::relpath::RelPath;

/// Below this many bytes no measure means anything.
const SMALL: usize = 2 * 1024;

/// Code: lines longer than this on average are not written by hand, if one of them is also very long…
const CODE_AVERAGE: usize = 150;
const CODE_LONGEST: usize = 300;
/// …and so many bytes in lines of ordinary length, in per cent, are no more than a licence above them. With more, the
/// long lines are what tests of written code compare with.
const CODE_ORDINARY: usize = 200;
const LEAST_ORDINARY: usize = 10;

/// Data may have long records; a whole file of this average is one dump.
const DATA_AVERAGE: usize = 2_000;

/// A line beyond this that holds most of a code file is a payload with code around it.
const PAYLOAD: usize = 20_000;

/// In per cent of what is not white space: fewer letters and digits make drawings, more digits make tables.
const LEAST_ALPHANUMERIC: usize = 25;
const MOST_DIGITS: usize = 50;

/// A table of digits is worth leaving out only when it is large.
const TABLE_BYTES: usize = 8 * 1024;

const MOST_LINES: usize = 100_000;

const PROSE: &[&str] = &[
    "md", "markdown", "mdx", "rst", "txt", "adoc", "org", "tex", "textile", "rtf", "pod", "",
];

const DATA: &[&str] = &[
    "json",
    "jsonl",
    "ndjson",
    "json5",
    "jsonc",
    "csv",
    "tsv",
    "yaml",
    "yml",
    "toml",
    "xml",
    "svg",
    "sql",
    "ipynb",
    "geojson",
    "po",
    "ini",
    "cfg",
    "conf",
    "properties",
    "plist",
    "html",
    "htm",
    "xhtml",
    "log",
    "lock",
    "snap",
    "dat",
    "graphql",
    "proto",
];

/// Why a file of this name is minified.
pub(super) fn by_name(path: &RelPath) -> Option<&'static str> {
    let name = String::from_utf8_lossy(path.name()).to_ascii_lowercase();
    let minified = [
        ".min.js",
        ".min.mjs",
        ".min.cjs",
        ".min.css",
        "-min.js",
        "-min.css",
        ".min.html",
    ];
    minified
        .iter()
        .any(|suffix| name.ends_with(suffix))
        .then_some("the name of minified code")
}

/// Why a text of this shape is not for people.
pub(super) fn by_shape(path: &RelPath, text: &str) -> Option<&'static str> {
    if text.len() < SMALL {
        return None;
    }
    let name = String::from_utf8_lossy(path.name()).to_ascii_lowercase();
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .unwrap_or_default();
    let shape = Shape::of(text.as_bytes());
    if MOST_LINES < shape.lines {
        return Some("more than 100,000 lines");
    }
    if PROSE.contains(&extension) {
        return None;
    }
    let average = text.len() / shape.lines.max(1);
    if DATA.contains(&extension) {
        return (DATA_AVERAGE < average).then_some("data without lines");
    }
    if CODE_AVERAGE < average
        && CODE_LONGEST < shape.longest
        && shape.ordinary * 100 / text.len() < LEAST_ORDINARY
    {
        return Some("lines too long on average");
    }
    if PAYLOAD < shape.longest && text.len() / 2 < shape.longest {
        return Some("one line holds most of it");
    }
    if shape.visible == 0 {
        return None;
    }
    if shape.alphanumeric * 100 / shape.visible < LEAST_ALPHANUMERIC {
        return Some("hardly any letters or digits");
    }
    let digits = shape.digits * 100 / shape.visible;
    (TABLE_BYTES < text.len() && MOST_DIGITS < digits).then_some("mostly digits")
}

struct Shape {
    lines: usize,
    longest: usize,
    /// Bytes in lines of ordinary length.
    ordinary: usize,
    visible: usize,
    alphanumeric: usize,
    digits: usize,
}

impl Shape {
    fn of(bytes: &[u8]) -> Shape {
        let mut shape = Shape {
            lines: 0,
            longest: 0,
            ordinary: 0,
            visible: 0,
            alphanumeric: 0,
            digits: 0,
        };
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len())) {
            shape.lines += usize::from(start < bytes.len());
            shape.longest = shape.longest.max(end - start);
            shape.ordinary += if end - start <= CODE_ORDINARY {
                end - start
            } else {
                0
            };
            start = end + 1;
        }
        // Of a text that is written by hand, what its long lines hold says nothing about it.
        let is_written = LEAST_ORDINARY <= shape.ordinary * 100 / bytes.len().max(1);
        let lines = bytes.split(|byte| *byte == b'\n');
        let counted = lines.filter(|line| !is_written || line.len() <= CODE_ORDINARY);
        // Letters beyond ASCII count byte by byte: what matters is that they are not punctuation.
        for byte in counted.flatten() {
            shape.visible += usize::from(!byte.is_ascii_whitespace());
            shape.alphanumeric += usize::from(byte.is_ascii_alphanumeric() || !byte.is_ascii());
            shape.digits += usize::from(byte.is_ascii_digit());
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::{by_name, by_shape};
    use crate::relpath::RelPath;

    fn shape(name: &str, text: &str) -> Option<&'static str> {
        by_shape(&RelPath::from_bytes(name).unwrap(), text)
    }

    #[test]
    fn minified_code_is_told_by_name_and_by_shape() {
        assert!(by_name(&RelPath::from_bytes("jquery.min.js").unwrap()).is_some());
        assert!(by_name(&RelPath::from_bytes("minjs.js").unwrap()).is_none());
        let squeezed = "function a(b){return b.c(d,e)}var f=a(1);".repeat(200);
        assert!(shape("bundle.js", &squeezed).is_some());
        let payload = format!(
            "{}const WASM = \"{}\";\n",
            "let x = compute(y);\n".repeat(300),
            "QUJD".repeat(9_000)
        );
        assert!(shape("wasm.js", &payload).is_some());
    }

    #[test]
    fn drawings_tables_and_endless_lists_are_told() {
        assert!(shape("art.c", &"/* -=-=-=-=-=-=-=-=-=-=- */\n".repeat(200)).is_some());
        assert!(shape("table.c", &"    0x1234, 9876, 5432, 1212,\n".repeat(1_000)).is_some());
        assert!(shape("list.txt", &"a\n".repeat(100_001)).is_some());
    }

    #[test]
    fn prose_data_and_ordinary_code_pass() {
        let paragraph = format!(
            "{}\n\n",
            "All work and no play makes a long paragraph. ".repeat(40)
        );
        assert_eq!(shape("README.md", &paragraph.repeat(5)), None);
        let record = format!("{{\"name\": \"{}\"}}\n", "x".repeat(400));
        assert_eq!(shape("data.jsonl", &record.repeat(20)), None);
        assert_eq!(shape("numbers.csv", &"12.5,13.5,14.5,99\n".repeat(2_000)), None);
        let code = format!(
            "{}let s = \"{}\";\n",
            "    let value = compute(input);\n".repeat(200),
            "x".repeat(2_000)
        );
        assert_eq!(shape("main.rs", &code), None);
        let tests = format!(
            "{}{}",
            "    let value = compute(input);\n".repeat(800),
            format!("    same(\"POLYGON(({}))\");\n", "1.25 3.5,".repeat(600)).repeat(25)
        );
        assert_eq!(shape("buffer.rs", &tests), None);
        assert_eq!(
            shape("umlaut.py", &"# текст на русском языке\nx = y\n".repeat(100)),
            None
        );
    }
}
