//! How the benchmark's profile tells where a sample belongs (`benches/gateway/profile`): its parts that need no process.

#[path = "../benches/gateway/profile/compiled.rs"]
mod compiled;
#[path = "../benches/gateway/profile/name_section.rs"]
mod name_section;
#[path = "../benches/gateway/profile/place.rs"]
mod place;
#[path = "../benches/gateway/profile/stacks.rs"]
mod stacks;
#[path = "../benches/gateway/profile/stages.rs"]
mod stages;
#[path = "../benches/gateway/profile/symbol.rs"]
mod symbol;

use compiled::{Compiled, Spot};
use place::{Functions, Line, Owner, Place};
use stacks::Frame;
use stages::{Duty, Stage};

/// Where V8 would have put the code, and how much of it there is, in bytes.
const CODE: u64 = 0x1652_56c1_6000;
const SIZE: usize = 0x8000;
/// `push rbp; mov rbp, rsp; push` of the kind of the stack frame.
const FUNCTION: [u8; 6] = [0x55, 0x48, 0x89, 0xe5, 0x6a, 0x30];
const WRAPPER: [u8; 6] = [0x55, 0x48, 0x89, 0xe5, 0x6a, 0x40];

/// Symbols as rustc 1.95 makes them.
const ADVANCE: &str = "_RNvMNtCsfxOfan0lInb_12weir_gateway8pipelineNtB2_7Gateway7advance";
const TAKE_REQUEST: &str =
    "_RNvMs_NtNtCsfxOfan0lInb_12weir_gateway8pipeline6intakeNtB4_7Gateway12take_request";
const LAUNCH: &str = "_RNvMNtNtNtCsfxOfan0lInb_12weir_gateway8pipeline7traffic9admissionNtB6_7Gateway6launch";
const REPRESENTATIONS: &str =
    "_RNCNvMNtNtCsfxOfan0lInb_12weir_gateway8executor9executionNtB4_9Execution15representations0B8_";
const COUNT: &str =
    "_RNvXs_NtCsihTGHdU7mgE_4weir4hostNtB4_9EnvoyHostNtNtCsfxOfan0lInb_12weir_gateway4host4Host5count";
const MERGE: &str = "_RNvMNtNtCsfxOfan0lInb_12weir_gateway8response4treeNtB2_4Tree5merge";
const FIELDS: &str = "_RNvMNtNtCsfxOfan0lInb_12weir_gateway8response7projectNtB2_9Projector6fields";
const EQUAL: &str = "_RNvNtNtCsfxOfan0lInb_12weir_gateway8response5bytes5equal";

/// The functions of the module below, by index, a KiB apart from each other.
const SYMBOLS: [&str; 7] = [ADVANCE, FIELDS, EQUAL, "dlmalloc", "realloc", COUNT, "proxy_on_memory_allocate"];
/// Code that the jump table doesn't lead to, what calls imported functions, and the last function.
const OLD: u64 = CODE + 0x4000;
const WRAPPERS: [u64; 2] = [CODE + 0x5000, CODE + 0x5040];

/// The address of a function's code: the table's order is not that of the code.
fn start(index: usize) -> u64 {
    if index == 0 { CODE + 0x6000 } else { CODE + 0x1000 + 0x400 * (SYMBOLS.len() - index) as u64 }
}

/// The mapping's memory.
fn memory() -> Vec<u8> {
    let mut memory = vec![0; SIZE];
    let mut put = |address: u64, bytes: &[u8]| {
        let at = (address - CODE) as usize;
        memory[at..at + bytes.len()].copy_from_slice(bytes);
    };
    for index in 0..SYMBOLS.len() {
        let slot = CODE + 8 * index as u64;
        let [a, b, c, d] = u32::try_from(start(index) - (slot + 5)).expect("it is near").to_le_bytes();
        put(slot, &[0xe9, a, b, c, d, 0xcc, 0xcc, 0xcc]);
        put(start(index), &FUNCTION);
    }
    put(OLD, &FUNCTION);
    WRAPPERS.iter().for_each(|wrapper| put(*wrapper, &WRAPPER));
    memory
}

