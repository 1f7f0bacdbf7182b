//! What a caller does at the end of a file's transaction, while it can still be rolled back.

use std::fmt;
use std::sync::Arc;

use crate::{Error, Session};

/// Carried out in the transaction of each file, behind its row in the history, or its entry in the journal, and before the
/// COMMIT. Its error rolls the file back. A file without a transaction has no such moment.
///
/// It is given the session, with whatever the file set, and the history's table, qualified.
#[derive(Clone)]
pub struct BeforeCommit(Arc<Work>);

type Work = dyn Fn(&Session, &str) -> Result<(), Error> + Send + Sync;

impl BeforeCommit {
    /// From what is to be done.
    pub fn new(work: impl Fn(&Session, &str) -> Result<(), Error> + Send + Sync + 'static) -> BeforeCommit {
        BeforeCommit(Arc::new(work))
    }

    pub(crate) fn carry_out(&self, session: &Session, table: &str) -> Result<(), Error> {
        (self.0)(session, table)
    }
}

impl fmt::Debug for BeforeCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeforeCommit")
    }
}
