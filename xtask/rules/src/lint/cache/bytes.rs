//! Data as bytes and back. Reading never panics: what does not fit is `None`, and then nothing of it is used.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use crate::lint::ast::Span;

/// Where data is written to.
pub(super) struct Sink {
    pub bytes: Vec<u8>,
    /// Without places two texts that say the same, with other comments, are the same bytes.
    places: bool,
}

impl Sink {
    pub(super) fn new() -> Sink {
        Sink {
            bytes: Vec::new(),
            places: true,
        }
    }

    pub(super) fn without_places() -> Sink {
        Sink {
            bytes: Vec::new(),
            places: false,
        }
    }

    pub(super) fn number(&mut self, mut n: u64) {
        while n > 0x7f {
            self.bytes.push(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        self.bytes.push(n.to_le_bytes()[0]);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    pub(super) fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }
}

/// Where data is read from.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    places: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes, places: true }
    }

    pub(super) fn without_places(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes, places: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes there are still to read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut n = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    pub(super) fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (block, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(block)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.block()?).ok()
    }
}

/// A number that tells a damaged block from a whole one. It is no protection against somebody who means to.
pub(super) fn check(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut sum = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    for word in words.by_ref() {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        sum = (sum ^ u64::from_le_bytes(eight)).wrapping_mul(PRIME);
        sum ^= sum >> 29;
    }
    for byte in words.remainder() {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    sum ^ sum >> 32
}

/// What can be written, and read again.
pub(super) trait Stored: Sized {
    fn write(&self, to: &mut Sink);
    fn read(from: &mut Source<'_>) -> Option<Self>;
}

/// Where in the file something stands: left out where places do not count.
pub(super) trait Place: Sized + Default {
    fn write_place(&self, to: &mut Sink);
    fn read_place(from: &mut Source<'_>) -> Option<Self>;
}

impl<T: Stored + Default> Place for T {
    fn write_place(&self, to: &mut Sink) {
        if to.places {
            self.write(to);
        }
    }

    fn read_place(from: &mut Source<'_>) -> Option<Self> {
        if from.places { T::read(from) } else { Some(T::default()) }
    }
}

impl Stored for usize {
    fn write(&self, to: &mut Sink) {
        to.number(*self as u64);
    }

    fn read(from: &mut Source<'_>) -> Option<usize> {
        usize::try_from(from.number()?).ok()
    }
}

impl Stored for u32 {
    fn write(&self, to: &mut Sink) {
        to.number(u64::from(*self));
    }

    fn read(from: &mut Source<'_>) -> Option<u32> {
        u32::try_from(from.number()?).ok()
    }
}

impl Stored for i64 {
    fn write(&self, to: &mut Sink) {
        to.number(self.cast_unsigned());
    }

    fn read(from: &mut Source<'_>) -> Option<i64> {
        Some(from.number()?.cast_signed())
    }
}

impl Stored for bool {
    fn write(&self, to: &mut Sink) {
        to.bytes.push(u8::from(*self));
    }

    fn read(from: &mut Source<'_>) -> Option<bool> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Stored for String {
    fn write(&self, to: &mut Sink) {
        to.text(self);
    }

    fn read(from: &mut Source<'_>) -> Option<String> {
        from.text().map(str::to_owned)
    }
}

impl Stored for Span {
    fn write(&self, to: &mut Sink) {
        self.start.write_place(to);
        self.end.write_place(to);
    }

    fn read(from: &mut Source<'_>) -> Option<Span> {
        Some(usize::read_place(from)?..usize::read_place(from)?)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, to: &mut Sink) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Source<'_>) -> Option<Option<T>> {
        if bool::read(from)? {
            T::read(from).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, to: &mut Sink) {
        self.len().write(to);
        for value in self {
            value.write(to);
        }
    }

    fn read(from: &mut Source<'_>) -> Option<Vec<T>> {
        let length = usize::read(from)?;
        // each of them is a byte at the least
        let mut values = Vec::with_capacity(length.min(from.bytes.len()));
        for _ in 0..length {
            values.push(T::read(from)?);
        }
        Some(values)
    }
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn write(&self, to: &mut Sink) {
        self.len().write(to);
        for value in self {
            value.write(to);
        }
    }

    fn read(from: &mut Source<'_>) -> Option<BTreeSet<T>> {
        Some(Vec::read(from)?.into_iter().collect())
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn write(&self, to: &mut Sink) {
        self.0.write(to);
        self.1.write(to);
    }

    fn read(from: &mut Source<'_>) -> Option<(A, B)> {
        Some((A::read(from)?, B::read(from)?))
    }
}

/// The few words that the code itself has for kinds of objects and the like.
impl Stored for &'static str {
    fn write(&self, to: &mut Sink) {
        to.text(self);
    }

    fn read(from: &mut Source<'_>) -> Option<&'static str> {
        static WORDS: OnceLock<Mutex<BTreeSet<&'static str>>> = OnceLock::new();
        let word = from.text()?;
        let mut words = WORDS.get_or_init(Mutex::default).lock().ok()?;
        if let Some(known) = words.get(word) {
            return Some(known);
        }
        let new: &'static str = word.to_owned().leak();
        words.insert(new);
        Some(new)
    }
}
