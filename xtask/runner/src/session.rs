//! One connection to PostgreSQL, blocking, with the raw results that the runner needs.
//!
//! The `postgres` crate wraps the same client, but keeps to itself how many statements of a message were done
//! when one failed; that count is what gives an error its place when the server names none. And a session that
//! migrates listens for signals while the server works, so that Ctrl-C cancels the statement on the server too.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Row, SimpleQueryMessage};

use crate::interrupt::Interrupts;
use crate::observer::{Observation, Observer};
use crate::preflight::pooler;
use crate::{DatabaseUrl, Error, Kind, SqlError, connection_error};

/// How long a closing session waits for the server to take its goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long a cancel request may take; it travels on a connection of its own.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// How long nothing is asked after a cancelled statement. PostgreSQL up to 17 signals a cancelled process twice
/// (`signal_child` in `postmaster.c`); while that has nothing to do the second has no effect, later it would end whatever
/// is asked next.
const CANCEL_ECHO: Duration = Duration::from_millis(100);

/// How long opening the second connection may take.
const OBSERVER_PATIENCE: Duration = Duration::from_secs(1);

/// Settings of a session that migrates, given at its start, where `RESET ALL` in a file leads back to. A statement
/// outside of our own transactions never queues for a lock for long, and a session whose client is gone ends.
const START_OPTIONS: &str = "-c lock_timeout=200ms -c idle_in_transaction_session_timeout=30s";

/// How often the server looks whether the client of a running statement is still there (from PostgreSQL 14 on).
const CHECK_OPTION: &str = "-c client_connection_check_interval=2s";

/// A bound parameter with its type.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A connection. It is closed when it goes out of scope.
pub struct Session {
    runtime: Runtime,
    client: Option<Client>,
    driver: Option<JoinHandle<()>>,
    notices: Arc<Mutex<Vec<DbError>>>,
    url: DatabaseUrl,
    /// Of a session that migrates.
    interrupts: RefCell<Option<Interrupts>>,
    interrupted: Cell<Option<i32>>,
    observer: RefCell<Option<Observer>>,
}

/// A message of several statements that failed: how many were done before, and the error.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Statements that were complete when the error came.
    pub(crate) completed: usize,
    /// What the server, or the connection, said.
    pub(crate) error: SqlError,
}

impl Failure {
    /// The server's no, to which the session has survived; `None` when the connection is lost.
    pub(crate) fn answer(&self, session: &Session) -> Option<&DbError> {
        let fatal = |error: &&DbError| matches!(error.severity(), "FATAL" | "PANIC");
        self.error
            .as_db_error()
            .filter(|error| !fatal(error) && !session.is_closed())
    }
}

/// Who is told about a statement that takes long, and when.
pub(crate) struct Watch<'a> {
    /// The backend to look at.
    pub(crate) pid: i32,
    /// When what is watched began: a file may take more than one message.
    pub(crate) since: Instant,
    /// After this time for the first time.
    pub(crate) first: Duration,
    /// And then again and again after this.
    pub(crate) every: Duration,
    pub(crate) tell: &'a mut dyn FnMut(Observation),
}

impl Session {
    /// Connects as the URL says. Fails with an error that tells what to do.
    pub fn connect(url: &DatabaseUrl) -> Result<Session, Error> {
        Session::try_connect(url)?.map_err(|e| connection_error(url, &e))
    }

    /// As [`Session::connect`], with the server's own error for a caller that can do something about it.
    pub fn try_connect(url: &DatabaseUrl) -> Result<Result<Session, SqlError>, Error> {
        Session::open(url, url.config().clone())
    }

    /// A session that migrates: it never queues for a lock for long.
    pub fn connect_to_migrate(url: &DatabaseUrl) -> Result<Session, Error> {
        Session::try_connect_to_migrate(url)?.map_err(|e| connection_error(url, &e))
    }

