//! What can keep a page from being read, as closed classes with a sentence on what to do next.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// A page that could not be fetched. URLs in it carry no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL leads, or was redirected, to where no page is fetched from.
    #[error("{url} was not fetched: {why}")]
    Blocked {
        /// The URL, which may be the target of a redirect.
        url: String,
        /// What is wrong with it.
        why: Block,
    },
    /// The host's robots.txt does not allow automatic fetches of this URL.
    #[error("{url} was not fetched: robots.txt of {host} does not allow it")]
    Robots {
        /// The URL.
        url: String,
        /// Whose rules they are.
        host: String,
    },
    /// The host's robots.txt could not be read, which counts as a refusal (RFC 9309, 2.3.1.4).
    #[error("{url} was not fetched: robots.txt of {host} could not be read ({reason})")]
    RobotsUnknown {
        /// The URL.
        url: String,
        /// Whose rules are not known.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// The answer is larger than allowed; nothing of it was kept.
    #[error("the {part} of {url} is larger than {limit} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// What was too large.
        part: Part,
        /// The limit in bytes, after decompression.
        limit: usize,
    },
    /// The host took too long.
    #[error("{url} took too long: {stage} within {after:?}")]
    Timeout {
        /// The URL.
        url: String,
        /// What did not happen in time.
        stage: Stage,
        /// The time allowed.
        after: Duration,
    },
    /// The host answered with an error.
    #[error("{url} answered with HTTP {status}")]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long the host asked to wait.
        retry_after: Option<Duration>,
    },
    /// The host has to be left alone for longer than this fetch may take.
    #[error("{host} wants to be left alone for another {retry_after:?}")]
    Busy {
        /// The host.
        host: String,
        /// When the next fetch may start.
        retry_after: Duration,
    },
    /// The answer is not something with text in it.
    #[error("{url} is not text but {content_type}")]
    NotText {
        /// The URL.
        url: String,
        /// The content type, or a guess.
        content_type: String,
    },
    /// A redirect that leads nowhere.
    #[error("{url}: {problem}")]
    Redirect {
        /// The URL that redirected last.
        url: String,
        /// What is wrong with it.
        problem: RedirectProblem,
    },
    /// The answer is compressed in a way that cannot be undone.
    #[error("{url} could not be decompressed: {reason}")]
    Encoding {
        /// The URL.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// There is no such host.
    #[error("{url} could not be reached: its host has no address")]
    NoHost {
        /// The URL.
        url: String,
    },
    /// The host could not be reached, or the connection broke.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// The URL.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The HTTP client could not be built from the settings.
    #[error("the HTTP client could not be set up: {reason}")]
    Setup {
        /// What went wrong.
        reason: String,
    },
    /// The caller did not want it any more.
    #[error("the fetch was cancelled")]
    Cancelled,
}

/// Why a URL is never fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Block {
    /// Neither `http` nor `https`.
    #[error("the scheme {0} is not fetched")]
    Scheme(String),
    /// A user name or password in the URL.
    #[error("it carries credentials")]
    Credentials,
    /// No host at all.
    #[error("it names no host")]
    NoHost,
    /// A port on which no pages are expected.
    #[error("port {0} is not one for pages")]
    Port(u16),
    /// A name of this machine, a private network or a hosting company's metadata service.
    #[error("{0} is a name of a private network")]
    Name(String),
    /// An address that is not on the public internet.
    #[error("{0} is not an address of the public internet")]
    Address(IpAddr),
}

/// What was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The headers of the answer.
    Headers,
    /// The answer itself.
    Body,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Headers => "header",
            Self::Body => "content",
        })
    }
}

/// What did not happen in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The name's resolution and the connection.
    Connect,
    /// The headers of the answer.
    FirstByte,
    /// The next part of the answer.
    Idle,
    /// All of it, waiting for the host's turn included.
    Total,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::FirstByte => "no answer",
            Self::Idle => "nothing more came",
            Self::Total => "it was not complete",
        })
    }
}

/// What is wrong with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectProblem {
    /// More of them than allowed, or a circle.
    #[error("it redirects more than {0} times")]
    TooMany(usize),
    /// No target, or one that is no URL.
    #[error("it redirects to nowhere")]
    NoTarget,
}

impl FetchError {
    /// What to do next, in a whole sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => {
                "Only public http and https pages are fetched; addresses of your own network have to be configured."
            }
            Self::Robots { .. } => "Name the URL yourself to read it all the same, or open it in a browser.",
            Self::RobotsUnknown { .. } => {
                "Try again later, or name the URL yourself to read it all the same."
            }
            Self::TooLarge { .. } => "Look for a smaller page on the same subject, or raise the size limit.",
            Self::Timeout { .. } => "Try again later, or raise the deadline if the host is known to be slow.",
            Self::Status {
                status: 401 | 403 | 407,
                ..
            } => "The host does not show this page to programs.",
            Self::Status {
                status: 404 | 410, ..
            } => "The page is gone; search for where it went.",
            Self::Status { .. } => "The host has trouble; try again later.",
            Self::Busy { .. } => "Ask again after that time; other hosts are not affected.",
            Self::NotText { .. } => "Only text, HTML, JSON, XML and PDF are read.",
            Self::Redirect { .. } => "Open the page in a browser and use the address that it ends at.",
            Self::Encoding { .. } => "The host sends broken data; try again later.",
            Self::NoHost { .. } => "Check the host's name; the page may have moved.",
            Self::Unreachable { .. } => "Check the connection and the host's name.",
            Self::Setup { .. } => "Check the contact address and the system's certificates.",
            Self::Cancelled => "Start it again if it was not meant to be cancelled.",
        }
    }

    /// Whether the same fetch may succeed later without anything being changed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::RobotsUnknown { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}
