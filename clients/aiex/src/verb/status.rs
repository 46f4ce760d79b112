//! `aiex status`: how fresh and complete the index is, and what was left out of it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aiex_protocol::repos::{Phase, RepoStatus, VectorPlace, WatchMode};
use aiex_protocol::status::{
    ComponentState, DaemonStatus, RestingKeyState, ServiceKind, ServiceStatus, SkippedArgs, SkippedReport,
    StatusArgs,
};
use aiex_protocol::{Call, Event};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::progress::phase_name;
use crate::quantity::{ago, bytes, count, counted, now_ms, percent, span};
use crate::repository;
use crate::session::Session;
use crate::snippet::displayable;
use crate::verb::cache::problem_words;

const EXAMPLES: &str = "\
Examples:
  aiex status                  the repository you stand in, and the daemon
  aiex status --all            every repository
  aiex status --skipped        which files are not indexed, and why
  aiex status --skipped secret only those left out because they hold secrets
";

/// Show how fresh and how complete the index is
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct StatusVerb {
    /// The repository to show [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    repo: Option<PathBuf>,

    /// Show every repository
    #[arg(long, short)]
    all: bool,

    /// List the files that are not indexed, all or those left out for REASON
    #[arg(long, value_name = "REASON", num_args = 0..=1, default_missing_value = "")]
    skipped: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: StatusVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let here = repository::absolute(verb.repo.as_deref())?;
    let session = Session::open(false, printer, interrupt).await?;
    if let Some(reason) = verb.skipped {
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let call = Call::Skipped(SkippedArgs {
            repo: here,
            reason: reason.clone(),
            limit: u32::MAX,
        });
        let report = session.fetch(call, printer, interrupt, |event| match event {
            Event::Skipped(report) => Some(report),
            _ => None,
        });
        let report = report.await?;
        if verb.json {
            printer.json_pretty(&report)?;
        } else {
            printer.data(&render_skipped(&report, printer.palette))?;
            if let Some(cut) = cut_short(&report, reason.as_deref()) {
                printer.notice(&cut);
            }
        }
        return Ok(ExitCode::Ok);
    }
    let status = fetch(&session, printer, interrupt).await?;
    if verb.json {
        printer.json_pretty(&status)?;
    } else {
        let shown: Vec<&RepoStatus> = status
            .repos
            .iter()
            .filter(|repo| verb.all || Path::new(&here).starts_with(&repo.root))
            .collect();
        let hidden = status.repos.len() - shown.len();
        printer.data(&render(&status, &shown, now_ms(), printer.palette))?;
        if shown.is_empty() && !verb.all {
            printer.notice("this folder is not indexed yet; the first `aiex ask` or `aiex search` does it");
        }
        if hidden > 0 {
            printer.notice(&format!(
                "{}; --all shows them",
                counted(hidden as u64, "more repository")
            ));
        }
    }
    Ok(ExitCode::Ok)
}

