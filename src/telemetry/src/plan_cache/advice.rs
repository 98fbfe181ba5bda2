//! One function for each kind of recommendation: `None` if it would gain nothing.

use super::PlanCacheWindow;
use crate::recommendation::{Effort, Gain, Kind, Recommendation, SettingsChange};

/// Percentage points of the hit rate that are worth a change; a share of lookups that is worth a word.
const WORTH: f64 = 1.0;

/// Percentage points of the hit rate that nobody misses.
const UNNOTICED: f64 = 0.25;

/// A size 64 times as large is another cache.
const MOST_DOUBLINGS: u32 = 6;

/// No size is proposed beyond: the setting's own bound.
const MOST_ENTRIES: usize = 1_000_000;

/// The size whose every doubling was worth it on average: a curve may be flat at first, and then have a cliff.
pub(super) fn too_small(window: &PlanCacheWindow) -> Option<Recommendation> {
    let (room, curve) = (window.room().max(1), &window.curve);
    // Without evictions nothing misses for want of room.
    if window.evicted_for_entries.saturating_add(window.evicted_for_bytes) == 0 {
        return None;
    }
    let now = curve.hit_rate(room);
    let (mut size, mut best) = (room, 0.0);
    for doublings in 1..=MOST_DOUBLINGS {
        let larger = room.saturating_mul(1 << doublings).min(MOST_ENTRIES);
        let net = curve.hit_rate(larger) - now - WORTH * f64::from(doublings);
        if net > best {
            (size, best) = (larger, net);
        }
    }
    let gain = curve.hit_rate(size) - now;
    if size == room {
        return None;
    }
    let change = room_for(window, size);
    let bytes = window.bytes_per_entry() * size as f64;
    Some(Recommendation {
        kind: Kind::TooSmall,
        description: format!("Make room for {size} plans instead of {room}."),
        expected_improvement: gain,
        gain: Gain::HitRate,
        effort: if change.max_bytes.is_some() { Effort::Medium } else { Effort::Low },
        change: Some(change),
        explanation: format!(
            "By the miss-ratio curve {room} plans hit {now:.1}%, {size} hit {:.1}%; they take {:.1} MB, as large as \
             plans are now. {} were evicted for the number of entries, {} for their bytes.",
            curve.hit_rate(size),
            bytes / 1e6,
            window.evicted_for_entries,
            window.evicted_for_bytes,
        ),
    })
}

/// Halves the size as long as it hits as much.
pub(super) fn too_large(window: &PlanCacheWindow) -> Option<Recommendation> {
    if too_small(window).is_some() {
        return None;
    }
    let (room, curve) = (window.room(), &window.curve);
    let now = curve.hit_rate(room);
    let mut size = room;
    while size / 2 >= 16 && now - curve.hit_rate(size / 2) <= UNNOTICED {
        size /= 2;
    }
    let held = window.entries;
    // Room that is not used costs nothing.
    if size == room || held <= size {
        return None;
    }
    let freed = 100.0 * held.saturating_sub(size) as f64 / held as f64;
    (freed >= 10.0).then(|| Recommendation {
        kind: Kind::TooLarge,
        description: format!("Keep {size} plans instead of {held}."),
        expected_improvement: freed,
        gain: Gain::Memory,
        effort: Effort::Low,
        change: Some(SettingsChange { max_entries: Some(size), ..SettingsChange::default() }),
        explanation: format!(
            "By the miss-ratio curve {room} plans hit {now:.1}%, {size} hit {:.1}%; {held} are held, of {} bytes.",
            curve.hit_rate(size),
            window.bytes,
        ),
    })
}

/// Admission if it is off, else more room.
pub(super) fn hot_evictions(window: &PlanCacheWindow) -> Option<Recommendation> {
    let lost = window.share(window.evicted_hot);
    if lost < WORTH {
        return None;
    }
    let evicted = window.evicted_for_entries.saturating_add(window.evicted_for_bytes);
    let numbers = format!(
        "{} of {evicted} evicted plans were in use, one for {:.0} lookups; each costs a miss when it is asked for again.",
        window.evicted_hot,
        window.lookups as f64 / window.evicted_hot.max(1) as f64,
    );
    if !window.settings.admission {
        return Some(Recommendation {
            kind: Kind::HotEvictions,
            description: "Let admission protect plans in use from those that come once.".to_owned(),
            // Others have to go instead, and of these as many are missed as are asked for again.
            expected_improvement: lost * (1.0 - again(window)),
            gain: Gain::HitRate,
            effort: Effort::Low,
            change: Some(SettingsChange { admission: Some(true), ..SettingsChange::default() }),
            explanation: numbers,
        })
        .filter(|recommendation| recommendation.expected_improvement >= UNNOTICED);
    }
    let (room, size) = (window.room(), window.room().saturating_mul(2).min(MOST_ENTRIES));
    let gain = (window.curve.hit_rate(size) - window.curve.hit_rate(room)).min(lost);
    (gain >= UNNOTICED).then(|| Recommendation {
        kind: Kind::HotEvictions,
        description: format!("Make room for {size} plans instead of {room}."),
        expected_improvement: gain,
        gain: Gain::HitRate,
        effort: Effort::Medium,
        change: Some(room_for(window, size)),
        explanation: numbers,
    })
}

