//! `research.*`: starting, steering and looking at runs. The work itself goes on without any request.

mod graph;
mod world;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aiex_evidence::{Origin, Source};
use aiex_files::secret;
use aiex_protocol::research::{ApproveArgs, FollowArgs, ReportArgs, ResearchArgs, RunArgs, TemplateInfo};
use aiex_protocol::source::SourceKind;
use aiex_protocol::{ErrorCode, Event, WireError};
use aiex_research::{Approval, Request, Research, ResearchError, RunId};

use super::Running;
use super::search::open;
use crate::daemon::now_ms;
use crate::keys;
use crate::research::{Open, run_id, wire_error};
use crate::wire::research as shape;

pub(super) use graph::graph;

/// How often a follower looks whether its run is still at work.
const LOOK: Duration = Duration::from_secs(3);

/// What can be wished of a run.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    Pause,
    Resume,
    Cancel,
    Retry,
    Finish,
}

async fn machine(running: &Running) -> Result<&Open, WireError> {
    running.enter("opening the store of research");
    let open = running.handle.research.open().await?;
    running.enter("asking the store of research");
    Ok(open)
}

/// Does work to its end, even if the client has gone by then: a run whose state is changed in part would be at work for
/// ever, or never.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, ResearchError>> + Send + 'static,
) -> Result<T, WireError> {
    match tokio::spawn(work).await {
        Ok(done) => done.map_err(|error| wire_error(&error)),
        Err(fault) => Err(crate::session::dispatch::internal(&fault.to_string())),
    }
}

/// Starts a run; it is journalled when this returns.
pub(super) async fn start(running: &Arc<Running>, args: ResearchArgs) -> Result<(), WireError> {
    say_what_is_locked(running, &args).await?;
    let open = machine(running).await?;
    let request = prepared(running, open, &args).await?;
    let known = known(&open.research, &request)
        .await
        .map_err(|error| wire_error(&error))?;
    if let Some((run, message)) = known {
        running.stream.tell(Event::Notice { message });
        return tell_run(running, &open.research, &run.0).await;
    }
    // What is wrong with a request is told by the start of its run.
    if let Ok(estimate) = open.research.estimate(&request).await {
        running.stream.tell(Event::Estimate(shape::estimate(&estimate)?));
    }
    let research = open.research.clone();
    let run = whole(async move { research.start(request).await }).await?;
    tell_run(running, &open.research, &run.0).await
}

/// The run whose report answers a request, or is about to, and what is to be said of it.
async fn known(research: &Research, request: &Request) -> Result<Option<(RunId, String)>, ResearchError> {
    if let Some(run) = research.under_way(request).await? {
        let message =
            "the same question is being answered already: this is that run; `--fresh` begins one of its own";
        return Ok(Some((run, message.to_owned())));
    }
    let Some(run) = research.answered(request).await? else {
        return Ok(None);
    };
    let view = research.show(&run).await?;
    let age = now_ms().saturating_sub(view.summary.changed_ms);
    let report = research.report(&run).await?;
    let is_of_web = |source: &Source| matches!(source.origin, Origin::Web { .. });
    let besides = if report.sources.iter().any(is_of_web) {
        "; pages of the web were not looked at again"
    } else {
        ""
    };
    let message = format!(
        "this was answered {}, and nothing on this machine that the report rests on has changed since{besides}; \
         `--fresh` asks anew",
        ago(age)
    );
    Ok(Some((run, message)))
}

/// How long ago something was, for people.
fn ago(age_ms: u64) -> String {
    let minutes = age_ms / 60_000;
    match minutes {
        0 => "a moment ago".to_owned(),
        1..60 => format!("{minutes} min ago"),
        _ => format!("{} h ago", minutes / 60),
    }
}

