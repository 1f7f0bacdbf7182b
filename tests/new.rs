//! `db:new`: the next file.

use crate::support::{Checkout, TestDatabase, shop};

#[test]
fn the_next_file_is_numbered_after_the_last() {
    let checkout = Checkout::new();
    checkout
        .run(&["db:new", "Add", "users!"])
        .exits(0)
        .says("migrations/V00001__add_users.sql");
    checkout
        .run(&["db:new", "add-orders"])
        .exits(0)
        .says("migrations/V00002__add_orders.sql");
    let json = checkout.run(&["db:new", "third", "--json"]).exits(0).json();
    assert_eq!(json["file"], "migrations/V00003__third.sql");
}

#[test]
fn the_width_of_the_folder_is_kept() {
    let checkout = Checkout::new();
    checkout.migration("V007__x.sql", "SELECT 1;\n");
    checkout.run(&["db:new", "y"]).exits(0).says("migrations/V008__y.sql");
}

#[test]
fn a_new_file_is_refused_until_it_has_a_statement() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:new", "later"]).exits(0);
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("migrations/V00004__later.sql")
        .says("no database was touched");
}

#[test]
fn a_name_without_letters_is_refused() {
    Checkout::new().run(&["db:new", "!!!"]).exits(2).says("help:");
}