/// Hits that renew if they don't, else twice the time.
pub(super) fn ttl_churn(window: &PlanCacheWindow) -> Option<Recommendation> {
    let lost = window.share(window.expired_again);
    let ttl = window.settings.ttl?;
    if lost < UNNOTICED {
        return None;
    }
    let numbers = format!(
        "{} of {} plans that expired were asked for again soon after, {lost:.2}% of the lookups.",
        window.expired_again, window.expired
    );
    let renew = !window.settings.renew_on_hit;
    let double = ttl.saturating_mul(2);
    Some(Recommendation {
        kind: Kind::TtlChurn,
        description: if renew {
            "Let a hit renew a plan's time to live.".to_owned()
        } else {
            format!("Let plans live {} s instead of {} s.", double.as_secs_f64(), ttl.as_secs_f64())
        },
        // Renewed, plans in use don't expire. Twice the time: they expire half as often.
        expected_improvement: if renew { lost } else { lost / 2.0 },
        gain: Gain::HitRate,
        effort: Effort::Low,
        change: Some(SettingsChange {
            renew_on_hit: renew.then_some(true),
            ttl: (!renew).then_some(double),
            ..SettingsChange::default()
        }),
        explanation: numbers,
    })
}

/// No setting helps: clients have to send variables.
pub(super) fn literals(window: &PlanCacheWindow) -> Option<Recommendation> {
    let lost = window.share(window.literal_misses);
    (lost >= WORTH).then(|| Recommendation {
        kind: Kind::Literals,
        description: "Have clients send variables in place of literals.".to_owned(),
        expected_improvement: lost,
        gain: Gain::HitRate,
        effort: Effort::High,
        change: None,
        explanation: format!(
            "{} of {} lookups were misses of operations with literals that could not be taken out. {} distinct texts \
             came to {} distinct operations.",
            window.literal_misses, window.lookups, window.texts, window.operations
        ),
    })
}

/// First uses of what came again. Those that another layer answered were as good as warm.
pub(super) fn warm_up(window: &PlanCacheWindow) -> Option<Recommendation> {
    let planned = 100.0 - window.total_hit_rate();
    let gain = window.curve.warmable().min(planned);
    let misses = window.lookups as f64 * planned / 100.0;
    (gain >= WORTH).then(|| Recommendation {
        kind: Kind::WarmUp,
        description: "Warm up the operations that clients ask for: list them, or give their manifest.".to_owned(),
        expected_improvement: gain,
        gain: Gain::HitRate,
        effort: Effort::Medium,
        change: None,
        explanation: format!(
            "{:.1}% of the lookups were first uses of operations that came again; {planned:.1}% were planned while a \
             client waited, {:.1} ms each.",
            window.curve.warmable(),
            window.planning_time.as_secs_f64() * 1e3 / misses.max(1.0),
        ),
    })
}

/// The share of first uses after which an operation comes again, 0 to 1.
fn again(window: &PlanCacheWindow) -> f64 {
    let first = window.curve.first_uses();
    if first > 0.0 { (window.curve.warmable() / first).clamp(0.0, 1.0) } else { 1.0 }
}

/// Entries, and bytes if those there are would not do.
fn room_for(window: &PlanCacheWindow, size: usize) -> SettingsChange {
    let settings = &window.settings;
    // A tenth more, for plans differ.
    let bytes = (window.bytes_per_entry() * size as f64 * 1.1) as usize;
    SettingsChange {
        max_entries: (size > settings.max_entries).then_some(size),
        max_bytes: (bytes > settings.max_bytes).then_some(bytes),
        ..SettingsChange::default()
    }
}
