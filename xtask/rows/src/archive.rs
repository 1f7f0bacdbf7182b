//! pg_dump's custom format and its directory format, as far as the rows in them need it.
//!
//! PostgreSQL's own description is its source, `pg_backup_archiver.c`, `pg_backup_custom.c` and `pg_backup_directory.c`: a head, a
//! table of contents, and behind it the data of each entry, a stream of its own in pieces that tell their length; or, in a folder,
//! files of gzip's. pg_dump writes versions 1.14 (majors 14 and 15), 1.15 (16) and 1.16 (17 to 19).

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::bufread::{GzDecoder, ZlibDecoder};

use crate::text::Text;
use crate::{Found, RowDigest, Table, merge, not_understood};

/// How much of a file is read at once.
const PIECE: usize = 1 << 18;

/// The formats, by their numbers; a folder says that it is tar's, whose table of contents it has.
const CUSTOM: u8 = 1;
const FOLDER: u8 = 3;

/// What stands before the data of an entry.
const DATA: u8 = 1;
const LARGE_OBJECTS: u8 = 3;

/// Whether [`digests_of_archive`] reads an archive that begins so: in a version that it knows, compressed by zlib.
pub fn is_archive(beginning: &[u8]) -> bool {
    matches!(Head::read(&mut &*beginning, CUSTOM), Ok(Some(_)))
}

/// As [`digests`](crate::digests), of the archive itself while it comes. Every byte of it is read, and every checksum of zlib's
/// compared.
pub fn digests_of_archive(mut archive: &mut dyn BufRead, tables: &[Table]) -> Result<Vec<Option<RowDigest>>, Error> {
    let head = Head::read(&mut archive, CUSTOM)?.ok_or_else(|| damaged("it is no archive that can be read here"))?;
    let statements: HashMap<i64, Vec<u8>> = head
        .contents(&mut archive)?
        .into_iter()
        .map(|entry| (entry.id, entry.copy))
        .collect();
    let mut found = Found::none(tables);
    while !archive.fill_buf()?.is_empty() {
        let kind = byte(&mut archive)?;
        let entry = int(&mut archive)?;
        match kind {
            DATA => {
                let statement = statements
                    .get(&entry)
                    .ok_or_else(|| damaged("data belongs to no table of its contents"))?;
                stream(archive, |text| rows(&mut found, statement, text))?;
            }
            // each has its number before it; a zero is behind the last
            LARGE_OBJECTS => {
                while int(&mut archive)? != 0 {
                    stream(archive, to_its_end)?;
                }
            }
            _ => return Err(damaged("what stands where data begins is not known")),
        }
    }
    Ok(found.digests)
}

/// As [`digests_of_archive`], of a folder by so many threads; `None` where its files are written otherwise.
pub fn digests_of_folder(
    folder: &Path,
    tables: &[Table],
    readers: usize,
) -> Result<Option<Vec<Option<RowDigest>>>, Error> {
    let mut contents = BufReader::new(File::open(folder.join("toc.dat"))?);
    let Some(head) = Head::read(&mut contents, FOLDER)? else {
        return Ok(None);
    };
    let statements: HashMap<PathBuf, Vec<u8>> = head
        .contents(&mut contents)?
        .into_iter()
        .map(|mut entry| {
            entry.file.extend(b".gz");
            (folder.join(OsStr::from_bytes(&entry.file)), entry.copy)
        })
        .collect();
    let mut files = Vec::new();
    for file in folder.read_dir()? {
        let file = file?;
        if file.path().extension() == Some(OsStr::new("gz")) {
            files.push((file.metadata()?.len(), file.path()));
        }
    }
    // pg_restore also takes others, and says what is missing
    if statements.keys().any(|path| !path.exists()) {
        return Ok(None);
    }
    // the largest first, so that no reader is left alone with one in the end
    files.sort_unstable_by(|one, other| other.cmp(one));
    let next = AtomicUsize::new(0);
    let some = || {
        let mut found = Found::none(tables);
        while let Some((_, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            file(path, statements.get(path), &mut found)
                .map_err(|e| Error::new(e.kind(), format!("`{}`: {e}", path.display())))?;
        }
        Ok::<_, Error>(found.digests)
    };
    let mut all = vec![None; tables.len()];
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..readers.clamp(1, files.len().max(1)))
            .map(|_| scope.spawn(some))
            .collect();
        for reader in readers {
            let sudden = |_| Error::other("a thread that reads came to a sudden end");
            merge(&mut all, &reader.join().map_err(sudden)??);
        }
        Ok(Some(all))
    })
}