    /// As [`Session::connect_to_migrate`], with the server's own error.
    pub fn try_connect_to_migrate(url: &DatabaseUrl) -> Result<Result<Session, SqlError>, Error> {
        let open = |options: &str| {
            let mut config = url.config().clone();
            // the user's come last: they win
            let options = format!("{options} {}", config.get_options().unwrap_or_default());
            config.options(options.trim_end());
            Session::open(url, config)
        };
        let opened = open(&format!("{START_OPTIONS} {CHECK_OPTION}"))?;
        match opened
            .as_ref()
            .err()
            .and_then(SqlError::as_db_error)
            .map(DbError::message)
        {
            // older servers, and those on systems that cannot tell
            Some(message) if message.contains("client_connection_check_interval") => open(START_OPTIONS),
            Some(message) if message.contains("unsupported startup parameter") => Err(pooler()),
            _ => Ok(opened),
        }
    }

    fn open(url: &DatabaseUrl, mut config: tokio_postgres::Config) -> Result<Result<Session, SqlError>, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::failed("failed to start the connection's runtime").cause(e.to_string()))?;
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
                match poll_fn(|cx| connection.poll_message(cx)).await {
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
            url: url.clone(),
            interrupts: RefCell::new(None),
            interrupted: Cell::new(None),
            observer: RefCell::new(None),
        }))
    }

    /// Has Ctrl-C, SIGTERM and SIGHUP cancel what the server is doing, for a program that does nothing but migrate: they
    /// do not end the process by themselves any more, for the rest of its life.
    pub fn cancel_on_signals(&self) -> Result<(), Error> {
        let interrupts = self.runtime.block_on(async { Interrupts::listen() })?;
        self.interrupts.replace(Some(interrupts));
        Ok(())
    }

    /// The address that it connected to.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The rows of one statement with bound parameters, in one round trip.
    pub fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, SqlError> {
        self.wait(self.client().query_typed(sql, parameters), None)
    }

    /// Hands each row of one statement to `take`, as they come in.
    pub(crate) fn query_each(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
        take: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<Result<(), Error>, SqlError> {
        let parameters = parameters.iter().map(|(value, kind)| (*value, kind.clone()));
        let work = async {
            let mut rows = pin!(self.client().query_typed_raw(sql, parameters).await?);
            while let Some(row) = rows.try_next().await? {
                if let Err(error) = take(&row) {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        };
        self.wait(work, None)
    }

    /// The one row of a statement with bound parameters, in one round trip.
    pub fn query_one(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Row, SqlError> {
        self.wait(self.client().query_typed_one(sql, parameters), None)
    }

    /// Sends statements in one message; rows are thrown away.
    pub fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.wait(self.client().batch_execute(sql), None)
    }

    /// Sends statements in one message; how many rows the last of them touched, as its command tag says.
    pub fn send(&self, sql: &str) -> Result<u64, SqlError> {
        let work = async {
            let mut stream = pin!(self.client().simple_query_raw(sql).await?);
            let mut rows = 0;
            while let Some(message) = stream.try_next().await? {
                if let SimpleQueryMessage::CommandComplete(n) = message {
                    rows = n;
                }
            }
            Ok(rows)
        };
        self.wait(work, None)
    }

    /// Sends statements in one message and counts those that complete.
    pub(crate) fn run(&self, sql: &str, watch: Option<Watch<'_>>) -> Result<usize, Failure> {
        let work = async {
            let mut completed = 0;
            let stream = match self.client().simple_query_raw(sql).await {
                Ok(stream) => stream,
                Err(error) => return Err(Failure { completed, error }),
            };
            let mut stream = pin!(stream);
            loop {
                match stream.try_next().await {
                    Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(completed),
                    Err(error) => return Err(Failure { completed, error }),
                }
            }
        };
        self.wait(work, watch)
    }

    /// Sleeps; a signal ends it early.
    pub fn pause(&self, duration: Duration) {
        let mut signalled = false;
        let before = self.interrupted.get();
        self.runtime.block_on(async {
            let mut sleep = pin!(tokio::time::sleep(duration));
            poll_fn(|cx| {
                if let Poll::Ready(number) = self.poll_signal(cx) {
                    self.interrupted.set(Some(number));
                    signalled = true;
                    return Poll::Ready(());
                }
                sleep.as_mut().poll(cx)
            })
            .await;
        });
        if signalled && before.is_some() {
            leave(before.unwrap_or_default());
        }
    }

    /// Asks something about this session's backend over a second connection, which is closed again: as long as it
    /// idles, the server makes it follow every change of the catalog.
    pub(crate) fn ask_from_outside(&self, sql: &str, pid: i32) -> Option<Row> {
        self.runtime
            .block_on(async { Observer::connect(&self.url).await.ok()?.ask(sql, pid).await })
    }

    /// The error for a run that a signal stopped, if one did.
    pub fn interruption(&self) -> Option<Error> {
        let signal = self.interrupted.get()?;
        let name = match signal {
            2 => "Ctrl-C".to_owned(),
            15 => "SIGTERM".to_owned(),
            n => format!("signal {n}"),
        };
        Some(Error::new(
            Kind::Interrupted { signal },
            format!("interrupted by {name}"),
        ))
    }

    /// The notices and warnings heard since the last call.
    pub fn take_notices(&self) -> Vec<DbError> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client().is_closed()
    }

    /// Waits for the server's answer. A signal cancels what it is doing, and the answer is still waited for; a second
    /// signal leaves at once.
    fn wait<T>(&self, work: impl Future<Output = T>, mut watch: Option<Watch<'_>>) -> T {
        let started = watch.as_ref().map_or_else(Instant::now, |watch| watch.since);
        let mut next = watch.as_ref().map(|watch| watch.first);
        let mut is_cancelled = false;
        self.runtime.block_on(async {
            let mut work = pin!(work);
            loop {
                let mut tick = pin!(next.map(|after| tokio::time::sleep(after.saturating_sub(started.elapsed()))));
                let happened = poll_fn(|cx| {
                    if let Poll::Ready(value) = work.as_mut().poll(cx) {
                        return Poll::Ready(Happened::Answer(value));
                    }
                    if let Poll::Ready(number) = self.poll_signal(cx) {
                        return Poll::Ready(Happened::Signal(number));
                    }
                    match tick.as_mut().as_pin_mut() {
                        Some(tick) => tick.poll(cx).map(|()| Happened::Tick),
                        None => Poll::Pending,
                    }
                })
                .await;
                match happened {
                    Happened::Answer(value) => {
                        if is_cancelled {
                            tokio::time::sleep(CANCEL_ECHO).await;
                        }
                        return value;
                    }
                    Happened::Signal(number) => {
                        if let Some(first) = self.interrupted.replace(Some(number)) {
                            leave(first);
                        }
                        self.cancel().await;
                        is_cancelled = true;
                    }
                    Happened::Tick => {
                        if let Some(watch) = &mut watch {
                            self.observe(watch, started.elapsed()).await;
                            next = Some(started.elapsed() + watch.every);
                        }
                    }
                }
            }
        })
    }

    fn poll_signal(&self, cx: &mut Context<'_>) -> Poll<i32> {
        self.interrupts
            .borrow_mut()
            .as_mut()
            .map_or(Poll::Pending, |interrupts| interrupts.poll(cx))
    }

    async fn cancel(&self) {
        if let Ok(tls) = self.url.tls() {
            let request = self.client().cancel_token();
            // Where it does not get through, the server finds the client gone soon enough.
            let _ = tokio::time::timeout(CANCEL_PATIENCE, request.cancel_query(tls)).await;
        }
    }

    async fn observe(&self, watch: &mut Watch<'_>, elapsed: Duration) {
        self.open_observer().await;
        let observation = match self.observer.take() {
            Some(observer) => {
                let seen = observer.look(watch.pid, elapsed).await;
                self.observer.replace(Some(observer));
                seen
            }
            None => Observation {
                elapsed,
                ..Observation::default()
            },
        };
        (watch.tell)(observation);
    }

    async fn open_observer(&self) {
        if self.observer.borrow().is_none() {
            // it must never hold up what it observes
            let opened = tokio::time::timeout(OBSERVER_PATIENCE, Observer::connect(&self.url)).await;
            self.observer.replace(opened.ok().and_then(Result::ok));
        }
    }

    #[expect(clippy::unreachable, reason = "the client is taken in `drop` alone")]
    fn client(&self) -> &Client {
        match &self.client {
            Some(client) => client,
            None => unreachable!(),
        }
    }
}

enum Happened<T> {
    Answer(T),
    Signal(i32),
    Tick,
}

/// A second signal: whoever sent it does not want to wait. The server rolls back what is under way by itself.
fn leave(signal: i32) -> ! {
    std::process::exit(128 + signal)
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
