//! One input under watch: its CPU time, its memory, and a panic that nobody contained.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};

use crate::Target;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What an input may cost of a worker is 100 ms. Sanitizer and coverage, and likewise an unoptimised build,
/// take about four times as long.
const MAX_CPU: Duration =
    Duration::from_millis(if cfg!(feature = "libfuzzer") || cfg!(debug_assertions) { 400 } else { 100 });

/// Bytes that one input, of at most some 16 KB, may hold at once.
const MAX_PEAK: usize = 64 << 20;

/// Bytes that may be held after any number of inputs: supergraphs and bounded caches.
const MAX_KEPT: usize = 128 << 20;

/// Gives `data` to the target's check.
///
/// # Panics
/// If the check does, or if the input costs too much time or memory. Panics that Weir contains are not
/// reported: they answer their own request and nothing else.
pub fn run(target: &Target, data: &[u8]) {
    // One at a time: memory is counted for the process.
    static ALONE: Mutex<u64> = Mutex::new(0);
    quiet();
    let mut inputs = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    *inputs += 1;
    let mut least = Duration::MAX;
    // The first run may fill caches, and any may be disturbed: what counts is the best of three.
    for _ in 0..3 {
        ALLOCATOR.reset_peak_usage();
        let (held, start) = (ALLOCATOR.current_usage(), cpu());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.check)(data))) {
            LAST.with_borrow(|(what, trace)| eprintln!("{}: {what}\n{trace}", target.name));
            resume_unwind(panic);
        }
        least = least.min(cpu().saturating_sub(start));
        let peak = ALLOCATOR.peak_usage().saturating_sub(held);
        assert!(peak <= MAX_PEAK, "{}: an input of {} bytes held {peak} bytes", target.name, data.len());
        if least <= MAX_CPU {
            break;
        }
    }
    assert!(least <= MAX_CPU, "{}: an input of {} bytes took {least:?} of CPU", target.name, data.len());
    let kept = ALLOCATOR.current_usage();
    assert!(kept <= MAX_KEPT, "{}: {kept} bytes are held after {inputs} inputs", target.name);
    if cfg!(feature = "libfuzzer") && inputs.is_power_of_two() {
        eprintln!("{}: {kept} bytes are held after {inputs} inputs", target.name);
    }
}

thread_local! {
    static LAST: RefCell<(String, Backtrace)> = const { RefCell::new((String::new(), Backtrace::disabled())) };
}

/// Keeps the last panic's message instead of printing it (libFuzzer's own hook would abort even where the
/// panic is about to be caught).
fn quiet() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            LAST.with_borrow_mut(|last| *last = (info.to_string(), Backtrace::capture()));
        }));
    });
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
