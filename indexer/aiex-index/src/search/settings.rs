//! Every constant of ranking, in one place. `--explain` shows which of them made a score.

/// Weights of the arms on one route.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmWeights {
    /// Full text.
    pub lexical: f32,
    /// Vectors.
    pub dense: f32,
    /// Names of definitions.
    pub symbol: f32,
    /// Words of paths.
    pub path: f32,
}

/// The constants of ranking. Scores are relative: boosts are multiples of the best fused score, so
/// they mean the same whatever the number of candidates.
///
/// The shape of the recipe (reciprocal ranks, coherence, definition and path boosts, path
/// penalties, saturation) and its first values follow the published recipe of semble 0.7;
/// definitions come from the syntax tree instead of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSettings {
    /// The constant of reciprocal-rank fusion; 60 since Cormack, Clarke and Büttcher (2009).
    pub rrf_k: f32,
    /// Candidates taken from each arm.
    pub candidates: usize,
    /// Weights when the query is a name.
    pub symbol_route: ArmWeights,
    /// Weights when it is a sentence.
    pub natural_route: ArmWeights,
    /// Weights when it is a sentence with names in it, or a single plain word.
    pub mixed_route: ArmWeights,
    /// Weights when it is a path.
    pub path_route: ArmWeights,
    /// Added to a file's best span for the rest of the file, relative to the best file.
    pub coherence: f32,
    /// Added to a span that defines the name asked for.
    pub definition: f32,
    /// The same when the name stands in a sentence.
    pub definition_in_sentence: f32,
    /// Factor on both when only the spelling of capitals differs.
    pub other_case: f32,
    /// Factor on both when the container that was asked for (`A` of `A::b`) is another.
    pub other_container: f32,
    /// Factor on both for variables, fields, keys and headings.
    pub minor_kind: f32,
    /// Factor on both when the file is named after the symbol.
    pub stem_is_name: f32,
    /// Added in proportion to the query words that the file's name and folder hold.
    pub path_words: f32,
    /// Added in proportion to the query words that a defined name holds.
    pub symbol_words: f32,
    /// Added to the best full-text hit when its score is [`Self::standout_lead`] times that of any other file:
    /// it holds a rare word of the query, and rarity is what ranks forget. Its being prose or data is forgiven.
    pub standout: f32,
    /// How far ahead of other files a full-text score must be to stand out.
    pub standout_lead: f32,
    /// Factor on tests.
    pub test: f32,
    /// Factor on compatibility and legacy folders.
    pub legacy: f32,
    /// Factor on examples.
    pub example: f32,
    /// Factor on benchmarks.
    pub bench: f32,
    /// Factor on vendored code.
    pub vendored: f32,
    /// Factor on files that only re-export (`__init__.py`, `package-info.java`).
    pub reexport: f32,
    /// Factor on declaration files (`.d.ts`).
    pub declaration: f32,
    /// Factor on prose (Markdown, plain text) when the query does not ask for documents.
    pub prose: f32,
    /// Factor on data (JSON, YAML, TOML, lock files) when the query does not ask for settings.
    pub data: f32,
    /// Factor on change logs and licences.
    pub changelog: f32,
    /// Factor on each further span of a file that is in the list already.
    pub saturation: f32,
}

impl Default for RankSettings {
    fn default() -> Self {
        Self {
            rrf_k: 60.0,
            candidates: 120,
            symbol_route: ArmWeights {
                lexical: 0.7,
                dense: 0.3,
                symbol: 1.0,
                path: 0.2,
            },
            natural_route: ArmWeights {
                lexical: 0.6,
                dense: 0.4,
                symbol: 0.0,
                path: 0.1,
            },
            mixed_route: ArmWeights {
                lexical: 0.65,
                dense: 0.35,
                symbol: 0.4,
                path: 0.15,
            },
            path_route: ArmWeights {
                lexical: 0.2,
                dense: 0.0,
                symbol: 0.0,
                path: 1.0,
            },
            coherence: 0.2,
            definition: 3.0,
            definition_in_sentence: 1.5,
            other_case: 0.6,
            other_container: 0.5,
            minor_kind: 0.5,
            stem_is_name: 1.5,
            path_words: 1.0,
            symbol_words: 0.6,
            standout: 0.5,
            standout_lead: 1.25,
            test: 0.3,
            legacy: 0.3,
            example: 0.3,
            bench: 0.5,
            vendored: 0.3,
            reexport: 0.5,
            declaration: 0.7,
            prose: 0.5,
            data: 0.5,
            changelog: 0.3,
            saturation: 0.5,
        }
    }
}

impl RankSettings {
    /// Sets a constant by name, as the settings file does.
    ///
    /// # Errors
    /// The names that exist, when this one does not.
    pub fn set(&mut self, name: &str, value: f32) -> Result<(), Vec<&'static str>> {
        let fields: [(&'static str, &mut f32); 25] = [
            ("rrf_k", &mut self.rrf_k),
            ("coherence", &mut self.coherence),
            ("definition", &mut self.definition),
            ("definition_in_sentence", &mut self.definition_in_sentence),
            ("other_case", &mut self.other_case),
            ("other_container", &mut self.other_container),
            ("minor_kind", &mut self.minor_kind),
            ("stem_is_name", &mut self.stem_is_name),
            ("path_words", &mut self.path_words),
            ("symbol_words", &mut self.symbol_words),
            ("standout", &mut self.standout),
            ("standout_lead", &mut self.standout_lead),
            ("test", &mut self.test),
            ("legacy", &mut self.legacy),
            ("example", &mut self.example),
            ("bench", &mut self.bench),
            ("vendored", &mut self.vendored),
            ("reexport", &mut self.reexport),
            ("declaration", &mut self.declaration),
            ("prose", &mut self.prose),
            ("data", &mut self.data),
            ("changelog", &mut self.changelog),
            ("saturation", &mut self.saturation),
            ("natural_dense", &mut self.natural_route.dense),
            ("mixed_dense", &mut self.mixed_route.dense),
        ];
        let mut names = Vec::with_capacity(fields.len());
        for (known, field) in fields {
            if known == name {
                *field = value;
                return Ok(());
            }
            names.push(known);
        }
        Err(names)
    }
}
