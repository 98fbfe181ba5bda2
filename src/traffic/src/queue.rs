//! Calls of one worker that wait for a slot: bounded, fair between their owners, none longer than it may.
//!
//! Owners are served in turn, one call each (Nagle, RFC 970: fair queueing by round robin), so a request with a hundred calls
//! doesn't hold up one with a single call. A call that could not be answered in time any more would only take a slot from
//! one that can: it is shed as soon as that is known, not when its time is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Calls that wait. Each operation takes a time logarithmic in their number, but for `shed` and `retain`, which look at all
/// owners if they remove something.
#[derive(Debug)]
pub struct Queue<T> {
    most: usize,
    owners: BTreeMap<u64, VecDeque<Waiting<T>>>,
    /// Owners of calls, in turn.
    turns: VecDeque<u64>,
    /// Until when each call may wait, its number and its owner.
    ends: BTreeSet<(Duration, u64, u64)>,
    pushed: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    number: u64,
    item: T,
    since: Duration,
    until: Duration,
}

impl<T> Queue<T> {
    /// Holds `most` calls at most.
    pub fn new(most: usize) -> Queue<T> {
        Queue { most, owners: BTreeMap::new(), turns: VecDeque::new(), ends: BTreeSet::new(), pushed: 0 }
    }

    /// Another bound. Calls beyond it stay until they are served or shed.
    pub fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Puts a call at the end of its owner's, to wait until `until` at most.
    ///
    /// # Errors
    ///
    /// The call itself, if the queue is full: there may be room after [`shed`](Queue::shed).
    pub fn push(&mut self, now: Duration, item: T, owner: u64, until: Duration) -> Result<(), T> {
        if self.len() >= self.most {
            return Err(item);
        }
        self.push_beyond(now, item, owner, until);
        Ok(())
    }

    /// The same, full or not: until it is known whether there are slots. [`take_beyond`](Queue::take_beyond) is then due.
    pub fn push_beyond(&mut self, now: Duration, item: T, owner: u64, until: Duration) {
        self.pushed = self.pushed.wrapping_add(1);
        let number = self.pushed;
        self.ends.insert((until, number, owner));
        let calls = self.owners.entry(owner).or_default();
        if calls.is_empty() {
            self.turns.push_back(owner);
        }
        calls.push_back(Waiting { number, item, since: now, until });
    }

    /// Removes those that are too many, the ones that came last.
    pub fn take_beyond(&mut self) -> Vec<T> {
        let beyond = self.len().saturating_sub(self.most);
        if beyond == 0 {
            return Vec::new();
        }
        let mut numbers: Vec<u64> = self.ends.iter().map(|(_, number, _)| *number).collect();
        numbers.sort_unstable();
        let first = numbers.get(numbers.len().saturating_sub(beyond)).copied().unwrap_or(0);
        self.take_if(|call| call.number >= first)
    }

    /// Removes all.
    pub fn take_all(&mut self) -> Vec<T> {
        self.take_if(|_| true)
    }

    fn take_if(&mut self, is_taken: impl Fn(&Waiting<T>) -> bool) -> Vec<T> {
        let mut taken = Vec::new();
        for (owner, calls) in &mut self.owners {
            let (out, stay): (VecDeque<_>, VecDeque<_>) =
                std::mem::take(calls).into_iter().partition(|call| is_taken(call));
            *calls = stay;
            for call in out {
                self.ends.remove(&(call.until, call.number, *owner));
                taken.push(call);
            }
        }
        self.forget_owners();
        taken.sort_unstable_by_key(|call| call.number);
        taken.into_iter().map(|call| call.item).collect()
    }

