//! What kinds and connections are called on the command line.

use aiex_protocol::research::{GraphKind, GraphRelation};

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum KindWord {
    /// Everything but claims and sources
    Entity,
    /// A name from code
    Identifier,
    /// A package whose documentation was read
    Package,
    /// A file
    Path,
    /// A name written like one
    Name,
    /// A sentence that claims something
    Claim,
    /// A document that was read
    Source,
}

impl KindWord {
    /// The kinds of the wire that it stands for.
    pub(super) fn kinds(self) -> &'static [GraphKind] {
        match self {
            Self::Entity => &[
                GraphKind::Identifier,
                GraphKind::Package,
                GraphKind::Path,
                GraphKind::Name,
            ],
            Self::Identifier => &[GraphKind::Identifier],
            Self::Package => &[GraphKind::Package],
            Self::Path => &[GraphKind::Path],
            Self::Name => &[GraphKind::Name],
            Self::Claim => &[GraphKind::Claim],
            Self::Source => &[GraphKind::Source],
        }
    }
}

/// What a connection says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RelationWord {
    /// A claim rests on a source
    Cites,
    /// A claim or a source names something
    Mentions,
    /// Two claims cannot both be right
    Contradicts,
    /// Two names stand in one claim
    #[value(alias = "co_occurs")]
    CoOccurs,
}

impl From<RelationWord> for GraphRelation {
    fn from(word: RelationWord) -> Self {
        match word {
            RelationWord::Cites => Self::Cites,
            RelationWord::Mentions => Self::Mentions,
            RelationWord::Contradicts => Self::Contradicts,
            RelationWord::CoOccurs => Self::CoOccurs,
        }
    }
}
