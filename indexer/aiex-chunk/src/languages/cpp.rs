//! C++: C with classes, namespaces and templates.

use crate::SymbolKind;
use crate::grammar::{Grammar, code, named};
use crate::languages::c::{declaration, function, specifier, typedef};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_cpp::LANGUAGE.into(),
    rules: &[
        code("function_definition", function),
        code("declaration", declaration),
        code("field_declaration", declaration),
        code("type_definition", typedef),
        code("struct_specifier", specifier),
        code("union_specifier", specifier),
        code("enum_specifier", specifier),
        named("enumerator", SymbolKind::Variant),
        named("preproc_def", SymbolKind::Constant),
        named("preproc_function_def", SymbolKind::Macro),
        code("class_specifier", specifier),
        named("namespace_definition", SymbolKind::Module),
        named("alias_declaration", SymbolKind::Type),
        named("concept_definition", SymbolKind::Interface),
    ],
    leads: &["comment"],
    wraps: &["template_declaration"],
    locals: &["compound_statement"],
    clauses: false,
};
