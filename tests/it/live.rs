//! A dashboard that is live: points come as they are written, and the server stops all the same.

use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, Response, StatusCode, header};
use futures::StreamExt;
use iot_center::model::live::{FrameReader, LiveFrame};
use iot_center::server::listen;
use iot_center::server::ports::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::application::{Application, HOST, on_every_backend};
use crate::services::write;

/// Frames of a stream.
struct Frames {
    body: BodyDataStream,
    reader: FrameReader,
}

impl Frames {
    /// The next one; `None` at the end of the stream.
    async fn next(&mut self) -> Option<LiveFrame> {
        let read = async {
            loop {
                if let Some(frame) = self.reader.next().unwrap() {
                    return Some(frame);
                }
                self.reader.push(&self.body.next().await?.unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(15), read).await.expect("no silence is so long")
    }

    /// The times of the next points.
    async fn points(&mut self) -> Vec<i64> {
        loop {
            match self.next().await.expect("the stream goes on") {
                LiveFrame::Points(series) => return series.times,
                LiveFrame::Alive { .. } => {}
                LiveFrame::Trouble(sentence) => panic!("{sentence}"),
            }
        }
    }
}

async fn respond(application: &Application, id: &str, since_ms: i64) -> Response<Body> {
    let request = Request::get(format!("/rpc/follow_series?id={id}&since_ms={since_ms}"))
        .header(header::HOST, HOST)
        .body(Body::empty())
        .unwrap();
    application.router.clone().oneshot(request).await.unwrap()
}

async fn follow(application: &Application, id: &str, since_ms: i64) -> Frames {
    let response = respond(application, id, since_ms).await;
    assert_eq!(response.status(), StatusCode::OK, "{}", application.name);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
    Frames { body: response.into_body().into_data_stream(), reader: FrameReader::default() }
}

fn now(application: &Application) -> i64 {
    application.state.shared.clock.now()
}

async fn write_point(application: &Application, time: i64) {
    let line = format!("environment,clientId=live Temperature=21.5,CO2=500i {time}");
    write(application, &application.operator_token, &line).await.unwrap();
}

#[tokio::test]
async fn points_arrive_within_a_second() {
    on_every_backend(async |application| {
        let name = application.name;
        application.call("register_device", "device_id=live").await;
        let start = now(application);
        let before = [start - 2_000_000_000, start - 1_000_000_000];
        for time in before {
            write_point(application, time).await;
        }
        let mut frames = follow(application, "live", before[0] / 1_000_000 + 1).await;
        assert!(matches!(frames.next().await, Some(LiveFrame::Alive { .. })), "{name}");
        assert_eq!(frames.points().await, before[1..], "{name}");
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let time = now(application);
            write_point(application, time).await;
            let written = Instant::now();
            assert_eq!(frames.points().await, [time], "{name}");
            fastest = fastest.min(written.elapsed());
        }
        // The machine may be busy with other tests, but not all the time.
        assert!(fastest < Duration::from_secs(1), "{name}: {fastest:?}");
        let mut second = follow(application, "live", start / 1_000_000).await;
        let mut times = second.points().await;
        while times.len() < 3 {
            times.extend(second.points().await);
        }
        assert!(times.len() == 3 && times.is_sorted(), "{name}: {times:?}");
        assert_eq!(application.state.shared.pollers.count(), 1, "{name}");
        drop((frames, second));
        while application.state.shared.pollers.count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_there_is_not_cannot_be_followed() {
    let application = Application::embedded().await;
    for id in ["unknown", "%22", ""] {
        let answer = application.read("follow_series", &format!("id={id}&since_ms=0")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}: {answer:?}");
    }
    assert_eq!(application.state.shared.pollers.count(), 0);
    // Whatever time it is: the answer begins.
    application.call("register_device", "device_id=live").await;
    for since_ms in [i64::MIN, -1, 0, i64::MAX] {
        let mut frames = follow(&application, "live", since_ms).await;
        assert!(matches!(frames.next().await, Some(LiveFrame::Alive { .. })), "{since_ms}");
    }
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_those_who_follow() {
    let application = Application::embedded().await;
    application.call("register_device", "device_id=live").await;
    let mut frames = follow(&application, "live", 0).await;
    assert!(frames.next().await.is_some());

    // The same over a connection.
    let address = "127.0.0.1:0".parse().unwrap();
    let listeners = listen::bind(address, false, "LEPTOS_SITE_ADDR").await.unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let shutdown = application.state.shared.shutdown.clone();
    let server =
        tokio::spawn(listen::serve(listeners, application.router.clone(), shutdown.clone()));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request =
        format!("GET /rpc/follow_series?id=live&since_ms=0 HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // The first frame has come with the headers or right after them.
    while !received.windows(6).any(|bytes| bytes == [b'\n', 9, 0, 0, 0, 0]) {
        assert!(stream.read_buf(&mut received).await.unwrap() > 0, "{received:?}");
    }

    let stopped = Instant::now();
    shutdown.cancel();
    assert_eq!(frames.next().await, None);
    stream.read_to_end(&mut received).await.unwrap();
    assert!(received.ends_with(b"0\r\n\r\n"), "the answer ends as answers do");
    server.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
}
