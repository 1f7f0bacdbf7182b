//! One connection to PostgreSQL, blocking, with the raw results that the runner needs.
//!
//! The `postgres` crate wraps the same client, but keeps to itself how many statements of a message were done
//! when one failed; that count is what gives an error its place when the server names none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Row, SimpleQueryMessage};

use crate::{DatabaseUrl, Error, connection_error};

/// How long a closing session waits for the server to take its goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection. It is closed when it goes out of scope.
pub struct Session {
    runtime: Runtime,
    client: Option<Client>,
    driver: Option<JoinHandle<()>>,
    notices: Arc<Mutex<Vec<DbError>>>,
}

/// A message of several statements that failed: how many were done before, and the error.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Statements that were complete when the error came.
    pub(crate) completed: usize,
    /// What the server, or the connection, said.
    pub(crate) error: tokio_postgres::Error,
}

impl Session {
    /// Connects as the URL says. Fails with an error that tells what to do.
    pub fn connect(url: &DatabaseUrl) -> Result<Session, Error> {
        Session::try_connect(url)?.map_err(|e| connection_error(url, &e))
    }

    /// As [`Session::connect`], with the server's own error for a caller that can do something about it.
    pub fn try_connect(url: &DatabaseUrl) -> Result<Result<Session, tokio_postgres::Error>, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::failed("failed to start the connection's runtime").cause(e.to_string()))?;
        let mut config = url.config().clone();
        if config.get_application_name().is_none() {
            config.application_name(crate::APPLICATION);
        }
        let (client, mut connection) = match runtime.block_on(config.connect(url.tls()?)) {
            Ok(connected) => connected,
            Err(error) => return Ok(Err(error)),
        };
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let driver = runtime.spawn(async move {
            loop {
                match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notice(notice))) => {
                        heard.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
                    }
                    Some(Ok(_)) => {}
                    // the request that was under way reports the same error to its caller
                    Some(Err(_)) | None => return,
                }
            }
        });
        Ok(Ok(Session {
            runtime,
            client: Some(client),
            driver: Some(driver),
            notices,
        }))
    }

    /// The rows of one statement with bound parameters.
    pub fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.runtime.block_on(self.client().query(sql, parameters))
    }

    /// The one row of a statement with bound parameters.
    pub fn query_one(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, tokio_postgres::Error> {
        self.runtime.block_on(self.client().query_one(sql, parameters))
    }

    /// Sends statements in one message; rows are thrown away.
    pub fn batch(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.runtime.block_on(self.client().batch_execute(sql))
    }

    /// Sends statements in one message and counts those that complete.
    pub(crate) fn run(&self, sql: &str) -> Result<usize, Failure> {
        self.runtime.block_on(async {
            let mut completed = 0;
            let stream = match self.client().simple_query_raw(sql).await {
                Ok(stream) => stream,
                Err(error) => return Err(Failure { completed, error }),
            };
            let mut stream = std::pin::pin!(stream);
            loop {
                match stream.try_next().await {
                    Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(completed),
                    Err(error) => return Err(Failure { completed, error }),
                }
            }
        })
    }

    /// The notices and warnings heard since the last call.
    pub fn take_notices(&self) -> Vec<DbError> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client().is_closed()
    }

    #[expect(clippy::unreachable, reason = "the client is taken in `drop` alone")]
    fn client(&self) -> &Client {
        match &self.client {
            Some(client) => client,
            None => unreachable!(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.client.take());
        if let Some(driver) = self.driver.take() {
            // Without this the server would log an unexpected end of file for every command.
            let _ = self
                .runtime
                .block_on(async { tokio::time::timeout(GOODBYE, driver).await });
        }
    }
}
