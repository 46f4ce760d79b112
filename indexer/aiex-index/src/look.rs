//! Questions whose answer is a list and not a ranking: the definitions of a file, definitions by name, every use
//! of a name. They are answered from the outlines of the served generation and, for uses, from every text.

mod name;
pub mod outlines;
pub(crate) mod place;
pub mod refs;
pub mod symbols;

use crate::snapshot::{Definition, FileEntry, Outline};

/// One definition, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// The name.
    pub name: String,
    /// What it lies in, outermost first (`module > Type`), or nothing.
    pub container: String,
    /// What is defined.
    pub kind: &'static str,
    /// The file's language.
    pub language: Option<&'static str>,
    /// The line of the name, from 1.
    pub line: u32,
    /// The first line of the whole item, with its comment and attributes.
    pub start_line: u32,
    /// The last line of the whole item, inclusive.
    pub end_line: u32,
}

impl Defined {
    pub(crate) fn new(file: &FileEntry, outline: &Outline, definition: &Definition) -> Self {
        Self {
            path: file.path.to_string(),
            name: outline.name(definition).to_owned(),
            container: outline.container(definition).to_owned(),
            kind: definition.kind().name(),
            language: file.language.map(aiex_chunk::Language::name),
            line: definition.line,
            start_line: definition.first_line,
            end_line: definition.last_line,
        }
    }
}
