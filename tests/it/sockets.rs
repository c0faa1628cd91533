//! Real connections: binding, serving, stopping.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use iot_center::server::listen::{self, ListenError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const SETTING: &str = "LEPTOS_SITE_ADDR";

/// Everything that comes back to a request that closes its connection.
async fn answer(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_request_that_has_begun_is_answered_although_the_server_stops() {
    let listeners = listen::bind("127.0.0.1:0".parse().unwrap(), false, SETTING).await.unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let shutdown = CancellationToken::new();
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "whole"
    };
    let router = Router::new().route("/slow", get(slow));
    let server = tokio::spawn(listen::serve(listeners, router, shutdown.clone()));
    let begun = tokio::spawn(async move { answer(port, "/slow").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let cancelled_at = Instant::now();
    shutdown.cancel();
    assert!(begun.await.unwrap().ends_with("whole"));
    server.await.unwrap().unwrap();
    assert!(cancelled_at.elapsed() < Duration::from_secs(5), "{:?}", cancelled_at.elapsed());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_taken_address_says_what_to_set() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = listen::bind(taken.local_addr().unwrap(), false, SETTING).await.unwrap_err();
    assert!(matches!(error, ListenError::Taken { .. }), "{error:?}");
    assert!(error.to_string().contains("taken") && error.to_string().contains(SETTING), "{error}");
}

#[tokio::test]
async fn other_machines_are_kept_out_unless_permitted() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = listen::bind(address.parse().unwrap(), false, SETTING).await.unwrap_err();
        assert!(error.to_string().contains("IOT_CENTER_INSECURE_LAN"), "{error}");
    }
    assert!(listen::bind("0.0.0.0:0".parse().unwrap(), true, SETTING).await.is_ok());
}
