//! A wire between client and server that can be cut at any byte, and that counts round trips.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

/// Where the wire of the first connection is cut: behind so many bytes, that way.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub way: Way,
    pub after: usize,
}

/// What went over the first connection.
#[derive(Default)]
pub struct Traffic {
    pub to_server: AtomicUsize,
    pub to_client: AtomicUsize,
    /// How often the client said something after the server did.
    pub round_trips: AtomicUsize,
    server_spoke: AtomicBool,
}

/// Listens until it goes out of scope.
pub struct Proxy {
    pub port: u16,
    pub traffic: Arc<Traffic>,
    has_ended: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens on loopback and passes everything on to the port.
    pub fn start(server: u16, cut: Option<Cut>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let traffic = Arc::new(Traffic::default());
        let first = Arc::clone(&traffic);
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        std::thread::spawn(move || {
            for (n, client) in listener.incoming().flatten().enumerate() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                let (traffic, cut) = if n == 0 {
                    (Arc::clone(&first), cut)
                } else {
                    (Arc::default(), None)
                };
                wire(client, upstream, &traffic, cut);
            }
        });
        Proxy {
            port,
            traffic,
            has_ended,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // its thread waits for somebody to come
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn wire(client: TcpStream, server: TcpStream, traffic: &Arc<Traffic>, cut: Option<Cut>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let ends = Arc::new(Mutex::new(vec![
        client.try_clone().unwrap(),
        server.try_clone().unwrap(),
    ]));
    for (from, to, way) in [
        (client.try_clone().unwrap(), server.try_clone().unwrap(), Way::ToServer),
        (server, client, Way::ToClient),
    ] {
        let (traffic, ends) = (Arc::clone(traffic), Arc::clone(&ends));
        let limit = cut.filter(|cut| cut.way == way).map(|cut| cut.after);
        std::thread::spawn(move || pass(from, to, way, &traffic, &ends, limit));
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    way: Way,
    traffic: &Traffic,
    ends: &Mutex<Vec<TcpStream>>,
    limit: Option<usize>,
) {
    let mut buffer = vec![0; 1 << 16];
    let mut passed = 0;
    loop {
        let n = from.read(&mut buffer).unwrap_or(0);
        if way == Way::ToServer && n > 0 {
            traffic.to_server.fetch_add(n, Ordering::Relaxed);
            if traffic.server_spoke.swap(false, Ordering::Relaxed) {
                traffic.round_trips.fetch_add(1, Ordering::Relaxed);
            }
        } else if n > 0 {
            traffic.to_client.fetch_add(n, Ordering::Relaxed);
            traffic.server_spoke.store(true, Ordering::Relaxed);
        }
        let allowed = limit.map_or(n, |limit| n.min(limit - passed));
        passed += allowed;
        let written = to.write_all(&buffer[..allowed]).is_ok();
        if n == 0 || !written || limit == Some(passed) {
            for end in ends.lock().unwrap().iter() {
                let _ = end.shutdown(Shutdown::Both);
            }
            return;
        }
    }
}
