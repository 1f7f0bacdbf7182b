//! What a file must not hold, since the run could not keep its promises.

use dbtask_rules::{Command, statements};

use crate::preflight::Preflight;
use crate::{Error, Excerpt, Script};

/// The longest statement: less than the gigabyte that the server takes in one message (`PQ_LARGE_MESSAGE_LIMIT` in
/// `src/include/libpq/libpq.h`) by what may have to go with it.
const LONGEST: usize = (1 << 30) - (1 << 16);

/// A file is one transaction: a COMMIT in it would leave work applied and unrecorded, a ROLLBACK would lose work that is
/// recorded. One without a transaction is journalled in between its statements. And only psql sends COPY its data.
pub(crate) fn refuse_unfit(file: Script<'_>, no_transaction: bool, preflight: &Preflight) -> Result<(), Error> {
    check_fit(file, no_transaction, preflight.standard_strings)
}

/// Refuses a file that no run would apply: one with a transaction of its own, or a COPY over the connection.
pub fn check_fit(file: Script<'_>, no_transaction: bool, standard_strings: bool) -> Result<(), Error> {
    let path = file.path();
    for range in statements::each(file.sql(), standard_strings) {
        let error = match Command::of(&file.sql()[range.clone()]) {
            _ if range.len() > LONGEST => Error::refused(format!(
                "`{path}` has a statement of {} bytes, and PostgreSQL takes none of 1 GiB or more",
                range.len()
            ))
            .help("split the statement in two; the file as a whole may be as long as it likes"),
            Command::Transaction(word) => Error::refused(format!(
                "`{path}` has a transaction of its own: `{}`",
                word.to_uppercase()
            ))
            .cause("the file and its row in the history are one transaction already")
            .help("take BEGIN, COMMIT and ROLLBACK out")
            .help("for a statement that cannot run in a transaction put `-- dbtask:no-transaction` on the first line"),
            Command::CopyOverConnection => Error::refused(format!(
                "`{path}` has a `COPY … FROM STDIN`, which only psql can carry out"
            ))
            .help("write the rows as `INSERT INTO … VALUES …`, or load them with a script of yours"),
            Command::Role if no_transaction => {
                Error::refused(format!("`{path}` changes the role, and has no transaction to do it in"))
                    .cause("its journal would be written as that role")
                    .help("connect as that role for this file, or put what needs it into a file with a transaction")
            }
            _ => continue,
        };
        return Err(error
            .at(Excerpt::of_byte(path, file.sql(), range.start))
            .state("nothing was applied"));
    }
    Ok(())
}
