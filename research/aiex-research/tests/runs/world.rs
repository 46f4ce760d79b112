//! A small world to research in: documents that searches find, pages that can be read, a model that follows a script.
//! Every finished call is counted.

#[path = "world/answers.rs"]
mod answers;
#[path = "world/documents.rs"]
mod documents;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiex_evidence::extract::Meaning;
use aiex_evidence::{Hindrance, Origin, Report, Source};
use aiex_research::{
    Bound, Boxed, Clock, Deaf, Depth, EngineAnswer, Event, Findings, Found, Hears, Model, ModelFailure,
    PageText, Ports, Present, Prompt, Reach, ReadFailure, Reader, Reply, Request, Research, Revisit, RunId,
    RunState, Search, SearchFailure, Searcher, Settings, SourceKind, Unseen, Usage,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use answers::good_answer;
use documents::{PAGES, find};

/// No test waits this long; it only keeps a broken one from hanging.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const QUESTION: &str = "How are retries with back-off decided, and which errors are retried?";

/// What a model answers to a prompt.
pub(crate) type Script = Arc<dyn Fn(&Prompt) -> Result<String, ModelFailure> + Send + Sync>;

/// What a search has of what it would find.
pub(crate) type Finds = Arc<dyn Fn(Found) -> Option<Found> + Send + Sync>;

/// What a page says today, by its address and what it said at first.
pub(crate) type Says = Arc<dyn Fn(&str, &str) -> Result<String, ReadFailure> + Send + Sync>;

/// How long a call takes and whether it fails, by its identity.
pub(crate) type Fate = Arc<dyn Fn(&str) -> Fated + Send + Sync>;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fated {
    pub(crate) fails: bool,
    /// Of a search: what belongs to its source is still being taken in.
    pub(crate) is_unready: bool,
    /// Passes on the world's own clock; nobody waits for it.
    pub(crate) takes_ms: u64,
    /// Really waited for.
    pub(crate) waits: Duration,
}

/// What the ports have been asked, and what it cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) searches: u32,
    pub(crate) fetches: u32,
    pub(crate) model_calls: u32,
    pub(crate) tokens: u64,
    pub(crate) micro_dollars: u64,
}

pub(crate) struct World {
    pub(crate) sources: Vec<SourceKind>,
    pub(crate) script: Option<Script>,
    /// Tells what texts mean, if somebody does.
    pub(crate) meaning: Option<Arc<dyn Meaning>>,
    pub(crate) fate: Fate,
    pub(crate) finds: Finds,
    pub(crate) says: Says,
    /// Every call goes to another model: one that is shown a part of the material only, two parts in turn with three.
    pub(crate) models_take_turns: bool,
    /// As many tries a call to the model reserves; it takes one.
    pub(crate) tries: u64,
    /// What a thousand tokens cost, in millionths of a dollar; `None` when nobody knows.
    pub(crate) price: Option<u64>,
    /// The time, once it is the world's own.
    pub(crate) clock_ms: AtomicU64,
    /// Calls that begin like the first are not answered before one has begun that begins like the second.
    pub(crate) after: Option<(&'static str, &'static str)>,
    /// Engines of the web, each of which finds some of its pages; none where it is one whole.
    pub(crate) engines: &'static [&'static str],
    pub(crate) begun: watch::Sender<Vec<String>>,
    pub(crate) finished: Mutex<HashMap<String, u32>>,
    pub(crate) spent: Mutex<HashMap<String, Tally>>,
    pub(crate) present: Mutex<HashMap<String, Present>>,
    /// How often each place was looked at again.
    pub(crate) looked: Mutex<HashMap<String, u32>>,
    /// Since when what is kept was taken, of every call.
    pub(crate) kept_since: Mutex<Vec<u64>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            sources: vec![
                SourceKind::Code,
                SourceKind::Docs,
                SourceKind::Git,
                SourceKind::Web,
            ],
            script: None,
            meaning: None,
            fate: Arc::new(|_| Fated::default()),
            finds: Arc::new(Some),
            says: Arc::new(|_, text| Ok(text.to_owned())),
            models_take_turns: false,
            tries: 1,
            price: Some(1000),
            clock_ms: AtomicU64::new(1_790_000_000_000),
            after: None,
            engines: &[],
            begun: watch::Sender::default(),
            finished: Mutex::default(),
            spent: Mutex::default(),
            present: Mutex::default(),
            looked: Mutex::default(),
            kept_since: Mutex::default(),
        }
    }
}

