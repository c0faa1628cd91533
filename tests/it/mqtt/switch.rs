//! A connection to InfluxDB that can be cut: an outage without stopping anything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Forwards connections, or cuts them.
pub(crate) struct Switch {
    pub(crate) url: String,
    /// Cancelled while it is off.
    off: Arc<Mutex<CancellationToken>>,
}

impl Switch {
    /// In front of an InfluxDB at `http://host:port`.
    pub(crate) async fn in_front_of(url: &str) -> Self {
        let target: SocketAddr =
            url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let off: Arc<Mutex<CancellationToken>> = Arc::default();
        let switch = Self { url: format!("http://{address}"), off: Arc::clone(&off) };
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let off = off.lock().unwrap().clone();
                tokio::spawn(async move {
                    if off.is_cancelled() {
                        return;
                    }
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = off.cancelled() => {}
                    }
                });
            }
        });
        switch
    }

    /// Breaks all connections and takes no new ones.
    pub(crate) fn off(&self) {
        self.off.lock().unwrap().cancel();
    }

    pub(crate) fn on(&self) {
        *self.off.lock().unwrap() = CancellationToken::new();
    }
}
