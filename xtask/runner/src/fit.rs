//! What a file must not hold, since the run could not keep its promises.

use dbtask_rules::{Command, MigrationFile, statements};

use crate::preflight::Preflight;
use crate::{Error, Excerpt};

/// A file is one transaction: a COMMIT in it would leave work applied and unrecorded, a ROLLBACK would lose work that is
/// recorded. One without a transaction is journalled in between its statements. And only psql sends COPY its data.
pub(crate) fn refuse_unfit(file: &MigrationFile, preflight: &Preflight) -> Result<(), Error> {
    let path = file.path();
    for range in statements::split_as(file.sql(), preflight.standard_strings) {
        let error = match Command::of(&file.sql()[range.clone()]) {
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
            Command::Role if file.directives().no_transaction => {
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
