//! What can be asked for in a graph of knowledge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphKind {
    /// A name from code.
    Identifier,
    /// A package that documentation was read of.
    Package,
    /// A file.
    Path,
    /// A name written like one.
    Name,
    /// A sentence that claims something.
    Claim,
    /// A document that was read.
    Source,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphRelation {
    /// A claim rests on a source.
    Cites,
    /// A claim names an entity.
    Mentions,
    /// Two claims cannot both be right.
    Contradicts,
    /// Two entities stand in one claim.
    CoOccurs,
}
