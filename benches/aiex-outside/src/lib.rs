//! What lies outside of this machine, as stand-ins that count what they are asked: a model that does its work, a search
//! engine, and a host with pages. Tests and measurements run the real program against them, over real HTTP.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod host;
mod killing;
mod model;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use aiex_llm::standin::StandIn as Model;
use aiex_web::EngineKind;
use aiex_web::standin::{Page, StandIn as Engine};

pub use aiex_llm::standin::{Fault, Received, Said};
pub use host::{Host, Leaf};
pub use killing::{Ended, Journal, Program, followed, killed_at, whole};
pub use model::{answer, good_model};

/// What the scripted model plans a search for.
pub const QUESTION: &str = "how long does the back-off policy wait before the next attempt";

/// A page about it.
pub const ARTICLE: &str = "# Back-off\n\nA back-off policy doubles the pause before each next attempt, from 200 ms to at most \
5 seconds. A client that waits less makes an overloaded server worse.\n\nAfter three attempts the error is given back.\n";
/// Another.
pub const OTHER: &str = "# Jitter\n\nThe policy adds jitter to how long it waits before an attempt, so that clients do not \
return at the same moment.\n\nWithout jitter the next attempt of every client comes at once.\n";

/// Why something here could not be done.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A model, a search engine and the host whose pages it finds.
#[derive(Debug)]
pub struct Outside {
    /// Speaks as OpenAI's chat interface does.
    pub model: Model,
    /// Speaks as SearXNG does.
    pub engine: Engine,
    /// Has the pages.
    pub host: Host,
}

impl Outside {
    /// Everything works, and takes so long for each answer.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub fn start(pause: Duration) -> io::Result<Self> {
        Self::with_model(pause, move |request: &Received| {
            Said::Slowly(pause, model::answer(request))
        })
    }

    /// The same with another model.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub fn with_model<S: Into<Said>>(
        pause: Duration,
        says: impl Fn(&Received) -> S + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let leaf = |path: &str, text: &str| Leaf::new(path, pause, text);
        let host = Host::start([leaf("/policy.md", ARTICLE), leaf("/jitter.md", OTHER)])?;
        let engine = Engine::start()?;
        engine.slow(&EngineKind::SearxNg, pause);
        let about = "how long the policy waits before the next attempt";
        engine.always(
            &EngineKind::SearxNg,
            [
                Page::new(host.url("/policy.md"), "Back-off policy", about),
                Page::new(host.url("/jitter.md"), "Jitter", about),
            ],
        );
        Ok(Self {
            model: Model::answering(says)?,
            engine,
            host,
        })
    }

    /// Has so many pages more, each of which comes after a pause, and finds all of them and no others.
    pub fn publish(&self, pages: usize, pause: Duration) {
        let path = |page: usize| format!("/policy/{page}.md");
        let text = |page: usize| {
            format!(
                "# Policy {page}\n\nPolicy {page} waits {page} seconds before the next attempt, and twice as long before \
                 each one after it.\n\nHow long policy {page} waits before an attempt is set by its owner.\n"
            )
        };
        self.host
            .publish((0..pages).map(|page| Leaf::new(path(page), pause, text(page))));
        let found = (0..pages).map(|page| {
            let about = format!("how long policy {page} waits before the next attempt");
            Page::new(self.host.url(&path(page)), format!("Policy {page}"), about)
        });
        self.engine.always(&EngineKind::SearxNg, found);
    }

    /// Lets every service fail so many requests of a hundred by chance, in ways that pass.
    pub fn fail_by_chance(&self, share: f64, seed: u64) {
        self.engine.fail_by_chance(share, seed);
        self.host.fail_by_chance(share);
    }

    /// Searches, whatever for.
    pub fn searches(&self) -> usize {
        self.engine.count(&EngineKind::SearxNg)
    }

    /// Settings by which aiex asks all of them, and nobody else.
    pub fn settings(&self) -> String {
        format!(
            "[web]\nenabled = true\nkeyless = false\nreachable = [\"{}\"]\n\
             [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\nrequests_per_minute = 1000000\n\
             [[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
            self.host.address(),
            self.engine.url(&EngineKind::SearxNg),
            self.model.url(),
        )
    }

    /// How often each thing was asked for: searches, pages and answers. What a host says of robots is left out, because
    /// every process asks for it anew.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        let searches = self.engine.received().into_iter();
        let searches = searches.map(|request| format!("search {}", request.path));
        let answers = self.model.received().into_iter();
        let answers = answers.map(|request| format!("answer {}", request.body));
        for one in searches.chain(answers) {
            *asked.entry(one).or_default() += 1;
        }
        for (path, times) in self.host.asked() {
            if path != "/robots.txt" {
                asked.insert(format!("page {path}"), times);
            }
        }
        asked
    }
}
