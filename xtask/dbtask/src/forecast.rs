//! What a file would do on a server, without doing it there.
//!
//! Locks, rewrites and scans are not looked up but measured ([`crate::measure`]), on a throwaway database with the target's
//! schema. Sizes, rows and who is in the way come from the target, which is only read.

mod activity;
mod measure;
mod obstacle;

use dbtask_runner::{Error, Session};

pub(crate) use activity::{Activity, Size};
pub(crate) use measure::{Lock, Step};
pub(crate) use obstacle::Way;

use crate::named::File;

/// How a file would go.
pub(crate) struct Forecast {
    pub(crate) steps: Vec<Step>,
    /// What stands in the way of the last step, and how to get around it.
    pub(crate) way: Option<Way>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) activity: Vec<Activity>,
}

impl Forecast {
    /// Carries the file out on `shadow`, and asks `target` about the tables that it touched there.
    pub(crate) fn make(target: &Session, shadow: &Session, file: &File) -> Result<Forecast, Error> {
        let (steps, way) = measure::carry_out(shadow, file)?;
        let mut tables: Vec<&str> = steps
            .iter()
            .flat_map(|step| step.locks.iter().map(|lock| lock.table.as_str()))
            .collect();
        tables.sort_unstable();
        tables.dedup();
        let read: Vec<&str> = tables
            .iter()
            .copied()
            .filter(|table| steps.iter().any(|step| step.reads_all(table)))
            .collect();
        let sizes = activity::sizes(target, &tables, &read)?;
        let activity = activity::read(target, &steps, &tables)?;
        Ok(Forecast {
            steps,
            way,
            sizes,
            activity,
        })
    }

    /// A table's size on the target.
    pub(crate) fn size(&self, table: &str) -> Option<&Size> {
        self.sizes.iter().find(|size| size.table == table)
    }
}
