//! What the program's exit code says. The one list, shown by `aiex help exit-codes`.

use aiex_protocol::ErrorCode;

/// How a run ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// It worked; a search found something.
    Ok = 0,
    /// The search worked and found nothing.
    NoHits = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The daemon could not be reached or started.
    DaemonUnavailable = 3,
    /// The daemon could not carry the request out.
    RequestFailed = 4,
    /// The repository is refused or does not exist.
    RepositoryRefused = 5,
    /// The deadline passed.
    DeadlineExceeded = 6,
    /// A service outside failed, and there is no answer without it.
    ProviderFailed = 7,
    /// A check found something that is not as it should be.
    CheckFailed = 8,
    /// A run of research ended without a report.
    ResearchFailed = 9,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
}

impl ExitCode {
    /// Every code, in order.
    pub(crate) const ALL: [ExitCode; 11] = [
        ExitCode::Ok,
        ExitCode::NoHits,
        ExitCode::Usage,
        ExitCode::DaemonUnavailable,
        ExitCode::RequestFailed,
        ExitCode::RepositoryRefused,
        ExitCode::DeadlineExceeded,
        ExitCode::ProviderFailed,
        ExitCode::CheckFailed,
        ExitCode::ResearchFailed,
        ExitCode::Interrupted,
    ];

    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// What it means, in one line.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            ExitCode::Ok => "it worked; a search found something",
            ExitCode::NoHits => "it worked, and nothing was found",
            ExitCode::Usage => "the command line, a pattern or the settings file is wrong",
            ExitCode::DaemonUnavailable => "the daemon could not be reached or started",
            ExitCode::RequestFailed => "the request failed: disk full, overloaded, a bug",
            ExitCode::RepositoryRefused => {
                "what was named is not there, or the folder is refused (`--yes` overrides)"
            }
            ExitCode::DeadlineExceeded => "the deadline passed (`--timeout`)",
            ExitCode::ProviderFailed => {
                "a model, search engine or embedder failed; the evidence that was found was printed"
            }
            ExitCode::CheckFailed => "a check failed: `aiex doctor`, `aiex verify`, `aiex research verify`",
            ExitCode::ResearchFailed => "the research ended without a report; what it found is kept",
            ExitCode::Interrupted => {
                "stopped by Ctrl-C; the work in the daemon was cancelled, research goes on"
            }
        }
    }

    /// The table for help and manual pages.
    pub(crate) fn table() -> String {
        let mut table = String::from("Exit codes:\n");
        for code in Self::ALL {
            table.push_str(&format!("  {:>3}  {}\n", code.number(), code.meaning()));
        }
        table
    }
}

impl From<ErrorCode> for ExitCode {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::InvalidRequest => ExitCode::Usage,
            ErrorCode::RootRefused | ErrorCode::NotFound => ExitCode::RepositoryRefused,
            ErrorCode::DeadlineExceeded => ExitCode::DeadlineExceeded,
            ErrorCode::Cancelled => ExitCode::Interrupted,
            ErrorCode::Provider => ExitCode::ProviderFailed,
            ErrorCode::Draining
            | ErrorCode::Overloaded
            | ErrorCode::Storage
            | ErrorCode::StreamGone
            | ErrorCode::Internal => ExitCode::RequestFailed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_listed_in_order() {
        let numbers: Vec<u8> = ExitCode::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }
}