/// A run that nobody can write is not begun while unlocking would help; what else is locked is told beforehand, because
/// the run goes on without it.
async fn say_what_is_locked(running: &Running, args: &ResearchArgs) -> Result<(), WireError> {
    let handle = &running.handle;
    let asks_web =
        handle.settings.web.enabled && (args.sources.is_empty() || args.sources.contains(&SourceKind::Web));
    let used: Vec<_> = keys::uses(&handle.settings)
        .into_iter()
        .filter(|(_, what)| *what == keys::PROVIDER || (asks_web && *what == keys::ENGINE))
        .collect();
    let wanted = used.iter().map(|(wanted, _)| wanted.clone()).collect();
    let taken = handle.keys.take(wanted).await;
    let looked_up = || used.iter().zip(&taken);
    let mut providers = looked_up().filter(|((_, what), _)| *what == keys::PROVIDER);
    let nobody_writes = providers.all(|(_, taken)| taken.is_err());
    for ((wanted, what), taken) in looked_up() {
        let Some(problem) = taken.as_ref().err().filter(|problem| problem.is_locked()) else {
            continue;
        };
        let message = format!("{what} `{}`: {problem}", wanted.name);
        if nobody_writes && *what == keys::PROVIDER {
            return Err(WireError::new(ErrorCode::Provider, message).with_hint(problem.hint()));
        }
        let message = format!("{message}, and is left out; `aiex keys unlock` opens it");
        running.stream.tell(Event::Notice { message });
    }
    Ok(())
}

/// What a run would come to. Nothing is spent.
pub(super) async fn estimate(running: &Arc<Running>, args: ResearchArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    let request = shape::request(&args, &running.handle.settings.research, String::new())?;
    let estimate = open.research.estimate(&request).await;
    let estimate = estimate.map_err(|error| wire_error(&error))?;
    running.stream.tell(Event::Estimate(shape::estimate(&estimate)?));
    Ok(())
}

