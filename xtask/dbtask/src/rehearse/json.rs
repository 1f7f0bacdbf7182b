//! A rehearsal as JSON.

use serde_json::{Value, json as object};

use super::{Rehearsed, Run};
use crate::measure::Step;

/// The files, each with what is known of it.
pub(crate) fn json(files: &[Rehearsed]) -> Value {
    files.iter().map(file).collect()
}

fn file(file: &Rehearsed) -> Value {
    let statements = file.first.steps.iter().enumerate();
    object!({
        "file": file.path,
        "transaction": file.in_transaction,
        "proven": file.is_proven(),
        "reasons": file.reasons,
        "notes": file.notes,
        "statements": statements.map(|(i, step)| statement(step, &second(&file.second, i))).collect::<Vec<_>>(),
    })
}

fn statement(step: &Step, second: &Value) -> Value {
    let locks = step
        .locks
        .iter()
        .map(|lock| object!({ "relation": lock.relation, "mode": lock.mode.to_string(), "held": lock.held }));
    let scan = |(table, rows): &(String, u64)| object!({ "table": table, "rows": rows });
    object!({
        "line": step.line,
        "statement": step.text,
        "locks": locks.collect::<Vec<_>>(),
        "rewrites": step.rewrites,
        "indexes_rebuilt": step.rebuilt,
        "scans": step.scans.as_ref().map(|scans| scans.iter().map(scan).collect::<Vec<_>>()),
        "rows": step.rows,
        "seconds": step.elapsed.as_secs_f64(),
        "sampled": step.sampled,
        "second": second,
    })
}

fn second(run: &Run, i: usize) -> Value {
    run.steps.get(i).map_or(
        Value::Null,
        |step| object!({ "rows": step.rows, "rewrites": step.rewrites, "seconds": step.elapsed.as_secs_f64() }),
    )
}
