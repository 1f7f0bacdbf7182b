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
    pub(super) fn of_catalog(name: &str) -> Option<LockMode> {
        LockMode::ALL
            .iter()
            .find(|(_, catalog, _)| *catalog == name)
            .map(|(mode, ..)| *mode)
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
}