fn compiled() -> Compiled {
    Compiled::decode(CODE, &memory(), SYMBOLS.len()).expect("it fits")
}

fn functions() -> Functions {
    Functions::new(compiled(), &SYMBOLS.map(str::to_owned))
}

fn frame(address: u64, symbol: &str, object: &str) -> Frame {
    Frame { address, symbol: symbol.to_owned(), object: object.to_owned() }
}

fn in_module(index: usize) -> Frame {
    frame(start(index) + 0x20, "[unknown]", "perf-7.map")
}

fn wrapper() -> Frame {
    frame(WRAPPERS[0] + 0x20, "[unknown]", "perf-7.map")
}

fn envoy() -> Frame {
    frame(0x32d_a7a3, "[unknown]", "envoy")
}

fn memmove() -> Frame {
    frame(0x16_db75, "__memmove_avx512_unaligned_erms", "libc.so.6")
}

fn kernel(names: &[&str]) -> Vec<Frame> {
    names.iter().map(|name| frame(0xffff_ffff_8100_0000, name, "[kernel.kallsyms]")).collect()
}

#[test]
fn addresses_are_told_by_the_jump_table() {
    let compiled = compiled();
    assert_eq!(compiled.at(CODE - 1), None);
    assert_eq!(compiled.at(CODE), Some(Spot::Unnamed));
    for index in 0..SYMBOLS.len() {
        assert_eq!(compiled.at(start(index)), Some(Spot::Function(index)));
        assert_eq!(compiled.at(start(index) + 0x3ff), Some(Spot::Function(index)));
    }
    assert_eq!(compiled.at(OLD), Some(Spot::Unnamed));
    assert_eq!(compiled.at(WRAPPERS[0]), Some(Spot::ImportWrapper));
    assert_eq!(compiled.at(start(0) - 1), Some(Spot::ImportWrapper));
    assert_eq!(compiled.at(CODE + SIZE as u64), None);
}

#[test]
fn another_layout_is_refused_with_a_reason() {
    let refusal = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut memory = memory();
        change(&mut memory);
        Compiled::decode(CODE, &memory, SYMBOLS.len()).expect_err("it doesn't fit")
    };
    let reason = refusal(&|memory| memory[16] = 0xff);
    assert!(reason.contains("no jump in slot 2 "), "{reason}");
    // Forth beyond the end, back before the start, and into the table itself.
    for jump in [0x7fff_ffff, -100, 0] {
        let reason = refusal(&|memory| memory[9..13].copy_from_slice(&i32::to_le_bytes(jump)));
        assert!(reason.contains("out of the code in slot 1 "), "{reason}");
    }
    let reason = refusal(&|memory| memory.truncate(8 * SYMBOLS.len()));
    assert!(reason.contains("can't hold 7 functions"), "{reason}");
    let reason = refusal(&|memory| (1..5).for_each(|index| memory[(start(index) - CODE) as usize] = 0x90));
    assert!(reason.contains("don't begin"), "{reason}");
    let reason = refusal(&|memory| WRAPPERS.iter().for_each(|at| memory[(at - CODE) as usize] = 0x90));
    assert!(reason.contains("imported"), "{reason}");
}

#[test]
fn code_is_looked_for_in_mappings_that_can_hold_it() {
    let maps = "165256c16000-165257d8c000 rwxp 00000000 00:00 0 \n\
                165256c16000-165256c18000 rwxp 00000000 00:00 0 \n\
                7fcc7f580000-7fcc9f540000 rwxp 00000000 00:00 0\n\
                7fcc7f580000-7fcc7f680000 rw-p 00000000 00:00 0\n\
                7fcc7f580000-7fcc7f680000 r-xp 00001000 08:01 77 /usr/lib/libc.so.6\n\
                nonsense\n";
    assert_eq!(compiled::mappings(maps), vec![0x1652_56c1_6000..0x1652_57d8_c000]);
}

