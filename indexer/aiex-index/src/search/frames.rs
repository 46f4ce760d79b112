//! Places that a query names by file and line: frames of a stack trace, what a compiler complains of.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::snapshot::{FileEntry, Snapshot, chunk_id};

/// Frames of a query that are looked at.
const MAX_FRAMES: usize = 64;

/// Files that one frame may mean; a name that more of them share says nothing.
const MAX_MEANT: usize = 3;

/// A file and a line as a query writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The parts of the path, the file's name last.
    parts: Vec<String>,
    line: u32,
}

/// `dir/name.ext`, then a line: `:12`, `:line 12`, `", line 12`, `(12`. Behind them stand CPython, Node, the JVM, Go,
/// Rust, .NET, Ruby, PHP, Elixir and every compiler that writes as GNU's standard for messages says.
static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let path = r"(?:[A-Za-z]:)?[\w./\\@+~-]*[\w-]\.[A-Za-z][A-Za-z0-9+]{0,9}";
    let line = r#"(?:"?,\s*line\s+|:line\s+|:|\()(\d{1,7})"#;
    Regex::new(&format!(r#"(?:^|[\s"'`(\[<:])({path}){line}"#)).ok()
});

/// The places that a text names, what matters most first.
pub(crate) fn frames(text: &str) -> Vec<Frame> {
    let Some(place) = PLACE.as_ref() else {
        return Vec::new();
    };
    let mut frames: Vec<Frame> = Vec::new();
    for found in place.captures_iter(text) {
        let parts: Vec<String> = found[1]
            .split(['/', '\\'])
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .map(str::to_owned)
            .collect();
        let frame = found[2].parse().ok().map(|line| Frame { parts, line });
        frames.extend(frame.filter(|frame| !frames.contains(frame)));
    }
    // CPython tells the innermost call last, everybody else first.
    if text.contains("most recent call last") {
        frames.reverse();
    }
    frames.truncate(MAX_FRAMES);
    frames
}

impl Frame {
    /// The path as it was written, with `/`.
    pub(crate) fn path(&self) -> String {
        self.parts.join("/")
    }

    /// The line, if it is one of a span of the file.
    pub(crate) fn line_in(&self, path: &str, first_line: u32, last_line: u32) -> Option<u32> {
        let is_in = first_line <= self.line && self.line <= last_line;
        (is_in && self.shared_with(path) > 0).then_some(self.line)
    }

    /// The chunks that hold the line, in the files that the path may mean.
    pub(crate) fn chunks(&self, snapshot: &Snapshot) -> Vec<u64> {
        let mut shared = 0;
        let mut meant: Vec<&Arc<FileEntry>> = Vec::new();
        for file in snapshot.files() {
            let common = self.shared_with(&file.path);
            if common == 0 || common < shared {
                continue;
            }
            if common > shared {
                shared = common;
                meant.clear();
            }
            meant.push(file);
        }
        if meant.len() > MAX_MEANT {
            return Vec::new();
        }
        meant.sort_by(|a, b| a.path.cmp(&b.path));
        let chunk = |file: &&Arc<FileEntry>| {
            let outline = file.outline()?;
            let at = outline
                .spans
                .iter()
                .position(|span| span.first_line <= self.line && self.line <= span.last_line)?;
            Some(chunk_id(file.version, at))
        };
        meant.iter().filter_map(chunk).collect()
    }

    /// How many parts from the end a file's path shares with this one; none when that could be chance: a frame of
    /// another program in a folder of its own shares a file's name at most.
    fn shared_with(&self, path: &str) -> usize {
        let common = path
            .rsplit('/')
            .zip(self.parts.iter().rev())
            .take_while(|(own, named)| *own == named.as_str())
            .count();
        let is_whole = common == self.parts.len() || common == path.split('/').count();
        if common >= 2 || is_whole { common } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        frames(text)
            .iter()
            .map(|frame| format!("{}:{}", frame.path(), frame.line))
            .collect()
    }

    #[test]
    fn frames_of_many_languages_are_read() {
        let check = |text: &str, expected: &[&str]| assert_eq!(places(text), expected, "{text}");
        check(
            "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 3, in <module>\n    run()\n  \
             File \"/srv/app/jobs/run.py\", line 41, in run\nKeyError: 'id'",
            &["srv/app/jobs/run.py:41", "srv/app/main.py:3"],
        );
        check(
            "thread 'main' panicked at src/pool.rs:88:17:\nindex out of bounds\n   4: app::main\n             at ./src/main.rs:9:5",
            &["src/pool.rs:88", "src/main.rs:9"],
        );
        check(
            "TypeError: x is undefined\n    at load (/app/src/load.ts:10:5)\n    at async file:///app/src/index.mjs:2:1",
            &["app/src/load.ts:10", "app/src/index.mjs:2"],
        );
        check(
            "java.lang.IllegalStateException: closed\n\tat com.acme.Pool.take(Pool.java:42)\n\tat com.acme.Main.main(Main.java:7)",
            &["Pool.java:42", "Main.java:7"],
        );
        check(
            "panic: runtime error\n\ngoroutine 1 [running]:\nmain.work(...)\n\t/home/u/tool/work.go:12 +0x1d",
            &["home/u/tool/work.go:12"],
        );
        check(
            "   at Acme.Pool.Take() in C:\\src\\Acme\\Pool.cs:line 30",
            &["C:/src/Acme/Pool.cs:30"],
        );
        check("app/models/user.rb:12:in `save!'", &["app/models/user.rb:12"]);
        check(
            "#0 /var/www/src/Cart.php(55): Cart->add()",
            &["var/www/src/Cart.php:55"],
        );
        check("src/list.c:31:9: error: expected ';'", &["src/list.c:31"]);
        check("how does version 1.2:3 differ, at 10:30, from std::io?", &[]);
    }

    #[test]
    fn a_path_means_the_file_that_shares_most_of_its_end() {
        let frame = |path: &str| frames(&format!("{path}:1")).remove(0);
        assert_eq!(frame("/srv/app/jobs/run.py").shared_with("jobs/run.py"), 2);
        assert_eq!(frame("/srv/app/run.py").shared_with("run.py"), 1);
        assert_eq!(frame("Pool.java").shared_with("core/src/Pool.java"), 1);
        assert_eq!(
            frame("/usr/lib/python3/json/decoder.py").shared_with("src/decoder.py"),
            0
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_bounded_number_of_frames(text in "([a-z/]{1,5}\\.rs:[0-9]{1,9}[ \\n]){0,90}\\PC{0,40}") {
            proptest::prop_assert!(frames(&text).len() <= MAX_FRAMES);
        }
    }
}
