//! From an address to served connections: binding, the loopback rule, graceful shutdown.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::http::Extensions;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long requests may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "{address} is not an address of this machine alone, and there is no sign-in yet. Set IOT_CENTER_INSECURE_LAN=1 to permit it: \
         everybody in that network can then do everything."
    )]
    NotLoopback { address: SocketAddr },
    #[error(
        "{address} is taken by another program. Stop that one, or set {setting} to another address, such as {example}."
    )]
    Taken { address: SocketAddr, setting: &'static str, example: SocketAddr },
    #[error("{address} cannot be listened on: {source}. Set {setting} to another address.")]
    Other { address: SocketAddr, setting: &'static str, source: io::Error },
}

/// Refuses an address that other machines reach, unless that is permitted.
pub fn permit(address: SocketAddr, insecure_lan: bool) -> Result<(), ListenError> {
    if address.ip().is_loopback() || insecure_lan {
        Ok(())
    } else {
        Err(ListenError::NotLoopback { address })
    }
}

/// Binds `address`, and where it is 127.0.0.1 also `[::1]` with the same port, so that `localhost` works whatever it stands for.
///
/// `setting` names where the address comes from.
pub async fn bind(
    address: SocketAddr,
    insecure_lan: bool,
    setting: &'static str,
) -> Result<Vec<TcpListener>, ListenError> {
    permit(address, insecure_lan)?;
    let first = TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            let port = address.port().checked_add(1).unwrap_or(3_000);
            ListenError::Taken { address, setting, example: SocketAddr::new(address.ip(), port) }
        } else {
            ListenError::Other { address, setting, source }
        }
    })?;
    let mut listeners = vec![first];
    if address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) && address.port() != 0 {
        let second = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port());
        match TcpListener::bind(second).await {
            Ok(second) => listeners.push(second),
            // Whoever has it would get the requests for `localhost`.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ListenError::Taken {
                    address: second,
                    setting,
                    example: SocketAddr::new(
                        address.ip(),
                        address.port().checked_add(1).unwrap_or(3_000),
                    ),
                });
            }
            // There is no IPv6 here.
            Err(_) => {}
        }
    }
    Ok(listeners)
}

/// A listener whose connections send small pieces at once: otherwise the second part of a streamed page waits for the acknowledgement of
/// the first, which takes 44 ms.
struct Undelayed(TcpListener);

impl Listener for Undelayed {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        // Goes on after errors, with a pause where the process is short of something.
        let (stream, address) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// The two ends of the connection that a request came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// The address of this machine that it arrived at.
    pub local: Option<SocketAddr>,
    /// Who is at the other end: the caller, or a proxy in front of this server.
    pub peer: SocketAddr,
}

impl Endpoints {
    /// Those of a request; `None` where it came over no connection, as in tests.
    pub fn of(request: &Extensions) -> Option<Self> {
        request.get::<ConnectInfo<Self>>().map(|info| info.0)
    }

    /// Whether the caller is a program on this machine.
    pub fn is_local_caller(self) -> bool {
        self.peer.ip().to_canonical().is_loopback()
    }
}

impl Connected<IncomingStream<'_, Undelayed>> for Endpoints {
    fn connect_info(stream: IncomingStream<'_, Undelayed>) -> Self {
        Self { local: stream.io().local_addr().ok(), peer: *stream.remote_addr() }
    }
}

/// Serves until `shutdown`, then lets requests that have begun go on for ten seconds.
pub async fn serve(
    listeners: Vec<TcpListener>,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Endpoints>();
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        let (service, shutdown) = (service.clone(), shutdown.clone());
        servers.spawn(async move {
            axum::serve(Undelayed(listener), service)
                .with_graceful_shutdown(shutdown.cancelled_owned())
                .await
        });
    }
    let served = async {
        while let Some(ended) = servers.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    };
    let over = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = served => ended,
        () = over => {
            tracing::warn!("some requests did not end within ten seconds and were cut off");
            Ok(())
        }
    }
}

/// Cancels `shutdown` on the first SIGTERM, SIGINT or Ctrl-C, and ends the process on the second.
pub fn stop_on_signals(shutdown: CancellationToken) -> io::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping; a second signal stops at once");
        shutdown.cancel();
        signals.next().await;
        std::process::exit(1);
    });
    Ok(())
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
