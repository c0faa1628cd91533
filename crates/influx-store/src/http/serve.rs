//! The loop that owns the connections: how many there are, how long they may be silent, how they end.
//!
//! `axum::serve` would do, but it waits for ever for a header and counts no connections.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use super::{Api, Limits};
use crate::storage::Store;

/// Bytes that are read from a connection at once. Bodies of line protocol are large, and each read wakes a task. Heads must be
/// shorter than this in any case; `middleware::head_limit` is stricter.
const READ_BUFFER: usize = 256 * 1024;

/// Serves the API until `shutdown` ends, then lets running requests finish for [`Limits::drain`].
///
/// The listener decides where; the store is left open. Errors of single connections end those only.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let api = Api::new(store, limits);
    let router = super::routes(api.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.keep_alive).max_buf_size(READ_BUFFER);
    let connections = Connections::new(limits);
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let Some(place) = connections.take(peer.ip()) else {
            tracing::warn!(%peer, "too many connections, one is refused");
            continue;
        };
        let Some(stream) = prepared(stream) else { continue };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    api.end();
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and are given up");
    }
    Ok(())
}

/// Small answers go out at once instead of waiting for the other side to acknowledge the ones before.
fn prepared(stream: TcpStream) -> Option<TcpStream> {
    match stream.set_nodelay(true) {
        Ok(()) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "a connection was gone before it began");
            None
        }
    }
}

/// An error of one connection is over with it; one of the process (no more file descriptors) needs a moment.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "connections cannot be accepted at the moment");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Counts connections by address.
#[derive(Debug, Clone)]
struct Connections {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    limits: Limits,
}

impl Connections {
    fn new(limits: Limits) -> Self {
        Self { open: Arc::default(), limits }
    }

    /// A place for one more connection, given back when dropped.
    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= self.limits.connections {
            return None;
        }
        let count = open.entry(address).or_default();
        // Everything on this machine shares one address.
        if !address.is_loopback() && *count >= self.limits.connections_per_address {
            return None;
        }
        *count += 1;
        Some(Place { open: Arc::clone(&self.open), address })
    }
}

#[derive(Debug)]
struct Place {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_and_given_back() {
        let limits = Limits { connections: 5, connections_per_address: 2, ..Limits::default() };
        let connections = Connections::new(limits);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = connections.take(one).unwrap();
        let _second = connections.take(one).unwrap();
        assert!(connections.take(one).is_none());
        let _third = connections.take(other).unwrap();
        drop(first);
        let _fourth = connections.take(one).unwrap();
        let loopback: Vec<_> =
            (0..5).filter_map(|_| connections.take(IpAddr::from([127, 0, 0, 1]))).collect();
        assert_eq!(loopback.len(), 2);
        drop(loopback);
        assert_eq!(connections.open.lock().unwrap().len(), 2);
    }
}