#[test]
fn functions_are_named_by_the_name_section() {
    let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
    let names = [&b"\x04name"[..], &[1, 9, 2, 1, 1, b'b', 2, 3], b"two"].concat();
    let head = [&b"\0asm\x01\0\0\0"[..], &section(1, &[1, 0x60, 0, 0])].concat();
    // One function is imported, two are defined.
    let stripped = [
        head,
        section(2, &[1, 1, b'm', 1, b'f', 0, 0]),
        section(3, &[2, 0, 0]),
        section(10, &[2, 2, 0, 0x0b, 2, 0, 0x0b]),
    ]
    .concat();
    let named = [&stripped[..], &section(0, &names)].concat();
    assert_eq!(name_section::symbols(&named), Ok(vec!["b".to_owned(), "two".to_owned()]));
    assert!(name_section::symbols(&stripped).expect_err("no names").contains("WEIR_WASM_STRIP=debuginfo"));
    assert!(name_section::symbols(b"\0asn").expect_err("no module").contains("no module"));
}

#[test]
fn stacks_are_read_as_perf_prints_them() {
    let text = "\n\t          16db75 __memmove_avx512 (/usr/lib/libc.so.6)\n\
                \t    165257d8b13c [unknown] (/tmp/perf-23019.map)\n\n\n\
                \tffffffff8100 operator new(unsigned long) ([kernel.kallsyms])\n\
                \t            10 [unknown] (/opt/envoy (deleted))\n";
    let mut read = Vec::new();
    stacks::read(text.as_bytes(), |stack| read.push(stack.to_vec())).expect("these are frames");
    let first = [
        frame(0x16_db75, "__memmove_avx512", "libc.so.6"),
        frame(0x1652_57d8_b13c, "[unknown]", "perf-23019.map"),
    ];
    let second = [
        frame(0xffff_ffff_8100, "operator new(unsigned long)", "[kernel.kallsyms]"),
        frame(0x10, "[unknown]", "envoy"),
    ];
    assert_eq!(read, [first, second]);
    assert!(stacks::read(&b"envoy 12 cycles:\n"[..], |_| {}).is_err());
}

#[test]
fn methods_are_where_their_impl_is() {
    let definitions = [
        (ADVANCE, "weir_gateway::pipeline::advance"),
        (TAKE_REQUEST, "weir_gateway::pipeline::intake::take_request"),
        (REPRESENTATIONS, "weir_gateway::executor::execution::representations::{closure#0}"),
        (COUNT, "weir::host::count"),
        (EQUAL, "weir_gateway::response::bytes::equal"),
    ];
    for (symbol, definition) in definitions {
        assert_eq!(symbol::definition(symbol), definition, "{symbol}");
    }
}

#[test]
fn short_names_leave_out_generics_and_traits() {
    let drop_of_tree = "_RINvNtCsl9uSTjfZmvK_4core3ptr13drop_in_placeNtNtNtCsfxOfan0lInb_12weir_gateway8response4tree4TreeEBK_";
    let names = [
        (FIELDS, "response::project::Projector::fields"),
        (COUNT, "weir::host::EnvoyHost::count"),
        (REPRESENTATIONS, "execution::Execution::representations::{closure#0}"),
        (drop_of_tree, "drop of weir_gateway::response::tree::Tree"),
    ];
    for (symbol, name) in names {
        assert_eq!(symbol::short(symbol), name, "{symbol}");
    }
}

#[test]
fn stages_are_told_by_where_a_function_is() {
    let duties = [
        (ADVANCE, Duty::For(Stage::Rest)),
        (TAKE_REQUEST, Duty::For(Stage::Request)),
        (LAUNCH, Duty::For(Stage::Traffic)),
        (REPRESENTATIONS, Duty::For(Stage::Representations)),
        (COUNT, Duty::For(Stage::Filter)),
        (MERGE, Duty::For(Stage::Merging)),
        (EQUAL, Duty::Shared),
        ("dlmalloc", Duty::Allocator),
        ("proxy_on_request_body", Duty::For(Stage::Filter)),
        ("memcmp", Duty::Shared),
    ];
    for (symbol, duty) in duties {
        assert_eq!(stages::duty(&symbol::definition(symbol)), duty, "{symbol}");
    }
    // A part of a name is none of a path.
    assert_eq!(stages::duty("weir_gateway::response::reader::f"), Duty::For(Stage::Rest));
    assert_eq!(stages::duty("weird::f"), Duty::Shared);
}