    /// Takes the next call whose time isn't over, and how long it has waited. Those whose time is over stay for `shed`.
    pub fn pop(&mut self, now: Duration) -> Option<(T, Duration)> {
        // Each owner at most once: its calls may all be over.
        for _ in 0..self.turns.len() {
            let owner = self.turns.pop_front()?;
            let calls = self.owners.get_mut(&owner)?;
            let next = calls.iter().position(|call| call.until > now);
            let call = next.and_then(|at| calls.remove(at));
            if calls.is_empty() {
                self.owners.remove(&owner);
            } else {
                self.turns.push_back(owner);
            }
            if let Some(call) = call {
                self.ends.remove(&(call.until, call.number, owner));
                return Some((call.item, now.saturating_sub(call.since)));
            }
        }
        None
    }

    /// Removes those that can't be answered in time, a call taking `usual`; the one that waits longest first.
    pub fn shed(&mut self, now: Duration, usual: Duration) -> Vec<T> {
        let soonest = now.saturating_add(usual);
        let mut shed = Vec::new();
        while let Some(&(until, number, owner)) = self.ends.first() {
            if until > now && until >= soonest {
                break;
            }
            self.ends.pop_first();
            let Some(calls) = self.owners.get_mut(&owner) else { continue };
            let at = calls.iter().position(|call| call.number == number);
            shed.extend(at.and_then(|at| calls.remove(at)));
        }
        if !shed.is_empty() {
            self.forget_owners();
        }
        shed.sort_unstable_by_key(|call| call.number);
        shed.into_iter().map(|call| call.item).collect()
    }

    /// Drops the calls that nobody needs any more.
    pub fn retain(&mut self, mut needed: impl FnMut(&T) -> bool) {
        let ends = &mut self.ends;
        for (owner, calls) in &mut self.owners {
            calls.retain(|call| {
                let keep = needed(&call.item);
                if !keep {
                    ends.remove(&(call.until, call.number, *owner));
                }
                keep
            });
        }
        self.forget_owners();
    }

    /// Whether some call is such; looks at all until one is.
    pub fn any(&self, is_such: impl FnMut(&T) -> bool) -> bool {
        self.owners.values().flatten().map(|call| &call.item).any(is_such)
    }