impl World {
    /// A world without a model.
    pub(crate) fn plain() -> Self {
        Self::default()
    }

    /// A world with a model that does its work well.
    pub(crate) fn with_model() -> Self {
        Self {
            script: Some(Arc::new(|prompt| Ok(good_answer(prompt)))),
            ..Self::default()
        }
    }

    pub(crate) fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            searcher: Arc::clone(self) as _,
            reader: Arc::clone(self) as _,
            model: self.script.is_some().then(|| Arc::clone(self) as _),
            revisit: Arc::clone(self) as _,
            clock: Arc::clone(self) as _,
            meaning: self.meaning.clone(),
        }
    }

    /// How often each call ended well, by what it was.
    pub(crate) fn finished(&self) -> HashMap<String, u32> {
        self.finished.lock().unwrap().clone()
    }

    /// Every call, in the order in which they began.
    pub(crate) fn begun(&self) -> Vec<String> {
        self.begun.borrow().clone()
    }

    pub(crate) fn spent(&self, run: &RunId) -> Tally {
        self.spent
            .lock()
            .unwrap()
            .get(&run.0)
            .cloned()
            .unwrap_or_default()
    }

    fn tally(&self, run: &str, add: impl FnOnce(&mut Tally)) {
        add(self.spent.lock().unwrap().entry(run.to_owned()).or_default());
    }

    async fn live_through(&self, what: &str, deadline: Duration) -> Fated {
        let fated = (self.fate)(what);
        self.begun.send_modify(|begun| begun.push(what.to_owned()));
        if let Some((_, other)) = self.after.filter(|(this, _)| what.starts_with(this)) {
            let has_begun = |begun: &Vec<String>| begun.iter().any(|call| call.starts_with(other));
            let mut begun = self.begun.subscribe();
            tokio::time::timeout(LONG, begun.wait_for(has_begun))
                .await
                .expect("the other begins meanwhile")
                .expect("the world is there");
        }
        let began = self.clock_ms.load(Ordering::SeqCst);
        if !fated.waits.is_zero() {
            tokio::time::sleep(fated.waits).await;
        }
        let takes = fated.takes_ms.min(deadline.as_millis() as u64);
        self.clock_ms.fetch_max(began + takes, Ordering::SeqCst);
        fated
    }

    /// Asks every engine that has not answered this search before. They take as long as is their fate, one after another.
    async fn ask_engines(&self, search: &Search, hears: &dyn Hears) {
        let finds = |place: usize| {
            let found = find(search).into_iter().enumerate();
            let of_engine = found.filter(move |(at, _)| at % self.engines.len() <= place);
            of_engine.map(|(_, found)| found).collect::<Vec<_>>()
        };
        let known = |engine: &str| search.answered.iter().any(|answer| answer.engine == engine);
        for (place, engine) in self.engines.iter().enumerate() {
            if !known(engine) {
                let what = format!("engine {engine} {}", search.query);
                self.live_through(&what, search.deadline).await;
                self.done(what);
            }
            hears.found(finds(place));
            if !known(engine) {
                let answer = EngineAnswer {
                    engine: (*engine).to_owned(),
                    body: search.query.clone().into(),
                };
                hears.answered(answer).await;
            }
        }
    }

    fn unseen(&self, prompt: &Prompt) -> Unseen {
        let parts = prompt
            .material
            .as_ref()
            .map_or(0, |material| material.parts.len());
        let calls = self.begun.borrow().len();
        let room = if self.models_take_turns {
            2 + calls % 2
        } else {
            parts
        };
        Unseen {
            shortened: 0,
            left_out: parts.saturating_sub(room) as u32,
        }
    }

    fn take_what_is_kept(&self, since_ms: u64) {
        self.kept_since.lock().unwrap().push(since_ms);
    }

    fn done(&self, what: String) {
        *self.finished.lock().unwrap().entry(what).or_default() += 1;
    }
}

