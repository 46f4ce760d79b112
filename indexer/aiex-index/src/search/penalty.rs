//! What a file's role takes from its spans, or gives them.

use std::collections::HashMap;

use aiex_chunk::Language;

use super::arms::Arms;
use super::query::{Query, Route};
use super::settings::RankSettings;
use crate::role::Role;
use crate::snapshot::{FileEntry, Snapshot};

/// What a role takes or gives.
struct Penalty {
    role: &'static str,
    factor: f32,
    /// Whether the query asks for what has the role.
    is_wanted: bool,
}

/// What the roles of a file put on a span.
pub(crate) struct Factors {
    /// On its score.
    pub(crate) whole: f32,
    /// Without the roles that the query asks for.
    pub(crate) unwanted: f32,
    /// Whether it is a test.
    pub(crate) is_test: bool,
}

/// What speaks against files that explain, list or tend the code rather than being its heart. One word that nothing
/// defines and that stands in such a file alone is meant there: a setting, a flag, the name of a service.
const BESIDE_THE_CODE: [&str; 5] = ["prose", "documentation", "changelog", "upkeep", "small package"];

/// What the roles of a file come to.
struct Known {
    penalties: Vec<Penalty>,
    /// Their product.
    factor: f32,
    /// The product without those that are forgiven.
    forgiven: f32,
}

/// The penalties of files, worked out once for each file of a search.
pub(crate) struct Penalties<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    settings: &'a RankSettings,
    /// The language that the question names, if the repository has it.
    named: Option<Language>,
    /// Whether the query is one word that nothing defines: it is meant where it stands, and be it in prose.
    is_one_word: bool,
    known: HashMap<u32, Known>,
}

impl<'a> Penalties<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        query: &'a Query,
        arms: &Arms,
        settings: &'a RankSettings,
    ) -> Self {
        let mut languages = query.languages.iter().flatten().copied();
        let named = languages.find(|language| snapshot.layout().has_language(*language));
        Self {
            snapshot,
            query,
            settings,
            named,
            is_one_word: query.words.len() == 1 && arms.definers.iter().all(|definers| *definers == 0),
            known: HashMap::new(),
        }
    }

    /// The factors that a file's roles put on its spans.
    pub(crate) fn factors(&mut self, file: &FileEntry, stands_out: bool) -> Factors {
        let known = self.known(file);
        let unwanted = known.penalties.iter().filter(|penalty| !penalty.is_wanted);
        Factors {
            whole: if stands_out { known.forgiven } else { known.factor },
            unwanted: unwanted.map(|penalty| penalty.factor).product(),
            is_test: known.penalties.iter().any(|penalty| penalty.role == "test"),
        }
    }

    /// The factor on a chunk by the roles of its file; none on one that is not there any more.
    pub(crate) fn chance(&mut self, chunk: u64) -> f32 {
        let file = self.snapshot.resolve(chunk);
        file.map_or(1.0, |(file, _)| self.known(file).factor)
    }

    /// The names of the roles that make the factor.
    pub(crate) fn names(&mut self, file: &FileEntry, stands_out: bool) -> Vec<&'static str> {
        let is_one_word = self.is_one_word;
        let penalties = self.known(file).penalties.iter();
        penalties
            .map(|penalty| penalty.role)
            .filter(|role| !(stands_out && is_forgiven(role, is_one_word)))
            .collect()
    }

    fn known(&mut self, file: &FileEntry) -> &Known {
        let (snapshot, query, settings, named) = (self.snapshot, self.query, self.settings, self.named);
        let is_one_word = self.is_one_word;
        self.known.entry(file.version).or_insert_with(|| {
            let penalties = match query.route {
                // A path is meant wherever it lies.
                Route::Path => Vec::new(),
                _ => penalties(file, snapshot, query, settings, named),
            };
            let factors = penalties.iter();
            Known {
                factor: factors.clone().map(|penalty| penalty.factor).product(),
                forgiven: factors
                    .filter(|penalty| !is_forgiven(penalty.role, is_one_word))
                    .map(|penalty| penalty.factor)
                    .product(),
                penalties,
            }
        })
    }
}

/// Whether a span that stands out in full text is forgiven what its file is.
fn is_forgiven(role: &str, is_one_word: bool) -> bool {
    role == "data" || (is_one_word && BESIDE_THE_CODE.contains(&role))
}

fn penalties(
    file: &FileEntry,
    snapshot: &Snapshot,
    query: &Query,
    settings: &RankSettings,
    named: Option<Language>,
) -> Vec<Penalty> {
    let roles = file.roles();
    let layout = snapshot.layout();
    let is_other_language = named.is_some_and(|named| file.language.is_some_and(|own| own != named));
    let is_derived =
        roles.has(Role::Built) || (roles.has(Role::BuildOutput) && layout.has_typescript(&file.path));
    let is_changelog = roles.has(Role::Changelog);
    let is_test =
        roles.has(Role::Test) || (roles.has(Role::TestByName) && !layout.keeps_tests_beside(&file.path));
    let is_other_version = layout.is_other_version(&file.path, &query.versions);
    let wants_documented = query.wants_docs || query.wants_examples;
    // A name is meant wherever it is defined.
    let share = match query.route {
        Route::Symbol => 1.0,
        _ => layout.share_of_package(&file.path).max(settings.least_package),
    };
    let by_package = share.powf(settings.package_size);
    [
        ("test", is_test, settings.test, query.wants_tests),
        (
            "legacy",
            roles.has(Role::Legacy),
            settings.legacy,
            query.wants_legacy,
        ),
        (
            "other language",
            is_other_language,
            settings.other_language,
            false,
        ),
        (
            "example",
            roles.has(Role::Example),
            settings.example,
            query.wants_examples,
        ),
        ("other version", is_other_version, settings.older, false),
        ("upkeep", roles.has(Role::Upkeep), settings.upkeep, false),
        (
            "bench",
            roles.has(Role::Bench),
            settings.bench,
            query.wants_benches,
        ),
        ("vendored", roles.has(Role::Vendored), settings.vendored, false),
        ("derived", is_derived, settings.derived, false),
        (
            "declaration",
            roles.has(Role::Declaration),
            settings.declaration,
            false,
        ),
        ("changelog", is_changelog, settings.changelog, query.wants_docs),
        (
            "prose",
            roles.has(Role::Prose) && !is_changelog,
            settings.prose,
            query.wants_docs,
        ),
        (
            "documentation",
            roles.has(Role::Documentation),
            settings.documented,
            wants_documented,
        ),
        ("data", roles.has(Role::Data), settings.data, query.wants_settings),
        ("core", roles.has(Role::Core), settings.core, false),
        ("small package", by_package < 1.0, by_package, false),
    ]
    .into_iter()
    .filter(|(_, applies, _, _)| *applies)
    .map(|(role, _, by, is_wanted)| Penalty {
        role,
        factor: if is_wanted { by.powf(settings.wanted) } else { by },
        is_wanted,
    })
    .collect()
}
