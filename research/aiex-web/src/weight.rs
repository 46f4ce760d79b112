//! How much an engine's answer is worth by what is sought. It does not know the answers.

use crate::{EngineKind, Kind};

/// The weight of an engine's ranks for a kind of query; 0 means that it is not asked, unless it is asked for by name.
///
/// Engines over the whole web weigh 1. Those over one collection weigh more where the collection is about what is
/// sought, and are left alone where it is not: their few words in common with the question would only add noise, and
/// their owners' patience is finite.
pub(crate) fn weight(engine: &EngineKind, kind: Kind) -> f64 {
    use Kind::{Api, Comparison, Error, HowTo, Migration, Paper, Plain};
    match (engine, kind) {
        (EngineKind::StackExchange, Error | HowTo) => 1.2,
        (EngineKind::StackExchange, Paper) => 0.0,
        (EngineKind::StackExchange, _) => 0.8,
        (EngineKind::GitHub, Error) => 1.1,
        (EngineKind::GitHub, Paper) => 0.3,
        (EngineKind::GitHub, _) => 0.8,
        (EngineKind::DocsRs, Api) => 1.4,
        (EngineKind::DocsRs, HowTo | Migration) => 1.0,
        (EngineKind::DocsRs, Paper) => 0.0,
        (EngineKind::DocsRs, _) => 0.7,
        (EngineKind::Wikipedia, Error | Api | HowTo | Migration) => 0.0,
        (EngineKind::Wikipedia, Plain | Comparison | Paper) => 0.6,
        (EngineKind::ArXiv, Paper) => 1.4,
        (EngineKind::ArXiv, Comparison) => 0.4,
        (EngineKind::ArXiv, Plain) => 0.4,
        (EngineKind::ArXiv, _) => 0.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_asked_for_what_they_are_about() {
        assert!(weight(&EngineKind::StackExchange, Kind::Error) > weight(&EngineKind::Brave, Kind::Error));
        assert!(
            weight(&EngineKind::DocsRs, Kind::Api) > 1.0 && weight(&EngineKind::ArXiv, Kind::Paper) > 1.0
        );
        assert_eq!(weight(&EngineKind::ArXiv, Kind::Error), 0.0);
        assert_eq!(weight(&EngineKind::Wikipedia, Kind::Api), 0.0);
    }
}
