//! The report as data. Rendering is apart.

use serde::{Deserialize, Serialize};

use crate::{Catalogue, Evidence, Origin, Quote, QuoteId, Sentence, Verdict};

/// A finished report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run's id.
    pub run: String,
    /// What was asked.
    pub question: String,
    /// One line on what this is.
    pub title: String,
    /// The model that wrote it; `None` when it is extractive.
    pub model: Option<String>,
    /// Why the run ended before its plan was done, if it did.
    pub partial: Option<String>,
    /// Words of the question that stand nowhere in the repositories that were searched, and in no package or page that
    /// was read: whatever follows is not about them. Told only when they make up half of the question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nowhere: Vec<String>,
    /// The sections; the first is the answer in short.
    pub sections: Vec<Section>,
    /// Where sources contradict each other.
    pub disagreements: Vec<Disagreement>,
    /// What was searched, and what came of it.
    pub searches: Vec<SearchRun>,
    /// Every source that was read.
    pub sources: Catalogue,
    /// Every accepted quote.
    pub quotes: Vec<Quote>,
    /// What was found but not read: dead links, refusals, what there was no time for.
    #[serde(default)]
    pub unread: Vec<Unread>,
    /// What was taken out of the model's prose.
    #[serde(default)]
    pub removed: Removed,
    /// What it cost.
    pub ledger: Ledger,
    /// When it was finished, in seconds since 1970 (UTC).
    pub finished_at: u64,
    /// Whether the same question would end the same way while what it rests on stays: nothing was cut short, no search
    /// failed, and a model that should have written did.
    #[serde(default)]
    pub settled: bool,
}

/// A heading and its paragraphs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The paragraphs.
    pub paragraphs: Vec<Paragraph>,
}

/// Sentences that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paragraph {
    /// The sentences.
    pub sentences: Vec<Sentence>,
    /// Whether it is shown as an item of a list.
    pub item: bool,
}

/// Two quotes that cannot both be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// What they disagree about.
    pub about: String,
    /// The quotes.
    pub quotes: Vec<QuoteId>,
}

/// One search and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRun {
    /// `code`, `docs`, `git`, `web`, `reports`.
    pub source: String,
    /// What was asked.
    pub query: String,
    /// How many results came.
    pub found: u32,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// The engines that it went to, of a source that has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<EngineRun>,
    /// Words of the query that stand nowhere in what was searched, of a source that knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nowhere: Vec<String>,
    /// Whether the source was still being taken in, so that the same search may find more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unready: bool,
    /// What the source has not, and will not have by waiting, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}

/// What came of a search at one of a source's engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRun {
    /// The engine's name.
    pub engine: String,
    /// How many results it gave, before they were merged with those of others.
    pub found: u32,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl SearchRun {
    /// What came of it, in words: `8 found by searxng, wikipedia; serper failed: out of credit`, or `8 found; nowhere: pods`.
    pub fn outcome(&self) -> String {
        if let Some(why) = &self.failure {
            return format!("failed: {why}");
        }
        let names: Vec<&str> = self
            .engines
            .iter()
            .filter(|run| run.failure.is_none())
            .map(|run| run.engine.as_str())
            .collect();
        let mut outcome = format!("{} found", self.found);
        if !names.is_empty() {
            outcome.push_str(&format!(" by {}", names.join(", ")));
        }
        for run in &self.engines {
            if let Some(why) = &run.failure {
                outcome.push_str(&format!("; {} failed: {why}", run.engine));
            }
        }
        if !self.nowhere.is_empty() {
            outcome.push_str(&format!("; nowhere: {}", self.nowhere.join(", ")));
        }
        if self.was_taken_in() {
            outcome.push_str("; not everything was indexed yet");
        }
        if let Some(lacks) = &self.lacks {
            outcome.push_str(&format!("; {lacks}"));
        }
        outcome
    }

    /// Whether what lies on this machine was still being taken in. Of an engine that failed its own words tell.
    fn was_taken_in(&self) -> bool {
        self.is_unready && self.engines.is_empty()
    }
}

