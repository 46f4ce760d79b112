//! The colours, by meaning. A colour never carries a meaning that the text does not.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Effects, Style};

/// Paints text, or leaves it as it is when colours are off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    is_on: bool,
}

impl Palette {
    /// A palette that paints if `is_on`.
    pub(crate) fn new(is_on: bool) -> Self {
        Self { is_on }
    }

    /// File paths.
    pub(crate) fn path<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Magenta.on_default().effects(Effects::BOLD), text)
    }

    /// Names of symbols.
    pub(crate) fn symbol<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    /// Ranks, citation ids and other handles.
    pub(crate) fn handle<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    /// What may be overlooked.
    pub(crate) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Style::new().effects(Effects::DIMMED), text)
    }

    /// What should be seen first.
    pub(crate) fn strong<T: Display>(self, text: T) -> Painted<T> {
        self.paint(Style::new().effects(Effects::BOLD), text)
    }

    /// All is well.
    pub(crate) fn good<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// Worth a look.
    pub(crate) fn warning<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Yellow.on_default().effects(Effects::BOLD), text)
    }

    /// Broken.
    pub(crate) fn bad<T: Display>(self, text: T) -> Painted<T> {
        self.paint(AnsiColor::Red.on_default().effects(Effects::BOLD), text)
    }

    fn paint<T: Display>(self, style: Style, text: T) -> Painted<T> {
        Painted {
            style: if self.is_on { style } else { Style::new() },
            text,
        }
    }
}

/// Text with its style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        // The formatter's width and alignment are for the text, not for the escape codes.
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_is_invisible_when_off_and_padding_ignores_escapes() {
        assert_eq!(format!("{:>4}", Palette::new(false).handle(7)), "   7");
        let painted = format!("{:>4}", Palette::new(true).handle(7));
        assert!(
            painted.contains("   7") && painted.starts_with('\u{1b}'),
            "{painted:?}"
        );
    }
}
