//! The fifth stage: prose out of the sections' quotes. The model sees quotes by their ids and
//! cites them by their ids; without it, or where it fails, the quotes themselves are the text.

use std::collections::HashSet;

use aiex_evidence::{Evidence, Paragraph, Quote, QuoteId, Removed, Section, draft};
use futures_util::future;

use crate::ask::Ask;
use crate::budget::Purpose;
use crate::echo::Prompted;
use crate::event::{Event, Stage};
use crate::extractive::{self, Choice};
use crate::gather::Gathered;
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::outline::{BESIDE, Chosen};
use crate::ports::{Cut, ModelStage, Part};
use crate::store::Patch;
use crate::{prompt, sides, terms};

/// The heading of the answer in short.
pub(crate) const IN_SHORT: &str = "In short";
/// Quotes that a section is written from, and those that the answer in short is.
const SECTION_QUOTES: usize = 16;
const SHORT_QUOTES: usize = 14;
/// Bytes of a quote as the model is shown it.
const LONGEST_QUOTE: usize = 700;

/// What was written.
pub(crate) struct Written {
    /// The answer in short first.
    pub(crate) sections: Vec<Section>,
    pub(crate) removed: Removed,
    /// The model that wrote, if one did.
    pub(crate) model: Option<String>,
    /// Whether a section fell back to its quotes though there is a model.
    pub(crate) fell_back: bool,
}

impl Live {
    /// Chooses among the quotes where they are the text, on a thread that may block.
    pub(crate) async fn choosing<T: Send + 'static>(
        &self,
        gathered: &Gathered,
        choose: impl FnOnce(Choice<'_>) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let (sources, quotes) = (gathered.catalogue.clone(), gathered.quotes.clone());
        let meaning = self.ports.meaning.clone();
        on_a_thread(move || {
            choose(Choice {
                evidence: Evidence {
                    sources: &sources,
                    quotes: &quotes,
                },
                meaning: meaning.as_deref(),
            })
        })
        .await
    }

    /// Writes every section, side by side, and then the answer in short.
    pub(crate) async fn write(&self, chosen: &[Chosen], gathered: &Gathered) -> Result<Written, Stop> {
        let writing = chosen
            .iter()
            .enumerate()
            .map(|(at, section)| self.write_section(at + 1, section, gathered));
        let mut sections: Vec<Prose> = future::join_all(writing)
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let short = self.write_short(&sections, chosen, gathered).await?;
        sections.insert(0, short);

        let mut written = Written {
            sections: Vec::new(),
            removed: Removed::default(),
            model: None,
            fell_back: false,
        };
        for prose in sections {
            written.fell_back |= self.has_model() && prose.model.is_none() && prose.had_quotes;
            written.model = written.model.or(prose.model);
            written.removed.add(prose.removed);
            // What is only near the question need not be there: that nothing is would be said of the question.
            if prose.section.heading != BESIDE
                || prose
                    .section
                    .sentences()
                    .any(|sentence| !sentence.cites.is_empty())
            {
                written.sections.push(prose.section);
            }
        }
        Ok(written)
    }

    async fn write_section(&self, at: usize, chosen: &Chosen, gathered: &Gathered) -> Result<Prose, Stop> {
        let quotes = of_ids(gathered, &chosen.quotes, SECTION_QUOTES);
        let user = format!(
            "Question of the whole report: {}\nSection: {}\nIt answers: {}\n",
            self.request.question, chosen.heading, chosen.ask
        );
        let wanted = Wanted {
            at,
            system: prompt::SECTION,
            user,
            held_back: chosen.quotes.len().saturating_sub(quotes.len()),
            max_tokens: 1100,
        };
        let told = self.ask_prose(wanted, &quotes, gathered).await?;
        let prose = match told {
            Some(mut prose) => {
                prose.section.heading.clone_from(&chosen.heading);
                prose
            }
            None => {
                let (chosen, ids) = (chosen.clone(), ids_of(&quotes));
                let section = self.choosing(gathered, move |choice| {
                    extractive::section(&chosen.heading, &chosen.ask, &choice.quotes(&ids), choice)
                });
                Prose::extracted(section.await?, &quotes)
            }
        };
        self.tell_written(at, &prose).await?;
        Ok(prose)
    }

