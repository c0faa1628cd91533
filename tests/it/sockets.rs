//! Real connections: binding, serving, stopping.

use std::time::{Duration, Instant};

use axum::Router;
use axum::http::Extensions;
use axum::routing::get;
use iot_center::server::listen::{self, Endpoints, ListenError};
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
async fn handlers_know_both_ends_of_the_connection() {
    let listeners = listen::bind("127.0.0.1:0".parse().unwrap(), false, SETTING).await.unwrap();
    let local = listeners[0].local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let handler = |request: axum::extract::Request| async move {
        let Endpoints { local, peer } = Endpoints::of(request.extensions()).unwrap();
        format!("{} {peer}", local.unwrap())
    };
    let router = Router::new().route("/ends", get(handler));
    let _stop = shutdown.clone().drop_guard();
    tokio::spawn(listen::serve(listeners, router, shutdown));
    let mut stream = TcpStream::connect(local).await.unwrap();
    let expected = format!("{local} {}", stream.local_addr().unwrap());
    let request = "GET /ends HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with(&expected), "{expected}: {text}");
    assert_eq!(Endpoints::of(&Extensions::new()), None);
}

#[test]
fn only_programs_on_this_machine_are_local_callers() {
    let is_local =
        |peer: &str| Endpoints { local: None, peer: peer.parse().unwrap() }.is_local_caller();
    assert!(is_local("127.0.0.1:1") && is_local("[::1]:1") && is_local("[::ffff:127.0.0.1]:1"));
    assert!(!is_local("10.0.0.1:1") && !is_local("[fe80::1]:1") && !is_local("0.0.0.0:1"));
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
