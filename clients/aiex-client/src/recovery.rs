//! What becomes of a stream whose connection was lost: a decision without side effects.

use aiex_protocol::search::Stage;
use aiex_protocol::{Call, Event, StreamId};

/// Connections that a stream may lose without an event in between. A daemon that dies of a request would
/// otherwise be started for it again and again.
const MOST_LOSSES: u32 = 5;

/// What is known of a stream.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) call: Call,
    /// Known once it was accepted.
    pub(crate) stream: Option<StreamId>,
    /// The last event received.
    pub(crate) seq: Option<u64>,
    /// Whether the reader got something that must not be given twice.
    is_firm: bool,
    was_sent: bool,
    was_resent: bool,
    losses: u32,
}

/// What to do for it on the next connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Take it up where it stopped.
    Resume { stream: StreamId, after: u64 },
    /// Ask again from the beginning.
    Resend,
    /// Nothing: it is lost. Why.
    Lost(&'static str),
}

impl Standing {
    pub(crate) fn new(call: Call) -> Self {
        Self {
            call,
            stream: None,
            seq: None,
            is_firm: false,
            was_sent: false,
            was_resent: false,
            losses: 0,
        }
    }

    /// Notes an event; `false` if it was received before.
    pub(crate) fn note(&mut self, seq: u64, event: &Event) -> bool {
        if self.seq.is_some_and(|last| seq <= last) {
            return false;
        }
        self.seq = Some(seq);
        self.losses = 0;
        // A journal is read on from behind the last entry, on any daemon and as often as need be.
        if let (Event::RunEntry(entry), Call::ResearchFollow(follow)) = (event, &mut self.call) {
            follow.from_seq = entry.seq + 1;
            self.was_resent = false;
            return true;
        }
        match event {
            Event::Accepted { stream } => self.stream = Some(stream.clone()),
            // An estimate says what may come; told twice, it does no harm.
            Event::Progress(_) | Event::Notice { .. } | Event::Gap { .. } | Event::Estimate(_) => {}
            Event::Hits(hits) if hits.stage == Stage::Early => {}
            _ => self.is_firm = true,
        }
        true
    }

    /// Notes that the call is sent. The second time, what comes counts from the beginning.
    pub(crate) fn note_sending(&mut self) {
        self.stream = None;
        self.seq = None;
        self.was_resent = self.was_sent;
        self.was_sent = true;
    }

    pub(crate) fn was_sent(&self) -> bool {
        self.was_sent
    }

    /// Notes that the connection was lost.
    pub(crate) fn note_loss(&mut self) {
        self.losses += 1;
    }

    /// Whether a new daemon would be of use to it.
    pub(crate) fn may_resend(&self) -> bool {
        !self.was_sent || (self.call.is_resendable() && !self.is_firm && !self.was_resent)
    }

    /// On a connection to the same process, streams live on; on one to another they do not.
    pub(crate) fn recover(&self, is_same_process: bool) -> Recovery {
        if self.losses > MOST_LOSSES {
            return Recovery::Lost("it was lost again and again");
        }
        match (&self.stream, self.seq) {
            (Some(stream), Some(after)) if is_same_process => Recovery::Resume {
                stream: stream.clone(),
                after,
            },
            _ => self.start_over(),
        }
    }

