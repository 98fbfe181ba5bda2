//! One call: what it asks for, and who waits for it.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use super::{RequestId, Route, Subscriber, Timestamp, Wanted};
use crate::event::CallId;
use crate::executor::{KeyList, Keys, Pairs, Share};

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) group: u64,
    pub(super) route: Route,
    /// A call of the group, and where its lists stand: what is around them is the group's.
    template: Rc<Vec<u8>>,
    spans: Vec<Range<usize>>,
    content: Content,
    pub(super) lists: Vec<Keys>,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) state: State,
    /// The end of its window, while it waits for that.
    pub(super) ends: Option<Timestamp>,
    pub(super) until: Timestamp,
    /// Its calls on their way, and the request whose stream has sent each.
    pub(super) calls: Vec<(CallId, Option<RequestId>)>,
    /// Whether it has no side effects.
    pub(super) is_query: bool,
    /// Calls that failed before.
    pub(super) tries: u32,
    /// When it is asked for again, while it waits for that.
    pub(super) again_at: Option<Timestamp>,
    /// Whether its keys were not asked for before.
    pub(super) is_first_try: bool,
    /// Whether the answer to its first call is lost.
    pub(super) is_sent_again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It takes more keys.
    Gathering {
        opened: Timestamp,
        /// Whether its end is settled.
        waits: bool,
    },
    /// It is on its way, or about to be.
    Sent { at: Timestamp, epoch: u64 },
}

/// What the keys stand in.
#[derive(Debug)]
pub(super) enum Content {
    /// The template is the call.
    Whole,
    /// For each list the text between its brackets.
    Lists(Vec<Vec<u8>>),
}

impl Flight {
    /// The call that a request makes alone.
    pub(super) fn whole(wanted: Wanted, epoch: u64) -> Flight {
        let Wanted { ticket, group, route, body, lists, is_query, until } = wanted;
        Flight {
            group,
            route,
            template: Rc::new(body),
            spans: lists.iter().map(|list| list.from..list.to).collect(),
            content: Content::Whole,
            lists: lists.into_iter().map(|list| list.keys).collect(),
            subscribers: vec![Subscriber { ticket, share: Share::Whole, until }],
            state: State::Sent { at: Timestamp::default(), epoch },
            ends: None,
            until,
            calls: Vec::new(),
            is_query,
            tries: 0,
            again_at: None,
            is_first_try: true,
            is_sent_again: false,
        }
    }

    /// A call without keys yet, otherwise like `template`; mutations have no keys.
    pub(super) fn gathering(
        now: Timestamp,
        route: Route,
        group: u64,
        template: &Rc<Vec<u8>>,
        lists: &[KeyList],
        until: Timestamp,
    ) -> Flight {
        Flight {
            group,
            route,
            template: Rc::clone(template),
            spans: lists.iter().map(|list| list.from..list.to).collect(),
            content: Content::Lists(vec![Vec::new(); lists.len()]),
            lists: vec![Keys::default(); lists.len()],
            subscribers: Vec::new(),
            state: State::Gathering { opened: now, waits: false },
            ends: None,
            until,
            calls: Vec::new(),
            is_query: true,
            tries: 0,
            again_at: None,
            is_first_try: true,
            is_sent_again: false,
        }
    }

    /// Whether it takes more keys.
    pub(super) fn gathers(&self) -> bool {
        matches!(self.state, State::Gathering { .. })
    }

    /// Whether it is of the group of `wanted`: all is equal but the representations.
    pub(super) fn fits(&self, wanted: &Wanted) -> bool {
        let theirs = wanted.lists.iter().map(|list| list.from..list.to);
        self.route.is(&wanted.route)
            && self.spans.len() == wanted.lists.len()
            && around(&self.template, self.spans.iter().cloned()).eq(around(&wanted.body, theirs))
    }

    /// The number of a key.
    pub(super) fn find(&self, list: usize, hash: u64, bytes: &[u8]) -> Option<u32> {
        self.lists.get(list)?.find(self.text(list), hash, bytes)
    }