impl Clock for World {
    fn unix_ms(&self) -> u64 {
        self.clock_ms.load(Ordering::SeqCst)
    }
}

impl Searcher for World {
    fn available(&self) -> Vec<SourceKind> {
        self.sources.clone()
    }

    fn search<'a>(
        &'a self,
        search: &'a Search,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        self.search_telling(search, &Deaf, cancel)
    }

    fn search_telling<'a>(
        &'a self,
        search: &'a Search,
        hears: &'a dyn Hears,
        _cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        Box::pin(async move {
            let what = format!("search {} {}", search.source, search.query);
            self.tally(&search.run, |tally| tally.searches += 1);
            if search.source == SourceKind::Web {
                self.ask_engines(search, hears).await;
            }
            let fated = self.live_through(&what, search.deadline).await;
            if fated.fails {
                return Err(SearchFailure {
                    message: format!("{} is down", search.source),
                    hint: "wait a little".to_owned(),
                    retryable: true,
                });
            }
            self.take_what_is_kept(search.kept_since_ms);
            self.done(what);
            Ok(Findings {
                found: find(search)
                    .into_iter()
                    .filter_map(|found| (self.finds)(found))
                    .collect(),
                is_unready: fated.is_unready,
                ..Findings::default()
            })
        })
    }
}

impl Reader for World {
    fn read<'a>(
        &'a self,
        found: &'a Found,
        kept_since_ms: u64,
        deadline: Duration,
        _cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<PageText, ReadFailure>> {
        Box::pin(async move {
            let Origin::Web { url } = &found.origin else {
                panic!("only pages are read: {found:?}")
            };
            // The run that reads is known by the snippet, which carries nothing else; fetches are counted by it.
            let (page, run) = found
                .title
                .rsplit_once(" @")
                .map_or((found.title.as_str(), ""), |(p, run)| (p, run));
            self.tally(run, |tally| tally.fetches += 1);
            if self.live_through(&format!("read {url}"), deadline).await.fails {
                return Err(ReadFailure {
                    message: "connection reset".to_owned(),
                    retryable: true,
                    hindrance: Hindrance::Passing,
                });
            }
            self.take_what_is_kept(kept_since_ms);
            let text = PAGES
                .iter()
                .find(|(title, _)| *title == page)
                .map(|(_, text)| *text)
                .expect("a known page");
            let text = (self.says)(url, text)?;
            self.done(format!("read {url}"));
            Ok(PageText {
                instructs: text.contains("ignore all"),
                text,
                title: page.to_owned(),
                date: None,
                is_cut: false,
            })
        })
    }
}

impl Model for World {
    fn bound(&self, prompt: &Prompt) -> Bound {
        let input_tokens = (prompt.system.len() + prompt.whole().len()) as u64 / 3;
        let output_tokens = u64::from(prompt.max_tokens);
        let micro_dollars = self
            .price
            .map(|price| (input_tokens + output_tokens) * price / 1000);
        let times = self.tries;
        Bound {
            least: Usage {
                input_tokens,
                output_tokens,
                micro_dollars,
            },
            most: Usage {
                input_tokens: times * input_tokens,
                output_tokens: times * output_tokens,
                micro_dollars: micro_dollars.map(|micro_dollars| times * micro_dollars),
            },
        }
    }

