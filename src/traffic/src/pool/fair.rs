//! Which part of the slots is one worker's while there may be too few: max-min fairness, and turns where that leaves a rest.
//!
//! Bertsekas & Gallager, Data Networks, §6.5.2: who wants less than an equal part gets what it wants, and the others share the
//! rest equally. Of what can't be divided equally, each gets one more slot for a *turn*, longest waiting first: so all
//! get on even if there are fewer slots than workers.

/// How long a worker keeps a slot that others wait for, in ms: calls of usual length then don't pass it on one by one, which
/// would leave it unused each time for as long as the next one takes to notice.
const TURN: u64 = 25;

/// What one worker wants and has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) worker: u64,
    /// Calls in flight and calls that wait.
    pub(super) wants: u32,
    pub(super) share: u32,
    /// Since when it waits or holds its share, in ms since the epoch.
    pub(super) since: u64,
}

/// Which share the worker that makes the first claim should have, of `most` slots.
///
/// If all get what they want, a part of what is left is added, so that the next calls find a slot: a half of an equal part,
/// and an eighth of all slots at most.
pub(super) fn target(most: u32, mine: Claim, others: &[Claim], now: u64) -> u32 {
    let mut wants: Vec<u32> = others.iter().map(|claim| claim.wants).chain([mine.wants]).collect();
    wants.sort_unstable();
    match level(&wants, most) {
        _ if mine.wants == 0 => 0,
        Level::Enough { left } => {
            let holders = others.iter().filter(|claim| claim.wants > 0 || claim.share > 0).count();
            mine.wants.saturating_add(reserve(most, left, holders.saturating_add(1)))
        }
        Level::Scarce { base, .. } if mine.wants <= base => mine.wants,
        Level::Scarce { base, rest } => {
            let rank = |claim: &Claim| (turn(claim, base, now), claim.since, claim.worker);
            let before =
                others.iter().filter(|other| other.wants > base && rank(other) < rank(&mine)).count();
            base.saturating_add(u32::from(before < rest))
        }
    }
}

/// Slots to keep beyond what is in use.
fn reserve(most: u32, left: u32, holders: usize) -> u32 {
    let holders = u32::try_from(holders).unwrap_or(u32::MAX).max(1);
    let part = left.checked_div(holders).unwrap_or(0);
    part.div_ceil(2).min(most.div_ceil(8))
}

enum Level {
    /// All get what they want.
    Enough { left: u32 },
    /// None gets more than `base`, but for `rest` of them, who get one more.
    Scarce { base: u32, rest: usize },
}

/// Of claims in ascending order.
fn level(wants: &[u32], most: u32) -> Level {
    let mut left = most;
    let mut claims = u32::try_from(wants.len()).unwrap_or(u32::MAX);
    for want in wants {
        let part = left.checked_div(claims).unwrap_or(0);
        if *want > part {
            let rest = left.checked_rem(claims).unwrap_or(0);
            return Level::Scarce { base: part, rest: rest as usize };
        }
        left = left.saturating_sub(*want);
        claims = claims.saturating_sub(1);
    }
    Level::Enough { left }
}

/// In which order the rest is given: who has one of it and whose turn isn't over, who waits, who has had a turn.
fn turn(claim: &Claim, base: u32, now: u64) -> u8 {
    match claim.share > base {
        true if now.saturating_sub(claim.since) < TURN => 0,
        false => 1,
        true => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn claim(worker: u64, wants: u32, share: u32, since: u64) -> Claim {
        Claim { worker, wants, share, since }
    }

    /// The targets of all who claim something.
    fn targets(most: u32, claims: &[Claim], now: u64) -> Vec<u32> {
        let without =
            |worker| claims.iter().copied().filter(|other| other.worker != worker).collect::<Vec<_>>();
        claims.iter().map(|mine| target(most, *mine, &without(mine.worker), now)).collect()
    }

    #[test]
    fn who_wants_little_gets_it_and_the_others_equal_parts() {
        let claims = [claim(1, 2, 0, 0), claim(2, 100, 0, 0), claim(3, 50, 0, 0), claim(4, 0, 0, 0)];
        assert_eq!(targets(20, &claims, 0), [2, 9, 9, 0]);
    }

    #[test]
    fn if_all_get_what_they_want_some_is_added() {
        assert_eq!(targets(1024, &[claim(1, 1, 0, 0)], 0), [129]);
        assert_eq!(targets(20, &[claim(1, 10, 0, 0), claim(2, 4, 0, 0)], 0), [12, 6]);
        assert_eq!(targets(8, &[claim(1, 8, 0, 0)], 0), [8]);
    }

    #[test]
    fn fewer_slots_than_workers_go_round() {
        let waiting = [claim(1, 5, 0, 20), claim(2, 5, 0, 10), claim(3, 5, 0, 30)];
        assert_eq!(targets(1, &waiting, 40), [0, 1, 0], "the longest waiting first");
        let holding = [claim(1, 5, 0, 20), claim(2, 5, 1, 40), claim(3, 5, 0, 30)];
        assert_eq!(targets(1, &holding, 50), [0, 1, 0], "its turn is not over");
        assert_eq!(targets(1, &holding, 70), [1, 0, 0]);
        assert_eq!(targets(0, &holding, 70), [0, 0, 0]);
    }

    #[test]
    fn targets_never_exceed_all_there_is() {
        for most in 0..12 {
            for seed in 0..4_000_u32 {
                let digit = |n: u32| seed / 6_u32.pow(n) % 6;
                let claims: Vec<Claim> = (0..4)
                    .map(|n| claim(u64::from(n), digit(n), digit(n + 1) % 3, u64::from(digit(n))))
                    .collect();
                let sum: u32 = targets(most, &claims, 100).iter().sum();
                let wanted: u32 = claims.iter().map(|claim| claim.wants).sum();
                assert!(sum <= most && sum >= most.min(wanted), "{most}: {claims:?}");
            }
        }
    }
}
