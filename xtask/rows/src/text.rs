//! A text of SQL with rows in it, line by line and statement by statement.

use std::io::{BufRead as _, Error, ErrorKind, Read};

/// How much is read at once; more than a pipe holds.
const PIECE: usize = 1 << 18;

/// The text, as far as it has come in.
pub(crate) struct Text<'a> {
    input: &'a mut dyn Read,
    buffer: Vec<u8>,
    /// What was read and not yet handed out.
    from: usize,
    to: usize,
}

impl Text<'_> {
    pub(crate) fn of(input: &mut dyn Read) -> Text<'_> {
        Text {
            input,
            buffer: vec![0; PIECE],
            from: 0,
            to: 0,
        }
    }

    /// The next line, without its end; `None` behind the last.
    pub(crate) fn line(&mut self) -> Result<Option<&[u8]>, Error> {
        let mut searched = 0;
        let (length, next) = loop {
            let unread = &self.buffer[self.from..self.to];
            if let Some(end) = find(b'\n', &unread[searched..]) {
                break (searched + end, searched + end + 1);
            }
            searched = unread.len();
            if self.fill()? == 0 {
                if searched == 0 {
                    return Ok(None);
                }
                break (searched, searched);
            }
        };
        let line = self.from..self.from + length;
        self.from += next;
        Ok(Some(&self.buffer[line]))
    }

    /// The next statement with its semicolon; commands of psql's and comments are passed over. Of one that is no COPY the
    /// first line alone is kept: large objects are long.
    pub(crate) fn statement(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut statement = loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if line.is_empty() || line.starts_with(b"--") || line.starts_with(b"\\") => {}
                Some(line) => break line.to_vec(),
            }
        };
        let is_copy = statement.starts_with(b"COPY ");
        let mut quote = quote_after(&statement, None);
        let mut ends = statement.ends_with(b";");
        while quote.is_some() || !ends {
            let Some(line) = self.line()? else {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the text ends within a statement"));
            };
            quote = quote_after(line, quote);
            ends = line.ends_with(b";");
            if is_copy {
                statement.push(b'\n');
                statement.extend_from_slice(line);
            }
        }
        Ok(Some(statement))
    }

    /// Reads more, behind what is there; how much.
    fn fill(&mut self) -> Result<usize, Error> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.buffer.len() {
            self.buffer.resize(2 * self.to, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.to..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => {
                    let n = read?;
                    self.to += n;
                    return Ok(n);
                }
            }
        }
    }
}

/// The quote that is open behind a line. A quote within is doubled, which closes it and opens it again.
fn quote_after(line: &[u8], mut open: Option<u8>) -> Option<u8> {
    let mut rest = line;
    loop {
        let place = match open {
            Some(quote) => find(quote, rest),
            None => rest.iter().position(|byte| matches!(byte, b'\'' | b'"')),
        };
        let Some(place) = place else { return open };
        open = match open {
            Some(_) => None,
            None => Some(rest[place]),
        };
        rest = &rest[place + 1..];
    }
}

/// Where a byte is first. This is how std lends its fast search.
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    // a slice can always be read
    let n = rest.skip_until(byte).unwrap_or(0);
    (n > 0 && bytes[n - 1] == byte).then(|| n - 1)
}
