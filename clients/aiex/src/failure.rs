//! Why a verb ended early: a diagnostic for the user, a closed pipe, or Ctrl-C.
//!
//! Libraries raise typed errors; here they become a sentence, its causes, a hint and an exit code.

use std::error::Error;
use std::io;

use aiex_protocol::WireError;

use crate::exit_code::ExitCode;

/// Why a verb ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell the user.
    Diagnostic(Box<Diagnostic>),
    /// Whoever read the output has seen enough: end quietly.
    OutputClosed,
    /// Ctrl-C.
    Interrupted,
}

/// One readable failure.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    /// What the program ends with.
    pub(crate) exit: ExitCode,
    /// What happened.
    pub(crate) message: String,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure without causes or hint.
    pub(crate) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Failure::Diagnostic(Box::new(Diagnostic {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }))
    }

    /// A failure that tells an error and everything beneath it.
    pub(crate) fn from_error(exit: ExitCode, error: &dyn Error) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Wrappers that pass a message through would have it read twice.
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            next = cause.source();
        }
        Failure::Diagnostic(Box::new(Diagnostic {
            exit,
            message: error.to_string(),
            causes,
            hint: None,
        }))
    }

    /// The same with advice; advice already given stays.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Failure::Diagnostic(diagnostic) = &mut self {
            diagnostic.hint.get_or_insert_with(|| hint.into());
        }
        self
    }

    /// The same with `error` as the innermost cause.
    #[must_use]
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        if let Failure::Diagnostic(diagnostic) = &mut self {
            diagnostic.causes.push(error.to_string());
        }
        self
    }

    /// What the program ends with.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Failure::Diagnostic(diagnostic) => diagnostic.exit,
            Failure::OutputClosed => ExitCode::Ok,
            Failure::Interrupted => ExitCode::Interrupted,
        }
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Failure::Diagnostic(Box::new(Diagnostic {
            exit: error.code.into(),
            message: error.message,
            causes: Vec::new(),
            hint: error.hint,
        }))
    }
}

/// A failure to write output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::OutputClosed
        } else {
            Failure::new(ExitCode::RequestFailed, "the output could not be written").because(&error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_chain_of_causes_is_kept() {
        let failure = Failure::from_error(ExitCode::RequestFailed, &Outer(io::Error::other("inner")));
        let Failure::Diagnostic(diagnostic) = failure else {
            panic!("a diagnostic")
        };
        assert_eq!(
            (diagnostic.message.as_str(), diagnostic.causes.as_slice()),
            ("outer", &["inner".to_owned()][..])
        );
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit(), ExitCode::Ok);
    }

    #[test]
    fn the_first_hint_wins() {
        let failure = Failure::new(ExitCode::Usage, "wrong")
            .hint("first")
            .hint("second");
        let Failure::Diagnostic(diagnostic) = failure else {
            panic!("a diagnostic")
        };
        assert_eq!(diagnostic.hint.as_deref(), Some("first"));
    }
}
