//! `weirctl`, Weir's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    weir_cli::main()
}
