//! Where V8 keeps the code of a module's functions.
//!
//! V8 compiles a module into a mapping of its own. It begins with a *jump table*: a slot of 8 bytes for each function that
//! the module defines, in order of their index, which holds a jump to the function's code (`JumpTableAssembler` in V8's
//! src/wasm/jump-table-assembler.h). Behind it lies the code, in no order, and among it what V8 generates to call
//! imported functions: it begins as a function does, but for the kind of its stack frame. So it is in the V8 of Envoy
//! 1.40.0 on x86-64 (seen in its memory); anything else is refused with a reason.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Bytes of the jump table for each function.
const SLOT: usize = 8;
/// `jmp rel32`, and its length.
const JUMP: u8 = 0xe9;
const JUMP_BYTES: u64 = 5;
/// `push rbp; mov rbp, rsp; push imm8`: what code begins with. The byte that follows is the kind of the stack frame.
const OPENING: [u8; 5] = [0x55, 0x48, 0x89, 0xe5, 0x6a];
/// Code begins at multiples of 64 bytes, or of 32 in other versions.
const ALIGNMENT: usize = 32;
/// The mappings that can be a module's code, in bytes: below are V8's stubs, above its isolates (512 MiB each).
const SIZES: Range<u64> = (16 << 10)..(100 << 20);

/// The code of one module.
#[derive(Debug)]
pub(crate) struct Compiled {
    mapping: Range<u64>,
    /// Where a piece of code begins, and what it is; by address.
    starts: Vec<(u64, Spot)>,
}

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// By its index among those that the module defines.
    Function(usize),
    /// What V8 generates to call an imported function.
    ImportWrapper,
    /// The jump table, on the way from one function to another, and code that it doesn't lead to any more.
    Unnamed,
}

/// The mappings of `/proc/PID/maps` that may be a module's code: anonymous, writable and executable, of a fitting size.
pub(crate) fn mappings(maps: &str) -> Vec<Range<u64>> {
    maps.lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let (from, to) = fields.next()?.split_once('-')?;
            let anonymous = fields.eq(["rwxp", "00000000", "00:00", "0"]);
            let mapping = u64::from_str_radix(from, 16).ok()?..u64::from_str_radix(to, 16).ok()?;
            (anonymous && SIZES.contains(&mapping.end.checked_sub(mapping.start)?)).then_some(mapping)
        })
        .collect()
}

impl Compiled {
    /// Reads the memory of a mapping as the code of a module that defines so many functions. `Err` says what doesn't fit.
    pub(crate) fn decode(start: u64, memory: &[u8], functions: usize) -> Result<Compiled, String> {
        let is_wrong = |reason: String| format!("the mapping at {start:x} {reason}");
        let targets = targets(memory, functions).map_err(is_wrong)?;
        let frame = |at: usize| {
            let (opening, rest) = memory.get(at..)?.split_first_chunk()?;
            (*opening == OPENING).then(|| rest.first().copied())?
        };
        let mut kinds: HashMap<u8, usize> = HashMap::new();
        targets.iter().filter_map(|at| frame(*at)).for_each(|kind| *kinds.entry(kind).or_default() += 1);
        let usual = kinds.into_iter().max_by_key(|(_, count)| *count);
        let Some((of_functions, _)) = usual.filter(|(_, count)| *count > functions / 2) else {
            return Err(is_wrong("has functions that don't begin as V8's do".to_owned()));
        };
        let known: HashSet<usize> = targets.iter().copied().collect();
        let others = (functions * SLOT).next_multiple_of(ALIGNMENT)..memory.len();
        let others = others.step_by(ALIGNMENT).filter(|at| !known.contains(at)).filter_map(|at| {
            let is_function = frame(at)? == of_functions;
            Some((at, if is_function { Spot::Unnamed } else { Spot::ImportWrapper }))
        });
        let named = targets.iter().enumerate().map(|(index, at)| (*at, Spot::Function(index)));
        let mut starts: Vec<(u64, Spot)> =
            named.chain(others).map(|(at, spot)| (start + at as u64, spot)).collect();
        if !starts.iter().any(|(_, spot)| *spot == Spot::ImportWrapper) {
            return Err(is_wrong("has nothing that calls imported functions".to_owned()));
        }
        starts.sort_unstable_by_key(|(at, _)| *at);
        Ok(Compiled { mapping: start..start + memory.len() as u64, starts })
    }

    /// What is at an address; `None` if it isn't this module's.
    pub(crate) fn at(&self, address: u64) -> Option<Spot> {
        if !self.mapping.contains(&address) {
            return None;
        }
        let behind = self.starts.partition_point(|(start, _)| *start <= address);
        Some(behind.checked_sub(1).map_or(Spot::Unnamed, |at| self.starts[at].1))
    }
}

/// Where the jump table leads to, as offsets.
fn targets(memory: &[u8], functions: usize) -> Result<Vec<usize>, String> {
    let code = functions * SLOT;
    if functions == 0 || code >= memory.len() {
        return Err(format!("of {} bytes can't hold {functions} functions", memory.len()));
    }
    let slots = memory[..code].as_chunks::<SLOT>().0;
    let target = |(index, slot): (usize, &[u8; SLOT])| {
        let [JUMP, a, b, c, d, ..] = *slot else {
            return Err(format!("has no jump in slot {index} of its table: {slot:02x?}"));
        };
        let relative = i64::from(i32::from_le_bytes([a, b, c, d]));
        let target = ((index * SLOT) as u64 + JUMP_BYTES).checked_add_signed(relative);
        let within = target.map(|target| target as usize).filter(|at| (code..memory.len()).contains(at));
        within.ok_or_else(|| format!("has a jump out of the code in slot {index} of its table: {slot:02x?}"))
    };
    slots.iter().enumerate().map(target).collect()
}
