//! `aiex backup`, `aiex restore` and `aiex verify`: what a user made, copied away, brought back, and looked through.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use aiex_backup::BackupError;
use aiex_backup::manifest::Manifest;
use aiex_backup::restore::{self, Step};
use aiex_backup::verify::{self, Looked};
use aiex_backup::write::{self, Stamp};
use aiex_config::{Home, ProcessEnvironment};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::quantity::bytes;
use crate::session::locate_home;
use crate::snippet::one_line;

const BACKUP_EXAMPLES: &str = "\
Examples:
  aiex backup ~/backups                 into a new folder there, while the daemon goes on working
  aiex backup ~/backups --keep 7        and no more than the last seven stay

What can be computed again is left out: indexes, caches. Keys in an encrypted file are copied as they are; those that the
system keeps stay there.
";

/// Copy what you made into a folder: settings, history, bookmarks, research, keys
#[derive(Debug, Args)]
#[command(after_long_help = BACKUP_EXAMPLES)]
pub(crate) struct BackupVerb {
    /// The folder to make the backup in
    #[arg(value_name = "FOLDER")]
    into: PathBuf,

    /// Delete the oldest backups there until this many are left
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,

    /// Words to find it again by
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Bring a backup back; what it replaces is set aside, not deleted
#[derive(Debug, Args)]
pub(crate) struct RestoreVerb {
    /// The folder that `aiex backup` made
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// Only say what would be replaced
    #[arg(long)]
    dry_run: bool,
}

/// Read every byte of what you made, or of a backup of it, and say whether it is sound
#[derive(Debug, Args)]
pub(crate) struct VerifyVerb {
    /// A folder that `aiex backup` made; without one, what is in use
    #[arg(value_name = "BACKUP")]
    backup: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Carries `backup` out.
pub(crate) fn backup(verb: &BackupVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    let stamp = Stamp {
        aiex: env!("CARGO_PKG_VERSION").to_owned(),
        made_at_ms: now_ms(),
        note: verb.note.clone(),
    };
    let keep = verb.keep.map(|keep| keep as usize);
    let written = write::write(&home()?, &verb.into, stamp, keep).map_err(|error| failure(&error))?;
    if verb.json {
        printer.json(&serde_json::json!({
            "folder": written.folder,
            "manifest": written.manifest,
            "deleted": written.deleted,
        }))?;
        return Ok(ExitCode::Ok);
    }
    printer.data(&format!("{}\n", written.folder.display()))?;
    for file in &written.manifest.files {
        printer.notice(&format!("{:>10}  {}", bytes(file.bytes), file.what));
    }
    for folder in &written.deleted {
        printer.notice(&format!("deleted {}", folder.display()));
    }
    Ok(ExitCode::Ok)
}

/// Carries `restore` out.
pub(crate) fn restore(verb: &RestoreVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    let home = home()?;
    if verb.dry_run {
        let (manifest, steps) = restore::plan(&home, &verb.backup).map_err(|error| failure(&error))?;
        printer.notice(&about(&manifest));
        printer.data(&told(&steps, "would be "))?;
        return Ok(ExitCode::Ok);
    }
    let restored = restore::restore(&home, &verb.backup).map_err(|error| failure(&error))?;
    printer.data(&told(&restored.steps, ""))?;
    if let Some(aside) = &restored.aside {
        printer.notice(&format!("what was there before lies in {}", aside.display()));
    }
    Ok(ExitCode::Ok)
}

/// Carries `verify` out.
pub(crate) fn verify(verb: &VerifyVerb, printer: &Printer) -> Result<ExitCode, Failure> {
    let Some(folder) = &verb.backup else {
        return verify_home(verb.json, printer);
    };
    let manifest = verify::backup(folder).map_err(|error| failure(&error))?;
    if verb.json {
        printer.json(&manifest)?;
    } else {
        printer.data(&format!("sound: {}\n", about(&manifest)))?;
    }
    Ok(ExitCode::Ok)
}

fn verify_home(json: bool, printer: &Printer) -> Result<ExitCode, Failure> {
    let parts = verify::home(&home()?).map_err(|error| failure(&error))?;
    let mut exit = ExitCode::Ok;
    let mut text = String::new();
    for Looked { part, read } in &parts {
        let path = part.path.display().to_string();
        let problem = read.as_ref().err().map(ToString::to_string);
        if json {
            let bytes = read.as_ref().ok();
            printer.json(
                &serde_json::json!({"what": part.what, "path": path, "bytes": bytes, "problem": problem}),
            )?;
        }
        let _ = match (read, &problem) {
            (Ok(length), _) => writeln!(text, "ok    {:<26}{}", part.what, bytes(*length)),
            (Err(_), problem) => {
                exit = ExitCode::CheckFailed;
                let problem = one_line(problem.as_deref().unwrap_or_default());
                writeln!(text, "fail  {:<26}{problem}", part.what)
            }
        };
    }
    if parts.is_empty() {
        printer.notice("nothing is there yet");
    }
    if !json {
        printer.data(&text)?;
    }
    if exit == ExitCode::CheckFailed {
        printer.notice(
            "`aiex restore BACKUP` brings back what a backup holds; the indexes are seen to by the daemon",
        );
    }
    Ok(exit)
}

fn home() -> Result<Home, Failure> {
    locate_home(&ProcessEnvironment)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A backup in a line.
fn about(manifest: &Manifest) -> String {
    let whats: Vec<&str> = manifest.files.iter().map(|file| file.what.as_str()).collect();
    let mut text = format!("{}, {}", whats.join(", "), bytes(manifest.bytes()));
    if !manifest.note.is_empty() {
        let _ = write!(text, " ({})", one_line(&manifest.note));
    }
    text
}

fn told(steps: &[Step], would: &str) -> String {
    let mut text = String::new();
    for step in steps {
        let done = if step.replaces { "replaced" } else { "put back" };
        let path = step.part.path.display();
        let _ = writeln!(text, "{would}{done}  {}  {path}", step.part.what);
    }
    text
}

fn failure(error: &BackupError) -> Failure {
    let (exit, hint) = match error {
        BackupError::Damaged { .. } => (
            ExitCode::CheckFailed,
            "nothing was changed; take another backup, or `aiex verify` to see what is sound",
        ),
        BackupError::NoBackup { .. } => (
            ExitCode::RepositoryRefused,
            "name the folder that `aiex backup` printed",
        ),
        BackupError::Newer { .. } => (ExitCode::RequestFailed, "take the version of aiex that wrote it"),
        BackupError::Nothing => (ExitCode::NoHits, "it is made by using aiex"),
        BackupError::DaemonRuns => (
            ExitCode::RequestFailed,
            "stop it first with `aiex daemon stop`, and whatever would start it again",
        ),
        BackupError::Io { .. } | BackupError::Database { .. } | BackupError::Lock(_) => (
            ExitCode::RequestFailed,
            "see that there is room, and that the folder may be written to",
        ),
    };
    Failure::from_error(exit, error).hint(hint)
}