/// A refused folder is told now, and not by a run that finds nothing.
async fn prepared(running: &Arc<Running>, machine: &Open, args: &ResearchArgs) -> Result<Request, WireError> {
    let mut roots = Vec::new();
    for repo in &args.repos {
        let root = self::open(running, repo, args.yes)
            .await?
            .root()
            .display()
            .to_string();
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    // Of repositories that are not asked about, nobody is told anything.
    let context = if roots.is_empty() {
        String::new()
    } else {
        running.enter("reading what the repositories depend on");
        machine.world.local.context(&roots).await
    };
    let is_ours = |kind: &SourceKind| matches!(kind, SourceKind::Code | SourceKind::Docs | SourceKind::Git);
    // Which repositories are searched where none is named, changes with every one that comes and goes.
    let names_none = roots.is_empty() && (args.sources.is_empty() || args.sources.iter().any(is_ours));
    let world = if names_none {
        None
    } else {
        world::digest(running, machine, args, &roots).await?
    };
    let mut request = shape::request(args, &running.handle.settings.research, context)?;
    // It is kept, searched for and shown to models.
    if !secret::redact_typed(&mut request.question).is_empty() {
        let message = "what looks like a secret in the question was blotted out".to_owned();
        running.stream.tell(Event::Notice { message });
    }
    Ok(Request {
        repos: roots,
        world,
        ..request
    })
}

pub(super) async fn list(running: &Arc<Running>) -> Result<(), WireError> {
    let open = machine(running).await?;
    let runs = open.research.list().await.map_err(|error| wire_error(&error))?;
    let runs = runs.iter().map(shape::summary).collect::<Result<_, _>>()?;
    running.stream.tell(Event::Runs { runs });
    Ok(())
}

pub(super) async fn show(running: &Arc<Running>, args: RunArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    let view = open.research.show(&run_id(&args.run)).await;
    let view = view.map_err(|error| wire_error(&error))?;
    running.stream.tell(Event::RunView(Box::new(shape::view(&view)?)));
    Ok(())
}

/// Tells a run's journal from an entry on, until the run is over. Leaving never stops the run, and neither does reading
/// slowly: the journal is kept, so it is told at the pace of who reads it, without gaps.
pub(super) async fn follow(running: &Arc<Running>, args: FollowArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    let run = run_id(&args.run);
    let mut follow = open
        .research
        .follow(&run, args.from_seq)
        .await
        .map_err(|error| wire_error(&error))?;
    running.enter("following the run");
    let mut leaving = pin!(running.handle.exit_requested());
    let mut look = tokio::time::interval(LOOK);
    let mut was_idle = false;
    loop {
        let next = tokio::select! {
            biased;
            _ = &mut leaving => return Err(leaving_now()),
            next = follow.next() => next,
            // A run whose store cannot be written stops without a word.
            _ = look.tick() => {
                let is_idle = open.research.is_stranded(&run).await.map_err(|error| wire_error(&error))?;
                if is_idle && was_idle {
                    return Err(stranded());
                }
                was_idle = is_idle;
                continue;
            }
        };
        let Some(entry) = next else { return Ok(()) };
        tokio::select! {
            biased;
            _ = &mut leaving => return Err(leaving_now()),
            () = running.stream.until_read() => {}
        }
        let entry = entry.map_err(|error| wire_error(&error))?;
        running
            .stream
            .tell(Event::RunEntry(Box::new(shape::entry(&entry)?)));
    }
}

fn leaving_now() -> WireError {
    WireError::new(
        ErrorCode::Draining,
        "the daemon is about to exit; the run goes on in the next one",
    )
    .with_hint("follow it again in a moment")
}

fn stranded() -> WireError {
    WireError::new(
        ErrorCode::Storage,
        "the run stopped, because its store could not be written",
    )
    .with_hint("make room on the disk, then `aiex daemon restart`: the run goes on where it was")
}

pub(super) async fn steer(running: &Arc<Running>, args: RunArgs, wish: Wish) -> Result<(), WireError> {
    let research = &machine(running).await?.research;
    let (steered, run) = (research.clone(), run_id(&args.run));
    whole(async move {
        match wish {
            Wish::Pause => steered.pause(&run).await,
            Wish::Resume => steered.resume(&run).await,
            Wish::Cancel => steered.cancel(&run).await,
            Wish::Retry => steered.retry(&run).await,
            Wish::Finish => steered.finish_now(&run).await,
        }
    })
    .await?;
    tell_run(running, research, &args.run).await
}

pub(super) async fn approve(running: &Arc<Running>, args: ApproveArgs) -> Result<(), WireError> {
    let research = &machine(running).await?.research;
    let approval = Approval {
        plan: args.plan.as_ref().map(shape::same).transpose()?,
        note: args.note,
    };
    let (steered, run) = (research.clone(), run_id(&args.run));
    whole(async move { steered.approve(&run, approval).await }).await?;
    tell_run(running, research, &args.run).await
}

pub(super) async fn remove(running: &Arc<Running>, args: RunArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    let (research, run) = (open.research.clone(), run_id(&args.run));
    whole(async move { research.remove(&run).await }).await
}

async fn tell_run(running: &Running, research: &Research, run: &str) -> Result<(), WireError> {
    let view = research.show(&run_id(run)).await;
    let view = view.map_err(|error| wire_error(&error))?;
    running.stream.tell(Event::Run(shape::summary(&view.summary)?));
    Ok(())
}

pub(super) async fn report(running: &Arc<Running>, args: ReportArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    let report = open.research.report(&run_id(&args.run)).await;
    let report = report.map_err(|error| wire_error(&error))?;
    let document = running
        .blocking(move |_| shape::report(&args.run, &report, args.format))
        .await??;
    running.stream.tell(Event::Document(document));
    Ok(())
}

pub(super) async fn verify(running: &Arc<Running>, args: RunArgs) -> Result<(), WireError> {
    let open = machine(running).await?;
    running.enter("looking at the sources again");
    let verification = open
        .research
        .verify(&run_id(&args.run), running.stream.cancel())
        .await
        .map_err(|error| wire_error(&error))?;
    let verification = shape::verification(&args.run, &verification)?;
    running.stream.tell(Event::Verification(verification));
    Ok(())
}

pub(super) async fn templates(running: &Arc<Running>) -> Result<(), WireError> {
    let open = machine(running).await?;
    let (templates, broken) = open
        .research
        .templates()
        .await
        .map_err(|error| wire_error(&error))?;
    for error in broken {
        let message = format!("a template is left out: {error}");
        running.stream.tell(Event::Notice { message });
    }
    let templates: Vec<TemplateInfo> = templates.iter().map(shape::same).collect::<Result<_, _>>()?;
    running.stream.tell(Event::Templates { templates });
    Ok(())
}
