//! What a migration may be: file names, the folder, directives, statement boundaries, diagnostics.
//!
//! A service's build script is one call into this crate, [`build_script`]; `cargo xtask` reads the same folder
//! through the same code, [`MigrationFolder::read`], so that both report the very same findings.

mod build;
mod checksum;
mod command;
mod diagnostic;
mod directives;
mod file;
mod folder;
#[cfg(feature = "lint")]
pub mod lint;
mod listing;
mod name;
mod nearest;
mod repeatable;
pub mod statements;
mod workspace;

pub use build::build_script;
pub use checksum::checksum;
pub use command::Command;
pub use diagnostic::{Diagnostic, Position};
pub use directives::Directives;
pub use file::{Embedded, MigrationFile};
pub use folder::MigrationFolder;
pub use name::{FileName, NameError, Version};
pub use repeatable::RepeatableFile;
pub use workspace::workspace_root;
