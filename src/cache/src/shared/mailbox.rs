//! Turns a task that waits for the host into steps that anyone can carry.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::ask::{Ask, Outcome, Refused, Reply, Step};

/// A look-up, a store or some upkeep under way. Dropping it is as if the worker had died at this point: nothing is
/// lost but what it held, for the time of a claim.
pub struct Task {
    mailbox: Mailbox,
    work: Option<Pin<Box<dyn Future<Output = Outcome>>>>,
}

impl Task {
    /// A task that does `work`, given the mailbox through which it reaches the host.
    pub(super) fn new<F: Future<Output = Outcome> + 'static>(work: impl FnOnce(Mailbox) -> F) -> Self {
        let mailbox = Mailbox::default();
        Task { work: Some(Box::pin(work(mailbox.clone()))), mailbox }
    }

    /// Goes on until the next call of the host, or to the end. `None` the first time, afterwards the reply to the call
    /// that was asked for. A task that is over stays `Done(Outcome::Done)`.
    pub fn step(&mut self, reply: Option<Reply>) -> Step {
        let Some(work) = &mut self.work else { return Step::Done(Outcome::Done) };
        self.mailbox.0.borrow_mut().reply = reply;
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => {
                self.work = None;
                Step::Done(outcome)
            }
            Poll::Pending => match self.mailbox.0.borrow_mut().ask.clone() {
                Some(ask) => Step::Ask(ask),
                // Nothing here waits for anything but the host.
                None => Step::Done(Outcome::Done),
            },
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("over", &self.work.is_none()).finish_non_exhaustive()
    }
}

/// Where a task leaves its call and finds the reply.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Rc<RefCell<Post>>);

#[derive(Default)]
struct Post {
    ask: Option<Ask>,
    reply: Option<Reply>,
}

impl Mailbox {
    /// The value of a key and the number it is replaced by.
    pub(super) async fn get(&self, key: String) -> (Option<Vec<u8>>, Option<u32>) {
        match self.call(Ask::Get { key }).await {
            Reply::Got { value, cas } => (value.filter(|value| !value.is_empty()), cas),
            Reply::Set(_) => (None, None),
        }
    }

    /// Sets a key.
    pub(super) async fn set(&self, key: String, value: Vec<u8>, cas: Option<u32>) -> Result<(), Refused> {
        match self.call(Ask::Set { key, value, cas }).await {
            Reply::Set(result) => result,
            Reply::Got { .. } => Err(Refused::Failed),
        }
    }

    async fn call(&self, ask: Ask) -> Reply {
        self.0.borrow_mut().ask = Some(ask);
        poll_fn(|_| {
            let mut post = self.0.borrow_mut();
            let Some(reply) = post.reply.take() else { return Poll::Pending };
            post.ask = None;
            Poll::Ready(reply)
        })
        .await
    }
}
