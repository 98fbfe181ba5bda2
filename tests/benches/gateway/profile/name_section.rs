//! The names of a module's functions.

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// The symbols of the functions that a module defines, in order of their index; a function without one has an empty one.
///
/// `Err` if it is no module, or was stripped of its names.
pub(crate) fn symbols(module: &[u8]) -> Result<Vec<String>, String> {
    let (mut imported, mut symbols, mut named) = (0, Vec::new(), false);
    let broken = |error: wasmparser::BinaryReaderError| format!("it is no module: {error}");
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import.map_err(broken)?.ty, TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(functions) => symbols.resize(functions.count() as usize, String::new()),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Name::Function(names) = name.map_err(broken)? else { continue };
                    named = true;
                    for naming in names {
                        let naming = naming.map_err(broken)?;
                        let defined = (naming.index as usize).checked_sub(imported);
                        if let Some(symbol) = defined.and_then(|at| symbols.get_mut(at)) {
                            naming.name.clone_into(symbol);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    named.then_some(symbols).ok_or_else(|| {
        "its functions have no names: build it with WEIR_WASM_STRIP=debuginfo, as `make bench` does with \
         WEIR_BENCH_PROFILE"
            .to_owned()
    })
}
