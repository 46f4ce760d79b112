//! Quotes out of what was read: by the model where a page is long, by the words of the sub-questions elsewhere.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use aiex_evidence::extract::{self, Meaning, Parts};
use aiex_evidence::{Origin, Quote, Quotes, Rarity, Source};
use futures_util::future;
use serde::Deserialize;

use super::{Gathered, Reading};
use crate::ask::Ask;
use crate::budget::Purpose;
use crate::event::{Event, Stage};
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::plan::Plan;
use crate::ports::{Cut, ModelStage, Part};
use crate::prompt;
use crate::store::Patch;
use crate::terms;

/// Texts up to this many bytes are quoted without the model: there is little to choose from.
const SHORT_TEXT: usize = 1500;
/// Bytes of a page that the model is shown; of a longer one, the passages with the sub-questions' words.
const SHOWN: usize = 7000;
/// Bytes of a commit's message that are quoted.
const LONGEST_MESSAGE: usize = 700;
/// Passages chosen of a long page, and the bytes around each that are shown with it.
const PASSAGES: usize = 10;
const AROUND: usize = 300;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Extracted {
    quotes: Vec<serde_json::Value>,
}

/// What quoting one source needs, apart from the model. Owned, because quoting happens on a thread that may block.
#[derive(Clone)]
pub(crate) struct Quoting {
    source: Arc<Source>,
    /// The sub-questions it was read for: their places in the plan, and their words.
    sub_questions: Vec<(usize, String)>,
    /// The piece that the search found; may be empty.
    matched: String,
    rarity: Arc<Rarity>,
    most: usize,
    /// Whether quotes are the report's text: then they are chosen to be read, else to be cited.
    is_text: bool,
    /// Tells how near pieces are to the question in meaning, if somebody does.
    meaning: Option<Arc<dyn Meaning>>,
    /// What tells which part of the question a quote answers, where code has to.
    parts: Option<Arc<Parts>>,
}

impl Quoting {
    fn questions(&self) -> String {
        let questions: Vec<&str> = self
            .sub_questions
            .iter()
            .map(|(_, question)| question.as_str())
            .collect();
        questions.join(" ")
    }

    /// The best passages for each sub-question by their words: of a text that is read, pieces that can stand alone.
    fn by_words(&self) -> Vec<Quote> {
        let mut quotes = Quotes::new();
        let source = &self.source;
        let each = (self.most / self.sub_questions.len().max(1)).clamp(1, 2);
        for (at, question) in &self.sub_questions {
            let pieces = match &source.origin {
                Origin::Commit { .. } => vec![message(&source.text, question, &self.rarity)],
                _ if self.is_text && !source.instructs => self.told(question, each),
                origin if origin.is_prose() => Vec::new(),
                _ => self.found().into_iter().collect(),
            };
            let taken = pieces
                .into_iter()
                .filter_map(|piece| quotes.take(source, piece, Some(*at)))
                .count();
            match taken {
                // Pieces have been looked for already.
                0 if self.is_text && !source.instructs => {}
                0 => drop(quotes.extract(source, question, &self.rarity, each, Some(*at))),
                _ if self.is_text => {}
                // Beside what the search found, the sentence with the words.
                _ => drop(quotes.extract(source, question, &self.rarity, 1, Some(*at))),
            }
        }
        self.placed(quotes.into_vec())
    }

    /// Quotes at the parts of the question that they answer, whichever they were looked for; at none when they only share
    /// words with it.
    fn placed(&self, mut quotes: Vec<Quote>) -> Vec<Quote> {
        if let Some(parts) = &self.parts {
            let pieces: Vec<Range<usize>> = quotes.iter().map(|quote| quote.start..quote.end).collect();
            let answered = parts.answered(&self.source, &pieces, self.meaning.as_deref());
            for (quote, part) in quotes.iter_mut().zip(answered) {
                quote.sub_question = part;
            }
        }
        quotes
    }

    /// The pieces that are best read as an answer; every place of a name when those are asked for. Where no words meet,
    /// what the search found by its meaning.
    fn told(&self, question: &str, each: usize) -> Vec<Range<usize>> {
        let names = extract::names_to_place(question);
        let most = if names.is_empty() { each } else { self.most };
        let matched = self.matched.trim();
        let matched = self.source.text.find(matched).filter(|_| !matched.is_empty());
        let matched = matched.map(|at| at..at + self.matched.trim().len());
        let spans = extract::Question::new(question, &self.rarity, self.meaning.as_deref()).telling(
            &self.source,
            matched,
            most,
        );
        let pieces = spans.into_iter().map(|span| span.start..span.end);
        let is_place = |piece: &Range<usize>| {
            let text = self.source.text.get(piece.clone()).unwrap_or_default();
            names.is_empty() || extract::has_name(text, &names)
        };
        let mut pieces: Vec<Range<usize>> = pieces.filter(is_place).collect();
        if pieces.is_empty() && names.is_empty() && !self.source.origin.is_prose() {
            pieces.extend(self.found());
        }
        pieces
    }