    async fn write_short(
        &self,
        sections: &[Prose],
        chosen: &[Chosen],
        gathered: &Gathered,
    ) -> Result<Prose, Stop> {
        // What the sections rest on, each section's first quotes first.
        let mut ids: Vec<QuoteId> = Vec::new();
        let cited: Vec<Vec<QuoteId>> = sections.iter().map(Prose::cited).collect();
        for nth in 0..SHORT_QUOTES {
            for list in &cited {
                ids.extend(
                    list.get(nth)
                        .filter(|id| !ids.contains(id))
                        .copied()
                        .into_iter()
                        .collect::<Vec<_>>(),
                );
            }
        }
        ids.truncate(SHORT_QUOTES);
        let quotes = of_ids(gathered, &ids, SHORT_QUOTES);
        let mut user = format!("Question: {}\n", self.request.question);
        for section in chosen {
            user.push_str(&format!("Section of the report: {}\n", section.heading));
        }
        for missing in sides::missing(&self.request.question, gathered) {
            user.push_str(&format!(
                "Nothing was read about {}: judge no side.\n",
                missing.name
            ));
        }
        let wanted = Wanted {
            at: 0,
            system: prompt::SHORT,
            user,
            held_back: 0,
            max_tokens: 500,
        };
        let told = self.ask_prose(wanted, &quotes, gathered).await?;
        let prose = match told {
            Some(mut prose) => {
                IN_SHORT.clone_into(&mut prose.section.heading);
                prose
            }
            None => {
                let mut quotes = quotes;
                // Sources are numbered by how well they fit.
                quotes.sort_by_key(|quote| quote.id);
                if gathered.lacks_a_name(&self.request.question) {
                    quotes.clear();
                }
                let (question, ids) = (self.request.question.clone(), ids_of(&quotes));
                let section = self.choosing(gathered, move |choice| {
                    extractive::in_short(IN_SHORT, &question, &choice.quotes(&ids), choice)
                });
                Prose::extracted(section.await?, &quotes)
            }
        };
        self.tell_written(0, &prose).await?;
        Ok(prose)
    }

    /// Asks for prose; `None` when there is none that cites anything.
    async fn ask_prose(
        &self,
        wanted: Wanted<'_>,
        quotes: &[&Quote],
        gathered: &Gathered,
    ) -> Result<Option<Prose>, Stop> {
        if !self.has_model() || quotes.is_empty() {
            return Ok(None);
        }
        let Wanted {
            at,
            system,
            mut user,
            held_back,
            max_tokens,
        } = wanted;
        let name = format!("section/{at}");
        user.push_str("The quotes. ");
        let mut material = self.fenced_parts(&mut user, listed(quotes, gathered));
        material.held_back = held_back as u32;
        let heads = material.parts.iter().map(|part| part.head.as_str());
        let mark = prompt::mark_of(&user);
        let prompted = Prompted::new([system, &user].into_iter().chain(heads), mark);
        let ask = Ask {
            name: name.clone(),
            at: Stage::Write,
            stage: ModelStage::Write,
            purpose: Purpose::Finish,
            system: system.to_owned(),
            user,
            material: Some(material),
            schema: None,
            max_tokens,
        };
        let Some(reply) = self.ask(ask, Some(at)).await? else {
            return Ok(None);
        };
        let (catalogue, known) = (gathered.catalogue.clone(), gathered.quotes.clone());
        let text = match prompted.without_echo(&reply.text) {
            None => reply.text,
            Some(answer) => {
                let reason = "what the model said back of its prompt was left out".to_owned();
                let told = Event::Fallback {
                    stage: Stage::Write,
                    reason,
                };
                self.tell(&format!("{name}/echo"), vec![told], Patch::default())
                    .await?;
                answer
            }
        };
        let drafted = on_a_thread(move || {
            draft::parse(
                &text,
                Evidence {
                    sources: &catalogue,
                    quotes: &known,
                },
            )
        })
        .await?;
        let paragraphs: Vec<Paragraph> = drafted
            .sections
            .into_iter()
            .flat_map(|section| section.paragraphs)
            .collect();
        let section = Section {
            heading: String::new(),
            paragraphs,
        };
        let prose = Prose {
            section,
            removed: drafted.removed,
            model: Some(reply.model),
            had_quotes: true,
        };
        if prose.cited().is_empty() {
            let reason = "the model wrote nothing that cites a quote".to_owned();
            self.missed.note(ModelStage::Write, &reason, false);
            let told = Event::Fallback {
                stage: Stage::Write,
                reason,
            };
            self.tell(&format!("{name}/uncited"), vec![told], Patch::default())
                .await?;
            return Ok(None);
        }
        Ok(Some(prose))
    }

