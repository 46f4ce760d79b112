//! Every constant of ranking, in one place, each with a name under which it can be set and is explained.

use super::request::Constant;

/// Declares the constants: a documented field each, their values, their names.
macro_rules! constants {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:expr,)+) => {
        /// The constants of ranking. Scores are relative: what rules add are multiples of the best score before them,
        /// so that they mean the same whatever the number of candidates.
        ///
        /// The shape of the recipe (fusion, coherence of files, boosts of definitions and paths, penalties by path,
        /// saturation) follows what semble 0.7 publishes; definitions come from the syntax tree instead of a pattern,
        /// words count by their rarity, and the values are those that `aiex-tune` found over repositories.
        #[derive(Debug, Clone, PartialEq)]
        pub struct RankSettings {
            $($(#[doc = $doc])+ pub $name: f32,)+
        }

        impl Default for RankSettings {
            fn default() -> Self {
                Self { $($name: $value,)+ }
            }
        }

        impl RankSettings {
            /// The names of all constants, in the order of [`Self::fields_mut`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)+];

            /// All constants, to be read or set by their place.
            pub fn fields_mut(&mut self) -> Vec<&mut f32> {
                vec![$(&mut self.$name,)+]
            }
        }
    };
}

constants! {
    /// Candidates asked of full text.
    lexical_candidates = 400.0,
    /// How many of them are ranked: those that are best after the penalties of their files.
    lexical_kept = 160.0,
    /// Candidates asked of vectors.
    dense_candidates = 300.0,
    /// How many of them are ranked, chosen likewise.
    dense_kept = 120.0,
    /// Candidates taken from each other arm.
    candidates = 120.0,
    /// Weight of full text when the query is a name.
    symbol_lexical = 1.0,
    /// Weight of vectors when the query is a name.
    symbol_dense = 0.2,
    /// Weight of full text when the query is a sentence.
    natural_lexical = 0.45,
    /// Weight of vectors when the query is a sentence.
    natural_dense = 0.6,
    /// Factor on the weight of vectors for prose, which the built-in model knows less of than of code.
    prose_dense = 0.4,
    /// Weight of full text when names stand in a sentence, or the query is one plain word.
    mixed_lexical = 1.65,
    /// Weight of vectors then.
    mixed_dense = 0.375,
    /// Weight of a definition of the name asked for, as an arm of its own.
    symbol_arm = 0.25,
    /// Weight of the words of the path, as an arm of its own.
    path_arm = 0.15,
    /// Weight of full text when the query is a path.
    path_route_lexical = 0.2,
    /// Weight of the words of the path when the query is a path.
    path_route_arm = 1.0,
    /// Weight of a place that the query names by file and line, as a stack trace does.
    place_arm = 3.0,
    /// What each further frame of a trace counts, relative to the one before it.
    outer_frame = 0.85,
    /// Weight of a query's names in full text, where its other words have 1.
    name_term = 1.0,
    /// Weight of the name of a language that the repository has, in full text and in names: code does not name its
    /// own language.
    language_word = 0.2,
    /// What each further span adds to its file, relative to the one before it.
    file_decay = 0.85,
    /// Added to a file's best span for the rest of the file, in proportion to the best file.
    coherence = 0.7,
    /// Added to a span that defines the name asked for.
    definition = 3.0,
    /// The same when the name stands in a sentence.
    definition_in_sentence = 0.55,
    /// How much the number of definitions of a name counts against each: an exponent.
    common_name = 0.25,
    /// Factor on both when only the spelling of capitals differs.
    other_case = 0.32,
    /// Factor on both when the container that was asked for (`A` of `A::b`) is another.
    other_container = 0.35,
    /// Factor on both for variables, fields, keys and headings.
    minor_kind = 0.1,
    /// Factor on both for a method when only its name was asked for.
    nested = 0.8,
    /// Factor on what has parts of the name asked for, when nothing defines it and it stands whole elsewhere.
    partial_name = 0.15,
    /// Factor on both when the file is named after the symbol.
    stem_is_name = 1.2,
    /// Added when the query is little more than a name and the file is named after it.
    named_file = 0.5,
    /// Added in proportion to the query's words, by their rarity, that the file's name and folder hold.
    path_words = 0.8,
    /// What a word counts that only begins as the query's does, or the other way round (`conf`, `configuration`).
    abbreviation = 0.7,
    /// What a word in the folder's name counts, where one in the file's name counts 1.
    folder_words = 1.8,
    /// Added in proportion to the query's words, by their rarity, that a defined name holds.
    symbol_words = 0.32,
    /// How much the words of a defined name that the query does not have count against it.
    symbol_precision = 1.0,
    /// Added to the best full-text hit when its score is [`Self::standout_lead`] times that of any other file: it
    /// holds a rare word of the query. Its being data is forgiven, and its being prose where the query is that word alone
    /// and nothing defines it.
    standout = 0.16,
    /// How far ahead of other files a full-text score must be to stand out.
    standout_lead = 1.15,
    /// Added to what has the query word for word, in proportion to its longest run of tokens.
    verbatim = 0.5,
    /// How many files are read for that: the best so far.
    verbatim_files = 12.0,
    /// What the next best span of the same definition counts where a file's first span is chosen.
    same_definition = 0.2,
    /// Factor on tests.
    test = 0.17,
    /// Factor on compatibility and legacy folders.
    legacy = 0.3,
    /// Factor on examples.
    example = 0.3,
    /// Exponent on a factor when the query asks for what it is put on: tests, examples, benchmarks, documents.
    wanted = 0.5,
    /// Factor on older versions that are kept beside newer ones (`v3` beside `v4`), or on others than a question names.
    older = 0.6,
    /// Factor on code in folders of documentation.
    documented = 0.4,
    /// Factor on what is like a place but in another language (`--similar`).
    similar_other_language = 0.95,
    /// Factor on code in another language than the one that the query names.
    other_language = 0.7,
    /// Factor on scripts and tools of the project's own upkeep.
    upkeep = 0.6,
    /// Factor on benchmarks.
    bench = 0.5,
    /// Factor on vendored code.
    vendored = 0.3,
    /// Factor on what was built from other files of the repository.
    derived = 0.3,
    /// Factor on declaration files (`.d.ts`).
    declaration = 0.5,
    /// Factor on prose (Markdown, plain text) when the query does not ask for documents.
    prose = 0.15,
    /// Factor on data (JSON, YAML, TOML, lock files) when the query does not ask for settings.
    data = 0.33,
    /// Factor on change logs and licences.
    changelog = 0.25,
    /// Factor on what lies in a folder that calls itself the core (`core`, `queue-core`): what others adapt and hand on is
    /// more often meant than they are.
    core = 1.05,
    /// How much it counts against a file that its package is small beside the largest: an exponent on its share.
    package_size = 0.08,
    /// The share of a package at least.
    least_package = 0.02,
    /// Factor on each further span of a file that is in the list already.
    saturation = 0.5,
}

/// Weights of the arms on one route.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ArmWeights {
    pub(crate) lexical: f32,
    pub(crate) dense: f32,
    pub(crate) symbol: f32,
    pub(crate) path: f32,
}

