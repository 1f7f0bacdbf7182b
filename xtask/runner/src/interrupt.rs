//! Ctrl-C and its kin, heard while a session works.

use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Error;

/// The signals that ask a run to stop.
pub(crate) struct Interrupts {
    signals: Vec<(i32, Signal)>,
}

impl Interrupts {
    /// Listens from now on, for the rest of the process: the system's own reaction, to end it, is gone.
    pub(crate) fn listen() -> Result<Interrupts, Error> {
        let failed = |e: std::io::Error| Error::failed("failed to listen for signals").cause(e.to_string());
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let signals = kinds.map(|kind| signal(kind).map(|stream| (kind.as_raw_value(), stream)).map_err(failed));
        Ok(Interrupts {
            signals: signals.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// The number of a signal that has come.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<i32> {
        for (number, stream) in &mut self.signals {
            if stream.poll_recv(cx) == Poll::Ready(Some(())) {
                return Poll::Ready(*number);
            }
        }
        Poll::Pending
    }
}
