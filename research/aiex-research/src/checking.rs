//! The sixth stage: every sentence against its quotes. By code first; the model is asked about what stays in doubt, and
//! what nobody looked at stays unchecked.

use aiex_evidence::repair::{self, Repair};
use aiex_evidence::{Catalogue, Doubt, Evidence, Quote, Section, Sentence, Tally, Verdict, check};
use futures_util::future;
use serde::Deserialize;

use crate::ask::Ask;
use crate::budget::Purpose;
use crate::event::{Event, Stage};
use crate::gather::Gathered;
use crate::journal::Stop;
use crate::live::{Live, on_a_thread};
use crate::ports::ModelStage;
use crate::store::Patch;
use crate::{prompt, terms};

/// Sentences judged in one call.
const TOGETHER: usize = 10;
/// Bytes of a quote as the model is shown it.
const LONGEST_QUOTE: usize = 600;

#[derive(Debug, Deserialize)]
struct Told {
    verdicts: Vec<serde_json::Value>,
}

/// Sentences and what they rest on; owned, because checking happens on a thread that may block.
struct Work {
    sections: Vec<Section>,
    catalogue: Catalogue,
    quotes: Vec<Quote>,
}

impl Work {
    /// Settles every sentence and mends citations; returns the places of those in doubt, why they are, and how many were
    /// mended.
    fn settle(mut self) -> (Vec<Section>, Vec<(usize, Doubt)>, u32) {
        self.settle_all();
        let mended = self.repair();
        let doubtful = self.settle_all();
        (self.sections, doubtful, mended)
    }

    fn settle_all(&mut self) -> Vec<(usize, Doubt)> {
        let evidence = Evidence {
            sources: &self.catalogue,
            quotes: &self.quotes,
        };
        let sentences = self.sections.iter_mut().flat_map(Section::sentences_mut);
        let settled = sentences.enumerate();
        settled
            .filter_map(|(at, sentence)| Some((at, check::settle(sentence, evidence)?)))
            .collect()
    }

    /// Mends citations; returns how many. A repair that touches more than citations is undone.
    fn repair(&mut self) -> u32 {
        let evidence = Evidence {
            sources: &self.catalogue,
            quotes: &self.quotes,
        };
        let before = self.sections.clone();
        let mut mended = repair::inherit(&mut self.sections, evidence) as u32;
        for sentence in self.sections.iter_mut().flat_map(Section::sentences_mut) {
            if matches!(
                repair::repair(sentence, evidence),
                Repair::Swapped(_) | Repair::Added(_)
            ) {
                mended += 1;
            }
        }
        if let Err(tampered) = repair::guard(&before, &self.sections) {
            tracing::error!(%tampered, "a repair was undone");
            self.sections = before;
            return 0;
        }
        mended
    }
}

impl Live {
    /// Checks and mends every sentence.
    pub(crate) async fn check(
        &self,
        sections: Vec<Section>,
        gathered: &Gathered,
    ) -> Result<Vec<Section>, Stop> {
        let work = |sections| Work {
            sections,
            catalogue: gathered.catalogue.clone(),
            quotes: gathered.quotes.clone(),
        };
        let first = work(sections);
        let (mut sections, doubtful, mended) = on_a_thread(move || first.settle()).await?;
        self.judge(&mut sections, &doubtful, gathered).await?;
        let mut second = work(sections);
        let (sections, repaired) = on_a_thread(move || {
            let repaired = second.repair();
            (second.sections, repaired)
        })
        .await?;
        let tally = Tally::of(&sections);
        let told = Event::Checked {
            supported: tally.supported,
            partial: tally.partial,
            unsupported: tally.unsupported,
            contradicted: tally.contradicted,
            unchecked: tally.unchecked,
            repaired: mended + repaired,
        };
        self.tell("checked", vec![told], Patch::default()).await?;
        Ok(sections)
    }

    /// Asks the model about the sentences in doubt.
    async fn judge(
        &self,
        sections: &mut [Section],
        doubtful: &[(usize, Doubt)],
        gathered: &Gathered,
    ) -> Result<(), Stop> {
        if !self.has_model() || doubtful.is_empty() {
            return Ok(());
        }
        let all: Vec<Sentence> = sections.iter().flat_map(Section::sentences).cloned().collect();
        let judging = doubtful.chunks(TOGETHER).enumerate().map(|(batch, places)| {
            let asked: Vec<(usize, &Sentence)> = places
                .iter()
                .filter_map(|(at, _)| Some((*at, all.get(*at)?)))
                .collect();
            self.judge_some(batch, asked, gathered)
        });
        let verdicts: Vec<Vec<(usize, Verdict)>> = future::join_all(judging)
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let mut sentences: Vec<&mut Sentence> =
            sections.iter_mut().flat_map(Section::sentences_mut).collect();
        for (at, verdict) in verdicts.into_iter().flatten() {
            let Some(sentence) = sentences.get_mut(at) else {
                continue;
            };
            let Some((_, doubt)) = doubtful.iter().find(|(doubtful, _)| *doubtful == at) else {
                continue;
            };
            let verdict = match verdict {
                Verdict::Supported if !doubt.may_be_cleared() => Verdict::Partial,
                other => other,
            };
            sentence.judged = true;
            sentence.reason =
                (verdict != Verdict::Supported).then(|| format!("{doubt}; judged by the model"));
            sentence.verdict = Some(verdict);
        }
        Ok(())
    }

    async fn judge_some(
        &self,
        batch: usize,
        asked: Vec<(usize, &Sentence)>,
        gathered: &Gathered,
    ) -> Result<Vec<(usize, Verdict)>, Stop> {
        let mut listed = String::new();
        for (number, (_, sentence)) in asked.iter().enumerate() {
            listed.push_str(&format!("Sentence {}: {}\n", number + 1, sentence.text));
            for id in &sentence.cites {
                if let Some(quote) = gathered.quotes.iter().find(|quote| quote.id == *id) {
                    listed.push_str(&format!(
                        "  quote {id}: {}\n",
                        terms::head(&quote.text, LONGEST_QUOTE)
                    ));
                }
            }
        }
        let name = format!("verify/{batch}");
        let ask = Ask {
            user: self.fenced(&listed),
            material: None,
            name,
            at: Stage::Check,
            stage: ModelStage::Verify,
            purpose: Purpose::Finish,
            system: prompt::VERIFY.to_owned(),
            schema: Some(prompt::verify_schema(TOGETHER)),
            max_tokens: 500,
        };
        let Some(told) = self.ask_json::<Told>(ask).await? else {
            return Ok(Vec::new());
        };
        let verdicts = told.verdicts.iter().filter_map(|told| {
            let number = usize::try_from(told.get("sentence")?.as_u64()?).ok()?;
            let (at, _) = asked.get(number.checked_sub(1)?)?;
            let verdict = match told.get("verdict")?.as_str()? {
                "supported" => Verdict::Supported,
                "partial" => Verdict::Partial,
                "unsupported" => Verdict::Unsupported,
                "contradicted" => Verdict::Contradicted,
                _ => return None,
            };
            Some((*at, verdict))
        });
        Ok(verdicts.collect())
    }
}
