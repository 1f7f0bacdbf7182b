//! `cargo xtask`: every command is in the `dbtask` package.
fn main() -> std::process::ExitCode {
    dbtask::main()
}
