//! A unique key that two tables refer to, and its change, under load: what the README shows and `tests/bench` measures.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;

use super::{Checkout, TestDatabase};

/// Customers have numbers of their own; orders and invoices refer to them.
pub const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS customers (
    tenant_id integer NOT NULL,
    number integer NOT NULL CONSTRAINT customers_number_key UNIQUE,
    balance integer NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL,
    customer_number integer NOT NULL CONSTRAINT orders_customer_number_fkey REFERENCES customers (number)
);
CREATE TABLE IF NOT EXISTS invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL,
    customer_number integer NOT NULL CONSTRAINT invoices_customer_number_fkey REFERENCES customers (number)
);
CREATE INDEX IF NOT EXISTS orders_customer_idx ON orders (customer_number, tenant_id);
CREATE INDEX IF NOT EXISTS invoices_customer_idx ON invoices (customer_number, tenant_id);
";

/// The key to come.
pub const INDEX: &str = "\
-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS customers_tenant_id_number_key ON customers (tenant_id, number);
";

/// The change: every statement is a moment's work, whatever the tables hold.
pub const CHANGE: &str = "\
-- A customer's number is unique for each tenant. The foreign keys go, the key changes, they come back NOT VALID.
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_customer_number_fkey;
ALTER TABLE invoices DROP CONSTRAINT IF EXISTS invoices_customer_number_fkey;
ALTER TABLE customers DROP CONSTRAINT IF EXISTS customers_number_key;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'orders'::regclass AND conname = 'orders_customer_fkey') THEN
        ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey
            FOREIGN KEY (tenant_id, customer_number) REFERENCES customers (tenant_id, number) NOT VALID;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'invoices'::regclass AND conname = 'invoices_customer_fkey') THEN
        ALTER TABLE invoices ADD CONSTRAINT invoices_customer_fkey
            FOREIGN KEY (tenant_id, customer_number) REFERENCES customers (tenant_id, number) NOT VALID;
    END IF;
END
$$;
";

/// The proof for the rows that were there before, while reading and writing go on.
pub const VALIDATE: &str = "\
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey;
ALTER TABLE invoices VALIDATE CONSTRAINT invoices_customer_fkey;
";

/// The three files of the change.
pub const FILES: [(&str, &str); 3] = [
    ("V00002__index_customers.sql", INDEX),
    ("V00003__number_per_tenant.sql", CHANGE),
    ("V00004__validate_customers.sql", VALIDATE),
];

/// Ten tenants, and so many customers, a fifth of that orders, a tenth invoices. Each of these has its customer: the server
/// need not look.
pub fn fill(client: &mut Client, customers: i32) {
    client
        .batch_execute(&format!(
            "SET session_replication_role = replica;
             INSERT INTO customers SELECT g % 10, g FROM generate_series(1, {customers}) g;
             INSERT INTO orders (tenant_id, customer_number) SELECT g % 10, g FROM generate_series(1, {customers} / 5) g;
             INSERT INTO invoices (tenant_id, customer_number) SELECT g % 10, g FROM generate_series(1, {customers} / 10) g"
        ))
        .unwrap();
    client.batch_execute("VACUUM ANALYZE").unwrap();
}

/// A workspace with the tables alone.
pub fn begun(checkout: &Checkout) {
    checkout.migration("V00001__create_customers.sql", TABLES);
}

/// And the change.
pub fn changed(checkout: &Checkout) {
    for (name, sql) in FILES {
        checkout.migration(name, sql);
    }
}

/// How long one statement of a client took, and in which phases it began and ended.
struct Sample {
    begun: usize,
    ended: usize,
    took: Duration,
    /// The server ended it, to end a deadlock.
    is_victim: bool,
}

/// What the clients met in one phase.
#[derive(Clone, Copy, Default)]
pub struct Met {
    pub statements: usize,
    pub longest: Duration,
    /// What one statement in a thousand exceeded.
    pub p999: Duration,
    /// Statements that the server ended, to end a deadlock.
    pub victims: usize,
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "longest wait {:>7.1} ms, one of 1,000 over {:>6.1} ms, {:>6} statements, {} of them ended by a deadlock",
            self.longest.as_secs_f64() * 1e3,
            self.p999.as_secs_f64() * 1e3,
            self.statements,
            self.victims
        )
    }
}

/// Eight clients who read and write, until this value is stopped: seven with short transactions, and one who reads all of
/// the invoices, again and again.
pub struct Load {
    stop: Arc<AtomicBool>,
    phase: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<Sample>>>,
}

impl Load {
    pub fn start(database: &TestDatabase, customers: i32) -> Load {
        let (stop, phase) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..8)
            .map(|n| {
                let (mut client, stop, phase) = (database.client(), Arc::clone(&stop), Arc::clone(&phase));
                std::thread::spawn(move || work(&mut client, n, customers, &stop, &phase))
            })
            .collect();
        Load { stop, phase, clients }
    }

    /// From now on what they meet counts for another phase.
    pub fn enter(&self, phase: usize) {
        self.phase.store(phase, Ordering::SeqCst);
    }

    /// Ends the clients, and says what they met in each of the phases from 0. A statement that failed otherwise
    /// than by a deadlock is a panic.
    pub fn stop(self, phases: usize) -> Vec<Met> {
        self.stop.store(true, Ordering::SeqCst);
        let samples: Vec<Sample> = self
            .clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        let met = |phase: usize| {
            let in_phase = samples.iter().filter(|s| s.begun <= phase && phase <= s.ended);
            let victims = in_phase.clone().filter(|sample| sample.is_victim).count();
            let mut took: Vec<Duration> = in_phase.map(|sample| sample.took).collect();
            took.sort_unstable();
            let at = (took.len() * 999 / 1000).min(took.len().saturating_sub(1));
            Met {
                statements: took.len(),
                longest: took.last().copied().unwrap_or_default(),
                p999: took.get(at).copied().unwrap_or_default(),
                victims,
            }
        };
        (0..phases).map(met).collect()
    }
}

fn work(client: &mut Client, n: i32, customers: i32, stop: &AtomicBool, phase: &AtomicUsize) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut number = n + 1;
    while !stop.load(Ordering::SeqCst) {
        number = (number + 7919) % customers + 1;
        let tenant = number % 10;
        let (sql, pause) = match (n, number % 4) {
            (0, _) => ("SELECT count(*) FROM invoices".to_owned(), 500),
            (_, 0) => (
                format!("INSERT INTO orders (tenant_id, customer_number) VALUES ({tenant}, {number})"),
                5,
            ),
            (_, 1) => (
                format!("INSERT INTO invoices (tenant_id, customer_number) VALUES ({tenant}, {number})"),
                5,
            ),
            (_, 2) => (
                format!("UPDATE customers SET balance = balance + 1 WHERE tenant_id = {tenant} AND number = {number}"),
                5,
            ),
            _ => (
                format!("SELECT balance FROM customers WHERE tenant_id = {tenant} AND number = {number}"),
                5,
            ),
        };
        let (begun, since) = (phase.load(Ordering::SeqCst), Instant::now());
        let is_victim = match client.batch_execute(&sql) {
            Ok(()) => false,
            Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => true,
            Err(error) => panic!("{sql}: {error}"),
        };
        // how long the one who reads everything takes says nothing about waiting
        if n > 0 {
            samples.push(Sample {
                begun,
                ended: phase.load(Ordering::SeqCst),
                took: since.elapsed(),
                is_victim,
            });
        }
        std::thread::sleep(Duration::from_millis(pause));
    }
    samples
}
