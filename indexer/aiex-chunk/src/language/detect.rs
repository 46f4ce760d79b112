//! Which language a file is in, from its name and head. Knows conventions, not grammars.

use super::Language;

pub(super) fn detect(path: &str, head: &str) -> Option<Language> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    by_name(name)
        .or_else(|| by_extension(name, head))
        .or_else(|| by_interpreter(head))
}

fn by_name(name: &str) -> Option<Language> {
    Some(match name {
        ".bashrc" | ".bash_profile" | ".bash_aliases" | ".bash_logout" | ".profile" | ".zshrc"
        | ".zshenv" | ".zprofile" | ".kshrc" | "PKGBUILD" | "APKBUILD" | ".envrc" => Language::Bash,
        "Gemfile" | "Rakefile" | "Guardfile" | "Vagrantfile" | "Podfile" | "Fastfile" | "Brewfile"
        | "Capfile" | "Berksfile" | ".irbrc" | ".pryrc" => Language::Ruby,
        "SConstruct" | "SConscript" | "wscript" | "BUILD" | "BUILD.bazel" | "WORKSPACE" | "Tiltfile" => {
            Language::Python
        }
        "Cargo.lock" | "Pipfile" | "poetry.lock" | "uv.lock" | "pdm.lock" => Language::Toml,
        ".clang-format" | ".clang-tidy" | ".clangd" | ".yamllint" | "pubspec.lock" => Language::Yaml,
        ".babelrc" | ".eslintrc" | ".prettierrc" | ".swcrc" | "composer.lock" | "Pipfile.lock"
        | "flake.lock" | "deno.lock" => Language::Json,
        "mix.lock" => Language::Elixir,
        "Jakefile" => Language::JavaScript,
        "README" => Language::Markdown,
        _ => return None,
    })
}

fn by_extension(name: &str, head: &str) -> Option<Language> {
    let extension = name.rsplit_once('.')?.1;
    if extension == "C" || extension == "H" {
        return Some(Language::Cpp);
    }
    Some(match extension.to_ascii_lowercase().as_str() {
        "rs" => Language::Rust,
        "py" | "pyi" | "pyw" | "bzl" | "star" => Language::Python,
        "js" | "mjs" | "cjs" | "jsx" => Language::JavaScript,
        // Qt's translations are called so too.
        "ts" if head.trim_start().starts_with('<') => return None,
        "ts" | "mts" | "cts" => Language::TypeScript,
        "tsx" => Language::Tsx,
        "go" => Language::Go,
        "java" => Language::Java,
        "c" => Language::C,
        "h" if looks_like_cpp(head) => Language::Cpp,
        "h" => Language::C,
        "cpp" | "cc" | "cxx" | "c++" | "hpp" | "hh" | "hxx" | "h++" | "ipp" | "tpp" | "inl" | "cu"
        | "cuh" => Language::Cpp,
        "cs" | "csx" => Language::CSharp,
        "rb" | "rake" | "gemspec" | "podspec" | "ru" | "rbi" => Language::Ruby,
        "php" | "phtml" | "php5" | "php7" | "php8" => Language::Php,
        "kt" | "kts" => Language::Kotlin,
        "swift" => Language::Swift,
        "scala" | "sc" | "sbt" => Language::Scala,
        "ex" | "exs" => Language::Elixir,
        "hs" => Language::Haskell,
        "lua" | "rockspec" => Language::Lua,
        "zig" | "zon" => Language::Zig,
        "sh" | "bash" | "zsh" | "ksh" | "bats" | "ebuild" => Language::Bash,
        "sql" | "ddl" | "dml" | "psql" | "pgsql" => Language::Sql,
        "md" | "markdown" | "mdx" | "mdown" | "mkd" => Language::Markdown,
        "html" | "htm" | "xhtml" => Language::Html,
        "css" => Language::Css,
        "toml" => Language::Toml,
        "yaml" | "yml" => Language::Yaml,
        "json" | "jsonc" | "json5" | "geojson" | "webmanifest" | "code-workspace" => Language::Json,
        _ => return None,
    })
}

fn by_interpreter(head: &str) -> Option<Language> {
    let line = head.lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words
            .find(|word| !word.starts_with('-') && !word.contains('='))?
            .rsplit('/')
            .next()?;
    }
    // python3.12 is python.
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    Some(match program {
        "python" | "pypy" => Language::Python,
        "node" | "nodejs" | "bun" => Language::JavaScript,
        "deno" | "ts-node" | "tsx" => Language::TypeScript,
        "ruby" | "jruby" => Language::Ruby,
        "php" => Language::Php,
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" => Language::Bash,
        "lua" | "luajit" => Language::Lua,
        "elixir" => Language::Elixir,
        "runhaskell" | "runghc" | "stack" => Language::Haskell,
        "swift" => Language::Swift,
        "scala" => Language::Scala,
        "kotlin" => Language::Kotlin,
        "rust-script" => Language::Rust,
        _ => return None,
    })
}

/// Whether a header has lines that C does not allow.
fn looks_like_cpp(head: &str) -> bool {
    head.lines().take(2000).map(str::trim_start).any(|line| {
        [
            "class ",
            "namespace ",
            "template <",
            "template<",
            "public:",
            "private:",
            "protected:",
            "using ",
            "constexpr ",
            "enum class ",
        ]
        .iter()
        .any(|mark| line.starts_with(mark))
            || line.contains("std::")
            || line.strip_prefix("#include <").is_some_and(|rest| {
                rest.split_once('>')
                    .is_some_and(|(file, _)| !file.contains('.') && !file.is_empty())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_extensions_and_interpreters_are_recognised() {
        let cases = [
            ("src/main.rs", "", Some(Language::Rust)),
            ("C:\\code\\App.TSX", "", Some(Language::Tsx)),
            ("a/Gemfile", "", Some(Language::Ruby)),
            (".bashrc", "", Some(Language::Bash)),
            ("Makefile", "all:", None),
            ("run", "#!/usr/bin/env -S python3.12 -u\n", Some(Language::Python)),
            ("run", "#!/bin/sh", Some(Language::Bash)),
            ("notes.txt", "hello", None),
            ("a.h", "#include <stdio.h>\nint f(void);", Some(Language::C)),
            ("a.h", "#pragma once\nnamespace a {\n}", Some(Language::Cpp)),
            ("a.h", "#include <vector>", Some(Language::Cpp)),
            ("app.ts", "export const a = 1;", Some(Language::TypeScript)),
            ("app_de.ts", "<?xml version=\"1.0\"?>\n<!DOCTYPE TS>", None),
        ];
        for (path, head, expected) in cases {
            assert_eq!(detect(path, head), expected, "{path}");
        }
    }
}
