//! From a DOM to Markdown that can be quoted: text is written as it is read, without escapes, links keep their
//! words and lose their targets, images are left out, and code keeps its lines and its language.
//!
//! Converters made for rendering escape `snake_case` and `Vec<T>` and know code only as `<pre><code>`; a quote
//! taken from that is not found on the page again.

use dom_query::{Document, NodeRef};

/// Elements without text for a reader.
const SILENT: &[&str] = &[
    "audio", "button", "canvas", "datalist", "embed", "head", "iframe", "img", "input", "map", "meter",
    "noscript", "object", "option", "picture", "progress", "script", "select", "source", "style", "svg",
    "template", "textarea", "title", "track", "video",
];

/// Elements that do not begin a new block.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins",
    "label", "mark", "q", "rp", "rt", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr",
];

/// The Markdown of a node and everything in it. The tree must not be deep, see [`super::depth`].
pub(crate) fn markdown(node: &NodeRef<'_>) -> String {
    let mut writer = Writer::default();
    writer.node(node);
    writer.finish()
}

/// Puts every code block of a page into the one form that all extractors keep, `<pre><code class="language-x">`
/// with nothing but text in it, and gives inline code one name.
pub(crate) fn settle_code(document: &Document) {
    for pre in document.select("pre, listing").nodes() {
        let mut text = String::new();
        code_text(pre, &mut text);
        if text.trim().is_empty() {
            continue;
        }
        let code = document.tree.new_element("code");
        if let Some(language) = language(pre) {
            code.set_attr("class", &format!("language-{language}"));
        }
        code.set_text(text);
        pre.rename("pre");
        pre.remove_children();
        pre.append_child(&code);
    }
    document.select("kbd, samp").rename("code");
}

/// The text of a node on one line.
pub(crate) fn line(node: &NodeRef<'_>) -> String {
    collapse(&node.text())
}

/// White space as a browser shows it: one blank.
pub(crate) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Default)]
struct Writer {
    /// Finished blocks, a blank line between them.
    blocks: String,
    /// The paragraph under way. A line feed in it is a `<br>`; those of the source have become blanks.
    paragraph: String,
}

impl Writer {
    fn finish(mut self) -> String {
        self.end_paragraph();
        self.blocks
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let lines: Vec<String> = paragraph
            .lines()
            .map(collapse)
            .filter(|line| !line.is_empty())
            .collect();
        self.block(&lines.join("\n"));
    }

    fn block(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.blocks.is_empty() {
            self.blocks.push_str("\n\n");
        }
        self.blocks.push_str(text);
    }

    fn children(&mut self, node: &NodeRef<'_>) {
        for child in node.children_it(false) {
            self.node(&child);
        }
    }

    fn node(&mut self, node: &NodeRef<'_>) {
        if node.is_text() {
            let text = node.text();
            self.paragraph.extend(
                text.chars()
                    .map(|char| if char.is_whitespace() { ' ' } else { char }),
            );
            return;
        }
        let Some(name) = node.node_name() else {
            // A document or a fragment.
            return self.children(node);
        };
        match &*name {
            name if SILENT.contains(&name) => {}
            name if INLINE.contains(&name) => self.children(node),
            "br" => self.paragraph.push('\n'),
            "code" | "kbd" | "samp" => self.inline_code(node),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading(node, &name),
            "pre" | "listing" => self.code_block(node),
            "ul" | "ol" | "menu" => self.list(node, &name),
            "table" => self.table(node),
            "math" => self.math(node),
            "blockquote" => {
                self.end_paragraph();
                let quoted = prefixed(&inner(node), "> ", "> ");
                self.block(&quoted);
            }
            _ => {
                self.end_paragraph();
                self.children(node);
                self.end_paragraph();
            }
        }
    }

    fn heading(&mut self, node: &NodeRef<'_>, name: &str) {
        self.end_paragraph();
        let mut words = Writer::default();
        words.children(node);
        let text = collapse(&words.finish());
        let level = usize::from(name.as_bytes()[1] - b'0');
        if !text.is_empty() {
            self.block(&format!("{} {text}", "#".repeat(level)));
        }
    }

    fn inline_code(&mut self, node: &NodeRef<'_>) {
        let text = collapse(&node.text());
        if text.is_empty() {
            return;
        }
        let fence = "`".repeat(longest_run(&text, '`') + 1);
        let pad = if text.starts_with('`') || text.ends_with('`') {
            " "
        } else {
            ""
        };
        self.paragraph
            .push_str(&format!("{fence}{pad}{text}{pad}{fence}"));
    }

    fn code_block(&mut self, node: &NodeRef<'_>) {
        self.end_paragraph();
        let mut text = String::new();
        code_text(node, &mut text);
        let text = text.trim_end().trim_matches('\n');
        if text.trim().is_empty() {
            return;
        }
        let fence = "`".repeat((longest_run(text, '`') + 1).max(3));
        let language = language(node).unwrap_or_default();
        self.block(&format!("{fence}{language}\n{text}\n{fence}"));
    }

