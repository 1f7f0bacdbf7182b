//! The promises of the README, each kept by a test against a real PostgreSQL that the suite starts itself.

#![allow(missing_docs, reason = "the names of the tests say what they promise")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod app;
mod apply;
mod apply_faults;
mod backup;
mod backup_faults;
mod backup_proof;
mod bad_files;
mod baseline;
mod build_policy;
mod build_script;
mod cheats;
mod check;
mod cli;
mod database_url;
mod drift;
mod drop;
mod errors;
mod facts;
mod faults;
mod guard;
mod guard_table;
mod lint;
mod locks;
mod mark;
mod new;
mod patience;
mod plan;
mod policy;
mod preflight;
mod private_server;
mod production;
mod properties;
mod psql;
mod push;
mod random_input;
mod readme;
mod refinery;
mod rehearse;
mod repair;
mod repeatable;
mod schema;
mod secrets;
mod server_faults;
mod shadow;
mod staging;
mod status;
mod steps;
mod support;
mod tls;
