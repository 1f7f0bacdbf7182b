//! Tablespaces: one in a folder, and one on a disk so small that it can be filled.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::TestDatabase;
use super::server::Server;

/// A tablespace of the suite's server; dropped when it goes out of scope. The databases that use it must go before.
pub struct Tablespace {
    name: &'static str,
}

impl Tablespace {
    pub fn new(name: &'static str) -> Tablespace {
        let server = Server::get();
        let folder = server.data().with_file_name(name);
        std::fs::create_dir(&folder).unwrap();
        server.account().give(&folder).unwrap();
        let create = format!("CREATE TABLESPACE {name} LOCATION '{}'", folder.display());
        server.client("postgres").batch_execute(&create).unwrap();
        Tablespace { name }
    }

    pub fn name(&self) -> &str {
        self.name
    }
}

impl Drop for Tablespace {
    fn drop(&mut self) {
        let drop = format!("DROP TABLESPACE {}", self.name);
        let _ = Server::get().client("postgres").batch_execute(&drop);
    }
}

/// A file system in memory; unmounted when it goes out of scope. The database must go before.
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one of so many megabytes; `None` where this process may not.
    pub fn mount(megabytes: usize) -> Option<SmallDisk> {
        let path = std::env::temp_dir().join(format!("dbtask-disk-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let path = path.canonicalize().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=755"), "tmpfs"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            let _ = std::fs::remove_dir(&path);
            return None;
        }
        Some(SmallDisk { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves a database onto it.
    pub fn take(&self, database: &TestDatabase) {
        let folder = self.path.join("tablespace");
        std::fs::create_dir(&folder).unwrap();
        let server = database.server();
        server.account().give(&self.path).unwrap();
        server.account().give(&folder).unwrap();
        let mut client = server.client("postgres");
        for statement in [
            format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()),
            format!("ALTER DATABASE {} SET TABLESPACE small", database.name()),
        ] {
            client.batch_execute(&statement).unwrap();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
    }
}
