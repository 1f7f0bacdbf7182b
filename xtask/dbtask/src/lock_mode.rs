//! The modes of table locks, in PostgreSQL's order ("Explicit Locking").

use std::fmt;

/// A mode; a later one is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// For each mode, as bits in their order, what it does not go together with.
const CONFLICTS: [u8; 8] = [
    0b1000_0000,
    0b1100_0000,
    0b1111_0000,
    0b1111_1000,
    0b1110_1100,
    0b1111_1100,
    0b1111_1110,
    0b1111_1111,
];

impl LockMode {
    /// All of them, with the names of `pg_locks` and of the manual.
    pub(crate) const ALL: [(LockMode, &'static str, &'static str); 8] = [
        (LockMode::AccessShare, "AccessShareLock", "ACCESS SHARE"),
        (LockMode::RowShare, "RowShareLock", "ROW SHARE"),
        (LockMode::RowExclusive, "RowExclusiveLock", "ROW EXCLUSIVE"),
        (
            LockMode::ShareUpdateExclusive,
            "ShareUpdateExclusiveLock",
            "SHARE UPDATE EXCLUSIVE",
        ),
        (LockMode::Share, "ShareLock", "SHARE"),
        (
            LockMode::ShareRowExclusive,
            "ShareRowExclusiveLock",
            "SHARE ROW EXCLUSIVE",
        ),
        (LockMode::Exclusive, "ExclusiveLock", "EXCLUSIVE"),
        (LockMode::AccessExclusive, "AccessExclusiveLock", "ACCESS EXCLUSIVE"),
    ];

    /// From the name in `pg_locks`.
    pub(crate) fn of_catalog(name: &str) -> Option<LockMode> {
        LockMode::ALL
            .iter()
            .find(|(_, catalog, _)| *catalog == name)
            .map(|(mode, ..)| *mode)
    }

    /// Whether it has to wait for a session that holds the other one.
    pub(crate) fn waits_for(self, held: LockMode) -> bool {
        CONFLICTS[self as usize] & (1 << held as usize) != 0
    }

    /// Whom it keeps out.
    pub(crate) fn keeps_out(self) -> &'static str {
        match self {
            LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive | LockMode::ShareUpdateExclusive => {
                "nobody"
            }
            LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => "writers",
            LockMode::AccessExclusive => "readers and writers",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LockMode::ALL
            .iter()
            .find(|(mode, ..)| mode == self)
            .map_or("", |(_, _, name)| name);
        f.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modes_stand_in_the_order_of_their_strength() {
        assert!(LockMode::ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(LockMode::of_catalog("ShareLock"), Some(LockMode::Share));
        assert_eq!(LockMode::AccessExclusive.to_string(), "ACCESS EXCLUSIVE");
    }

    #[test]
    fn what_goes_together_is_as_the_documentation_s_table_says() {
        let mode = |words: &str| LockMode::ALL.iter().find(|(_, _, name)| *name == words).unwrap().0;
        for (own, held, waits) in [
            ("ACCESS SHARE", "RowExclusiveLock", false),
            ("ACCESS SHARE", "AccessExclusiveLock", true),
            ("ROW EXCLUSIVE", "ShareLock", true),
            ("ROW EXCLUSIVE", "RowExclusiveLock", false),
            ("SHARE UPDATE EXCLUSIVE", "ShareUpdateExclusiveLock", true),
            ("SHARE UPDATE EXCLUSIVE", "RowExclusiveLock", false),
            ("SHARE", "ShareLock", false),
            ("SHARE", "RowExclusiveLock", true),
            ("SHARE ROW EXCLUSIVE", "ShareLock", true),
            ("EXCLUSIVE", "AccessShareLock", false),
            ("EXCLUSIVE", "RowShareLock", true),
            ("ACCESS EXCLUSIVE", "AccessShareLock", true),
        ] {
            let held_mode = LockMode::of_catalog(held).unwrap();
            assert_eq!(mode(own).waits_for(held_mode), waits, "{own} after {held}");
        }
        // it is the same from both sides
        for (a, of_a) in CONFLICTS.iter().enumerate() {
            for (b, of_b) in CONFLICTS.iter().enumerate() {
                assert_eq!(of_a & (1 << b) != 0, of_b & (1 << a) != 0, "{a} {b}");
            }
        }
    }
}
