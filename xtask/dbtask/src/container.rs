//! Whether a server is on this machine, as far as the kernel can prove it.
//!
//! Behind an SSH tunnel to production the URL says `localhost`, and the server says that both its own address and its
//! client's are loopback: they are, over there. What a tunnel cannot have is the other end: a socket on *this* machine
//! between the very addresses and ports that the server names.
//!
//! A server in a container is reached at `localhost` through a published port, but says that its own address is one
//! of the container network's. Behind an SSH tunnel to production things look just the same, so the address alone
//! proves nothing; that this machine is attached to the network by a bridge of the container engine's does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// Linux' tables of TCP sockets; elsewhere there are none, and no proof either way.
const SOCKETS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Whether this machine has the client's end of the connection that the server describes; `None` where the system
/// does not tell.
pub(crate) fn has_client_end(client: SocketAddr, server: SocketAddr) -> Option<bool> {
    let mut told = None;
    for path in SOCKETS {
        // the kernel takes milliseconds for each, so the second one is read where the first does not have it
        let Ok(table) = std::fs::read_to_string(path) else {
            continue;
        };
        if table
            .lines()
            .filter_map(socket_ends)
            .any(|ends| ends == (client, server))
        {
            return Some(true);
        }
        told = Some(false);
    }
    told
}

/// The local and the remote end in a line of such a table.
fn socket_ends(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let mut fields = line.split_whitespace().skip(1);
    Some((socket_address(fields.next()?)?, socket_address(fields.next()?)?))
}

/// `0100007F:1538` is 127.0.0.1:5432: words of four bytes, each printed as a number of this machine's.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |i: usize| {
        u32::from_str_radix(address.get(i * 8..i * 8 + 8)?, 16)
            .ok()
            .map(u32::to_ne_bytes)
    };
    let v4 = |bytes: [u8; 4]| IpAddr::from(bytes);
    let ip = match address.len() {
        8 => v4(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for i in 0..4 {
                bytes[i * 4..i * 4 + 4].copy_from_slice(&word(i)?);
            }
            // a socket of IPv6 that speaks IPv4 shows the mapped form
            IpAddr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Linux' table of routes (`proc_net_route` in the kernel's documentation); elsewhere there is none, and no proof.
const ROUTES: &str = "/proc/net/route";

/// Whether the address lies in a network of a container engine on this machine.
pub(crate) fn is_here(address: IpAddr) -> bool {
    let routes = std::fs::read_to_string(Path::new(ROUTES)).unwrap_or_default();
    matches!(address, IpAddr::V4(address) if is_behind_bridge(&routes, address))
}

fn is_behind_bridge(routes: &str, address: Ipv4Addr) -> bool {
    routes.lines().skip(1).filter_map(Route::parse).any(|route| {
        route.gateway == 0
            && route.mask != 0
            && is_bridge(route.interface)
            && u32::from(address) & route.mask == route.destination
    })
}

/// The names that Docker, Podman and LXD give their bridges.
fn is_bridge(interface: &str) -> bool {
    let compose = interface
        .strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    compose
        || ["docker", "podman", "cni-podman", "lxdbr"]
            .iter()
            .any(|prefix| interface.starts_with(prefix))
}

struct Route<'a> {
    interface: &'a str,
    destination: u32,
    gateway: u32,
    mask: u32,
}

impl Route<'_> {
    fn parse(line: &str) -> Option<Route<'_>> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // the kernel prints the bytes of the network's order as one number of this machine's
        let number = |i: usize| u32::from_str_radix(fields.get(i)?, 16).ok().map(u32::from_be);
        Some(Route {
            interface: fields.first()?,
            destination: number(1)?,
            gateway: number(2)?,
            mask: number(7)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-0123456789ab\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-lan\t000014AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
";

    #[test]
    fn a_line_of_the_socket_table_is_read() {
        if cfg!(target_endian = "little") {
            let line = "   1: 0100007F:B2A4 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000 0 1";
            let ends = ("127.0.0.1:45732".parse().unwrap(), "127.0.0.1:5432".parse().unwrap());
            assert_eq!(socket_ends(line), Some(ends));
            let mapped = "   1: 0000000000000000FFFF00000100007F:B2A4 00000000000000000000000001000000:1538 01";
            let ends = ("127.0.0.1:45732".parse().unwrap(), "[::1]:5432".parse().unwrap());
            assert_eq!(socket_ends(mapped), Some(ends));
        }
        assert_eq!(socket_ends("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn a_connection_of_this_machine_is_found_and_another_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        // what a tunnel's far end looks like: the same addresses, other ports
        let elsewhere = SocketAddr::new(here.ip(), here.port() ^ 1);
        if let Some(found) = has_client_end(here, there) {
            assert!(found);
            assert_eq!(has_client_end(elsewhere, there), Some(false));
        }
    }

    #[test]
    fn only_a_network_of_a_container_engine_counts() {
        for (address, here) in [
            ([172, 17, 0, 2], true),
            ([172, 18, 3, 4], true),
            ([172, 19, 0, 2], false),
            // a bridge of the machine's administrator, the local network, the rest of the world
            ([172, 20, 0, 2], false),
            ([10, 0, 0, 9], false),
            ([192, 0, 2, 1], false),
        ] {
            assert_eq!(is_behind_bridge(TABLE, address.into()), here, "{address:?}");
        }
    }
}
