//! The languages that have a grammar, their names, and how a file is recognised. Does not read files.

use std::sync::OnceLock;

use crate::grammar::{Grammar, Lookup};
use crate::languages;

mod detect;

macro_rules! languages {
    ($($kind:ident = $name:literal, $module:ident, $label:literal;)*) => {
        /// A language with a grammar.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language { $(#[doc = $label] $kind,)* }

        impl Language {
            /// Every language.
            pub const ALL: &[Language] = &[$(Language::$kind,)*];

            /// The stable lower-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            pub(crate) fn grammar(self) -> &'static Grammar {
                match self { $(Self::$kind => &languages::$module::GRAMMAR,)* }
            }

            /// The grammar's table, built when first asked for.
            pub(crate) fn lookup(self) -> &'static Lookup {
                match self {
                    $(Self::$kind => {
                        static LOOKUP: OnceLock<Lookup> = OnceLock::new();
                        LOOKUP.get_or_init(|| Lookup::new(self.grammar()))
                    })*
                }
            }
        }
    };
}

languages! {
    Rust = "rust", rust, "Rust.";
    Python = "python", python, "Python.";
    JavaScript = "javascript", javascript, "JavaScript, with JSX.";
    TypeScript = "typescript", typescript, "TypeScript.";
    Tsx = "tsx", tsx, "TypeScript with JSX.";
    Go = "go", go, "Go.";
    Java = "java", java, "Java.";
    C = "c", c, "C.";
    Cpp = "cpp", cpp, "C++.";
    CSharp = "csharp", csharp, "C#.";
    Ruby = "ruby", ruby, "Ruby.";
    Php = "php", php, "PHP.";
    Kotlin = "kotlin", kotlin, "Kotlin.";
    Swift = "swift", swift, "Swift.";
    Scala = "scala", scala, "Scala.";
    Elixir = "elixir", elixir, "Elixir.";
    Haskell = "haskell", haskell, "Haskell.";
    Lua = "lua", lua, "Lua.";
    Zig = "zig", zig, "Zig.";
    Bash = "bash", bash, "Bash and its relatives.";
    Sql = "sql", sql, "SQL.";
    Markdown = "markdown", markdown, "Markdown.";
    Html = "html", html, "HTML.";
    Css = "css", css, "CSS.";
    Toml = "toml", toml, "TOML.";
    Yaml = "yaml", yaml, "YAML.";
    Json = "json", json, "JSON.";
}

impl Language {
    /// The language with this name or usual alias, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(language) = Self::ALL.iter().find(|language| language.name() == name) {
            return Some(*language);
        }
        Some(match name.as_str() {
            "rs" => Self::Rust,
            "py" | "python3" => Self::Python,
            "js" | "jsx" | "node" | "mjs" | "cjs" => Self::JavaScript,
            "ts" => Self::TypeScript,
            "golang" => Self::Go,
            "c++" | "cxx" | "cc" => Self::Cpp,
            "c#" | "cs" => Self::CSharp,
            "rb" => Self::Ruby,
            "kt" => Self::Kotlin,
            "ex" | "exs" => Self::Elixir,
            "hs" => Self::Haskell,
            "sh" | "shell" | "zsh" | "ksh" => Self::Bash,
            "md" => Self::Markdown,
            "htm" | "xhtml" => Self::Html,
            "yml" => Self::Yaml,
            _ => return None,
        })
    }

    /// The language of a file by its name, else by the interpreter its first line names. For `.h` files,
    /// `head` may be more than the first line: marks of C++ in it decide between C and C++.
    pub fn detect(path: &str, head: &str) -> Option<Self> {
        detect::detect(path, head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for language in Language::ALL {
            assert_eq!(Language::from_name(language.name()), Some(*language));
        }
        assert_eq!(Language::from_name("C++"), Some(Language::Cpp));
        assert_eq!(Language::from_name("cobol"), None);
    }
}
