//! The evidence that the tests of this crate share.
#![allow(dead_code, unreachable_pub)]

use aiex_evidence::{Catalogue, Document, Evidence, Origin, Quote, Quotes, Sentence, SourceId, Verdict};

/// Sources and quotes of a small run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub sources: Catalogue,
    pub quotes: Quotes,
}

impl Run {
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            sources: &self.sources,
            quotes: self.quotes.as_slice(),
        }
    }

    /// A page of the web.
    pub fn page(&mut self, url: &str, title: &str, text: &str) -> SourceId {
        self.document(Origin::Web { url: url.to_owned() }, title, text)
    }

    /// A span of a file that begins at a line.
    pub fn code(&mut self, path: &str, first_line: u32, text: &str) -> SourceId {
        let lines = u32::try_from(text.lines().count()).unwrap();
        let origin = Origin::Code {
            repo: "demo".to_owned(),
            root: "/repos/demo".to_owned(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
            path: path.to_owned(),
            first_line,
            last_line: first_line + lines - 1,
        };
        self.document(origin, path, text)
    }

    pub fn document(&mut self, origin: Origin, title: &str, text: &str) -> SourceId {
        self.sources.add(Document {
            origin,
            title: title.to_owned(),
            date: None,
            read_at: 1_795_219_200,
            text: text.to_owned(),
            licence: None,
            instructs: false,
        })
    }

    /// Quotes a source, and gives the quote back.
    pub fn quote(&mut self, source: SourceId, text: &str) -> Quote {
        let id = self
            .quotes
            .accept(self.sources.get(source).unwrap(), text, None)
            .unwrap();
        self.quotes.get(id).unwrap().clone()
    }

    /// A run with one page that is quoted whole.
    pub fn saying(text: &str) -> (Self, Quote) {
        let mut run = Self::default();
        let id = run.page("https://example.org/doc", "A document", text);
        let quote = run.quote(id, text);
        (run, quote)
    }
}

/// A sentence that cites one quote.
pub fn citing(text: &str, quote: &Quote) -> Sentence {
    Sentence {
        text: text.to_owned(),
        cites: vec![quote.id],
        verdict: Some(Verdict::Unchecked),
        reason: None,
        judged: false,
    }
}

/// The evidence of most tests: a page, another page that disagrees, documentation, a span of code.
pub fn small_run() -> Run {
    let mut run = Run::default();
    let page = run.page(
        "https://example.org/runtime?a=1&b=2",
        "The runtime | Example [docs]",
        "The runtime starts one worker thread per core. The blocking pool holds at most 512 threads. \
         An idle thread of the pool is stopped after 10 seconds. See the page on [tuning](https://example.org/tuning).",
    );
    run.quote(page, "The blocking pool holds at most 512 threads.");
    run.quote(page, "An idle thread of the pool is stopped after 10 seconds.");
    let other = run.page(
        "https://other.example/post",
        "A post",
        "In my tests the blocking pool holds at most 500 threads. Everything was measured on 2024-05-03.",
    );
    run.quote(other, "In my tests the blocking pool holds at most 500 threads.");
    let docs = run.document(
        Origin::Docs {
            package: "tokio".to_owned(),
            version: "1.38.0".to_owned(),
            root: "/deps/tokio-1.38.0".to_owned(),
            path: "src/task/blocking.rs".to_owned(),
            first_line: 70,
            last_line: 72,
        },
        "tokio::task::spawn_blocking",
        "/// Runs the provided closure on a thread where blocking is acceptable.\n///\npub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>",
    );
    run.quote(
        docs,
        "Runs the provided closure on a thread where blocking is acceptable.",
    );
    let code = run.code(
        "src/pool.rs",
        40,
        "/// How many threads the pool may have.\npub const MAX_THREADS: usize = 512;\n\npub fn pool() -> Pool {\n    Pool::new(MAX_THREADS)\n}",
    );
    run.quote(code, "pub const MAX_THREADS: usize = 512;");
    run
}
