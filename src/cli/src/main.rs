//! weirctl: the command line of Weir.
fn main() {}
