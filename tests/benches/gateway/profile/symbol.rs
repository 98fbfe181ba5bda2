//! What the symbol of a function says: where it is written, and a name for people.

use rustc_demangle::demangle;

/// Segments of a path that are shown.
const SHOWN: usize = 4;

/// Where a function is written, as a path: of a method its module, without the type, and its name
/// (`weir_gateway::pipeline::intake::take_request`), of a plain function its path. A name of C is one already.
///
/// The module of an `impl` stands in the symbol only: printed, each method seems to be where its type is.
pub(crate) fn definition(symbol: &str) -> String {
    let printed = format!("{:#}", demangle(symbol));
    match (impl_module(symbol), printed.strip_prefix('<').and_then(after_type)) {
        (Some(module), Some(method)) => format!("{module}{}", plain_path(method)),
        _ => plain_path(printed.trim_start_matches(['<', '&', '[', '(', '*'])).to_owned(),
    }
}

/// A short name: no generic arguments, no traits, and the end of the path only.
pub(crate) fn short(symbol: &str) -> String {
    let printed = format!("{:#}", demangle(symbol));
    let dropped = printed.strip_prefix("core::ptr::drop_in_place::<").and_then(|rest| rest.strip_suffix('>'));
    match dropped {
        Some(dropped) => format!("drop of {}", shortened(dropped)),
        None => shortened(&printed),
    }
}

fn shortened(printed: &str) -> String {
    let plain = bare(printed);
    let segments: Vec<&str> = plain.split("::").filter(|segment| !segment.is_empty()).collect();
    segments[segments.len().saturating_sub(SHOWN)..].join("::")
}

/// Without generic arguments; of `<Type as Trait>` the type is left.
fn bare(printed: &str) -> String {
    if let Some(inner) = printed.strip_prefix('<')
        && let Some(rest) = after_type(inner)
    {
        let within = &inner[..inner.len() - rest.len() - 1];
        let at_top = |at: &usize| depth(&within[..*at]) == 0;
        let end = within.match_indices(" as ").map(|(at, _)| at).find(at_top).unwrap_or(within.len());
        return format!("{}{}", bare(&within[..end]), bare(rest));
    }
    let mut depth = 0;
    let mut before = ' ';
    let mut plain = String::new();
    for letter in printed.chars() {
        match letter {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
        before = letter;
    }
    plain
}

/// What follows the `>` that closes what was opened just before.
fn after_type(inner: &str) -> Option<&str> {
    let closes = |(at, _): &(usize, &str)| depth(&inner[..at + 1]) < 0;
    let (at, _) = inner.match_indices('>').find(closes)?;
    Some(&inner[at + 1..])
}

/// How many angle brackets are open at the end; the arrow of a function's type is none.
fn depth(text: &str) -> i32 {
    let count = |pattern: &str| text.matches(pattern).count() as i32;
    count("<") - count(">") + count("->")
}

/// The path that a text begins with, up to the first generic argument.
fn plain_path(text: &str) -> &str {
    let in_path = |letter: char| letter.is_alphanumeric() || "_:{}#".contains(letter);
    text[..text.find(|letter| !in_path(letter)).unwrap_or(text.len())].trim_end_matches("::")
}

/// The module of the `impl` that a method is in, from Rust's mangling v0
/// (<https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>): `M` and `X` are followed by its path.
fn impl_module(symbol: &str) -> Option<String> {
    let mut rest = symbol.strip_prefix("_R")?;
    // Instances (`I`), and what is nested in the method (`N`, and a letter for what it is).
    while let Some(inner) =
        rest.strip_prefix('I').or_else(|| rest.strip_prefix('N').and_then(|rest| rest.get(1..)))
    {
        rest = inner;
    }
    rest = after_disambiguator(rest.strip_prefix(['M', 'X'])?)?;
    let modules = rest.len() - rest.trim_start_matches("Nt").len();
    rest = rest[modules..].strip_prefix('C')?;
    let mut names = Vec::new();
    for _ in 0..=modules / "Nt".len() {
        rest = after_disambiguator(rest)?;
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let length: usize = rest[..digits].parse().ok()?;
        // An underscore keeps a name apart that begins with a digit or an underscore itself.
        let name = rest[digits..].strip_prefix('_').unwrap_or(&rest[digits..]);
        names.push(name.get(..length)?);
        rest = &name[length..];
    }
    Some(names.join("::"))
}

/// `s…_`, which tells equal names apart, may come first.
fn after_disambiguator(rest: &str) -> Option<&str> {
    match rest.strip_prefix('s') {
        Some(number) => Some(number.split_once('_')?.1),
        None => Some(rest),
    }
}
