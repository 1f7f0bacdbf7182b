//! A disk so small that it can be filled: a tablespace on a file system in memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::TestDatabase;

/// The file system; unmounted when it goes out of scope. The database must go before.
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
