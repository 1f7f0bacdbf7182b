//! Ports: a free one, and who holds a taken one.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::Path;

use dbtask_runner::Error;

use super::random_hex;

/// Below the ports that systems give to outgoing connections (Linux from 32,768, macOS from 49,152): a port from among
/// those may be somebody's for a moment whenever the server wants to start.
const RANGE: Range<u16> = 20_000..32_000;

/// A port of loopback that nothing listens on.
pub fn free_port() -> Result<u16, Error> {
    let random = u16::from_str_radix(&random_hex(2)?, 16).unwrap_or_default();
    let width = RANGE.end - RANGE.start;
    (0..width)
        .map(|i| RANGE.start + (random % width + i) % width)
        .find(|port| is_free(*port))
        .ok_or_else(|| {
            Error::failed(format!("every port from {} to {} is taken", RANGE.start, RANGE.end - 1))
                .help("stop some of the programs that listen: `ss -ltnp` lists them")
        })
}

/// Whether a server could listen there now.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Who listens on a port, as far as this account may see: `` `python3` (pid 4711) ``.
pub(super) fn holder(port: u16) -> String {
    let found = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_socket(&table, port))
        .and_then(|inode| owner_of_socket(&inode));
    found.unwrap_or_else(|| "another program".to_owned())
}

/// The inode of the socket that listens on the port, from a table of proc_net_tcp(5).
fn listening_socket(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(3) == Some(&LISTEN) && fields.get(1)?.ends_with(&suffix);
        listens
            .then(|| fields.get(9).map(|inode| (*inode).to_owned()))
            .flatten()
    })
}

/// The process that has the socket open.
fn owner_of_socket(inode: &str) -> Option<String> {
    let link = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes
        .filter(|p| p.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .find_map(|process| {
            let mut open = std::fs::read_dir(process.path().join("fd")).ok()?.flatten();
            open.find(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == Path::new(&link)))?;
            let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
            Some(format!(
                "`{}` (pid {})",
                name.trim(),
                process.file_name().to_string_lossy()
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on_and_its_holder_is_named() {
        let port = free_port().unwrap();
        assert!(RANGE.contains(&port));
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(!is_free(port));
        if Path::new("/proc/net/tcp").exists() {
            assert!(
                holder(port).contains(&format!("(pid {})", std::process::id())),
                "{}",
                holder(port)
            );
        }
        assert_eq!(holder(1), "another program");
    }
}