impl RankSettings {
    /// How many candidates an arm gives; a setting below one would find nothing.
    pub(crate) fn limit(candidates: f32) -> usize {
        candidates.max(1.0) as usize
    }

    /// The value at which a constant does nothing: 1 for a factor or an exponent, 0 for what is added. Nothing for
    /// what cannot be switched off, such as a number of candidates.
    pub fn off(name: &str) -> Option<f32> {
        match name {
            "candidates"
            | "lexical_candidates"
            | "lexical_kept"
            | "dense_candidates"
            | "dense_kept"
            | "name_term"
            | "standout_lead"
            | "least_package"
            | "verbatim_files"
            | "similar_other_language" => None,
            "test" | "legacy" | "example" | "bench" | "vendored" | "derived" | "declaration" | "prose"
            | "data" | "changelog" | "saturation" | "other_case" | "other_container" | "minor_kind"
            | "nested" | "stem_is_name" | "upkeep" | "other_language" | "older" | "documented"
            | "partial_name" | "outer_frame" | "core" | "wanted" => Some(1.0),
            name => Self::NAMES.contains(&name).then_some(0.0),
        }
    }

    /// These constants with some of them set otherwise.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be set.
    pub(crate) fn with(&self, constants: &[Constant]) -> Result<Self, String> {
        let mut settings = self.clone();
        for constant in constants {
            let Constant { name, .. } = constant;
            if !constant.value().is_finite() {
                return Err(format!("`{name}` is not a number"));
            }
            settings
                .set(name, constant.value())
                .map_err(|known| format!("ranking has no constant `{name}`; it has {}", known.join(", ")))?;
        }
        Ok(settings)
    }

    /// Sets a constant by name, as the settings file does.
    ///
    /// # Errors
    /// The names that exist, when this one does not.
    pub fn set(&mut self, name: &str, value: f32) -> Result<(), &'static [&'static str]> {
        let place = Self::NAMES.iter().position(|known| *known == name);
        match place.and_then(|at| self.fields_mut().into_iter().nth(at)) {
            Some(field) => {
                *field = value;
                Ok(())
            }
            None => Err(Self::NAMES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_can_be_set_by_its_name() {
        let mut settings = RankSettings::default();
        for name in RankSettings::NAMES {
            settings.set(name, 7.5).unwrap();
        }
        assert!(settings.fields_mut().iter().all(|value| **value == 7.5));
        assert_eq!(settings.set("no_such", 1.0), Err(RankSettings::NAMES));
    }
}