/// A file of a folder's: the rows of a table, or a large object.
fn file(path: &Path, statement: Option<&Vec<u8>>, found: &mut Found<'_>) -> Result<(), Error> {
    let mut data = GzDecoder::new(BufReader::with_capacity(PIECE, File::open(path)?));
    match statement {
        Some(statement) => rows(found, statement, &mut data)?,
        None => to_its_end(&mut data)?,
    }
    if data.into_inner().fill_buf()?.is_empty() {
        return Ok(());
    }
    Err(damaged("something stands behind its end"))
}

/// The rows of one table, and what stands behind them.
fn rows(found: &mut Found<'_>, statement: &[u8], text: &mut dyn Read) -> Result<(), Error> {
    if !statement.starts_with(b"COPY ") {
        return Err(not_understood(statement));
    }
    let mut text = Text::of(text);
    found.read(statement, &mut text)?;
    while let Some(line) = text.line()? {
        if !line.is_empty() {
            return Err(damaged("something stands behind the rows of a table"));
        }
    }
    Ok(())
}

fn to_its_end(data: &mut dyn Read) -> Result<(), Error> {
    std::io::copy(data, &mut std::io::sink()).map(drop)
}

/// Hands out what was compressed into the pieces that come next; nothing was where there are none.
fn stream(archive: &mut dyn BufRead, read: impl FnOnce(&mut dyn Read) -> Result<(), Error>) -> Result<(), Error> {
    let mut pieces = Pieces {
        archive,
        left: 0,
        ended: false,
    };
    if pieces.fill_buf()?.is_empty() {
        return read(&mut std::io::empty());
    }
    read(&mut ZlibDecoder::new(&mut pieces))?;
    if pieces.fill_buf()?.is_empty() {
        return Ok(());
    }
    Err(damaged("something stands behind the data of an entry"))
}

/// The pieces of a stream, as one.
struct Pieces<'a> {
    archive: &'a mut dyn BufRead,
    /// How much of this piece is left.
    left: usize,
    ended: bool,
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> Result<&[u8], Error> {
        if self.left == 0 && !self.ended {
            let length = int(self.archive)?;
            self.left = usize::try_from(length).map_err(|_| damaged("a piece of data has no length"))?;
            self.ended = self.left == 0;
        }
        if self.ended {
            return Ok(&[]);
        }
        let there = self.archive.fill_buf()?;
        if there.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(&there[..there.len().min(self.left)])
    }

    fn consume(&mut self, n: usize) {
        self.archive.consume(n);
        self.left -= n;
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}

/// What decides how the rest is written.
struct Head {
    minor: u8,
    format: u8,
    /// The bytes of an offset into the file.
    offset: usize,
}

/// An entry with rows.
struct Entry {
    id: i64,
    /// Where its data is, in a folder.
    file: Vec<u8>,
    copy: Vec<u8>,
}

impl Head {
    /// `None` of one that is written otherwise.
    fn read(archive: &mut dyn Read, wanted: u8) -> Result<Option<Head>, Error> {
        let mut head = [0; 11];
        archive.read_exact(&mut head)?;
        let [magic @ .., major, minor, _revision, integer, offset, format] = head;
        if &magic != b"PGDMP" || (major, integer, format) != (1, 4, wanted) || !(14..=16).contains(&minor) {
            return Ok(None);
        }
        // before 1.15 it was the level; zlib is the first of the methods
        let is_zlib = if minor >= 15 {
            byte(archive)? == 1
        } else {
            int(archive)? != 0
        };
        Ok(is_zlib.then_some(Head {
            minor,
            format,
            offset: usize::from(offset),
        }))
    }