/// The daemon's state.
pub(crate) async fn fetch(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<DaemonStatus, Failure> {
    let call = Call::Status(StatusArgs::default());
    let status = session.fetch(call, printer, interrupt, |event| match event {
        Event::Status(status) => Some(*status),
        _ => None,
    });
    status.await
}

/// The daemon, then each repository.
pub(crate) fn render(status: &DaemonStatus, repos: &[&RepoStatus], now: u64, palette: Palette) -> String {
    let mut text = String::new();
    for repo in repos {
        render_repo(&mut text, repo, now, palette);
        text.push('\n');
    }
    render_daemon(&mut text, status, now, palette);
    text
}

fn render_daemon(text: &mut String, status: &DaemonStatus, now: u64, palette: Palette) {
    let up = span(Duration::from_millis(now.saturating_sub(status.started_at_ms)));
    let _ = writeln!(
        text,
        "{} {}, pid {}, up {up}, {}, {}",
        palette.strong("daemon"),
        status.build.version,
        status.pid,
        counted(u64::from(status.clients), "client"),
        counted(u64::from(status.running_requests), "running request"),
    );
    let budgets = &status.budgets;
    let mut memory = format!(
        "{} of {}",
        bytes(budgets.memory_used),
        bytes(budgets.memory_budget)
    );
    if let Some(mapped) = budgets.memory_of_files {
        let _ = write!(
            memory,
            ", and {} of files, which the system may take back",
            bytes(mapped)
        );
    }
    row(text, palette, "memory", &memory);
    let watches = format!(
        "{} of {} folders",
        count(budgets.watches_used),
        count(budgets.watches_budget)
    );
    row(text, palette, "watches", &watches);
    let disk = match budgets.disk_budget {
        Some(budget) => format!("{} of {}", bytes(budgets.disk_used), bytes(budget)),
        None => bytes(budgets.disk_used),
    };
    row(text, palette, "disk", &disk);
    if let Some(handles) = budgets.handles {
        let files = format!(
            "{} of {} open; {}",
            count(handles.files_open),
            count(handles.files_budget),
            counted(handles.threads, "thread")
        );
        row(text, palette, "files", &files);
    }
    let asked = status.cache.hits + status.cache.misses;
    if asked > 0 {
        let share = percent(status.cache.hits, asked);
        row(
            text,
            palette,
            "cache",
            &format!("{share} % of {} answered from it", counted(asked, "search")),
        );
    }
    if let Some(problem) = &status.cache_problem {
        row(
            text,
            palette,
            "caches",
            &palette.warning(problem_words(problem)).to_string(),
        );
    }
    row(text, palette, "embedder", &status.embedder);
    if let Some(problem) = &status.embedder_problem {
        row(text, palette, "", &palette.warning(problem).to_string());
    }
    if let Some(server) = &status.vector_server {
        row(text, palette, "vectors", &displayable(server));
    }
    if let Some(problem) = &status.vector_server_problem {
        row(
            text,
            palette,
            "",
            &palette.warning(displayable(problem)).to_string(),
        );
    }
    for service in &status.services {
        let label = match service.kind {
            ServiceKind::Provider => "provider",
            ServiceKind::Engine => "engine",
        };
        let trouble = service_trouble(service);
        let words = trouble.as_ref().map_or_else(
            || "in order".to_owned(),
            |trouble| palette.warning(displayable(trouble)).to_string(),
        );
        row(
            text,
            palette,
            label,
            &format!("{}: {words}", displayable(&service.name)),
        );
    }
    row(text, palette, "home", &status.home);
    for component in &status.components {
        let is_well = matches!(component.state, ComponentState::Running | ComponentState::Stopped);
        if is_well && component.restarts == 0 {
            continue;
        }
        let state = match component.state {
            ComponentState::Running => "running",
            ComponentState::BackingOff => "failed, will be started again",
            ComponentState::Stopped => "stopped",
            ComponentState::GivenUp => "failed too often, given up",
        };
        let why = component.last_error.as_deref().unwrap_or("no reason given");
        let line = format!(
            "{}: {state}, {}: {why}",
            component.name,
            counted(u64::from(component.restarts), "restart")
        );
        row(
            text,
            palette,
            "component",
            &palette.warning(displayable(&line)).to_string(),
        );
    }
}

/// Why a service is not asked, or not with every key; nothing when it is.
pub(crate) fn service_trouble(service: &ServiceStatus) -> Option<String> {
    let left = |seconds: u64| span(Duration::from_secs(seconds));
    let rest = service.rest.as_ref();
    let rest = rest.map(|rest| format!("rests for {} because of: {}", left(rest.left_s), rest.reason));
    let keys = service.keys.iter().map(|key| {
        let mut words = format!("key {} ", key.number);
        words.push_str(match key.state {
            RestingKeyState::Rejected => "was rejected",
            RestingKeyState::Exhausted => "is used up",
            RestingKeyState::Limited => "was used too often",
        });
        if !key.message.is_empty() {
            words.push_str(&format!(" ({})", key.message));
        }
        if let Some(seconds) = key.left_s {
            words.push_str(&format!(" and is used again in {}", left(seconds)));
        }
        words
    });
    let all: Vec<String> = rest.into_iter().chain(keys).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn render_repo(text: &mut String, repo: &RepoStatus, now: u64, palette: Palette) {
    let branch = repo
        .branch
        .as_deref()
        .map(|name| format!("  {name}"))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "{}{}",
        palette.path(displayable(&repo.root)),
        palette.dim(displayable(&branch))
    );
    row(text, palette, "state", &state_of(repo, now, palette));
    if let Some(problem) = &repo.problem {
        row(
            text,
            palette,
            "problem",
            &palette.bad(displayable(problem)).to_string(),
        );
    }
    let mut files = format!(
        "{} indexed, {} skipped",
        count(repo.files_indexed),
        count(repo.files_skipped)
    );
    if repo.files_failed > 0 {
        let _ = write!(files, ", {} failed", count(repo.files_failed));
    }
    if repo.stale_files > 0 {
        let _ = write!(files, ", {} changed since", count(repo.stale_files));
    }
    row(text, palette, "files", &files);
    let mut chunks = count(repo.chunks);
    if repo.chunks_embedded < repo.chunks {
        let _ = write!(
            chunks,
            " ({} % with vectors)",
            percent(repo.chunks_embedded, repo.chunks)
        );
    }
    row(
        text,
        palette,
        "chunks",
        &format!("{chunks}, {}", counted(repo.symbols, "symbol")),
    );
    let kept = match &repo.vector_collection {
        Some(collection) => Some(format!("in {collection} on the server")),
        // Nobody without a server needs to be told that there is one place.
        None => repo.vectors_moving_to.map(|_| "on this machine".to_owned()),
    };
    if let Some(mut kept) = kept {
        kept.push_str(match repo.vectors_moving_to {
            Some(VectorPlace::Local) => ", moving to this machine",
            Some(VectorPlace::Server) => ", moving to the server",
            None => "",
        });
        row(text, palette, "vectors", &displayable(&kept));
    }
    let size = format!(
        "{} of source, {} on disk",
        bytes(repo.source_bytes),
        bytes(repo.disk_bytes)
    );
    row(text, palette, "size", &size);
    let watch = match &repo.watch {
        WatchMode::Events { watches } => format!("by events, {}", counted(*watches, "folder")),
        WatchMode::Polling { interval_s, reason } => format!("scanned every {interval_s} s: {reason}"),
        WatchMode::Off { reason } => format!("off: {reason}"),
    };
    row(text, palette, "watched", &displayable(&watch));
    for store in &repo.quarantined {
        row(text, palette, "rebuilt", &displayable(store));
    }
}

/// What the index is doing, in one line.
pub(crate) fn state_of(repo: &RepoStatus, now: u64, palette: Palette) -> String {
    let generation = format!("generation {}", repo.generation);
    match repo.phase {
        Phase::Idle if repo.is_complete => {
            format!(
                "{}, {generation}, checked {}",
                palette.good("up to date"),
                ago(repo.fresh_at_ms, now)
            )
        }
        Phase::Idle => format!("{}, {generation}", palette.warning("incomplete")),
        Phase::Failed => palette.bad("failed").to_string(),
        phase => {
            let mut text = phase_name(phase).to_owned();
            if repo.total > 0 {
                let share = percent(repo.done, repo.total);
                let _ = write!(
                    text,
                    ", {} of {} ({share} %)",
                    count(repo.done),
                    count(repo.total)
                );
            }
            if repo.rate >= 1.0 {
                let _ = write!(text, ", {}/s", count(repo.rate as u64));
            }
            text
        }
    }
}

fn row(text: &mut String, palette: Palette, label: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", palette.dim(format!("{label:<9}")));
}

/// What to say when not every file is listed: one answer holds so many.
fn cut_short(report: &SkippedReport, reason: Option<&str>) -> Option<String> {
    let listed = report.files.len() as u64;
    let asked = report
        .reasons
        .iter()
        .filter(|of| reason.is_none_or(|reason| reason == of.reason));
    let all: u64 = asked.map(|of| of.files).sum();
    (listed < all).then(|| {
        format!(
            "{} of {} listed; name a reason to see its files",
            count(listed),
            counted(all, "file")
        )
    })
}

fn render_skipped(report: &SkippedReport, palette: Palette) -> String {
    let mut text = String::new();
    for reason in &report.reasons {
        let _ = writeln!(
            text,
            "{:>8}  {}",
            count(reason.files),
            palette.strong(&reason.reason)
        );
    }
    if !report.files.is_empty() {
        text.push('\n');
    }
    for file in &report.files {
        let detail = if file.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", displayable(&file.detail))
        };
        let _ = writeln!(
            text,
            "{}  {}{}",
            palette.path(displayable(&file.path)),
            file.reason,
            palette.dim(detail)
        );
    }
    if report.redactions > 0 {
        let _ = writeln!(
            text,
            "\n{} blotted out of indexed files",
            counted(report.redactions, "secret")
        );
    }
    if text.is_empty() {
        text.push_str("every file is indexed\n");
    }
    text
}