    /// Calls that wait.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// When the time of the next one is over, since the epoch: `shed` is to be called then.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.ends.first().map(|(until, ..)| *until)
    }

    fn forget_owners(&mut self) {
        self.owners.retain(|_, calls| !calls.is_empty());
        self.turns.retain(|owner| self.owners.contains_key(owner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn what_is_too_much_is_what_came_last() {
        let mut queue = Queue::new(2);
        for (item, owner) in [(1, 7), (2, 8), (3, 7), (4, 9)] {
            queue.push_beyond(Duration::ZERO, item, owner, Duration::from_secs(1));
        }
        assert_eq!(queue.take_beyond(), [3, 4]);
        assert_eq!(queue.take_beyond(), [0; 0]);
        queue.push_beyond(Duration::ZERO, 5, 9, Duration::from_secs(1));
        assert_eq!(queue.take_all(), [1, 2, 5]);
        assert!(queue.is_empty() && queue.pop(Duration::ZERO).is_none());
    }

    #[test]
    fn a_heavy_owner_does_not_hold_up_a_light_one() {
        let mut queue = Queue::new(200);
        (0..100).for_each(|n| queue.push(ms(0), n, 1, ms(500)).unwrap());
        queue.push(ms(10), 1_000, 2, ms(500)).unwrap();
        queue.push(ms(10), 1_001, 2, ms(500)).unwrap();
        queue.push(ms(10), 2_000, 3, ms(500)).unwrap();
        let order: Vec<i32> = (0..6).map(|_| queue.pop(ms(20)).unwrap().0).collect();
        assert_eq!(order, [0, 1_000, 2_000, 1, 1_001, 2]);
        // Who comes anew waits for one turn of each.
        queue.push(ms(20), 3_000, 4, ms(500)).unwrap();
        assert_eq!([queue.pop(ms(30)), queue.pop(ms(30))], [Some((3, ms(30))), Some((3_000, ms(10)))]);
    }

    #[test]
    fn it_is_bounded_and_has_room_again_after_shedding() {
        let mut queue = Queue::new(3);
        for n in 0..3 {
            queue.push(ms(0), n, 1, ms(100 * (n + 1))).unwrap();
        }
        assert_eq!(queue.push(ms(50), 9, 2, ms(900)), Err(9));
        assert!(queue.shed(ms(50), ms(20)).is_empty());
        assert_eq!(queue.shed(ms(50), ms(160)), [0, 1], "a call takes longer than these may");
        queue.push(ms(50), 9, 2, ms(900)).unwrap();
        assert_eq!((queue.len(), queue.poll_timeout()), (2, Some(ms(300))));
    }

    #[test]
    fn none_leaves_it_after_its_time() {
        let mut queue = Queue::new(10);
        queue.push(ms(0), 1, 1, ms(10)).unwrap();
        queue.push(ms(0), 2, 2, ms(10)).unwrap();
        queue.push(ms(0), 3, 1, ms(20)).unwrap();
        assert_eq!(queue.pop(ms(10)), Some((3, ms(10))), "the others' time is over");
        assert_eq!(queue.pop(ms(10)), None);
        assert_eq!(queue.poll_timeout(), Some(ms(10)));
        assert_eq!(queue.shed(ms(10), ms(0)), [1, 2], "but they are still to be answered");
        assert!(queue.is_empty() && queue.turns.is_empty() && queue.owners.is_empty());
    }

    #[test]
    fn nothing_is_left_of_calls_that_nobody_needs() {
        let mut queue = Queue::new(10);
        (0..10).for_each(|n| queue.push(ms(0), n, n % 3, ms(10)).unwrap());
        queue.retain(|n| n % 3 == 1);
        assert_eq!((queue.len(), queue.turns.len(), queue.owners.len()), (3, 1, 1));
        queue.retain(|_| false);
        assert_eq!((queue.len(), queue.turns.len(), queue.owners.len()), (0, 0, 0));
        assert_eq!((queue.pop(ms(0)), queue.poll_timeout()), (None, None));
    }

    /// Against a model that is a list.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn any_order_of_operations_keeps_bound_order_and_deadlines() {
        let mut seed = 1_u64;
        let mut below = |limit: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % limit
        };
        let (mut queue, mut model, mut now) = (Queue::new(8), Vec::<(u64, u64, Duration)>::new(), ms(0));
        for number in 0..200_000 {
            match below(10) {
                0..5 => {
                    let (owner, until) = (below(4), now + ms(below(60)));
                    let full = model.len() == 8;
                    assert_eq!(queue.push(now, (number, owner), owner, until).is_err(), full);
                    if !full {
                        model.push((number, owner, until));
                    }
                }
                5..8 => match queue.pop(now) {
                    Some(((number, owner), _)) => {
                        let at = model.iter().position(|call| call.0 == number).unwrap();
                        let first = model.iter().position(|call| call.1 == owner && call.2 > now);
                        assert_eq!(first, Some(at), "first in, first out of one owner, and none too late");
                        model.remove(at);
                    }
                    None => assert!(model.iter().all(|call| call.2 <= now)),
                },
                8 => {
                    let usual = ms(below(30));
                    let (shed, kept): (Vec<_>, Vec<_>) =
                        model.iter().copied().partition(|call| call.2 <= now || call.2 < now + usual);
                    let shed: Vec<u64> = shed.into_iter().map(|call: (u64, u64, Duration)| call.0).collect();
                    let got: Vec<u64> = queue.shed(now, usual).iter().map(|call| call.0).collect();
                    assert_eq!(got, shed);
                    model = kept;
                }
                _ => now += ms(below(20)),
            }
            assert_eq!(queue.len(), model.len());
            assert_eq!(queue.poll_timeout(), model.iter().map(|call| call.2).min());
        }
    }
}
