//! The profiles as Markdown, in microseconds of gateway CPU for each request.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::Profile;
use super::place::Line;
use super::stages::Stage;
use crate::measured::Measured;

/// As `place::Owner` has them.
pub(crate) const OWNERS: [&str; 5] =
    ["module (compiled by V8)", "Envoy's binary", "libc and libm", "kernel", "rest"];
/// Functions shown of each row.
const HOTTEST: usize = 25;
/// Microseconds of a request below which a host call or a system call isn't worth a line.
const SHOWN: f64 = 0.5;

/// A row and its profile.
struct Profiled<'a> {
    title: &'a str,
    profile: &'a Profile,
    /// Of a request.
    all: f64,
}

impl Profiled<'_> {
    fn micros(&self, samples: u64) -> f64 {
        self.all * samples as f64 / self.profile.samples() as f64
    }
}

/// The tables of the rows with a profile; empty without any.
pub(crate) fn markdown(measured: &[Measured]) -> String {
    let profiled = |row: &'_ Measured| row.profile.is_some();
    if !measured.iter().any(profiled) {
        return String::new();
    }
    let rows: Vec<Profiled<'_>> = measured
        .iter()
        .filter_map(|row| {
            Some(Profiled { title: row.row.title, profile: row.profile.as_ref()?, all: row.cpu_micros() })
        })
        .collect();
    let mut text = owners(&rows);
    for row in &rows {
        if let Some(reason) = &row.profile.problem {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\nNo more is known of {}: {reason}.", row.title);
        }
    }
    let rows: Vec<Profiled<'_>> = rows.into_iter().filter(|row| row.profile.problem.is_none()).collect();
    if !rows.is_empty() {
        text.push_str(&stages(&rows));
        text.push_str(&host_calls(&rows));
        rows.iter().for_each(|row| text.push_str(&functions(row)));
    }
    text
}

fn owners(rows: &[Profiled<'_>]) -> String {
    let mut text = format!("\n| µs of gateway CPU a request | all | {} |\n", OWNERS.join(" | "));
    let _ = writeln!(text, "|---|--:|{}", "--:|".repeat(OWNERS.len()));
    for row in rows {
        let shares = row.profile.owners.map(|samples| {
            let micros = row.micros(samples);
            format!("{micros:.0} ({:.0}%)", 100.0 * micros / row.all)
        });
        let _ = writeln!(text, "| {} | {:.0} | {} |", row.title, row.all, shares.join(" | "));
    }
    text
}

/// Each sample in one line; beside it, the same with allocations and copies in the line of who needs them.
fn stages(rows: &[Profiled<'_>]) -> String {
    let mut text = "\n| where each µs goes |".to_owned();
    rows.iter().for_each(|row| text.push_str(&format!(" {} | with its memory |", row.title)));
    let _ = writeln!(text, "\n|---|{}", "--:|--:|".repeat(rows.len()));
    let mut lines: BTreeSet<&Line> = rows.iter().flat_map(|row| row.profile.lines.keys()).collect();
    let other = Line::Kernel(String::new());
    lines.insert(&other);
    let counts = |row: &Profiled<'_>, line: &Line| row.profile.lines.get(line).copied().unwrap_or_default();
    let is_small = |line: &Line| {
        matches!(line, Line::Kernel(_)) && rows.iter().all(|row| row.micros(counts(row, line)[0]) < SHOWN)
    };
    let (small, shown): (Vec<&Line>, Vec<&Line>) =
        lines.into_iter().filter(|line| **line != other).partition(|line| is_small(line));
    let mut write = |title: &str, lines: &[&Line]| {
        let cells = rows.iter().map(|row| {
            let sum = |which: usize| lines.iter().map(|line| counts(row, line)[which]).sum::<u64>();
            format!(" {} | {} |", cell(row.micros(sum(0))), cell(row.micros(sum(1))))
        });
        let _ = writeln!(text, "| {title} |{}", cells.collect::<String>());
    };
    let (kernel, rest): (Vec<&Line>, Vec<&Line>) =
        shown.iter().copied().partition(|line| matches!(line, Line::Kernel(_)));
    let (before, after): (Vec<&Line>, Vec<&Line>) = rest.into_iter().partition(|line| **line < other);
    before.iter().for_each(|line| write(&title(line), &[line]));
    kernel.iter().for_each(|line| write(&title(line), &[line]));
    write(&title(&other), &[&[&other][..], &small].concat());
    after.iter().for_each(|line| write(&title(line), &[line]));
    write("**all**", &[&shown[..], &small, &[&other]].concat());
    let samples = rows.iter().map(|row| format!(" {} | |", row.profile.samples()));
    let _ = writeln!(text, "| samples |{}", samples.collect::<String>());
    text
}

fn title(line: &Line) -> String {
    match line {
        Line::Stage(stage) => stage_title(*stage).to_owned(),
        Line::Allocator => "allocator".to_owned(),
        Line::Copies => "memory.copy and memory.fill".to_owned(),
        Line::HostCalls => "host calls".to_owned(),
        Line::Envoy => "without the module: Envoy".to_owned(),
        Line::Libc => "without the module: libc and libm".to_owned(),
        Line::Kernel(call) if call.is_empty() => "without the module: kernel, other".to_owned(),
        Line::Kernel(call) => format!("without the module: kernel, {call}"),
        Line::Elsewhere => "rest".to_owned(),
    }
}

fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Request => "request and plan cache",
        Stage::Traffic => "loader and traffic control",
        Stage::Reading => "reading answers",
        Stage::Merging => "merging answers",
        Stage::Representations => "representations and calls' bodies",
        Stage::Writing => "writing the reply",
        Stage::Rest => "the gateway's other steps",
        Stage::Filter => "filter and proxy-wasm",
    }
}

