//! Symbols: the definitions a text makes. Knows nothing of how they are found.

use std::ops::Range;

/// A definition found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name, exactly the text at `name_bytes`.
    pub name: String,
    /// What is defined.
    pub kind: SymbolKind,
    /// Where the name is written.
    pub name_bytes: Range<u32>,
    /// The whole item with its doc comment and attributes.
    pub item_bytes: Range<u32>,
    /// Line of the name, counted from 1.
    pub name_line: u32,
    /// Names of the enclosing definitions, outermost first: `module > Type`.
    pub container: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What a symbol is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum SymbolKind { $($(#[$doc])* $kind,)* }

        impl SymbolKind {
            /// Every kind.
            pub const ALL: &[SymbolKind] = &[$(SymbolKind::$kind,)*];

            /// The stable lower-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The kind with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A free function, or one inside another function.
    Function = "function",
    /// A function of a type.
    Method = "method",
    /// A class, object or actor.
    Class = "class",
    /// A struct, record or union.
    Struct = "struct",
    /// An enumeration.
    Enum = "enum",
    /// A member of an enumeration.
    Variant = "variant",
    /// A trait, protocol, interface or type class.
    Interface = "interface",
    /// A type alias or associated type.
    Type = "type",
    /// A module, namespace, package or schema.
    Module = "module",
    /// A constant.
    Constant = "constant",
    /// A variable outside functions.
    Variable = "variable",
    /// A field or property of a type, or a column of a table.
    Field = "field",
    /// A macro.
    Macro = "macro",
    /// A heading of a document.
    Heading = "heading",
    /// A key of a data file.
    Key = "key",
    /// A table or view of a database, or a table of a data file.
    Table = "table",
    /// An index of a database.
    Index = "index",
    /// A class or id of a style sheet, or an id of a page.
    Selector = "selector",
}

impl SymbolKind {
    /// Whether functions directly inside are methods.
    pub(crate) fn is_type(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Struct | Self::Enum | Self::Variant | Self::Interface | Self::Type
        )
    }

    /// Whether its inside is local: values defined there are no symbols.
    pub(crate) fn is_code(self) -> bool {
        matches!(self, Self::Function | Self::Method | Self::Macro)
    }

    /// Whether it only counts outside functions and lists.
    pub(crate) fn is_value(self) -> bool {
        matches!(self, Self::Constant | Self::Variable | Self::Field | Self::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in SymbolKind::ALL {
            assert_eq!(SymbolKind::from_name(kind.name()), Some(*kind));
        }
    }
}
