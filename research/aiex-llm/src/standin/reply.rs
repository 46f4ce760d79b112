//! What a stand-in sends, step by step. It does not know any vendor.

use std::time::Duration;

/// A scripted response. The body is sent chunked, so that a cut is seen as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside the transfer's own.
    pub headers: Vec<(String, String)>,
    /// What happens, in order; the end marker of the transfer follows unless the script hangs or cuts.
    pub steps: Vec<Step>,
}

/// One step of a [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sends a piece of the body, and before the first piece the status and the headers.
    Bytes(Vec<u8>),
    /// Sends the status and the headers alone.
    Head,
    /// Waits.
    Pause(Duration),
    /// Sends nothing more and keeps the connection open until the client closes it.
    Hang,
    /// Closes the connection without an end.
    Cut,
}

impl Reply {
    /// A response with a whole body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        let body = body.into();
        // A chunk of no bytes would end the transfer.
        let steps = if body.is_empty() {
            vec![]
        } else {
            vec![Step::Bytes(body)]
        };
        Self {
            status,
            headers,
            steps,
        }
    }

    /// A response of several pieces.
    pub(crate) fn pieces(content_type: &str, pieces: impl IntoIterator<Item = String>) -> Self {
        let mut reply = Self::new(200, content_type, "");
        reply.steps = pieces
            .into_iter()
            .map(|piece| Step::Bytes(piece.into_bytes()))
            .collect();
        reply
    }

    /// A page where JSON was expected, as a login page or a captive portal gives it.
    pub fn html(status: u16) -> Self {
        Self::new(
            status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><title>Sign in</title></html>",
        )
    }

    /// Accepts the request and never answers.
    pub fn hangs() -> Self {
        Self {
            status: 200,
            headers: vec![],
            steps: vec![Step::Hang],
        }
    }

    /// Sends the request elsewhere.
    pub fn redirect(to: &str) -> Self {
        Self::new(307, "text/plain", "").with_header("location", to)
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another content type.
    #[must_use]
    pub fn with_content_type(mut self, value: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.with_header("content-type", value)
    }

    /// The same bytes in pieces of `length`, whatever they cut apart.
    #[must_use]
    pub fn in_pieces_of(mut self, length: usize) -> Self {
        let mut steps = Vec::new();
        let mut run = Vec::new();
        let cut = |run: &mut Vec<u8>, steps: &mut Vec<Step>| {
            steps.extend(run.chunks(length.max(1)).map(|piece| Step::Bytes(piece.to_vec())));
            run.clear();
        };
        for step in self.steps {
            match step {
                Step::Bytes(bytes) => run.extend(bytes),
                other => {
                    cut(&mut run, &mut steps);
                    steps.push(other);
                }
            }
        }
        cut(&mut run, &mut steps);
        self.steps = steps;
        self
    }

    /// A pause before anything is sent.
    #[must_use]
    pub fn delayed(mut self, pause: Duration) -> Self {
        self.steps.insert(0, Step::Pause(pause));
        self
    }

    /// A pause before every piece.
    #[must_use]
    pub fn dripping(mut self, pause: Duration) -> Self {
        self.steps = self
            .steps
            .into_iter()
            .flat_map(|step| [Step::Pause(pause), step])
            .collect();
        self
    }

    /// Only the first `pieces` pieces, then `end`.
    #[must_use]
    pub fn ending_after(mut self, pieces: usize, end: Step) -> Self {
        self.steps.truncate(pieces);
        self.steps.push(end);
        self
    }

    /// Only the first `pieces` pieces, then `text` and a proper end.
    #[must_use]
    pub fn ending_with(self, pieces: usize, text: &str) -> Self {
        self.ending_after(pieces, Step::Bytes(text.as_bytes().to_vec()))
    }

    /// The body's text rewritten as a whole, sent in one piece.
    #[must_use]
    pub fn rewritten(mut self, rewrite: impl FnOnce(String) -> String) -> Self {
        let bytes: Vec<u8> = self
            .steps
            .iter()
            .filter_map(Step::bytes)
            .flatten()
            .copied()
            .collect();
        let text = rewrite(String::from_utf8_lossy(&bytes).into_owned());
        self.steps = vec![Step::Bytes(text.into_bytes())];
        self
    }

    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
        head.into_bytes()
    }
}

impl Step {
    fn bytes(&self) -> Option<&Vec<u8>> {
        if let Self::Bytes(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        529 => "Overloaded",
        _ => "Status",
    }
}
