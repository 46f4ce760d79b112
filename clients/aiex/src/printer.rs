//! The only place that writes to the terminal. Data goes to stdout; progress, notices and errors to stderr.

use std::io::{self, IsTerminal, Write};

use crate::failure::{Diagnostic, Failure};
use crate::palette::Palette;
use crate::snippet::displayable_text;

/// Columns when the terminal does not say.
const DEFAULT_WIDTH: usize = 100;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The variables that speak about colours, as values.
#[derive(Debug, Default)]
struct ColorWishes {
    no_color: bool,
    force: bool,
    off: bool,
    dumb: bool,
}

impl ColorWishes {
    fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).unwrap_or_default();
        let force = text("CLICOLOR_FORCE");
        Self {
            no_color: !text("NO_COLOR").is_empty(),
            force: !force.is_empty() && force != "0",
            off: text("CLICOLOR") == "0",
            dumb: text("TERM") == "dumb",
        }
    }

    /// Flags beat `NO_COLOR`, which beats `CLICOLOR_FORCE`, which beats what the stream is.
    fn decide(&self, choice: ColorChoice, is_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.no_color => false,
            ColorChoice::Auto if self.force => true,
            ColorChoice::Auto => is_terminal && !self.off && !self.dumb,
        }
    }
}

/// Where output goes and how it should look there.
#[derive(Debug)]
pub(crate) struct Printer {
    /// For stdout.
    pub(crate) palette: Palette,
    /// For stderr.
    pub(crate) notice_palette: Palette,
    /// Whether a person reads stdout.
    pub(crate) is_terminal: bool,
    /// Whether a person reads stderr.
    pub(crate) is_notice_terminal: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
    is_quiet: bool,
}

impl Printer {
    /// Looks at the streams and at the variables that speak about colours.
    pub(crate) fn new(choice: ColorChoice, is_quiet: bool) -> Self {
        let wishes = ColorWishes::from_environment();
        let is_terminal = io::stdout().is_terminal();
        let is_notice_terminal = io::stderr().is_terminal();
        let width = if is_terminal { terminal_width() } else { None };
        Self {
            palette: Palette::new(wishes.decide(choice, is_terminal)),
            notice_palette: Palette::new(wishes.decide(choice, is_notice_terminal)),
            is_terminal,
            is_notice_terminal,
            width: width.unwrap_or(DEFAULT_WIDTH),
            is_quiet,
        }
    }

    /// Whether progress may be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.is_quiet
    }

    /// Whether a person reads both streams, so that a transient picture is welcome.
    pub(crate) fn is_interactive(&self) -> bool {
        self.is_terminal && self.is_notice_terminal && !self.is_quiet
    }

    /// Writes data to stdout.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes a document to stdout: as it is into a pipe, made safe for a terminal.
    pub(crate) fn document(&self, text: &str) -> Result<(), Failure> {
        if self.is_terminal {
            self.data(&displayable_text(text))
        } else {
            self.data(text)
        }
    }

    /// Writes one line of data to stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.data(&format!("{text}\n"))
    }

    /// Writes one line as JSON to stdout.
    pub(crate) fn json(&self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(io::Error::from)?;
        self.line(&text)
    }

    /// Writes a value as indented JSON to stdout.
    pub(crate) fn json_pretty(&self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        self.line(&text)
    }

    /// Tells the user something that is not data. `--quiet` silences it.
    pub(crate) fn notice(&self, text: &str) {
        if !self.is_quiet {
            write_to_stderr(&format!("{text}\n"));
        }
    }

    /// Asks the user something, on the line where the answer is typed.
    pub(crate) fn prompt(&self, text: &str) {
        write_to_stderr(text);
    }

    /// A notice that is worth a look.
    pub(crate) fn warning(&self, text: &str) {
        self.notice(&format!("{} {text}", self.notice_palette.warning("warning:")));
    }

    /// Tells a failure. Not silenced by `--quiet`.
    pub(crate) fn failure(&self, failure: &Failure) {
        if let Failure::Diagnostic(diagnostic) = failure {
            write_to_stderr(&render(diagnostic, self.notice_palette));
        }
    }

    /// Writes what clap has to say: help and versions to stdout, usage errors to stderr.
    pub(crate) fn usage(error: &clap::Error) {
        // Nothing is left to be done when the terminal is gone.
        let _ = error.print();
    }
}

fn write_to_stderr(text: &str) {
    // A notice that nobody can read is not worth failing for.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn render(diagnostic: &Diagnostic, palette: Palette) -> String {
    let mut text = format!("{} {}\n", palette.bad("error:"), diagnostic.message);
    for cause in &diagnostic.causes {
        text.push_str(&format!("  {} {cause}\n", palette.dim("because:")));
    }
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("{} {hint}\n", palette.good("hint:")));
    }
    text
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit_code::ExitCode;

    #[test]
    fn flags_beat_no_color_which_beats_force_which_beats_the_stream() {
        let none = ColorWishes::default();
        assert!(none.decide(ColorChoice::Auto, true));
        assert!(!none.decide(ColorChoice::Auto, false));
        let forced = ColorWishes {
            force: true,
            ..ColorWishes::default()
        };
        assert!(forced.decide(ColorChoice::Auto, false));
        let both = ColorWishes {
            force: true,
            no_color: true,
            ..ColorWishes::default()
        };
        assert!(!both.decide(ColorChoice::Auto, true));
        assert!(both.decide(ColorChoice::Always, false));
        assert!(!none.decide(ColorChoice::Never, true));
    }

    #[test]
    fn a_diagnostic_is_message_causes_hint() {
        let failure = Failure::new(ExitCode::RequestFailed, "it broke")
            .because(&io::Error::other("a wire came off"))
            .hint("solder it");
        let Failure::Diagnostic(diagnostic) = failure else {
            panic!("a diagnostic")
        };
        insta::assert_snapshot!(render(&diagnostic, Palette::new(false)), @r"
        error: it broke
          because: a wire came off
        hint: solder it
        ");
    }
}