    fn text(&self, list: usize) -> &[u8] {
        match &self.content {
            Content::Whole => &self.template,
            Content::Lists(texts) => texts.get(list).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// Adds a key that it has not; its number.
    pub(super) fn push(&mut self, list: usize, hash: u64, bytes: &[u8]) -> u32 {
        let Content::Lists(texts) = &mut self.content else { return 0 };
        let Some((text, keys)) = texts.get_mut(list).zip(self.lists.get_mut(list)) else { return 0 };
        if !text.is_empty() {
            text.push(b',');
        }
        let start = text.len();
        text.extend_from_slice(bytes);
        keys.push(hash, start, text.len())
    }

    /// What the pairs of numbers amount to.
    pub(super) fn share(&self, pairs: Pairs, wanted: &[KeyList]) -> Share {
        let same = pairs.iter().zip(&self.lists).zip(wanted).all(|((pairs, own), wanted)| {
            let all = pairs.len() == own.len() && pairs.len() == wanted.keys.len();
            all && pairs.iter().all(|(own, theirs)| own == theirs)
        });
        if same { Share::Whole } else { Share::Some(pairs) }
    }

    /// Adds somebody who waits for it.
    pub(super) fn subscribe(&mut self, subscriber: Subscriber) {
        if self.calls.is_empty() {
            self.until = self.until.max(subscriber.until);
        }
        self.subscribers.push(subscriber);
    }

    /// It takes no more keys.
    pub(super) fn close(&mut self, epoch: u64) {
        if let State::Gathering { opened, .. } = self.state {
            self.state = State::Sent { at: opened, epoch };
        }
    }

    /// It is sent; how long it has waited.
    pub(super) fn send(&mut self, now: Timestamp) -> Duration {
        let State::Sent { at, .. } = &mut self.state else { return Duration::ZERO };
        let since = std::mem::replace(at, now);
        if since == Timestamp::default() { Duration::ZERO } else { now.since(since) }
    }

    /// The call's body.
    pub(super) fn body(&self) -> Rc<Vec<u8>> {
        let Content::Lists(texts) = &self.content else { return Rc::clone(&self.template) };
        let size = texts.iter().fold(self.template.len(), |sum, text| sum.saturating_add(text.len()));
        let mut body = Vec::with_capacity(size);
        for (index, piece) in around(&self.template, self.spans.iter().cloned()).enumerate() {
            body.extend_from_slice(piece);
            body.extend_from_slice(texts.get(index).map(Vec::as_slice).unwrap_or_default());
        }
        Rc::new(body)
    }

    /// Keys in all lists; a root fetch counts as one.
    pub(super) fn size(&self) -> usize {
        size(self.lists.iter())
    }

    /// Requests that wait for it.
    pub(super) fn requests(&self) -> usize {
        requests(&self.subscribers)
    }

    /// Two calls with half of the keys each, for the same subscribers.
    pub(super) fn halves(&self, now: Timestamp, epoch: u64, subscribers: &[Subscriber]) -> Vec<Flight> {
        let middle = self.size().div_ceil(2);
        let mut halves: Vec<Flight> = (0..2).map(|_| self.empty(now, epoch)).collect();
        // Where each key went, for each list.
        let mut places: Vec<Vec<(usize, u32)>> = Vec::with_capacity(self.lists.len());
        let mut count = 0_usize;
        for (number, keys) in self.lists.iter().enumerate() {
            let text = self.text(number);
            let mut list = Vec::with_capacity(keys.len());
            for key in keys.iter() {
                let half = usize::from(count >= middle);
                count = count.saturating_add(1);
                let pushed =
                    halves.get_mut(half).map_or(0, |flight| flight.push(number, key.hash, key.of(text)));
                list.push((half, pushed));
            }
            places.push(list);
        }
        for subscriber in subscribers {
            for (number, half) in halves.iter_mut().enumerate() {
                let pairs: Pairs = places
                    .iter()
                    .enumerate()
                    .map(|(list, places)| {
                        let mine = |(theirs, (in_half, new)): (usize, &(usize, u32))| {
                            let own = subscriber.share.own(list, theirs).filter(|_| *in_half == number)?;
                            Some((u32::try_from(own).ok()?, *new))
                        };
                        places.iter().enumerate().filter_map(mine).collect()
                    })
                    .collect();
                if pairs.iter().any(|pairs| !pairs.is_empty()) {
                    half.subscribe(Subscriber { share: Share::Some(pairs), ..subscriber.clone() });
                }
            }
        }
        halves.retain(|half| !half.subscribers.is_empty());
        halves
    }

    /// A call like this one, without keys, that is sent now.
    fn empty(&self, now: Timestamp, epoch: u64) -> Flight {
        Flight {
            group: self.group,
            route: self.route.clone(),
            template: Rc::clone(&self.template),
            spans: self.spans.clone(),
            content: Content::Lists(vec![Vec::new(); self.lists.len()]),
            lists: vec![Keys::default(); self.lists.len()],
            subscribers: Vec::new(),
            state: State::Sent { at: now, epoch },
            ends: None,
            until: now,
            calls: Vec::new(),
            is_query: self.is_query,
            tries: 0,
            again_at: None,
            is_first_try: false,
            is_sent_again: false,
        }
    }
}

/// What stands before, between and behind some places of a text.
fn around(text: &[u8], spans: impl Iterator<Item = Range<usize>>) -> impl Iterator<Item = &[u8]> {
    let mut at = 0_usize;
    let ends = spans.map(Some).chain(std::iter::once(None));
    ends.map(move |span| match span {
        Some(span) => {
            let piece = text.get(at..span.start).unwrap_or_default();
            at = span.end;
            piece
        }
        None => text.get(at..).unwrap_or_default(),
    })
}

pub(super) fn size<'a>(lists: impl ExactSizeIterator<Item = &'a Keys>) -> usize {
    if lists.len() == 0 { 1 } else { lists.fold(0, |sum, keys| sum.saturating_add(keys.len())) }
}

/// Requests among subscribers. Those of one request stand together.
pub(super) fn requests(subscribers: &[Subscriber]) -> usize {
    let pairs = subscribers.iter().zip(subscribers.iter().skip(1));
    let changes = pairs.filter(|(a, b)| a.ticket.request != b.ticket.request).count();
    if subscribers.is_empty() { 0 } else { changes.saturating_add(1) }
}
