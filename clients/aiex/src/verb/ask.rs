//! `aiex ask`: evidence at once, then an answer, then its sources.

use aiex_protocol::search::{AskArgs, Hit, Hits, SearchSummary, Stage};
use aiex_protocol::{Call, Event};
use clap::Args;

use crate::answer_view::AnswerView;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::hit_list;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::scope::{Limit, Scope, Thread, Where, search_request};
use crate::session::{Session, Step};

const EXAMPLES: &str = "\
Examples:
  aiex ask where are retries with back-off decided
  aiex ask 'how does the cache know that a file changed?' -p 'src/**'
  aiex ask what calls the parser --extractive     without a model, even if one is configured
  aiex ask and where is that tested --follow-up   in the light of what was asked before
  aiex ask how is a request cancelled --json      every event as it comes, one JSON object a line
";

/// Ask a question: evidence at once, then an answer
///
/// The evidence is shown at once, numbered, and the answer cites it. With a model configured (a `provider` in
/// config.toml) the model writes the answer, every citation is checked, and links that it makes up are taken out.
/// Without one the answer is made of the best pieces of code.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct AskVerb {
    /// The question
    #[arg(required = true, value_name = "QUESTION")]
    question: Vec<String>,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    limit: Limit,

    #[command(flatten)]
    at: Where,

    #[command(flatten)]
    thread: Thread,

    /// The model provider to use, by its name in the settings
    #[arg(long, value_name = "NAME", conflicts_with = "extractive")]
    provider: Option<String>,

    /// Answer from the evidence alone, without a model
    #[arg(long, short = 'x')]
    extractive: bool,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: AskVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let search = search_request(
        &verb.question,
        verb.at.place(None)?,
        verb.limit.get(),
        verb.scope.filters(&[]),
    );
    let request = AskArgs {
        search: verb.thread.of(search),
        extractive: verb.extractive,
        provider: verb.provider.clone(),
    };
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let outcome = if verb.at.json {
        relay(&session, request, &verb, printer, interrupt).await
    } else {
        converse(&session, request, &verb, printer, interrupt).await
    };
    session.close().await;
    outcome
}

/// Every event as it comes.
async fn relay(
    session: &Session,
    request: AskArgs,
    verb: &AskVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let mut is_empty = true;
    let mut running = session.start(Call::Ask(request), verb.at.timeout).await?;
    loop {
        let Step::Event(event) = running.next(interrupt, None).await? else {
            continue;
        };
        printer.json(&event)?;
        match event {
            Event::Hits(Hits { hits, .. }) => is_empty = hits.is_empty(),
            Event::Done { .. } => return Ok(if is_empty { ExitCode::NoHits } else { ExitCode::Ok }),
            Event::Error(error) => return Err(error.into()),
            _ => {}
        }
    }
}

/// Evidence, answer, sources.
async fn converse(
    session: &Session,
    request: AskArgs,
    verb: &AskVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let mut progress = Progress::new(printer);
    let mut evidence = Evidence::default();
    let mut answer = AnswerView::new(printer);
    let mut running = session.start(Call::Ask(request), verb.at.timeout).await?;
    let summary = loop {
        let event = match running.next(interrupt, None).await {
            Ok(Step::Event(event)) => event,
            Ok(Step::Woken) => continue,
            Err(failure) => {
                progress.clear();
                evidence.show(printer)?;
                answer.break_off()?;
                return Err(failure);
            }
        };
        match event {
            Event::Progress(index) => progress.index(&index),
            Event::Notice { message } => {
                progress.clear();
                printer.notice(&message);
            }
            Event::Hits(Hits { stage, hits }) => {
                evidence.hits = hits;
                if stage == Stage::Final {
                    progress.clear();
                    evidence.show(printer)?;
                }
            }
            Event::AnswerDelta { text } => {
                progress.clear();
                evidence.show(printer)?;
                answer.delta(&text)?;
            }
            Event::Answer(whole) => {
                progress.clear();
                evidence.show(printer)?;
                answer.whole(&whole)?;
            }
            Event::Done { summary } => break summary.unwrap_or_default(),
            Event::Error(error) => {
                progress.clear();
                evidence.show(printer)?;
                answer.break_off()?;
                return Err(error.into());
            }
            _ => {}
        }
    };
    progress.clear();
    evidence.show(printer)?;
    close(&evidence, &summary, printer);
    Ok(if evidence.hits.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

fn close(evidence: &Evidence, summary: &SearchSummary, printer: &Printer) {
    if evidence.hits.is_empty() {
        printer.notice("nothing found");
    }
    if let Some(nowhere) = freshness::nowhere(summary) {
        printer.notice(&nowhere);
    }
    if let Some(shortfall) = freshness::shortfall(summary) {
        printer.notice(&shortfall);
    }
}

/// The hits, shown once.
#[derive(Debug, Default)]
struct Evidence {
    hits: Vec<Hit>,
    is_shown: bool,
}

impl Evidence {
    fn show(&mut self, printer: &Printer) -> Result<(), Failure> {
        if self.is_shown || self.hits.is_empty() {
            return Ok(());
        }
        self.is_shown = true;
        printer.data(&hit_list::compact(&self.hits, printer.palette, printer.width))
    }
}