#[test]
fn what_serves_several_stages_is_the_nearest_callers() {
    let functions = functions();
    let stack = [in_module(2), in_module(1), in_module(0), envoy()];
    let place = Place::of(&stack, Some(&functions));
    let writing = Line::Stage(Stage::Writing);
    assert_eq!((place.line, place.served), (writing.clone(), writing.clone()));
    assert_eq!((place.owner, place.function), (Owner::Module, Some("weir_gateway::response::bytes::equal")));

    let stack = [in_module(3), in_module(2), in_module(1), envoy()];
    let place = Place::of(&stack, Some(&functions));
    assert_eq!((place.line, place.served), (Line::Allocator, writing.clone()));

    let stack = [memmove(), in_module(4), in_module(1), envoy()];
    let place = Place::of(&stack, Some(&functions));
    assert_eq!((place.line, place.served), (Line::Copies, writing));
    assert_eq!((place.owner, place.function, place.host_call), (Owner::Libc, None, None));
}

#[test]
fn what_returns_behind_its_functions_end_is_its_functions() {
    // The call was the last instruction of `FIELDS`; other code follows.
    let stack = [in_module(2), frame(OLD, "[unknown]", "perf-7.map"), envoy()];
    let functions = functions();
    assert_eq!(Place::of(&stack, Some(&functions)).line, Line::Stage(Stage::Writing));
}

#[test]
fn host_calls_begin_at_the_wrapper_of_an_import() {
    let functions = functions();
    for innermost in [memmove(), envoy(), wrapper()] {
        let stack = [innermost, envoy(), wrapper(), in_module(5), in_module(0), envoy()];
        let place = Place::of(&stack, Some(&functions));
        assert_eq!((place.line, place.served), (Line::HostCalls, Line::HostCalls));
        assert_eq!(place.host_call, Some("weir::host::EnvoyHost::count"));
    }
    // The host may call the module in turn.
    let stack = [in_module(3), in_module(6), envoy(), wrapper(), in_module(0), envoy()];
    let place = Place::of(&stack, Some(&functions));
    assert_eq!((place.line, place.served), (Line::Allocator, Line::Stage(Stage::Filter)));
}

#[test]
fn without_the_module_there_are_envoy_libc_and_the_kernel() {
    let functions = functions();
    let line = |stack: &[Frame]| Place::of(stack, Some(&functions)).line;
    assert_eq!(line(&[envoy(), envoy()]), Line::Envoy);
    assert_eq!(line(&[memmove(), envoy()]), Line::Libc);
    let called = |names: &[&str]| [kernel(names), vec![envoy()]].concat();
    let write = ["tcp_sendmsg", "vfs_writev", "do_writev", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"];
    assert_eq!(line(&called(&write)), Line::Kernel("writev".to_owned()));
    let wait = ["schedule", "__x64_sys_epoll_wait", "x64_sys_call", "do_syscall_64", "entry_SYSCALL_64"];
    assert_eq!(line(&called(&wait)), Line::Kernel("epoll_wait".to_owned()));
    assert_eq!(line(&called(&["[unknown]"])), Line::Kernel(String::new()));
    // An interrupt hits any code.
    let interrupt =
        [kernel(&["handle_softirqs", "asm_sysvec_apic_timer_interrupt"]), vec![in_module(1)]].concat();
    assert_eq!(line(&interrupt), Line::Kernel(String::new()));
    // A process without a module, or with one that can't be told.
    assert_eq!(Place::of(&[in_module(1)], None).line, Line::Elsewhere);
}
