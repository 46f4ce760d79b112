//! `aiex search`: ranked pieces of code, every match of a pattern, or what several sources have.

mod refine;
mod sources;

use std::time::Duration;

use aiex_protocol::code::SimilarArgs;
use aiex_protocol::search::{Hit, Hits, Matches, Mode, SearchArgs, SearchSummary, Stage};
use aiex_protocol::source::{Since, SourceKind};
use aiex_protocol::{Call, Event};
use clap::Args;
use tokio::time::Instant;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::freshness;
use crate::hit_list::{self, HitRow, HitStyle};
use crate::interrupt::Interrupt;
use crate::language::kind_parser;
use crate::place::{self, LineInFile};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::quantity::{count, counted};
use crate::scope::{Limit, Scope, Thread, Where, search_request};
use crate::session::{Session, Step};
use crate::snippet::Extent;
use crate::sources::{searchable, since};

/// Early hits are shown only when the final ones take longer than this: a picture that changes within it only flickers.
const PATIENCE: Duration = Duration::from_millis(300);
/// Hits of an exhaustive search unless told: more than anybody reads, few enough to hold in memory.
const EXHAUSTIVE_LIMIT: u32 = 10_000;

const EXAMPLES: &str = "\
Examples:
  aiex search retry with back-off              by meaning, words and names
  aiex search Parser::next --explain           why each hit stands where it stands
  aiex search 'unwrap()' --literal -p 'src/**' every place where the text stands
  aiex search --regex 'fn \\w+_test' --json     every match, one JSON object a line
  aiex search --literal unwrap --limit 50       the first 50, and how many there are; --after shows the next
  aiex search config --lang rust --kind struct only definitions of structs in Rust
  aiex search --similar src/retry.rs:42        code that is most like that at line 42
  aiex search shutdown of the runtime --sources code,docs,git
  aiex search release notes of tokio --sources web --since month
  aiex search where is it tested --follow-up   the words of the searches before count too, for less
  aiex search retry --sources code,web --refine each line typed narrows it down while it searches
  aiex search --literal 'unwrap()' --within-last only in the files that the last search found
";

/// Search: ranked pieces of code, or every match of a pattern
///
/// The repository you stand in is indexed on first use; hits come at once, from what is indexed so far.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SearchVerb {
    /// What to look for: words, a question, a name, a path, a pattern
    #[arg(required_unless_present = "similar", value_name = "QUERY")]
    query: Vec<String>,

    /// Find the code that is most like that at this line
    #[arg(long, value_name = "FILE:LINE", conflicts_with_all = ["query", "regex", "literal", "follow_up", "session"])]
    similar: Option<LineInFile>,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    limit: Limit,

    /// Where to look (code, docs, git, web), all of them in one ranked list [default: code]
    #[arg(long, short, value_name = "SOURCES", value_delimiter = ',', value_parser = searchable())]
    #[arg(hide_possible_values = true, conflicts_with_all = ["similar", "regex", "literal", "explain"])]
    sources: Vec<SourceKind>,

    /// Only pages of the web from the last day, week, month or year, where the engine can tell; other sources are not
    /// limited
    #[arg(long, value_name = "AGE", value_parser = since(), conflicts_with = "similar")]
    since: Option<Since>,

    #[command(flatten)]
    thread: Thread,

    /// Look only into the files that the last search here found
    #[arg(long, conflicts_with_all = ["similar", "no_daemon"])]
    within_last: bool,

    /// Go on reading standard input: each line narrows the search down, also while it runs, and its words count first
    #[arg(long, conflicts_with_all = ["similar", "regex", "literal", "within_last"])]
    refine: bool,

    /// Only definitions of this kind (function, method, struct, …); may be repeated
    #[arg(long = "kind", short = 'k', value_name = "KIND", value_parser = kind_parser(), hide_possible_values = true)]
    kinds: Vec<String>,

    /// The query is a regular expression; find every match
    #[arg(long, short = 'e', conflicts_with_all = ["literal", "follow_up"])]
    regex: bool,

    /// The query is plain text; find every place where it stands
    #[arg(long, short = 'F', conflicts_with = "follow_up")]
    literal: bool,

    /// Go on behind the page that ended here: the page names it when there are more matches than --limit
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["similar", "sources", "follow_up"])]
    after: Option<String>,

    /// Show every contribution to every score
    #[arg(long)]
    explain: bool,

    /// Show whole snippets instead of the lines that matter
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    at: Where,
}

impl SearchVerb {
    fn call(&self) -> Result<Call, Failure> {
        let request = self.request()?;
        Ok(match &self.similar {
            None => Call::Search(request),
            Some(like) => Call::Similar(SimilarArgs {
                search: request,
                from: place::here()?,
                path: place::real(&like.path),
                line: like.line,
            }),
        })
    }

    fn request(&self) -> Result<SearchArgs, Failure> {
        let file = self.similar.as_ref().map(|like| place::real(&like.path));
        let mut request = search_request(
            &self.query,
            self.at.place(file.as_deref())?,
            self.limit.get(),
            self.scope.filters(&self.kinds),
        );
        request.mode = match (self.regex, self.literal) {
            (true, _) => Mode::Regex,
            (_, true) => Mode::Literal,
            _ => Mode::Auto,
        };
        if request.limit == 0 && request.mode != Mode::Auto {
            request.limit = EXHAUSTIVE_LIMIT;
        }
        request.after = self.after.clone().unwrap_or_default();
        request.explain = self.explain;
        request.sources = self.sources.clone();
        request.since = self.since;
        request.within_last = self.within_last;
        Ok(self.thread.of(request))
    }