    /// When the stream itself is gone.
    pub(crate) fn start_over(&self) -> Recovery {
        if self.may_resend() {
            Recovery::Resend
        } else if !self.call.is_resendable() {
            Recovery::Lost("it is not known whether the request was carried out")
        } else if self.is_firm {
            Recovery::Lost("a part of the answer had already come")
        } else {
            Recovery::Lost("it was lost again after it had been sent anew")
        }
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::journal::{RunEntry, RunEvent};
    use aiex_protocol::research::{Estimate, FollowArgs, ResearchArgs};
    use aiex_protocol::search::{Hits, SearchArgs};

    use super::*;

    fn hits(stage: Stage) -> Event {
        Event::Hits(Hits { stage, hits: vec![] })
    }

    fn standing(call: Call, events: &[Event]) -> Standing {
        let mut standing = Standing::new(call);
        standing.note_sending();
        for (seq, event) in events.iter().enumerate() {
            assert!(standing.note(seq as u64, event));
        }
        standing
    }

    #[test]
    fn decisions() {
        let search = || Call::Search(SearchArgs::default());
        let drain = || Call::Drain {
            reason: String::new(),
        };
        let accepted = || Event::Accepted {
            stream: StreamId("s".into()),
        };
        let resume = |after| Recovery::Resume {
            stream: StreamId("s".into()),
            after,
        };
        let is_lost = |recovery| matches!(recovery, Recovery::Lost(_));

        let nothing_yet = standing(search(), &[]);
        assert_eq!(nothing_yet.recover(true), Recovery::Resend);
        let early = standing(search(), &[accepted(), hits(Stage::Early)]);
        assert_eq!(early.recover(true), resume(1));
        assert_eq!(early.recover(false), Recovery::Resend);
        let firm = standing(search(), &[accepted(), hits(Stage::Final)]);
        assert_eq!(firm.recover(true), resume(1));
        assert!(is_lost(firm.recover(false)));
        let once_only = standing(drain(), &[accepted()]);
        assert_eq!(once_only.recover(true), resume(0));
        assert!(is_lost(once_only.recover(false)));
    }

    #[test]
    fn a_run_is_asked_for_again_when_its_ticket_says_that_it_is_the_same() {
        let start = |ticket: Option<&str>| {
            Call::ResearchStart(ResearchArgs {
                ticket: ticket.map(str::to_owned),
                ..ResearchArgs::default()
            })
        };
        let estimate = [Event::Estimate(Estimate::default())];
        let named = standing(start(Some("t")), &estimate);
        assert_eq!(named.recover(false), Recovery::Resend);
        let unnamed = standing(start(None), &estimate);
        assert!(matches!(unnamed.recover(false), Recovery::Lost(_)));
    }

    #[test]
    fn a_journal_is_read_on_from_where_it_was() {
        let entry = |seq| {
            Event::RunEntry(Box::new(RunEntry {
                seq,
                at_ms: 0,
                event: RunEvent::Resumed,
            }))
        };
        let follow = Call::ResearchFollow(FollowArgs {
            run: "r".into(),
            from_seq: 1,
        });
        let mut standing = standing(follow, &[entry(1), entry(2)]);
        for seq in 3..6 {
            standing.note_loss();
            assert_eq!(standing.recover(false), Recovery::Resend);
            let Call::ResearchFollow(args) = &standing.call else {
                panic!()
            };
            assert_eq!(args.from_seq, seq);
            standing.note_sending();
            assert!(standing.note(0, &entry(seq)));
        }
        // A daemon that dies of it each time is not started for ever.
        standing.note_sending();
        standing.note_loss();
        assert!(matches!(standing.recover(false), Recovery::Lost(_)));
    }

    #[test]
    fn it_does_not_go_on_for_ever() {
        let mut standing = Standing::new(Call::Drain {
            reason: String::new(),
        });
        assert_eq!(standing.recover(false), Recovery::Resend, "it was never sent");
        standing.note_sending();
        assert!(matches!(standing.recover(false), Recovery::Lost(_)));

        let mut standing = Standing::new(Call::ListRepos {});
        standing.note_sending();
        assert_eq!(standing.recover(false), Recovery::Resend);
        standing.note_sending();
        assert!(matches!(standing.recover(false), Recovery::Lost(_)));

        let accepted = Event::Accepted {
            stream: StreamId("s".into()),
        };
        let mut standing = Standing::new(Call::ListRepos {});
        standing.note(0, &accepted);
        for _ in 0..MOST_LOSSES {
            standing.note_loss();
            assert!(matches!(standing.recover(true), Recovery::Resume { .. }));
        }
        standing.note_loss();
        assert!(matches!(standing.recover(true), Recovery::Lost(_)));
    }

    #[test]
    fn an_event_that_is_sent_again_is_noticed() {
        let mut standing = Standing::new(Call::ListRepos {});
        let event = Event::Notice { message: "n".into() };
        assert!(standing.note(0, &event));
        assert!(standing.note(3, &event));
        assert!(!standing.note(3, &event));
        assert!(!standing.note(1, &event));
    }
}