    /// The head of the definition that the search found a piece of, if it is in what was read.
    fn found(&self) -> Option<Range<usize>> {
        let matched = self.matched.trim();
        let name = extract::name(&self.source)?;
        if matched.is_empty() {
            return None;
        }
        let text = &self.source.text;
        let at = text.find(matched)?;
        let begins = if extract::signature(matched).is_some_and(|line| extract::defines(line, name)) {
            at
        } else {
            extract::definition_above(text, at, name)?
        };
        extract::head(text, begins..at + matched.len())
    }

    /// The model's quotes, verified; `None` when it gave nothing that can be used. An empty list is its right.
    fn verified(&self, extracted: &Extracted) -> Option<Vec<Quote>> {
        let mut quotes = Quotes::new();
        for told in extracted.quotes.iter().take(self.most) {
            let text = told
                .get("text")
                .and_then(|text| text.as_str())
                .or(told.as_str())
                .unwrap_or_default();
            let number = told
                .get("sub_question")
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(1);
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
            let sub_question = self
                .sub_questions
                .get(place)
                .or(self.sub_questions.first())
                .map(|(at, _)| *at);
            // A passage that the source does not hold is no quote; there is nothing to do about it.
            if let Err(rejected) = quotes.accept(&self.source, text, sub_question) {
                tracing::debug!(source = %self.source.id, %rejected, "a model's quote was refused");
            }
        }
        (extracted.quotes.is_empty() || !quotes.is_empty()).then(|| quotes.into_vec())
    }
}

/// What a commit's message says about a question: its subject, the paragraph below it, and the following ones as long as
/// they speak of the question; without the files and changed lines that follow it. Messages of merged branches go on
/// with whatever else was merged.
fn message(text: &str, question: &str, rarity: &Rarity) -> Range<usize> {
    let is_path = |line: &str| ["A ", "M ", "D "].iter().any(|kind| line.starts_with(kind));
    let is_point = |line: &str| ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark));
    let mut end = 0;
    for (place, block) in blocks(text).into_iter().enumerate() {
        let said = text.get(block.clone()).unwrap_or_default();
        let first = said.lines().next().unwrap_or_default();
        let is_change = is_path(first) || said.lines().any(|line| line.starts_with("+ "));
        let speaks = || extract::coverage(question, said, rarity) > 0.0;
        let belongs = match place {
            0 => true,
            1 if !is_point(first) => true,
            _ => speaks(),
        };
        if place > 0 && (is_change || !belongs || block.end > LONGEST_MESSAGE) {
            break;
        }
        end = block.end;
    }
    let message = terms::head(text, end.min(LONGEST_MESSAGE));
    0..message.trim_end().len()
}

/// The runs of lines of a text without a blank one among them.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        let end = at + line.len();
        match blocks.last_mut() {
            _ if is_blank => {}
            Some(block) if goes_on => block.end = end,
            _ => blocks.push(at..end),
        }
        goes_on = !is_blank;
        at = end;
    }
    blocks
}

impl Live {
    /// Takes quotes from every source, side by side; without the model if so wished.
    pub(crate) async fn quote_all(
        &self,
        gathered: &Gathered,
        plan: &Plan,
        read: &[Reading],
        with_model: bool,
    ) -> Result<Vec<Quote>, Stop> {
        let texts: Vec<String> = gathered
            .catalogue
            .iter()
            .map(|source| source.text.clone())
            .collect();
        let rarity =
            Arc::new(on_a_thread(move || Rarity::of_paragraphs(texts.iter().map(String::as_str))).await?);
        // A template asks in its own words, and a model says itself what its quotes answer.
        let is_without_model = self.planned_without_model(plan);
        let is_by_code = self.template.is_none() && is_without_model;
        let parts = is_by_code.then(|| Arc::new(plan.parts()));
        // What was read for a whole is read for its parts.
        let read_for = |reading: &Reading| -> Vec<usize> {
            let made_of = |at: &usize| parts.as_ref().map_or(&[][..], |parts| parts.made_of(*at));
            let mut read_for = reading.sub_questions.clone();
            read_for.extend(reading.sub_questions.iter().flat_map(made_of));
            let mut seen = HashSet::new();
            read_for.retain(|at| seen.insert(*at));
            read_for
        };
        let quoting = self
            .sources_of(gathered, read)
            .into_iter()
            .map(|(source, reading)| Quoting {
                source: Arc::new(source.clone()),
                matched: reading.matched.clone(),
                is_text: is_without_model,
                sub_questions: read_for(reading)
                    .into_iter()
                    .filter_map(|at| Some((at, plan.sub_questions.get(at)?.question.clone())))
                    .collect(),
                parts: parts.clone(),
                meaning: self.ports.meaning.clone(),
                rarity: Arc::clone(&rarity),
                most: self.shape.quotes_per_source,
            });
        let quoting: Vec<Quoting> = quoting.collect();
        let in_passages = |quoting: &&Quoting| {
            with_model && self.asks_model(&quoting.source) && quoting.source.text.len() > SHOWN
        };
        let in_passages = quoting.iter().filter(in_passages).count();
        let quotes: Vec<Vec<Quote>> =
            future::join_all(quoting.into_iter().map(|quoting| self.quote(quoting, with_model)))
                .await
                .into_iter()
                .collect::<Result<_, _>>()?;
        if let (1.., Some(first)) = (in_passages, read.first()) {
            let what = match in_passages {
                1 => "one long source".to_owned(),
                number => format!("{number} long sources"),
            };
            let told = Event::Fallback {
                stage: Stage::Gather,
                reason: format!(
                    "the model was shown the passages of {what} that speak of the question, not all of it"
                ),
            };
            self.tell(&format!("passages/{}", first.id), vec![told], Patch::default())
                .await?;
        }
        Ok(quotes.into_iter().flatten().collect())
    }