    fn extent(&self) -> Extent {
        if self.full { Extent::Full } else { Extent::Focused }
    }
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let call = verb.call()?;
    let session = Session::open(verb.at.no_daemon, printer, interrupt).await?;
    let outcome = if verb.refine {
        refine::run(&session, call, &verb, printer, interrupt).await
    } else {
        one(&session, call, &verb, printer, interrupt).await
    };
    session.close().await;
    outcome
}

/// One search, from the question to the list.
async fn one(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    if !verb.sources.is_empty() {
        return sources::run(session, call, verb, printer, interrupt).await;
    }
    let (hits, summary) = collect(session, call, verb, printer, interrupt).await?;
    show(&hits, &summary, verb, printer)?;
    Ok(if hits.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

/// Runs the search; on a terminal, shows the early hits while the final ones are slow to come.
async fn collect(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(Vec<Hit>, SearchSummary), Failure> {
    let reveal_at = Instant::now() + PATIENCE;
    let mut progress = Progress::new(printer);
    let mut latest: Vec<Hit> = Vec::new();
    let mut is_early_unseen = false;
    let mut running = session.start(call, verb.at.timeout).await?;
    loop {
        let wake_at = (is_early_unseen && printer.is_interactive()).then_some(reveal_at);
        match running.next(interrupt, wake_at).await? {
            Step::Woken => {
                is_early_unseen = false;
                progress.preview(&hit_list::compact(&latest, printer.notice_palette, printer.width));
            }
            Step::Event(Event::Hits(Hits { stage, hits })) => {
                is_early_unseen = stage == Stage::Early && !hits.is_empty();
                latest = hits;
            }
            Step::Event(Event::Progress(index)) => progress.index(&index),
            Step::Event(Event::Notice { message }) => {
                progress.clear();
                printer.notice(&message);
            }
            Step::Event(Event::Done { summary }) => return Ok((latest, summary.unwrap_or_default())),
            Step::Event(Event::Error(error)) => return Err(error.into()),
            Step::Event(_) => {}
        }
    }
}

fn show(hits: &[Hit], summary: &SearchSummary, verb: &SearchVerb, printer: &Printer) -> Result<(), Failure> {
    if verb.at.json {
        for hit in hits {
            printer.json(&HitRow::from(hit))?;
        }
        if let Some(matches) = more(summary) {
            printer.json(matches)?;
        }
    } else if printer.is_terminal {
        let style = HitStyle {
            palette: printer.palette,
            width: printer.width,
            extent: verb.extent(),
        };
        printer.data(&hit_list::grouped(hits, style))?;
    } else {
        printer.data(&hit_list::plain(hits, verb.extent(), printer.palette))?;
    }
    if hits.is_empty() {
        printer.notice("nothing found");
    }
    if !hits.is_empty() && printer.is_interactive() && !verb.at.json {
        printer.notice(&freshness::closing_line(
            hits.len(),
            summary,
            printer.notice_palette,
        ));
    } else if let Some(nowhere) = freshness::nowhere(summary) {
        printer.notice(&nowhere);
    }
    if let Some(matches) = more(summary).filter(|_| !verb.at.json) {
        printer.notice(&told(matches, hits.len()));
    }
    let shortfall = match summary.matches {
        Some(_) => freshness::shortfall_of_texts(summary),
        None => freshness::shortfall(summary),
    };
    if let Some(shortfall) = shortfall {
        printer.notice(&shortfall);
    }
    Ok(())
}

/// All that there is, when there is more than this page shows.
fn more(summary: &SearchSummary) -> Option<&Matches> {
    summary.matches.as_ref().filter(|matches| matches.next.is_some())
}

/// How many there are, and how to see the next.
fn told(matches: &Matches, shown: usize) -> String {
    // A cursor ends in a path, and a path may hold anything but a NUL.
    let next = matches.next.as_deref().unwrap_or_default();
    let next = shlex::try_quote(next).unwrap_or(next.into());
    format!(
        "{} in {}, {} shown; the next: the same search with --after {next}",
        counted(matches.lines, "match"),
        counted(matches.files, "file"),
        count(shown as u64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_matches_than_are_shown_are_counted_and_the_way_to_them_is_told() {
        let matches = Matches {
            lines: 1_204,
            files: 87,
            next: Some("7-340-src/retry.rs".to_owned()),
        };
        insta::assert_snapshot!(told(&matches, 10), @"1,204 matches in 87 files, 10 shown; the next: the same search with --after 7-340-src/retry.rs");
        let odd = Matches {
            next: Some("7-340-it's here/a b.rs".to_owned()),
            ..matches
        };
        insta::assert_snapshot!(told(&odd, 10), @r#"1,204 matches in 87 files, 10 shown; the next: the same search with --after "7-340-it's here/a b.rs""#);
    }
}
