//! Other tools, where they are installed: what is on PATH takes part.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tool, and how it is told to apply a folder.
pub struct Peer {
    pub name: &'static str,
    arguments: &'static [&'static str],
    /// A file's path in the folder, by its number, in two parts.
    file: (&'static str, &'static str),
    /// What stands before and behind the SQL.
    frame: (&'static str, &'static str),
}

/// The address comes as `DATABASE_URL`, the folder as the current one.
const KNOWN: [Peer; 4] = [
    Peer {
        name: "sqlx",
        arguments: &["migrate", "run", "--source", "."],
        file: ("", "_change.sql"),
        frame: ("", ""),
    },
    Peer {
        name: "diesel",
        arguments: &["migration", "run", "--migration-dir", "."],
        file: ("", "_change/up.sql"),
        frame: ("", ""),
    },
    Peer {
        name: "refinery",
        arguments: &["migrate", "-e", "DATABASE_URL", "-p", "."],
        file: ("V", "__change.sql"),
        frame: ("", ""),
    },
    Peer {
        name: "dbmate",
        arguments: &["--migrations-dir", ".", "--no-dump-schema", "migrate"],
        file: ("", "_change.sql"),
        frame: ("-- migrate:up\n", "-- migrate:down\n"),
    },
];

/// Those that are on PATH.
pub fn installed() -> Vec<Peer> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut peers = Vec::from(KNOWN);
    peers.retain(|peer| folders.iter().any(|folder| folder.join(peer.name).is_file()));
    peers
}

impl Peer {
    /// Writes files in the tool's own form, numbered from 1.
    pub fn write<'a>(&self, folder: &Path, files: impl Iterator<Item = &'a str>) {
        for (sql, n) in files.zip(1..) {
            let path = folder.join(format!("{}{n:05}{}", self.file.0, self.file.1));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{}{sql}{}", self.frame.0, self.frame.1)).unwrap();
        }
    }

    /// Applies the folder.
    pub fn apply(&self, folder: &Path, url: &str) {
        let output = Command::new(self.name)
            .args(self.arguments)
            .current_dir(folder)
            .env("DATABASE_URL", format!("{url}?sslmode=disable"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            self.name,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
