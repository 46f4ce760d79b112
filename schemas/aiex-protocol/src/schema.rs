//! The schemas of the wire, generated from the types.

use schemars::{Schema, schema_for};

/// The published schemas: file name and JSON Schema. `cargo xtask codegen` writes them to
/// `schemas/generated/`; CI fails when the committed files differ.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("client-frame.v1.json", schema_for!(crate::ClientFrame)),
        ("server-frame.v1.json", schema_for!(crate::ServerFrame)),
        ("daemon-info.v1.json", schema_for!(crate::DaemonInfo)),
    ]
}