    /// The entries that have a COPY.
    fn contents(&self, archive: &mut dyn Read) -> Result<Vec<Entry>, Error> {
        // when it was made, in seven numbers; of which database, which server and which pg_dump
        for _ in 0..7 {
            int(archive)?;
        }
        for _ in 0..3 {
            string(archive)?;
        }
        let mut entries = Vec::new();
        for _ in 0..int(archive)? {
            let id = int(archive)?;
            let _has_data = int(archive)?;
            // the catalog's and the object's number, its name and kind
            for _ in 0..4 {
                string(archive)?;
            }
            let _section = int(archive)?;
            let (_create, _drop, copy) = (string(archive)?, string(archive)?, string(archive)?);
            // schema, tablespace and access method
            for _ in 0..3 {
                string(archive)?;
            }
            if self.minor >= 16 {
                let _kind = int(archive)?;
            }
            let (_owner, _with_oids) = (string(archive)?, string(archive)?);
            // what it depends on
            while string(archive)?.is_some() {}
            let mut file = Vec::new();
            if self.format == FOLDER {
                file = string(archive)?.unwrap_or_default();
            } else {
                // whether it has an offset, and which
                archive.read_exact(&mut vec![0; 1 + self.offset])?;
            }
            if let Some(copy) = copy.filter(|copy| !copy.is_empty()) {
                entries.push(Entry { id, file, copy });
            }
        }
        Ok(entries)
    }
}

