//! What the reader of an answer hears, whichever models it took.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::drive::Drive;
use super::{NoAnswer, Run, Spent, Stage};
use crate::pack::LeftOut;
use crate::{Finish, Request};

/// Pieces that wait for a slow reader.
const WAITING: usize = 64;

/// What the reader of an answer hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// What the model that now answers is not shown of the request's material. Told before its text, also when that
    /// is nothing.
    LeftOut(Vec<LeftOut>),
    /// More text.
    Text(String),
    /// Drop the text so far: another model begins anew.
    Restart(Notice),
    /// Something the user may want to know; the text goes on.
    Notice(Notice),
    /// The end; nothing follows.
    Done(Box<Told>),
}

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The provider that gave it, by name.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// The text.
    pub text: String,
    /// What the model thought, in the words it let be seen.
    pub thoughts: String,
    /// The provider took the schema of the request.
    pub constrained: bool,
    /// Why the model stopped.
    pub finish: Finish,
    /// What this answer and the failed tries before it took.
    pub spent: Spent,
    /// What went wrong on the way.
    pub notices: Vec<Notice>,
    /// What the model was not shown of the request's material.
    pub left_out: Vec<LeftOut>,
}

/// A running request. Dropping it closes whatever is open.
#[derive(Debug)]
pub struct Asking {
    heard: mpsc::Receiver<Result<Heard, NoAnswer>>,
}

impl Asking {
    /// The next news; `None` after [`Heard::Done`] or an error.
    pub async fn next(&mut self) -> Option<Result<Heard, NoAnswer>> {
        self.heard.recv().await
    }
}

impl Run {
    /// Asks the model for `stage`, and others if it fails. The request is driven by a task on the current tokio
    /// runtime, until its end, an error, cancellation, or the reader's going.
    pub fn ask(self: &Arc<Self>, stage: Stage, request: Request, cancel: &CancellationToken) -> Asking {
        let (sender, heard) = mpsc::channel(WAITING);
        let drive = Drive {
            run: Arc::clone(self),
            stage,
            request,
            sender,
            spent: Spent::default(),
            notices: Vec::new(),
            tried: BTreeMap::new(),
        };
        tokio::spawn(drive.until_told(cancel.clone()));
        Asking { heard }
    }

    /// Asks, and waits for the whole answer.
    pub async fn complete(
        self: &Arc<Self>,
        stage: Stage,
        request: Request,
        cancel: &CancellationToken,
    ) -> Result<Told, NoAnswer> {
        let mut asking = self.ask(stage, request, cancel);
        while let Some(heard) = asking.next().await {
            if let Heard::Done(told) = heard? {
                return Ok(*told);
            }
        }
        // The runtime is shutting down: the task was dropped.
        Err(NoAnswer {
            tried: Vec::new(),
            spent: Spent::default(),
            cancelled: true,
        })
    }
}
