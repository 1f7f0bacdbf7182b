//! What the tests stand on: a server of their own, a database each, a workspace each.

pub mod checkout;
pub mod database;
pub mod key_change;
pub mod proxy;
pub mod server;
pub mod tablespace;

pub use checkout::{Checkout, Run, finish, workspace_profile};
pub use database::TestDatabase;
pub use server::Server;

/// A folder of three migrations that hang on each other.
pub fn shop(checkout: &Checkout) {
    checkout
        .migration("V00001__create_users.sql", "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);\n")
        .migration("V00002__create_orders.sql", "CREATE TABLE IF NOT EXISTS orders (\n    id bigint PRIMARY KEY,\n    user_id bigint NOT NULL REFERENCES users (id)\n);\n")
        .migration("V00003__seed.sql", "INSERT INTO users VALUES (1, 'ada@example.com') ON CONFLICT DO NOTHING;\nINSERT INTO orders VALUES (1, 1) ON CONFLICT DO NOTHING;\n");
}
