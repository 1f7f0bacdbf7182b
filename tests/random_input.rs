//! The properties of `tests/properties.rs` on random input, for a moment; for a minute each with `DBTASK_TEST_LONG=1`.

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::faults::is_long;
use crate::properties;

fn holds(property: fn(&mut Unstructured<'_>) -> Result<()>) {
    arbtest(property).budget_ms(if is_long() { 60_000 } else { 500 });
}

#[test]
fn file_names_that_are_accepted_are_refinerys() {
    holds(properties::file_name);
}

#[test]
fn statements_and_what_is_between_them_are_the_file() {
    holds(properties::splitter);
}

#[test]
fn no_url_shows_its_password() {
    holds(properties::database_url);
}

#[test]
fn no_env_file_shows_its_password() {
    holds(properties::env_file);
}
