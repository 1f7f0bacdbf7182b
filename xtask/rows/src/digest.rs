//! What rows amount to: equal for equal rows in any order.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// The number of rows, and the sum of their hashes.
///
/// The hash is XXH3 with 128 bits and without a seed; the sum is modulo 2^128. Manifests of backups keep it: it stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowDigest {
    rows: u64,
    sum: u128,
}

impl RowDigest {
    /// Adds a row.
    pub fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(xxh3_128(row));
    }

    /// Adds all the rows of another one.
    pub fn merge(&mut self, other: RowDigest) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// The number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

/// The sum, in 32 hexadecimal digits.
impl fmt::Display for RowDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_bit_of_them_does() {
        let of = |rows: &[&[u8]]| {
            let mut digest = RowDigest::default();
            for row in rows {
                digest.add(row);
            }
            digest
        };
        let row = b"1\tAda\t2026-01-01 00:00:00+00";
        let all = of(&[row, b"2", b"2"]);
        assert_eq!(all, of(&[b"2", row, b"2"]));
        assert_eq!(all.rows(), 3);
        for bit in 0..row.len() * 8 {
            let mut other = *row;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(all, of(&[&other, b"2", b"2"]), "bit {bit}");
        }
        // a row twice is not a row less and another more, nor are two rows one
        assert_ne!(of(&[b"1", b"1"]), of(&[b"2", b"2"]));
        assert_ne!(of(&[b"1\t2"]), of(&[b"1", b"2"]));
        let mut sum = of(&[row]);
        sum.merge(of(&[b"2", b"2"]));
        assert_eq!(sum, all);
    }

    #[test]
    fn it_is_what_manifests_have() {
        let mut digest = RowDigest::default();
        assert_eq!(digest.to_string(), "0".repeat(32));
        digest.add(b"1\tAda");
        // by another implementation, xxhash of PyPI
        assert_eq!(digest.to_string(), "5f507ed8b3e90c79fbbb9d23cd200a70");
    }
}