    async fn tell_written(&self, at: usize, prose: &Prose) -> Result<(), Stop> {
        let told = Event::Written {
            section: at,
            sentences: prose.section.sentences().count() as u32,
            unknown_cites: prose.removed.citations,
        };
        self.tell(&format!("written/{at}"), vec![told], Patch::default())
            .await
    }
}

/// Prose that the model is to write.
struct Wanted<'a> {
    /// The section's place.
    at: usize,
    system: &'a str,
    user: String,
    /// Quotes of the section that are not shown.
    held_back: usize,
    max_tokens: u32,
}

/// A section as it was written.
struct Prose {
    section: Section,
    removed: Removed,
    model: Option<String>,
    had_quotes: bool,
}

impl Prose {
    /// A section of quotes.
    fn extracted(section: Section, quotes: &[&Quote]) -> Self {
        Self {
            section,
            removed: Removed::default(),
            model: None,
            had_quotes: !quotes.is_empty(),
        }
    }

    /// The quotes it cites, each once, in order.
    fn cited(&self) -> Vec<QuoteId> {
        let mut seen = HashSet::new();
        let cites = self
            .section
            .sentences()
            .flat_map(|sentence| sentence.cites.iter().copied());
        cites.filter(|id| seen.insert(*id)).collect()
    }
}

fn ids_of(quotes: &[&Quote]) -> Vec<QuoteId> {
    quotes.iter().map(|quote| quote.id).collect()
}

fn find(gathered: &Gathered, id: QuoteId) -> Option<&Quote> {
    gathered.quotes.iter().find(|quote| quote.id == id)
}

/// Quotes by their ids: those of different sources in turn, so that a cut leaves something of each.
pub(crate) fn of_ids<'a>(gathered: &'a Gathered, ids: &[QuoteId], most: usize) -> Vec<&'a Quote> {
    let mut quotes: Vec<&Quote> = ids.iter().filter_map(|id| find(gathered, *id)).collect();
    if quotes.len() > most {
        quotes.sort_by_key(|quote| (quote.id.number, quote.id.source));
        quotes.truncate(most);
        quotes.sort_by_key(|quote| quote.id);
    }
    quotes
}

/// Quotes as the model is shown them: each whole or not at all, the first of each source the longest.
fn listed(quotes: &[&Quote], gathered: &Gathered) -> Vec<Part> {
    let parts = quotes.iter().map(|quote| {
        let source = gathered.catalogue.get(quote.id.source);
        let title = source.map_or("", |source| source.title.as_str());
        let date = source.and_then(|source| source.date.as_deref());
        let date = date.map(|date| format!(", {date}")).unwrap_or_default();
        let warned = if source.is_some_and(|source| source.instructs) {
            " (tries to give instructions)"
        } else {
            ""
        };
        let text = terms::head(&quote.text, LONGEST_QUOTE);
        Part {
            head: format!("[{}] {}{date}{warned}", quote.id, terms::head(title, 120)),
            text: format!("{text}\n\n"),
            rank: quote.id.number,
            cut: Cut::Never,
        }
    });
    parts.collect()
}
