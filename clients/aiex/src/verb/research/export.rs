//! A report as a file.

use std::path::{Path, PathBuf};

use aiex_protocol::research::ReportFormat;
use clap::Args;

use super::watch::document;
use super::{Desk, ReadRun};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output_file;

/// Which report, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportFlags {
    #[command(flatten)]
    which: ReadRun,

    /// How it is written [default: by the file's name; Markdown otherwise]
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,

    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,

    /// Replace the file if it is there already
    #[arg(long, requires = "out")]
    force: bool,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people and other documents
    #[value(alias = "md")]
    Markdown,
    /// One page that loads nothing
    Html,
    /// Everything, for programs
    Json,
    /// The sources, for bibliographies
    #[value(alias = "bib")]
    Bibtex,
}

impl Format {
    /// What a file's name asks for.
    fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "json" => Some(Self::Json),
            "bib" => Some(Self::Bibtex),
            _ => None,
        }
    }
}

impl From<Format> for ReportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
            Format::Json => Self::Json,
            Format::Bibtex => Self::Bibtex,
        }
    }
}

/// Prints or writes it.
pub(super) async fn export(flags: &ExportFlags, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
    let run = desk.find(&flags.which.run).await?;
    let by_name = || flags.out.as_deref().and_then(Format::of);
    let format = flags.format.or_else(by_name).unwrap_or(Format::Markdown);
    let mut text = document(&run.id, format.into(), desk).await?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    match &flags.out {
        None => desk.printer.document(&text)?,
        Some(path) => {
            output_file::write(path, &text, flags.force)?;
            desk.printer.notice(&format!("wrote {}", path.display()));
        }
    }
    Ok(ExitCode::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_asks_for_a_format() {
        let format = |name: &str| Format::of(Path::new(name));
        assert_eq!(format("a/report.HTML"), Some(Format::Html));
        assert_eq!(format("report.md"), Some(Format::Markdown));
        assert_eq!(format("refs.bib"), Some(Format::Bibtex));
        assert_eq!(format("report.json"), Some(Format::Json));
        assert_eq!(
            [format("report"), format("report.txt"), format(".md")],
            [None, None, None]
        );
    }
}