fn byte(archive: &mut dyn Read) -> Result<u8, Error> {
    let mut byte = [0];
    archive.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// A sign and four bytes, the lowest first.
fn int(archive: &mut dyn Read) -> Result<i64, Error> {
    let mut bytes = [0; 5];
    archive.read_exact(&mut bytes)?;
    let [sign, number @ ..] = bytes;
    let number = i64::from(u32::from_le_bytes(number));
    Ok(if sign == 0 { number } else { -number })
}

/// Its length before it; one of less than none is no string.
fn string(archive: &mut dyn Read) -> Result<Option<Vec<u8>>, Error> {
    let Ok(length) = u64::try_from(int(archive)?) else {
        return Ok(None);
    };
    let mut string = Vec::new();
    archive.take(length).read_to_end(&mut string)?;
    if string.len() as u64 == length {
        Ok(Some(string))
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

fn damaged(words: &str) -> Error {
    Error::new(ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn put_int(archive: &mut Vec<u8>, n: i32) {
        archive.push(u8::from(n < 0));
        archive.extend(n.unsigned_abs().to_le_bytes());
    }

    fn put_string(archive: &mut Vec<u8>, string: Option<&str>) {
        put_int(archive, string.map_or(-1, |s| i32::try_from(s.len()).unwrap()));
        archive.extend(string.unwrap_or_default().bytes());
    }

    /// In pieces of so many bytes.
    fn put_stream(archive: &mut Vec<u8>, data: &str, piece: usize) {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data.as_bytes()).unwrap();
        for piece in encoder.finish().unwrap().chunks(piece) {
            put_int(archive, i32::try_from(piece.len()).unwrap());
            archive.extend(piece);
        }
        put_int(archive, 0);
    }

    fn beginning(minor: u8, method: i32) -> Vec<u8> {
        let mut archive = b"PGDMP\x01".to_vec();
        archive.extend([minor, 0, 4, 8, 1]);
        if minor >= 15 {
            archive.push(u8::try_from(method).unwrap());
        } else {
            put_int(&mut archive, method);
        }
        archive
    }

    const COPY: &str = "COPY public.a (id, name) FROM stdin;\n";
    const ROWS: &str = "1\tx\n2\ty\n3\t\\N\n";

    /// One with a table, a table of which nothing is dumped, and two large objects, one of them empty; and where data begins.
    fn archive(minor: u8, piece: usize) -> (Vec<u8>, usize) {
        let mut archive = beginning(minor, 1);
        for n in [0, 0, 0, 1, 0, 126, 0] {
            put_int(&mut archive, n);
        }
        for name in ["shop", "18.1", "18.1"] {
            put_string(&mut archive, Some(name));
        }
        put_int(&mut archive, 3);
        for (entry, copy) in [(7, Some(COPY)), (8, Some("")), (9, None)] {
            put_int(&mut archive, entry);
            put_int(&mut archive, 1);
            for string in ["0", "0", "a", "TABLE DATA"] {
                put_string(&mut archive, Some(string));
            }
            put_int(&mut archive, 3);
            for string in [Some("CREATE"), None, copy, Some("public"), None, Some("heap")] {
                put_string(&mut archive, string);
            }
            if minor >= 16 {
                put_int(&mut archive, 114);
            }
            for string in [Some("ada"), Some("false"), Some("5"), Some("6"), None] {
                put_string(&mut archive, string);
            }
            archive.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        let begin = archive.len();
        archive.push(DATA);
        put_int(&mut archive, 7);
        put_stream(&mut archive, &format!("{ROWS}\\.\n\n\n"), piece);
        archive.push(LARGE_OBJECTS);
        put_int(&mut archive, 9);
        put_int(&mut archive, 16_400);
        put_stream(&mut archive, "large", piece);
        put_int(&mut archive, 16_401);
        put_int(&mut archive, 0);
        put_int(&mut archive, 0);
        (archive, begin)
    }

    fn read(mut archive: &[u8]) -> Result<Vec<Option<RowDigest>>, Error> {
        let table = |name: &str| Table {
            schema: b"public".to_vec(),
            name: name.as_bytes().to_vec(),
            columns: vec![b"id".to_vec(), b"name".to_vec()],
        };
        digests_of_archive(&mut archive, &[table("missing"), table("a")])
    }

    fn expected() -> Vec<Option<RowDigest>> {
        let mut digest = RowDigest::default();
        for row in ROWS.lines() {
            digest.add(row.as_bytes());
        }
        vec![None, Some(digest)]
    }

    #[test]
    fn the_rows_are_those_that_went_in_whatever_the_pieces() {
        for minor in 14..=16 {
            for piece in [1, 3, 1_000] {
                let (archive, _) = archive(minor, piece);
                assert!(is_archive(&archive));
                assert_eq!(
                    read(&archive).unwrap(),
                    expected(),
                    "version 1.{minor} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_pg_restore() {
        assert!(is_archive(&beginning(14, 9)) && is_archive(&beginning(14, -1)) && is_archive(&beginning(16, 1)));
        // not compressed, or by another method; from the future; not this format; too short
        for other in [
            beginning(14, 0),
            beginning(16, 0),
            beginning(16, 3),
            beginning(17, 1),
            beginning(13, 1),
        ] {
            assert!(!is_archive(&other), "{other:?}");
        }
        assert!(!is_archive(b"PGDMX\x01\x0f\x00\x04\x08\x01\x01") && !is_archive(b"PGDMP") && !is_archive(b""));
    }

    #[test]
    fn every_lost_end_within_data_is_an_error_and_no_flipped_bit_makes_other_rows() {
        let (whole, begin) = archive(16, 10);
        let table_end = whole
            .windows(5)
            .rposition(|five| five == [LARGE_OBJECTS, 0, 9, 0, 0])
            .unwrap();
        for end in (0..whole.len()).filter(|end| ![begin, table_end].contains(end)) {
            assert!(read(&whole[..end]).is_err(), "cut to {end} of {}", whole.len());
        }
        let mut harmless = 0;
        for bit in begin * 8..table_end * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // those that fill the last byte before the checksum mean nothing
            let found = read(&flipped);
            assert!(
                found.as_ref().map_or(true, |found| *found == expected()),
                "bit {bit}: {found:?}"
            );
            harmless += u32::from(found.is_ok());
        }
        // and the sign of a zero means nothing
        assert!(harmless < 16, "{harmless}");
    }
}
