//! What a connection has searched for lately, so that a search can take the place of an earlier one.

use std::collections::VecDeque;

use aiex_protocol::search::SearchArgs;
use aiex_protocol::{Call, RequestId};

/// Searches remembered. Who searches while typing refines the last one or one just before.
const REMEMBERED: usize = 16;

/// The latest searches of a connection, the newest last.
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<(RequestId, String)>);

impl Asked {
    /// Remembers a search or a question; any other call is none, and takes its id from what had it before.
    pub(super) fn note(&mut self, id: RequestId, call: &Call) {
        self.0.retain(|(known, _)| *known != id);
        if let Some(search) = search_of(call) {
            if self.0.len() >= REMEMBERED {
                self.0.pop_front();
            }
            self.0.push_back((id, search.query.clone()));
        }
    }

    /// What the search of this id looked for.
    pub(super) fn query(&self, id: RequestId) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == id);
        found.map(|(_, query)| query.as_str())
    }
}

/// The request whose place a call takes.
pub(super) fn refines(call: &Call) -> Option<RequestId> {
    search_of(call)?.refines.map(RequestId)
}

fn search_of(call: &Call) -> Option<&SearchArgs> {
    match call {
        Call::Search(search) => Some(search),
        Call::Ask(ask) => Some(&ask.search),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Call {
        Call::Search(SearchArgs {
            query: query.to_owned(),
            refines: Some(3),
            ..SearchArgs::default()
        })
    }

    #[test]
    fn the_latest_searches_are_remembered_by_their_id() {
        let mut asked = Asked::default();
        for id in 1..=20 {
            asked.note(RequestId(id), &search(&format!("query {id}")));
        }
        assert_eq!(asked.query(RequestId(4)), None);
        assert_eq!(asked.query(RequestId(20)), Some("query 20"));
        asked.note(RequestId(20), &Call::ListRepos {});
        assert_eq!(asked.query(RequestId(20)), None);
        assert_eq!(refines(&search("q")), Some(RequestId(3)));
        assert_eq!(refines(&Call::ListRepos {}), None);
    }
}
