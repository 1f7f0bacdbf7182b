//! Whether an address belongs to a container on this machine.
//!
//! A server in a container is reached at `localhost` through a published port, but says that its own address is one
//! of the container network's. Behind an SSH tunnel to production things look just the same, so the address alone
//! proves nothing; that this machine is attached to the network by a bridge of the container engine's does.

use std::net::Ipv4Addr;
use std::path::Path;

/// Linux' table of routes (`proc_net_route` in the kernel's documentation); elsewhere there is none, and no proof.
const ROUTES: &str = "/proc/net/route";

/// Whether the address lies in a network of a container engine on this machine.
pub(crate) fn is_here(address: &str) -> bool {
    let routes = std::fs::read_to_string(Path::new(ROUTES)).unwrap_or_default();
    address.parse().is_ok_and(|address| is_behind_bridge(&routes, address))
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