    /// Whether the model is asked for the quotes of a source; else its words tell.
    fn asks_model(&self, source: &Source) -> bool {
        let is_prose = !matches!(source.origin, Origin::Code { .. } | Origin::Commit { .. });
        self.has_model() && is_prose && source.text.len() > SHORT_TEXT
    }

    async fn quote(&self, quoting: Quoting, with_model: bool) -> Result<Vec<Quote>, Stop> {
        let source = Arc::clone(&quoting.source);
        let extracted = if with_model && self.asks_model(&source) {
            self.ask_quotes(&quoting).await?
        } else {
            None
        };
        let quotes = on_a_thread(move || {
            extracted
                .and_then(|told| quoting.verified(&told))
                .unwrap_or_else(|| quoting.by_words())
        });
        let quotes = quotes.await?;
        let told = quotes.iter().map(|quote| Event::Quoted {
            quote: quote.id,
            sub_question: quote.sub_question,
            text: quote.text.clone(),
        });
        self.tell(&format!("quoted/{}", source.id), told.collect(), Patch::default())
            .await?;
        Ok(quotes)
    }

    async fn ask_quotes(&self, quoting: &Quoting) -> Result<Option<Extracted>, Stop> {
        let source = &quoting.source;
        let mut user = format!("Question: {}\n", self.request.question);
        for (number, (_, question)) in quoting.sub_questions.iter().enumerate() {
            user.push_str(&format!("Sub-question {}: {question}\n", number + 1));
        }
        let name = format!("extract/{}", source.id);
        let work = quoting.clone();
        let shown = on_a_thread(move || passages(&work.source, &work.questions(), &work.rarity)).await?;
        let page = Part {
            head: format!("Title: {}\n", source.title),
            text: shown,
            rank: 0,
            cut: Cut::ToTellingLines,
        };
        let mut material = self.fenced_parts(&mut user, vec![page]);
        material.question = quoting.questions();
        let ask = Ask {
            name,
            at: Stage::Gather,
            stage: ModelStage::Extract,
            purpose: Purpose::Gather,
            system: prompt::filled(prompt::EXTRACT, &[("most", quoting.most.to_string())]),
            user,
            material: Some(material),
            schema: Some(prompt::extract_schema(quoting.most)),
            max_tokens: 900,
        };
        self.ask_json(ask).await
    }
}

/// A text as the model is shown it: whole when it is short, else its beginning and the passages that fit.
fn passages(source: &Source, question: &str, rarity: &Rarity) -> String {
    let text = &source.text;
    if text.len() <= SHOWN {
        return text.clone();
    }
    let mut spans: Vec<(usize, usize)> = vec![(0, terms::head(text, AROUND).len())];
    let mut bytes = AROUND;
    for span in extract::best(question, source, rarity, PASSAGES) {
        let start = terms::head(text, span.start.saturating_sub(AROUND)).len();
        let end = terms::head(text, span.end + AROUND).len();
        bytes += end - start;
        if bytes > SHOWN {
            break;
        }
        spans.push((start, end));
    }
    spans.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    let pieces: Vec<&str> = joined
        .into_iter()
        .filter_map(|(start, end)| text.get(start..end))
        .collect();
    pieces.join("\n[…]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(text: &'a str, question: &str) -> &'a str {
        let rarity = Rarity::of_paragraphs([text, "another paragraph of quite another text"]);
        &text[message(text, question, &rarity)]
    }

    #[test]
    fn the_message_of_a_commit_ends_before_its_changes() {
        let text = "Retry on 503\n\nIt answers 503 while it restarts:\n- for a second\n\nM src/a.rs\n\nsrc/a.rs:\n- one\n+ two";
        assert_eq!(
            told(text, "when is a call tried again"),
            "Retry on 503\n\nIt answers 503 while it restarts:\n- for a second"
        );
        assert_eq!(told("Retry on 503\n\n- one\n+ two", "one"), "Retry on 503");
        assert_eq!(told("", "one"), "");
    }

    #[test]
    fn of_a_merged_branch_is_told_what_speaks_of_the_question() {
        let text = "Weigh parcels twice (#12)\r\n\r\n* weigh the parcel on both scales\r\n\r\n* update the build\r\n\r\n* weigh letters\r\n";
        assert_eq!(
            told(text, "how is a parcel weighed"),
            "Weigh parcels twice (#12)\r\n\r\n* weigh the parcel on both scales"
        );
        assert_eq!(told(text, "who builds it"), "Weigh parcels twice (#12)");
    }
}
