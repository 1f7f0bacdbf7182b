//! Where the workspace is.

use std::path::{Path, PathBuf};

/// The root of the cargo workspace around `start`: the nearest folder, going up, whose `Cargo.toml` has a
/// `[workspace]` table.
pub fn workspace_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    let is_root = |dir: &Path| {
        let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
        manifest
            .lines()
            .any(|line| line.trim() == "[workspace]" || line.trim().starts_with("[workspace."))
    };
    start.ancestors().find(|dir| is_root(dir)).map(Path::to_owned)
}
