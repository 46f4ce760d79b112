//! A report as a file.

use std::path::{Path, PathBuf};

use aiex_protocol::research::ReportFormat;
use clap::Args;

use super::watch::document;
use super::{Desk, ReadRun};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output_file;
use crate::snippet::one_line;

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
    /// What a file's name asks for; Markdown without an ending.
    fn of(file: &Path) -> Result<Self, Failure> {
        let Some(ending) = file.extension() else {
            return Ok(Self::Markdown);
        };
        match ending.to_string_lossy().to_lowercase().as_str() {
            "md" | "markdown" => Ok(Self::Markdown),
            "html" | "htm" => Ok(Self::Html),
            "json" => Ok(Self::Json),
            "bib" => Ok(Self::Bibtex),
            other => {
                let message = format!("no report is written as `.{}`", one_line(other));
                Err(Failure::new(ExitCode::Usage, message).hint(
                    "endings are .md, .markdown, .html, .htm, .json and .bib; with another, --format says how it is written",
                ))
            }
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
    let format = match (flags.format, &flags.out) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of(path)?,
        (None, None) => Format::Markdown,
    };
    let run = desk.find(&flags.which.run).await?;
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
        let format = |name: &str| Format::of(Path::new(name)).ok();
        assert_eq!(format("a/report.HTML"), Some(Format::Html));
        assert_eq!(format("report.md"), Some(Format::Markdown));
        assert_eq!(format("refs.bib"), Some(Format::Bibtex));
        assert_eq!(format("report.json"), Some(Format::Json));
        assert_eq!(
            [format("report"), format(".md")],
            [Some(Format::Markdown); 2],
            "without an ending"
        );
    }

    #[test]
    fn an_ending_that_is_unknown_is_refused_with_those_that_are_known() {
        let Err(Failure::Diagnostic(told)) = Format::of(Path::new("report.PDF")) else {
            panic!("it was taken");
        };
        assert_eq!(told.exit, ExitCode::Usage);
        assert_eq!(told.message, "no report is written as `.pdf`");
        let hints = format!("{told:?}");
        for ending in [".md", ".html", ".json", ".bib"] {
            assert!(hints.contains(ending), "{hints}");
        }
    }
}