fn host_calls(rows: &[Profiled<'_>]) -> String {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.profile.host_calls.keys()).collect();
    if names.is_empty() {
        return String::new();
    }
    let micros = |row: &Profiled<'_>, name: &String| {
        row.micros(row.profile.host_calls.get(name).copied().unwrap_or_default())
    };
    let most = |name: &String| rows.iter().map(|row| micros(row, name)).fold(0.0, f64::max);
    let (mut shown, small): (Vec<&String>, Vec<&String>) =
        names.into_iter().partition(|name| most(name) >= SHOWN);
    shown.sort_by(|a, b| most(b).total_cmp(&most(a)));
    let titles: Vec<&str> = rows.iter().map(|row| row.title).collect();
    let mut text = format!("\n| host calls, by the function that makes them | {} |\n", titles.join(" | "));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(rows.len()));
    let mut write = |title: &str, names: &[&String]| {
        let cells = rows.iter().map(|row| cell(names.iter().map(|name| micros(row, name)).sum()));
        let _ = writeln!(text, "| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    shown.iter().for_each(|name| write(&format!("`{name}`"), &[name]));
    write("others", &small);
    write("**all**", &[&shown[..], &small].concat());
    text
}

fn functions(row: &Profiled<'_>) -> String {
    let counts: &HashMap<String, u64> = &row.profile.functions;
    if counts.is_empty() {
        return String::new();
    }
    let mut hottest: Vec<(&String, &u64)> = counts.iter().collect();
    hottest.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut text = format!("\n| {}: hottest functions | µs | sum |\n|---|--:|--:|\n", row.title);
    let mut sum = 0.0;
    for (name, samples) in hottest.into_iter().take(HOTTEST) {
        let micros = row.micros(*samples);
        sum += micros;
        let _ = writeln!(text, "| `{name}` | {micros:.1} | {sum:.1} |");
    }
    text
}

/// To a tenth; nothing is a dash.
fn cell(micros: f64) -> String {
    if micros == 0.0 { "–".to_owned() } else { format!("{micros:.1}") }
}
