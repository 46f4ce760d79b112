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
pub use killing::{Ended, Journal, Program, followed, killed_at, killed_behind_answers, whole};
pub use model::{answer, good_model};

/// What the scripted model plans a search for.
pub const QUESTION: &str = "how long does the back-off policy wait before the next attempt";

/// A page about it, long enough that a model is asked what of it to quote.
pub const ARTICLE: &str = "# Back-off\n\nA back-off policy doubles the pause before each next attempt, from 200 ms to at most \
5 seconds. A client that waits less makes an overloaded server worse.\n\nAfter three attempts the error is given back.\n\n\
## Why clients hold back\n\nA server that has too much to do answers late, and a client that hears nothing asks once more. Each \
of these requests takes room in a queue that is full already. The queue grows, answers come later still, and in the end nothing \
is answered in time, although the server never rests. Doubling breaks this circle, because the load falls faster than the queue \
can grow.\n\n\
## What is counted\n\nThe count belongs to one request and not to the connection that it goes over. The first attempt is made at \
once and counts as one. Where the server itself names a time, that time is kept if it is the longer one. An answer that calls \
the request wrong is not counted at all, since asking once more would bring the same answer.\n\n\
## Who is told\n\nThe caller sees nothing of all this while one of the answers is good. When none of them is, the caller is given \
the last error and the number of requests that were sent. Both are written to the log as well, with the address that was asked \
and without what was sent to it.\n\n\
## Where it is set\n\nThe settings of a client name the first and the longest time, and how many requests are sent at most. They are \
read when the client is made and never change while it lives. A client that is made without settings takes those of its process, \
and a process without settings takes the ones above.\n\n\
## When it does not help\n\nHolding back helps a server that is short of room for a moment. It does nothing for one that is gone, \
or whose certificate has run out: that is told at once. A request that changes something is sent once more only if it bears a key \
by which the server knows it again, since it might otherwise be carried out twice. Whoever sends one without a key decides alone \
what is to become of it.\n";
/// Another, as long.
pub const OTHER: &str = "# Jitter\n\nThe policy adds jitter to how long it waits before an attempt, so that clients do not \
return at the same moment.\n\nWithout jitter the next attempt of every client comes at once.\n\n\
## Where the moment comes from\n\nClients that lose the same server lose it together. They all count from that moment, they all \
double alike, and so they come back in step like soldiers over a bridge. What brought the server down is thereby made again, at \
every step of the doubling, by clients that each behave well.\n\n\
## Full and equal jitter\n\nWith full jitter the pause is drawn anew each time, from nothing up to the doubled one. With equal jitter \
half of the pause is kept and the other half is drawn. Full jitter spreads clients the widest and lets a few of them come back \
early. Equal jitter keeps them all away for a while, which a server that must first read its data from the disk is glad of.\n\n\
## What is drawn from\n\nEvery client has a source of chance that is its own. One that is begun from the time of day alone is no \
better than none, since clients that start together would draw alike. The address of the machine or the number of the process \
goes into it too.\n\n\
## What it costs\n\nOn average a request that succeeds late succeeds a little later than in step. That is paid for many times over \
by the requests that need not be sent once more. Under a light load nobody notices a difference, because nearly all requests are \
answered when they are sent for the first time.\n\n\
## How it is seen\n\nA graph of requests over time shows whether jitter is at work. Where it is not, there are peaks with little \
between them, each lower and wider than the one before. Where it is, the line falls evenly and the last request is answered sooner. \
The same graph tells how far the doubling has to go: as long as the line does not fall, clients still ask for more than the server \
can give.\n";

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
        self.host
            .publish((0..pages).map(|page| Leaf::new(path(page), pause, policy(page))));
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

/// A page about a policy of its own. It names the policy so often that no other page tells nearly the same.
fn policy(page: usize) -> String {
    let mut text = format!(
        "# Policy {page}\n\nPolicy {page} waits {page} seconds before the next attempt, and twice as long before each one \
         after it.\n\nHow long policy {page} waits before an attempt is set by its owner.\n"
    );
    for attempt in 2_u32..=10 {
        let pause = page << (attempt - 1);
        text.push_str(&format!(
            "\nBefore attempt {attempt} policy {page} pauses for {pause} seconds, which the owner of policy {page} may \
             shorten. What policy {page} learns at attempt {attempt} is kept for request {page} and for no other one.\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_asked_what_to_quote_of_every_page() {
        // Texts of up to 1,500 bytes are quoted without one.
        let lengths = [ARTICLE.len(), OTHER.len(), policy(0).len()];
        assert!(lengths.iter().all(|length| *length > 1_600), "{lengths:?}");
    }
}
