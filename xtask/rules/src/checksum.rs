//! refinery's checksum.

use std::hash::{Hash as _, Hasher as _};

use siphasher::sip::SipHasher13;

use crate::FileName;

/// The checksum that refinery writes into its history: SipHash-1-3 over name, version and text
/// (`Migration::unapplied` in `refinery-core/src/runner.rs`). A test compares the two.
pub fn checksum(name: &FileName, sql: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    name.description().hash(&mut hasher);
    name.version().get().hash(&mut hasher);
    sql.hash(&mut hasher);
    hasher.finish()
}

/// The checksum of a repeatable file, over its name and its text. It is ours: refinery knows no such files.
pub(crate) fn repeatable_checksum(name: &str, sql: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    sql.hash(&mut hasher);
    hasher.finish()
}
