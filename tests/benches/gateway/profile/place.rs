//! Where a sample belongs: each to exactly one line of the table, whoever's code runs, and whatever it runs for.

use super::compiled::{Compiled, Spot};
use super::stacks::Frame;
use super::stages::{Duty, Stage, duty};
use super::symbol;

/// A line of the table, in its order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Line {
    Stage(Stage),
    Allocator,
    /// `memory.copy` and `memory.fill`, which V8 does by a call into C.
    Copies,
    /// From the wrapper of an imported function on.
    HostCalls,
    /// What follows runs without the module.
    Envoy,
    Libc,
    /// By the system call; of what else it does, empty.
    Kernel(String),
    Elsewhere,
}

/// Whose code runs. What V8 has compiled from a module has no file, so `perf` shows it as anonymous memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Module,
    Envoy,
    Libc,
    Kernel,
    Rest,
}

/// What is known of one sample.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) owner: Owner,
    pub(crate) line: Line,
    /// The same, but that allocations and copies are their stage's.
    pub(crate) served: Line,
    /// The function of the module that runs.
    pub(crate) function: Option<&'a str>,
    /// The function that has called the host.
    pub(crate) host_call: Option<&'a str>,
}

/// The functions of a module that runs.
#[derive(Debug)]
pub(crate) struct Functions {
    compiled: Compiled,
    /// In order of their index among those that the module defines.
    functions: Vec<Function>,
}

#[derive(Debug)]
struct Function {
    name: String,
    duty: Duty,
}

/// Between functions, as a rule.
const UNNAMED: &str = "(V8's jump table)";

impl Functions {
    /// `symbols` are those of the functions that the module defines, in order of their index.
    pub(crate) fn new(compiled: Compiled, symbols: &[String]) -> Functions {
        let function = |(index, symbol): (usize, &String)| {
            let name = if symbol.is_empty() { format!("function {index}") } else { symbol::short(symbol) };
            Function { name, duty: duty(&symbol::definition(symbol)) }
        };
        Functions { compiled, functions: symbols.iter().enumerate().map(function).collect() }
    }

    /// What of a stack is in the module, the innermost first; `None` for what V8 generates to call imports.
    fn within<'a>(&'a self, stack: &'a [Frame]) -> impl Iterator<Item = (usize, Option<(&'a str, Duty)>)> {
        stack.iter().enumerate().filter_map(|(at, frame)| {
            // A call that never returns may be its function's last byte: the address behind it is another's.
            let spot = self.compiled.at(frame.address - u64::from(at > 0 && frame.address > 0))?;
            let function = match spot {
                Spot::Unnamed => Some((UNNAMED, Duty::Shared)),
                Spot::ImportWrapper => None,
                Spot::Function(index) => {
                    let function = self.functions.get(index)?;
                    Some((function.name.as_str(), function.duty))
                }
            };
            Some((at, function))
        })
    }
}

impl<'a> Place<'a> {
    /// Of a stack that isn't empty; without `functions`, in a process without a module or one that can't be told.
    pub(crate) fn of(stack: &'a [Frame], functions: Option<&'a Functions>) -> Place<'a> {
        let owner = stack.first().map_or(Owner::Rest, Owner::of);
        let line = Line::without_module(stack, owner);
        let outside = Place { owner, served: line.clone(), line, function: None, host_call: None };
        let Some(functions) = functions else { return outside };
        let Some((at, innermost)) = functions.within(stack).next() else { return outside };
        let callers = || functions.within(stack).filter_map(|(_, function)| function);
        let stage = callers().find_map(|(_, duty)| match duty {
            Duty::For(stage) => Some(stage),
            Duty::Shared | Duty::Allocator => None,
        });
        let of_stage = |line: Line| stage.map_or(line, Line::Stage);
        match innermost {
            None => Place {
                line: Line::HostCalls,
                served: Line::HostCalls,
                host_call: Some(callers().next().map_or("(none)", |(name, _)| name)),
                ..outside
            },
            Some((name, duty)) if at == 0 => {
                let line = match duty {
                    Duty::Allocator => Line::Allocator,
                    Duty::For(_) | Duty::Shared => of_stage(Line::Stage(Stage::Rest)),
                };
                Place { served: of_stage(line.clone()), line, function: Some(name), ..outside }
            }
            // An interrupt hits any code.
            Some(_) if owner == Owner::Kernel => outside,
            // No wrapper lies between: it is V8 itself that calls into C.
            Some(_) => Place { line: Line::Copies, served: of_stage(Line::Copies), ..outside },
        }
    }
}

impl Owner {
    fn of(innermost: &Frame) -> Owner {
        match innermost.object.as_str() {
            object
                if object.starts_with("[JIT]") || object.contains("anon") || object.starts_with("perf-") =>
            {
                Owner::Module
            }
            "envoy" => Owner::Envoy,
            object if object.starts_with("libc") || object.starts_with("libm") => Owner::Libc,
            object
                if object.starts_with("[kernel")
                    || object.starts_with("[guest.kernel")
                    || object.starts_with("[vdso")
                    || object.ends_with(".ko") =>
            {
                Owner::Kernel
            }
            _ => Owner::Rest,
        }
    }
}

impl Line {
    fn without_module(stack: &[Frame], owner: Owner) -> Line {
        match owner {
            Owner::Envoy => Line::Envoy,
            Owner::Libc => Line::Libc,
            Owner::Kernel => Line::Kernel(system_call(stack).unwrap_or_default()),
            Owner::Module | Owner::Rest => Line::Elsewhere,
        }
    }
}

/// What the kernel was asked for, from the names of its functions; `None` without one, and without names.
fn system_call(stack: &[Frame]) -> Option<String> {
    /// Of what tells system calls apart, on x86-64 and on ARM, the outermost first.
    const DISPATCHERS: [&str; 5] =
        ["do_syscall_64", "x64_sys_call", "do_el0_svc", "el0_svc_common", "invoke_syscall"];
    /// Compilers leave out one or the other of a system call's functions, so any may be the outermost.
    const PREFIXES: [&str; 8] =
        ["__x64_sys_", "__arm64_sys_", "__do_sys_", "__se_sys_", "__sys_", "ksys_", "do_", "vfs_"];
    let names = || stack.iter().rev().map(|frame| frame.symbol.as_str());
    let is_dispatcher = |name: &str| DISPATCHERS.iter().any(|dispatcher| name.starts_with(dispatcher));
    let called = names().skip_while(|name| !is_dispatcher(name)).find(|name| !is_dispatcher(name))?;
    let name = PREFIXES.iter().find_map(|prefix| called.strip_prefix(prefix))?;
    Some(name.to_owned())
}
