//! What a migration may be: file names, the folder, directives, statement boundaries, diagnostics.
//!
//! A service's build script is one call into this crate; `cargo xtask` reads the same folder through the
//! same code, so that both report the very same findings.

mod diagnostic;

pub use diagnostic::{Diagnostic, Position};