    fn list(&mut self, node: &NodeRef<'_>, name: &str) {
        self.end_paragraph();
        let mut number = node
            .attr("start")
            .and_then(|start| start.parse().ok())
            .unwrap_or(1_usize);
        let mut items = String::new();
        for child in node.children_it(false) {
            let text = inner(&child);
            if text.is_empty() || child.node_name().is_some_and(|name| SILENT.contains(&&*name)) {
                continue;
            }
            let marker = if name == "ol" {
                format!("{number}. ")
            } else {
                "- ".to_owned()
            };
            number = number.saturating_add(1);
            if !items.is_empty() {
                items.push('\n');
            }
            items.push_str(&prefixed(&text, &marker, &" ".repeat(marker.len())));
        }
        self.block(&items);
    }

    /// A table of data becomes rows; one that only lays out the page becomes what is in it.
    fn table(&mut self, node: &NodeRef<'_>) {
        self.end_paragraph();
        let mut rows = Vec::new();
        if !table_rows(node, &mut rows) || rows.iter().map(Vec::len).max().unwrap_or(0) < 2 {
            return self.layout(node);
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut lines = Vec::with_capacity(rows.len() + 1);
        for (index, row) in rows.iter().enumerate() {
            let mut line = String::from("|");
            for column in 0..columns.min(MAX_COLUMNS) {
                line.push_str(&format!(" {} |", row.get(column).map_or("", String::as_str)));
            }
            lines.push(line);
            if index == 0 {
                lines.push(format!("|{}", " --- |".repeat(columns.min(MAX_COLUMNS))));
            }
        }
        self.block(&lines.join("\n"));
    }

    fn layout(&mut self, node: &NodeRef<'_>) {
        self.children(node);
        self.end_paragraph();
    }

    /// Mathematics is best read as the TeX that it was made from.
    fn math(&mut self, node: &NodeRef<'_>) {
        let tex = node.descendants_it().find(|child| child.has_name("annotation"));
        let text = match tex {
            Some(tex) => line(&tex),
            None => node
                .attr("alttext")
                .map_or_else(|| line(node), |alt| collapse(&alt)),
        };
        self.paragraph.push_str(&text);
    }
}

/// Columns of a table that are written; wider ones are no tables.
const MAX_COLUMNS: usize = 64;

/// The rows of a table; `false` if there is something in it that does not fit into a cell.
fn table_rows(node: &NodeRef<'_>, rows: &mut Vec<Vec<String>>) -> bool {
    for child in node.children_it(false) {
        let Some(name) = child.node_name() else { continue };
        let fits = match &*name {
            "thead" | "tbody" | "tfoot" => table_rows(&child, rows),
            "tr" => {
                let mut row = Vec::new();
                let fits = child
                    .children_it(false)
                    .filter(|cell| cell.is_element())
                    .all(|cell| cell_text(&cell, &mut row));
                if row.iter().any(|cell| !cell.is_empty()) {
                    rows.push(row);
                }
                fits
            }
            _ => true,
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Elements that cannot be written into one line.
const BULKY: &[&str] = &["pre", "table", "h1", "h2", "h3", "blockquote"];

fn cell_text(cell: &NodeRef<'_>, row: &mut Vec<String>) -> bool {
    let bulky = |node: NodeRef<'_>| node.node_name().is_some_and(|name| BULKY.contains(&&*name));
    if cell.descendants_it().any(bulky) {
        return false;
    }
    let mut words = Writer::default();
    words.children(cell);
    row.push(collapse(&words.finish()).replace('|', "\\|"));
    true
}

fn inner(node: &NodeRef<'_>) -> String {
    let mut writer = Writer::default();
    if node.is_text() {
        writer.node(node);
    } else {
        writer.children(node);
    }
    writer.finish()
}

fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let mut out = String::with_capacity(text.len() + first.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let prefix = if index == 0 { first } else { rest };
        // No blanks at the end of a line that is empty otherwise.
        out.push_str(if line.is_empty() {
            prefix.trim_end()
        } else {
            prefix
        });
        out.push_str(line);
    }
    out
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Text of a code block: lines as they are, `<br>` and blocks end lines.
fn code_text(node: &NodeRef<'_>, out: &mut String) {
    for child in node.children_it(false) {
        if child.is_text() {
            out.push_str(&child.text());
            continue;
        }
        let Some(name) = child.node_name() else { continue };
        match &*name {
            "br" => out.push('\n'),
            name if SILENT.contains(&name) => {}
            "div" | "p" | "li" | "tr" => {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                code_text(&child, out);
                if !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            _ => code_text(&child, out),
        }
    }
}

/// Ways in which classes name a code block's language: highlight.js and Prism (`language-`, `lang-`), Sphinx and
/// GitHub (`highlight-`, `highlight-source-`), pandoc (`sourceCode`), SyntaxHighlighter (`brush:`).
const PREFIXES: &[&str] = &[
    "language-",
    "lang-",
    "highlight-source-",
    "highlight-text-",
    "highlight-",
    "brush:",
];

/// Values after those prefixes that name no language.
const NO_LANGUAGE: &[&str] = &["", "auto", "default", "none", "notranslate", "plaintext", "text"];

/// How far up a highlighter may have put its class.
const LANGUAGE_ABOVE: usize = 3;

fn language(pre: &NodeRef<'_>) -> Option<String> {
    let code = pre.children_it(false).find(|child| child.has_name("code"));
    let above = pre
        .ancestors_it(Some(LANGUAGE_ABOVE))
        .take_while(|node| !node.has_name("article"));
    code.into_iter().chain([*pre]).chain(above).find_map(|node| {
        let attribute = ["data-lang", "data-language", "lang"]
            .iter()
            .find_map(|name| node.attr(name));
        let marked = node.has_name("pre") || node.has_name("code");
        let class = node.class().unwrap_or_default();
        let classes: Vec<&str> = class.split_ascii_whitespace().collect();
        let name = if classes.contains(&"rust-example-rendered") {
            Some("rust")
        } else if classes.contains(&"sourceCode") {
            classes.iter().find(|class| **class != "sourceCode").copied()
        } else {
            classes
                .iter()
                .find_map(|class| PREFIXES.iter().find_map(|prefix| class.strip_prefix(prefix)))
        };
        name.map(str::to_owned)
            .or_else(|| attribute.filter(|_| marked).map(|name| name.to_string()))
            .map(|name| name.trim_end_matches(';').to_ascii_lowercase())
            .filter(|name| is_language(name))
    })
}

fn is_language(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte);
    !NO_LANGUAGE.contains(&name) && name.len() <= 20 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> String {
        markdown(&Document::fragment(html).root())
    }

    #[test]
    fn text_is_written_as_it_is_read() {
        let html =
            "<h2>The  <em>snake_case</em> rule</h2><p>Use <code>Vec&lt;T&gt;</code>, not *pointers* [1].\n
            <a href='https://evil.example/x'>A link</a><img src=x alt=picture> stays<br>words.</p>";
        assert_eq!(
            of(html),
            "## The snake_case rule\n\nUse `Vec<T>`, not *pointers* [1]. A link stays\nwords."
        );
    }

    #[test]
    fn code_keeps_its_lines_and_its_language() {
        for (html, expected) in [
            (
                "<pre><code class='language-rust hljs'>fn a() {\n    b();\n}\n</code></pre>",
                "```rust\nfn a() {\n    b();\n}\n```",
            ),
            (
                "<div class='highlight-python notranslate'><div class=highlight><pre><span>x</span> = <b>1</b>\n</pre></div></div>",
                "```python\nx = 1\n```",
            ),
            (
                "<div class='highlight highlight-source-shell'><pre>ls -l</pre></div>",
                "```shell\nls -l\n```",
            ),
            ("<pre class='brush:java;'>int i;</pre>", "```java\nint i;\n```"),
            (
                "<pre class='sourceCode haskell'><code>main = x</code></pre>",
                "```haskell\nmain = x\n```",
            ),
            (
                "<pre data-lang=go><code><span>a</span><br><span>b</span></code></pre>",
                "```go\na\nb\n```",
            ),
            (
                "<pre class='rust rust-example-rendered'><code>x</code></pre>",
                "```rust\nx\n```",
            ),
            (
                "<pre><code><div>one</div><div>two</div></code></pre>",
                "```\none\ntwo\n```",
            ),
            ("<pre>a ``` b</pre>", "````\na ``` b\n````"),
            ("<p>``` <code>a`b</code></p>", "``` ``a`b``"),
            ("<pre class='language-x\"onload'>y</pre>", "```\ny\n```"),
        ] {
            assert_eq!(of(html), expected, "{html}");
        }
    }

    #[test]
    fn lists_nest_and_quotes_are_marked() {
        let html =
            "<ol start=3><li>One<ul><li>a</li><li><p>b</p><pre>c\nd</pre></li></ul></li><li>Two</li></ol>
            <blockquote><p>Said</p><p>so</p></blockquote>";
        insta::assert_snapshot!(of(html), @r"
        3. One

           - a
           - b

             ```
             c
             d
             ```
        4. Two

        > Said
        >
        > so
        ");
    }

    #[test]
    fn tables_of_data_become_rows_and_tables_of_layout_do_not() {
        let html = "<table><thead><tr><th>Name<th>Type</thead><tr><td>a|b<td><code>u8</code></table>";
        assert_eq!(of(html), "| Name | Type |\n| --- | --- |\n| a\\|b | `u8` |");
        let layout = "<table><tr><td><table><tr><td>inner</table><td><p>text</table>";
        assert_eq!(of(layout), "inner\n\ntext");
        let lines = "<table><tr><td class=gutter>1<td><pre>code</pre></table>";
        assert_eq!(of(lines), "1\n\n```\ncode\n```");
    }
}
