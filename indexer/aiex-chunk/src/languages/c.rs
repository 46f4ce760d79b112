//! C. Names are inside declarators. Shared with C++.

use tree_sitter::Node;

use crate::SymbolKind;
use crate::grammar::{Definition, Grammar, Place, code, first_of, innermost, named};

pub(crate) const GRAMMAR: Grammar = Grammar {
    load: || tree_sitter_c::LANGUAGE.into(),
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
    ],
    leads: &["comment"],
    wraps: &[],
    locals: &["compound_statement"],
    clauses: false,
};

/// What a declarator declares.
struct Declared<'t> {
    name: Node<'t>,
    owner: Option<Node<'t>>,
    is_function: bool,
}

/// Looks through pointers, arrays, parameters and qualifiers to the name. `int (*f)(int)` is no function.
fn declared(node: Node<'_>) -> Option<Declared<'_>> {
    let (mut node, mut owner, mut is_function) = (node, None, false);
    // Declarators nest as deep as their stars and brackets; real ones have few.
    for _ in 0..32 {
        node = match node.kind() {
            "function_declarator" => {
                is_function = true;
                node.child_by_field_name("declarator")?
            }
            "qualified_identifier" => {
                owner = node.child_by_field_name("scope").or(owner);
                node.child_by_field_name("name")?
            }
            "template_function" => node.child_by_field_name("name")?,
            "parenthesized_declarator" => {
                is_function = false;
                first_of(node, DECLARATORS)?
            }
            "reference_declarator" | "attributed_declarator" => first_of(node, DECLARATORS)?,
            _ => match node.child_by_field_name("declarator") {
                Some(inner) => inner,
                None => break,
            },
        };
    }
    let is_name = node.kind().ends_with("identifier")
        || matches!(node.kind(), "destructor_name" | "operator_name" | "operator_cast");
    is_name.then_some(Declared {
        name: node,
        owner: owner.map(|of| innermost(of, &["name"])),
        is_function,
    })
}

const DECLARATORS: &[&str] = &[
    "function_declarator",
    "pointer_declarator",
    "reference_declarator",
    "array_declarator",
    "parenthesized_declarator",
    "qualified_identifier",
    "identifier",
    "field_identifier",
    "type_identifier",
    "destructor_name",
    "operator_name",
];

pub(super) fn function(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    node.child_by_field_name("declarator")
        .and_then(declared)
        .map(|found| {
            let kind = if found.owner.is_some() {
                SymbolKind::Method
            } else {
                SymbolKind::Function
            };
            Definition::new(kind, found.name).owned_by(found.owner)
        })
        .into_iter()
        .collect()
}

/// Prototypes, variables and fields.
pub(super) fn declaration(node: Node<'_>, place: &Place<'_>) -> Vec<Definition> {
    let before = node
        .child_by_field_name("declarator")
        .map_or(0, |first| first.start_byte());
    let fixed = place.text.get(node.start_byte()..before).is_some_and(|head| {
        head.split_whitespace()
            .any(|word| matches!(word, "const" | "constexpr"))
    });
    let mut cursor = node.walk();
    node.children_by_field_name("declarator", &mut cursor)
        .filter_map(declared)
        .map(|found| {
            let kind = match (found.is_function, place.in_type, fixed) {
                (true, ..) => SymbolKind::Function,
                (_, true, _) => SymbolKind::Field,
                (_, _, true) => SymbolKind::Constant,
                _ => SymbolKind::Variable,
            };
            Definition::new(kind, found.name).owned_by(found.owner).closed()
        })
        .collect()
}

pub(super) fn typedef(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let mut cursor = node.walk();
    node.children_by_field_name("declarator", &mut cursor)
        .filter_map(declared)
        .map(|found| Definition::new(SymbolKind::Type, found.name).closed())
        .collect()
}

/// A struct, union, class or enum with a body; without one it is only a use.
pub(super) fn specifier(node: Node<'_>, _: &Place<'_>) -> Vec<Definition> {
    let kind = match node.kind() {
        "enum_specifier" => SymbolKind::Enum,
        "class_specifier" => SymbolKind::Class,
        _ => SymbolKind::Struct,
    };
    let name = node
        .child_by_field_name("name")
        .filter(|_| node.child_by_field_name("body").is_some());
    name.map(|name| Definition::new(kind, innermost(name, &["name"])))
        .into_iter()
        .collect()
}