/// What a run spent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Wall time, in milliseconds.
    pub wall_ms: u64,
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Money, in millionths of a US dollar.
    pub micro_dollars: u64,
    /// Searches made.
    pub searches: u32,
    /// Pages fetched.
    pub fetches: u32,
    /// Model calls made.
    pub model_calls: u32,
    /// Calls of which nobody knows what they cost, for the process ended over them: they are in all of this at their most.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lost_calls: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// Something that a search returned and that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Where it should have been.
    pub origin: Origin,
    /// What the search called it.
    pub title: String,
    /// Why it could not be read.
    pub why: String,
    /// What kind of reason that is.
    #[serde(default)]
    pub hindrance: Hindrance,
}

/// What kept a source from being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// It is not there: HTTP 404 or 410, or a host that does not exist.
    Dead,
    /// It is not for us: robots.txt, HTTP 401 or 403, the settings, an address that is not public.
    Refused,
    /// Nobody knows whether it could be read: no time, no budget, trouble on the way.
    #[default]
    Passing,
}

/// What a model wrote and the report does not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Citations of quotes or sources that the run does not have.
    pub citations: u32,
    /// Links and images that point to no source of the run.
    pub links: u32,
    /// Lists of sources written by the model.
    pub sections: u32,
}

impl Removed {
    /// Adds what was taken out elsewhere.
    pub fn add(&mut self, other: Self) {
        self.citations += other.citations;
        self.links += other.links;
        self.sections += other.sections;
    }
}

/// How many claims there are, and how far they are borne out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Sentences that claim something.
    pub claims: u32,
    /// Those the quotes say.
    pub supported: u32,
    /// Those of them of which a model said so, where code was in doubt.
    #[serde(default)]
    pub judged: u32,
    /// Those the quotes say in part.
    pub partial: u32,
    /// Those the quotes do not say.
    pub unsupported: u32,
    /// Those the quotes deny.
    pub contradicted: u32,
    /// Those nobody looked at.
    pub unchecked: u32,
}

impl Report {
    /// Its sources and quotes.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            sources: &self.sources,
            quotes: &self.quotes,
        }
    }

    /// The kinds of sources that were not indexed whole when they were searched, each once.
    pub fn unready(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Vec::new();
        for search in self.searches.iter().filter(|search| search.was_taken_in()) {
            if !kinds.contains(&search.source.as_str()) {
                kinds.push(&search.source);
            }
        }
        kinds
    }

    /// Every sentence, in order.
    pub fn sentences(&self) -> impl Iterator<Item = &Sentence> {
        self.sections.iter().flat_map(Section::sentences)
    }

    /// How many claims it makes, and how far they are borne out.
    pub fn tally(&self) -> Tally {
        Tally::of(&self.sections)
    }
}

impl Tally {
    /// Counts the claims of sections.
    pub fn of(sections: &[Section]) -> Self {
        let mut tally = Self::default();
        for sentence in sections.iter().flat_map(Section::sentences) {
            let Some(verdict) = sentence.verdict else { continue };
            tally.claims += 1;
            match verdict {
                Verdict::Supported => {
                    tally.supported += 1;
                    tally.judged += u32::from(sentence.judged);
                }
                Verdict::Partial => tally.partial += 1,
                Verdict::Unsupported => tally.unsupported += 1,
                Verdict::Contradicted => tally.contradicted += 1,
                Verdict::Unchecked => tally.unchecked += 1,
            }
        }
        tally
    }
}

impl Section {
    /// Every sentence, in order.
    pub fn sentences(&self) -> impl Iterator<Item = &Sentence> {
        self.paragraphs.iter().flat_map(|paragraph| &paragraph.sentences)
    }

    /// Every sentence, in order, to be changed.
    pub fn sentences_mut(&mut self) -> impl Iterator<Item = &mut Sentence> {
        self.paragraphs
            .iter_mut()
            .flat_map(|paragraph| &mut paragraph.sentences)
    }
}
