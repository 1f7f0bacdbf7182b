//! A second connection that says what a session's statement is doing, and whom it waits for.

use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::{DatabaseUrl, Error, Parameter, connection_error};

/// How long an observation may take: it must never hold up what it observes.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a statement was seen doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The time since it was sent.
    pub elapsed: Duration,
    /// The sessions that it waits for, in words.
    pub blockers: Option<String>,
    /// What the server reports of its progress (`pg_stat_progress_…`), in words.
    pub progress: Option<String>,
}

/// The sessions that block `$1`, and its progress. A blocker that waits itself names whom it waits for in turn.
const LOOK: &str = "\
SELECT (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(', ', 'pid ' || b.pid, nullif(b.application_name, ''),
          'user ' || b.usename, b.state || ' for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - b.xact_start),
          nullif('`' || pg_catalog.left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(b.query, '\\s+', ' ', 'g'), '(passw|secret).*$', '…', 'i'), 60) || '`', '``')), '; ')
        FROM pg_catalog.pg_stat_activity b WHERE b.pid = ANY (pg_catalog.pg_blocking_pids($1))),
  coalesce(
    (SELECT phase || coalesce(': ' || CASE WHEN tuples_total > 0 THEN 100 * tuples_done / tuples_total
       WHEN blocks_total > 0 THEN 100 * blocks_done / blocks_total END || ' %', '')
     FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1),
    (SELECT phase || coalesce(': ' || 100 * heap_blks_scanned / nullif(heap_blks_total, 0) || ' %', '')
     FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1),
    (SELECT phase || coalesce(': ' || 100 * heap_blks_scanned / nullif(heap_blks_total, 0) || ' %', '')
     FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1))";

/// The connection.
pub(crate) struct Observer {
    client: Client,
}

impl Observer {
    /// Connects, inside a runtime.
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Observer, Error> {
        let mut config = url.config().clone();
        config.application_name(format!("{} (observer)", crate::APPLICATION));
        let (client, connection) = config
            .connect(url.tls()?)
            .await
            .map_err(|e| connection_error(url, &e))?;
        // its errors come to whoever asks something
        tokio::spawn(connection);
        Ok(Observer { client })
    }

    /// The row of one statement; `None` when no answer came in time.
    pub(crate) async fn ask(&self, sql: &str, pid: i32) -> Option<Row> {
        let parameters: [Parameter<'_>; 1] = [(&pid, Type::INT4)];
        let answer = self.client.query_typed_one(sql, &parameters);
        tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()
    }

    /// What the backend `pid` is doing.
    pub(crate) async fn look(&self, pid: i32, elapsed: Duration) -> Observation {
        let row = self.ask(LOOK, pid).await;
        let text = |i: usize| {
            row.as_ref()
                .and_then(|row| row.try_get::<_, Option<String>>(i).ok().flatten())
        };
        Observation {
            elapsed,
            blockers: text(0),
            progress: text(1),
        }
    }
}