    fn ask<'a>(
        &'a self,
        prompt: &'a Prompt,
        _cancel: &'a CancellationToken,
        on_delta: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>> {
        Box::pin(async move {
            let digest: u64 = prompt
                .system
                .bytes()
                .chain(prompt.whole().bytes())
                .fold(7, |sum: u64, byte| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(byte))
                });
            let what = format!("ask {:?} {digest:x}", prompt.stage);
            let bound = self.bound(prompt).least;
            let allowed = prompt.allowance.expect("every call of a run has one").tokens;
            assert!(
                bound.input_tokens + bound.output_tokens <= allowed,
                "{bound:?} > {allowed}"
            );
            self.take_what_is_kept(prompt.kept_since_ms);
            let fated = self.live_through(&what, prompt.deadline).await;
            let answer = if fated.fails {
                Err(ModelFailure {
                    message: "overloaded".to_owned(),
                    hint: String::new(),
                    reach: Reach::Passing,
                    spent: Usage {
                        micro_dollars: Some(0),
                        ..Usage::default()
                    },
                })
            } else {
                (self.script.as_ref().expect("a script"))(prompt)
            };
            let usage = match &answer {
                // What a model writes is anything up to the bound; the seed makes it differ from call to call.
                Ok(_) => Usage {
                    output_tokens: bound.output_tokens - digest % (bound.output_tokens / 2 + 1),
                    ..bound
                },
                Err(failure) => failure.spent,
            };
            self.tally(&prompt.run, |tally| {
                tally.model_calls += 1;
                tally.tokens += usage.input_tokens + usage.output_tokens;
                tally.micro_dollars += usage.micro_dollars.unwrap_or(0);
            });
            let text = answer?;
            for piece in text.split_inclusive(' ') {
                on_delta(piece);
            }
            self.done(what);
            Ok(Reply {
                text,
                usage,
                model: "scripted".to_owned(),
                unseen: self.unseen(prompt),
            })
        })
    }
}

impl Revisit for World {
    fn revisit<'a>(&'a self, source: &'a Source, _cancel: &'a CancellationToken) -> Boxed<'a, Present> {
        Box::pin(async move {
            let label = source.origin.label();
            let known = self.present.lock().unwrap().get(&label).cloned();
            *self.looked.lock().unwrap().entry(label).or_default() += 1;
            known.unwrap_or_else(|| Present::There {
                text: source.text.clone(),
            })
        })
    }
}

/// Settings that do not rest.
pub(crate) fn brisk() -> Settings {
    Settings {
        retry_pause: Duration::from_millis(1),
        pause_grace: Duration::from_millis(200),
        ..Settings::default()
    }
}

pub(crate) fn request() -> Request {
    Request {
        question: QUESTION.to_owned(),
        depth: Depth::Standard,
        ..Request::default()
    }
}

pub(crate) async fn open(folder: &Path, world: &Arc<World>) -> Research {
    Research::open(folder, world.ports(), brisk()).await.unwrap()
}

/// Every event of a run, until it is over.
pub(crate) async fn events(research: &Research, run: &RunId) -> Vec<Event> {
    let follow = async {
        let mut follow = research.follow(run, 0).await.unwrap();
        let mut events = Vec::new();
        while let Some(entry) = follow.next().await {
            let entry = entry.unwrap();
            assert_eq!(entry.seq, events.len() as u64 + 1, "no gap");
            events.push(entry.event.clone());
        }
        events
    };
    tokio::time::timeout(LONG, follow)
        .await
        .expect("the run comes to an end")
}

/// Waits for the first event that fits.
pub(crate) async fn until(research: &Research, run: &RunId, fits: impl Fn(&Event) -> bool) {
    let wait = async {
        let mut follow = research.follow(run, 0).await.unwrap();
        while let Some(entry) = follow.next().await {
            if fits(&entry.unwrap().event) {
                return;
            }
        }
        panic!("the run ended before");
    };
    tokio::time::timeout(LONG, wait).await.expect("the event comes");
}

/// Runs a request to its end and returns its report.
pub(crate) async fn report(world: &Arc<World>, request: Request) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let research = open(folder.path(), world).await;
    let run = research.start(request).await.unwrap();
    events(&research, &run).await;
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Done);
    research.report(&run).await.unwrap()
}

/// Waits until no run is at work.
pub(crate) async fn idle(research: &Research) {
    let wait = async {
        while research.busy() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("the runs rest");
}
