//! Long work shown as it goes: bars on a terminal, a plain line now and then otherwise. Always on stderr.

use std::time::{Duration, Instant};

use aiex_protocol::repos::{IndexProgress, Phase};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::printer::Printer;
use crate::quantity;

/// The least time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(2);
/// Work shorter than this is not worth a bar.
const BAR_DELAY: Duration = Duration::from_millis(250);
/// How often a spinner turns.
const SPIN_INTERVAL: Duration = Duration::from_millis(120);

/// Shows how far something is, until dropped or cleared.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    last_shown: Instant,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Nothing is shown yet.
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self {
            printer,
            last_shown: Instant::now(),
            bar: None,
        }
    }

    /// Shows how far indexing is.
    pub(crate) fn index(&mut self, progress: &IndexProgress) {
        let unit = if progress.phase == Phase::Embedding {
            "chunks"
        } else {
            "files"
        };
        let rate = if progress.rate >= 1.0 {
            format!("{}/s", quantity::count(progress.rate as u64))
        } else {
            String::new()
        };
        self.step(
            phase_name(progress.phase),
            progress.done,
            progress.total,
            unit,
            &rate,
        );
    }

    /// Shows how far counted work is.
    pub(crate) fn step(&mut self, label: &str, done: u64, total: u64, unit: &str, detail: &str) {
        if !self.printer.shows_progress() {
            return;
        }
        if self.printer.is_notice_terminal {
            let Some(bar) = self.bar() else { return };
            bar.set_style(bar_style());
            bar.set_prefix(label.to_owned());
            bar.set_length(total.max(done));
            bar.set_position(done);
            bar.set_message(format!("{unit} {detail}"));
        } else if self.last_shown.elapsed() >= LINE_INTERVAL {
            self.last_shown = Instant::now();
            let share = if total > 0 {
                format!(" ({} %)", quantity::percent(done, total))
            } else {
                String::new()
            };
            let of = if total > 0 {
                format!(" of {}", quantity::count(total))
            } else {
                String::new()
            };
            let line = format!("{label}: {}{of} {unit}{share} {detail}", quantity::count(done));
            self.printer.notice(line.trim_end());
        }
    }

    /// Shows lines that vanish when something better comes. For terminals only.
    pub(crate) fn preview(&mut self, lines: &str) {
        if !self.printer.is_interactive() {
            return;
        }
        let bar = self.bar.get_or_insert_with(new_bar);
        bar.set_style(preview_style());
        bar.set_message(lines.trim_end().to_owned());
        bar.tick();
    }

    /// Shows what is going on, in one line with a spinner. Nothing where nobody looks: pipes get [notes](Self::note).
    pub(crate) fn live(&mut self, line: &str) {
        if !(self.printer.shows_progress() && self.printer.is_notice_terminal) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = new_bar();
            bar.set_style(live_style());
            bar.enable_steady_tick(SPIN_INTERVAL);
            bar
        });
        bar.set_message(line.to_owned());
    }

    /// Tells a line that stays, above what is shown.
    pub(crate) fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.notice(line)),
            None => self.printer.notice(line),
        }
    }

    /// Takes away what is shown, so that lasting text can be written.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&mut self) -> Option<&ProgressBar> {
        if self.bar.is_none() && self.last_shown.elapsed() < BAR_DELAY {
            return None;
        }
        Some(self.bar.get_or_insert_with(new_bar))
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

fn new_bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>10} [{bar:30}] {human_pos}/{human_len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}

fn preview_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn live_style() -> ProgressStyle {
    // Cut to the terminal, so that the line never becomes two.
    ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A phase as people call it.
pub(crate) fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Opening => "opening",
        Phase::Scanning => "scanning",
        Phase::Indexing => "indexing",
        Phase::Embedding => "embedding",
        Phase::Idle => "idle",
        Phase::Failed => "failed",
    }
}
